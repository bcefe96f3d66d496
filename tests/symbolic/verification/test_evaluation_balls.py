"""Every ball holds the exact number, whatever was computed on the way."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic.verification.evaluation_balls import Balls

DIGITS = 12
fractions = st.builds(
    lambda p, q, k: Fraction(p, q) * Fraction(10) ** k, st.integers(-(10**6), 10**6), st.integers(1, 10**6), st.integers(-40, 40)
)  # fmt: skip
operations = st.lists(st.tuples(st.sampled_from(["+", "-", "*", "/", "negate", "square", "cube", "abs"]), fractions))


def exactly(ball):
    """The ends of a ball as fractions."""
    unit = Fraction(2) ** ball.exponent
    return (ball.mantissa - ball.radius) * unit, (ball.mantissa + ball.radius) * unit


@settings(deadline=None, max_examples=300)
@given(fractions, operations)
def test_the_exact_result_is_within(start, steps):
    domain = Balls(DIGITS)
    exact, ball = start, domain.ball(start)
    for sign, other in steps:
        operand = domain.ball(other)
        if sign == "+":
            exact, ball = exact + other, ball + operand
        elif sign == "-":
            exact, ball = other - exact, operand - ball
        elif sign == "*":
            exact, ball = exact * other, ball * operand
        elif sign == "/" and exact:
            exact, ball = other / exact, operand * domain.power([ball], -1)[0]
        elif sign == "negate":
            exact, ball = -exact, -ball
        elif sign == "abs":
            exact, ball = abs(exact), abs(ball)
        elif sign in ("square", "cube"):
            k = 2 if sign == "square" else 3
            exact, ball = exact**k, domain.power([ball], k)[0]
        if ball.radius is None or max(exact.numerator.bit_length(), exact.denominator.bit_length()) > 10_000:
            return  # divided by a ball around zero: all is said; or the oracle has grown too long
        low, high = exactly(ball)
        assert low <= exact <= high
        if exact and ball.radius == 0:
            assert ball.mantissa * Fraction(2) ** ball.exponent == exact


@settings(deadline=None, max_examples=100)
@given(fractions, fractions)
def test_balls_apart_hold_different_numbers(a, b):
    domain = Balls(DIGITS)
    first, second = domain.ball(a), domain.ball(b)
    if first.apart(second):
        assert a != b
    if a == b:
        assert not (first + domain.ball(1)).apart(domain.ball(1) + second)


def test_a_difference_in_the_last_places_shows_at_higher_precision():
    a, b = Fraction(1, 3), Fraction(1, 3) + Fraction(1, 10**40)
    assert not Balls(30).ball(a).apart(Balls(30).ball(b))
    assert Balls(60).ball(a).apart(Balls(60).ball(b))


@pytest.mark.parametrize(
    ("head", "at"), [(sp.exp, "7/3"), (sp.exp, "-200"), (sp.log, "1/7"), (sp.tanh, "41/2"), (sp.sin, "5/7")]
)
def test_functions_hold_the_value(head, at):
    domain, fine = Balls(20), Balls(80)
    (ball,) = domain.function(head, [[domain.ball(Fraction(at))]])
    (exact,) = fine.function(head, [[fine.ball(Fraction(at))]])
    assert abs(ball.value - exact.value) <= ball.error
    assert ball.error < abs(exact.value) * mpmath.mpf(10) ** -17


def test_zero_within_a_ball_makes_the_inverse_unbounded():
    domain = Balls(DIGITS)
    nothing = domain.ball(Fraction(1, 3)) - domain.ball(Fraction(1, 3))
    assert domain.power([nothing], -1)[0].radius is None
    assert not domain.power([nothing], -1)[0].apart(domain.ball(5))
    exact_zero = domain.power([domain.ball(0)], -1)[0]
    assert exact_zero != exact_zero


def test_infinities_and_undefined_numbers_stay_what_they_are():
    domain = Balls(DIGITS)
    infinite = domain.constant(sp.oo)
    assert (infinite + 3).value == mpmath.inf
    assert (-infinite).value == -mpmath.inf
    undefined = infinite - infinite
    assert undefined != undefined
    assert not undefined.apart(domain.ball(1))
