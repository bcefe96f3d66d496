"""Worked numbers: what stands behind the last equals sign is what the formula gives."""

import re

import numpy as np
import pytest

from reports.document.catalogue import catalogue
from reports.document.model import Formula, Note
from reports.document.numbers import array_latex, numbers_of, worked_numbers
from reports.document.steps import Telling
from symbolic import derive
from symbolic.language.gallery import GALLERY, named


def made(name):
    entry = GALLERY[name]
    loss = entry.build()
    return derive(loss, [named(loss)[label] for label in entry.wrt] or None)


def entries(latex):
    """The numbers of the last array of a formula."""
    return [float(x) for x in re.findall(r"-?\d+(?:\.\d+)?", latex.rsplit("= ", 1)[1])]


def test_numbers_of_a_module_by_hand():
    d = made("vector-module")
    shown = [b.latex for b in worked_numbers(d, Telling(catalogue("en")), 3).blocks if isinstance(b, Formula)]
    z_f, y, W = (
        np.array(entries(text)).reshape(shape) for text, shape in zip(shown, [(2,), (3,), (3, 2)], strict=False)
    )
    z = np.tanh(W @ z_f)
    row = 2 * (z - y) * (1 - z**2)
    last = next(text for text in shown if r"W - 0.1\," in text)
    assert entries(last) == pytest.approx((W - 0.1 * np.outer(row, z_f)).ravel(), abs=6e-5)
    gradient = next(text for text in shown if r"\frac{\partial c}{\partial z_{f}} " in text)
    assert entries(gradient) == pytest.approx(W.T @ row, abs=6e-5)
    assert gradient.replace("&=", "=").count("= ") == 3
    assert gradient.index("0.") < gradient.index(r"\end{bmatrix}^{\top}")


def test_factors_keep_their_order():
    d = made("weighted-sum")
    shown = [b.latex for b in worked_numbers(d, Telling(catalogue("en")), 0).blocks if isinstance(b, Formula)]
    line = next(text for text in shown if text.startswith(r"\frac{\partial C}{\partial z}"))
    w = array_latex(next(v for t, v in numbers_of(d, 0).items() if t.name == "w"))
    assert rf"= {w}^{{\top}}\, \begin" in line


def test_large_arrays_are_not_written_out():
    blocks = worked_numbers(made("example-net"), Telling(catalogue("en"))).blocks
    assert len(blocks) == 1
    assert isinstance(blocks[0], Note)
