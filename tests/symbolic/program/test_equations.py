"""Equations in their simplest faithful form: deltas eliminated, ranges dropped where they hold, merged axes rejoined."""

import numpy as np
import pytest
import sympy as sp

import symbolic as s
from symbolic.program.equations import always_within, equation
from symbolic.program.expressions import Index, Quotient, Remainder, Within, Zero, rejoined
from symbolic.program.functions import Magnitude

n, m = sp.symbols("n m", integer=True, positive=True)
i, j, k = Index("i", n), Index("j", n), Index("k", m)
x, y = s.tensor("x", "n"), s.tensor("y", "m")


def test_a_delta_removes_its_sum():
    eq = equation([i], x.access(j), bound=[j], guards=[Zero(i - j)])
    assert eq.body == x.access(i)
    assert eq.bound == eq.guards == ()


def test_a_shifted_delta_leaves_its_range():
    eq = equation([i], x.access(j), bound=[j], guards=[Zero(i - j - 1)])
    assert eq.body == x.access(i - 1)
    assert eq.guards == (Within(i - 1, n),)


def test_an_index_that_nothing_mentions_is_counted():
    assert equation([i], x.access(i), bound=[k]).body == m * x.access(i)
    assert equation([i], x.access(i), bound=[k], reduce="prod").body == x.access(i) ** m
    assert equation([i], x.access(i), bound=[k], reduce="max").body == x.access(i)


def test_no_point_left_is_the_neutral_element():
    assert equation([i], x.access(i), guards=[Zero(sp.S.One)]).body == 0
    assert (
        equation([i], x.access(i), bound=[k], reduce="prod", guards=[Within(sp.Integer(-1), sp.Integer(3))]).body == 1
    )


def test_an_axis_of_one_is_read_at_zero():
    one = Index("o", 1)
    eq = equation([i], x.access(i) * one, bound=[one], guards=[Zero(one)])
    assert eq.body == 0
    assert eq.bound == eq.guards == ()
    assert equation([i, Index("o", 1)], x.access(i), guards=[Within(i - 2, sp.S.One)]).guards == (Zero(i - 2),)


@pytest.mark.parametrize(
    ("e", "size", "holds"),
    [(i, n, True), (i, n + 1, True), (i + 1, n, False), (n - 1 - i, n, True), (2 * i, 2 * n, True), (i - k, n, False),
     (Remainder(i, m), m, True), (i / 2, n, False)],
)  # fmt: skip
def test_ranges_that_follow_from_extents(e, size, holds):
    assert always_within(e, size) is holds


def test_merged_axes_come_apart_and_together():
    flat = Index("f", n * m)
    assert rejoined(m * Quotient(flat, m) + Remainder(flat, m)) == flat
    assert rejoined(m * Quotient(flat, m) + Remainder(flat, m) + i) == flat + i
    assert Quotient(m * i + k, m) == i
    assert Remainder(m * i + k, m) == k
    grid = s.tensor("grid", "n m")
    back = np.reshape(np.reshape(grid, -1), grid.shape)
    assert s.evaluate(back - grid, {grid: np.arange(6.0).reshape(2, 3)}) == [[0, 0, 0], [0, 0, 0]]


def test_what_is_read_unguarded_is_a_position():
    table, labels = s.tensor("table", "n m"), s.tensor("labels", "b", dtype="int")
    access = labels.access(Index("p", labels.extents[0]))
    assert not always_within(access, n)
    assert table[labels].shape == (s.Dim("b"), s.Dim("m"))
    assert always_within(access, n)
    assert not always_within(access, m)


def test_assumptions_hold_of_every_entry():
    p = s.tensor("p", "n", assume="positive")
    assert p.access(i).is_positive
    assert p.access(j + 1).is_positive
    assert x.access(i).is_positive is None
    assert Magnitude(p.access(i)) == p.access(i)
