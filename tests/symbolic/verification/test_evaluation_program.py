"""The compiled evaluator against the slow oracle, which shares no code with it."""

import itertools
import random

import numpy as np
import pytest

import symbolic as s
from symbolic import tensor
from symbolic.program.graph import leaves
from symbolic.verification.evaluation_balls import Balls
from symbolic.verification.evaluation_numbers import Floats, Fractions, Reals
from symbolic.verification.evaluation_points import Draw, draw_sizes, label_ranges
from symbolic.verification.evaluation_program import Program, topological

x, y = tensor("x", "n"), tensor("y", "n")
W, M = tensor("W", "m n"), tensor("M", "m n")
tok = tensor("tok", "p", dtype="int")
p = tensor("p", "n", assume="positive")

PROGRAMS = {
    "matrix product": W @ M.T @ W,
    "softmax": np.exp(x - x.max()) / np.exp(x - x.max()).sum(),
    "layer norm": (x - x.mean()) / np.sqrt(x.var() + 1),
    "gather": W.T[tok],
    "scatter": s.gradient((W.T[tok] ** 2).sum(), W),
    "max pool gradient": s.gradient(W.max(axis=1).sum(), W),
    "cumulative": np.cumsum(W, axis=1),
    "flip and slice": np.flip(x)[1:] * x[:-1],
    "concatenation": np.concatenate([x, y, x * y]),
    "reshape": W.reshape(-1),
    "where": np.where(x > y, np.exp(x), y**3),
    "powers": p**0.5 + p**-1.5 + x**3 + np.sqrt(p) ** p,
    "product": np.prod(W, axis=0),
    "logsumexp": np.logaddexp(x, y) + np.logaddexp.reduce(W, axis=0),
    "piecewise": np.clip(x, -1, 1) + np.abs(y) * np.sign(x) + np.floor(y),
    "relu and step": s.gradient((np.maximum(W @ x, 0) ** 2).sum(), W),
    "gelu": x * (1 + np.tanh(x)) / 2,
    "bool": (x > 0) * y + (y <= x),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("domain", ["float", "real", "ball", "fraction"])
def test_against_the_oracle(name, domain):
    t, rng = PROGRAMS[name], random.Random(name)  # noqa: S311
    tensors = topological([t])
    sizes = draw_sizes(tensors, rng)
    values = Draw(rng, sizes, label_ranges(tensors, sizes)).values(leaves([t]))
    program = Program([t], sizes)
    numbers = {"float": Floats(), "real": Reals(30), "ball": Balls(30), "fraction": Fractions()}[domain]
    try:
        (flat,) = program.run(values, numbers)
    except s.EvaluationError:
        assert domain == "fraction"
        return
    tables = {u: dict(zip(itertools.product(*map(range, program.shape(u))), v, strict=True)) for u, v in values.items()}
    oracle = np.array(
        s.evaluate(t, tables, dims={k.name: v for k, v in sizes.items()}, precision=40), dtype=object
    ).ravel()
    assert len(flat) == len(oracle)
    for got, expected in zip(flat, oracle, strict=True):
        if domain == "ball":
            ball = numbers.ball(got)
            assert abs(ball.value - expected) <= ball.error + abs(ball.value) * 1e-28
            assert ball.error <= 1e-20 * (1 + abs(ball.value))
        elif domain == "fraction":
            assert got == expected or abs(float(got) - float(expected)) < 1e-15  # the oracle's floor is a real number
        else:
            assert abs(got - expected) <= (1e-9 if domain == "float" else 1e-25) * (1 + abs(float(expected)))


def test_values_keep_assumptions():
    rng = random.Random(0)  # noqa: S311
    square = {
        a: tensor("A", "n n", assume=a)
        for a in ("symmetric", "positive_definite", "orthogonal", "diagonal", "lower_triangular")
    }
    draw = Draw(rng, {s.Dim("n").expr: 4}, {})
    for assumption, t in square.items():
        A = np.array(draw.tensor(t), dtype=object).reshape(4, 4)
        assert {
            "symmetric": lambda A: (A == A.T).all(),
            "positive_definite": lambda A: (A == A.T).all() and np.linalg.eigvalsh(A.astype(float)).min() > 0,
            "orthogonal": lambda A: (np.eye(4) == A @ A.T).all(),
            "diagonal": lambda A: (np.diag(np.diag(A)) == A).all(),
            "lower_triangular": lambda A: (np.tril(A) == A).all(),
        }[assumption](A)  # fmt: skip
    for assumption in ("positive", "unit_interval", "probability", "one_hot", "binary", "sign"):
        v = np.array(draw.tensor(tensor("v", "n", assume=assumption)), dtype=object)
        assert {
            "positive": lambda v: (v > 0).all(),
            "unit_interval": lambda v: ((v > 0) & (v < 1)).all(),
            "probability": lambda v: v.sum() == 1 and (v > 0).all(),
            "one_hot": lambda v: sorted(v) == [0, 0, 0, 1],
            "binary": lambda v: set(v) <= {0, 1},
            "sign": lambda v: set(v) <= {-1, 1},
        }[assumption](v)


def test_balls_hold_what_cancellation_loses():
    x = tensor("x", "")
    saturated = (np.tanh(x) - 1) * np.exp(2 * x)
    program = Program([saturated], {})
    (coarse,) = program.run({x: [60]}, Balls(30))[0]
    (fine,) = program.run({x: [60]}, Balls(120))[0]
    assert abs(coarse.value - fine.value) <= coarse.error + fine.error
    assert coarse.error > 1e-3
    assert abs(fine.value + 2) < 1e-40
