"""Worksheets: the key is right, the same seed gives the same sheet, and `chainrule check` agrees with the key."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import symbolic as s
from reports.commands import main
from symbolic import tensor
from symbolic.verification.diagnosis import MISTAKES
from symbolic.verification.exercises import exercise


def network():
    x, y = tensor("x", "n"), tensor("y", "m", role="target")
    W, b = tensor("W", "m n", role="parameter"), tensor("b", "m", role="parameter")
    z = np.tanh(W @ x + b).named("z")
    return np.sum((z - y) ** 2).named("C")


def test_a_sheet_is_made_of_right_and_wrong_lines():
    sheet = exercise(network(), count=8, seed=4)
    assert len(sheet.lines) == 8
    assert {line.left for line in sheet.lines} == {
        r"\frac{\partial C}{\partial W}",
        r"\frac{\partial C}{\partial b}",
    }
    wrong = [line for line in sheet.lines if not line.right]
    assert 3 <= len(wrong) < 8
    for line in wrong:
        assert line.label in MISTAKES
        assert line.claim != line.truth
        assert line.counterexample is not None
    assert len({(line.left, line.claim) for line in wrong}) == len(wrong)


def test_the_seed_decides():
    def text(seed):
        return [(line.claim, line.right) for line in exercise(network(), seed=seed).lines]

    assert text(1) == text(1)
    assert text(1) != text(2)


def test_what_cannot_be_asked():
    with pytest.raises(s.DeclarationError, match="role='parameter'"):
        exercise((tensor("x", "n") ** 2).sum())
    with pytest.raises(s.DeclarationError, match="at least 1"):
        exercise(network(), count=0)


@pytest.mark.parametrize("model", ["ridge-regression", "logistic-regression"])
def test_the_check_command_agrees_with_the_key(tmp_path, model):
    made = CliRunner().invoke(main, ["exercise", model, "--seed", "5", "--format", "json"])
    assert made.exit_code == 0, made.output
    key = json.loads(made.output)["lines"]
    page = CliRunner().invoke(main, ["exercise", model, "--seed", "5", "--no-key"])
    path = tmp_path / "sheet.md"
    path.write_text(page.output)
    checked = CliRunner().invoke(main, ["check", str(path), "--format", "json"])
    claims = json.loads(checked.output)["claims"]
    found = {claim["latex"].split(r"\qquad")[0].strip(): claim["status"] for claim in claims}
    for line in key:
        status = next(
            v for k, v in found.items() if line["latex"].endswith(k.lstrip("= ").strip()) or k == line["latex"]
        )
        assert (status in ("proved", "agrees")) == line["right"], (line, status)


def test_answers_may_go_to_their_own_file(tmp_path):
    sheet, key = tmp_path / "sheet.html", tmp_path / "key.md"
    run = CliRunner().invoke(main, ["exercise", "ridge-regression", "-o", str(sheet), "--key-file", str(key)])
    assert run.exit_code == 0, run.output
    assert "Answers" not in sheet.read_text()
    assert "wrong:" in key.read_text()
