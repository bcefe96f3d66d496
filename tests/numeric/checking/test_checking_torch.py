# ruff: noqa: F722 (annotations tell shapes)
"""Backward functions written with PyTorch."""

import pytest

from numeric.checking import check_backward

torch = pytest.importorskip("torch")
SHAPES = {"x": "n d", "w": "d m"}


def forward(x, w):
    return torch.relu(x @ w)


def backward(x, w, dout):
    ds = dout * (x @ w > 0)
    return ds @ w.T, x.T @ ds


def forgets(x, w, dout):
    return dout @ w.T, x.T @ (dout * (x @ w > 0))


def test_pytorch_code():
    assert check_backward(backward, forward, SHAPES).status == "agrees"
    assert [o.status for o in check_backward(forgets, forward, SHAPES).outputs] == ["refuted", "agrees"]


def scaled_forward(x: "n d", scale: ""):
    return torch.exp(scale) * x, (x, scale)


def scaled_backward(g, saved):
    x, scale = saved
    return torch.exp(scale) * g, (torch.exp(scale) * g * x).sum()


def test_a_declared_number_is_a_tensor_where_the_code_is_pytorch():
    verdict = check_backward(scaled_backward, scaled_forward)
    assert {o.name: o.status for o in verdict.outputs} == {"x": "agrees", "scale": "agrees"}
