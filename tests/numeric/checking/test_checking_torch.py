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
