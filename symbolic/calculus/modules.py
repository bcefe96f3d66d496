"""Modules of a program: the tensors that a reader would name, and their names.

A program holds many small tensors; a lecturer names a few: weighted sums s_1, s_2, …, what pointwise functions make of
them z_1, z_2, …, a softmax's p, a norm's centred c and scale r, the cost C. The others are written out where they are
used. A name that the user gave is kept. Names given here are provisional: the user may still give another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import sympy as sp

from symbolic.calculus.closed_form import is_opaque
from symbolic.program.equations import Equation
from symbolic.program.expressions import Access
from symbolic.program.functions import Equal, Less, LessEqual, Magnitude, Sign, Step, Xlogy
from symbolic.program.graph import topological
from symbolic.program.primitives import Application
from symbolic.program.tensors import Tensor

LONGEST = 40  # accesses that are written out in one definition before a tensor in between gets a name
_PLAIN = {sp.exp, sp.log, Xlogy, Magnitude, Sign, Step, Less, LessEqual, Equal}  # no reader names log p by a letter
_CARRIED = {"logsumexp", "max", "min"}
_CALLS = {"softmax": "p", "centred": "c", "rstd": "r", "rrms": "r"}


def modules(output: Tensor, active: set[int]) -> list[Tensor]:
    """The tensors of ``output``'s program that depend on what varies and have or now get a name, operands first.

    ``active`` holds the serials of the tensors that vary. The output is the last.
    """
    order = [t for t in topological([output]) if t.definition is not None]
    readers = _readers(order)
    names = _Names(t.name for t in topological([output]) if t.name)
    letters = {t: letter for t in order if t.serial in active and (letter := _letter(t, readers, output))}
    letters |= dict.fromkeys(_nested(order, letters, active), "u")
    lengths: dict[Tensor, int] = {}
    for t in order:
        if t.serial not in active:
            continue
        lengths[t] = 1 + sum(_length(u, letters, lengths) for u in t.operands)
        if lengths[t] > LONGEST and t not in letters and t.name is None:
            letters[t] = "u"
    single = [letter for letter in letters.values() if letter in _CALLS.values()]
    for t in order:
        letter = letters.get(t)
        if letter is None or t.name is not None:
            continue
        numbered = letter not in _CALLS.values() or single.count(letter) > 1
        operand = next((u for u in t.operands if u in letters or u.name), None)
        t.named(names.new(letter, numbered, operand if letter == "z" else None), provisional=True)
    if output.name is None:
        output.named(names.new("C" if output.ndim == 0 else "y", False, None), provisional=True)
    return [t for t in order if t.serial in active and (t.name is not None or t is output)]


def _readers(order: Iterable[Tensor]) -> dict[Tensor, list[Tensor]]:
    readers: dict[Tensor, list[Tensor]] = {}
    for t in order:
        for u in t.operands:
            readers.setdefault(u, []).append(t)
    return readers


def _nested(order: Iterable[Tensor], letters: dict[Tensor, str], active: set[int]) -> Iterator[Tensor]:
    """What a recursion carries on: unnamed log-sum-exps and extrema that another one looks into."""
    inside: dict[Tensor, tuple[Tensor, ...]] = {}  # those that would be written out in a definition
    for t in order:
        mine = dict.fromkeys(r for u in t.operands if u.name is None and u not in letters for r in inside.get(u, ()))
        if t.serial in active and isinstance(t.definition, Equation) and t.definition.reduce in _CARRIED:
            yield from mine
            mine = {t: None}
        inside[t] = tuple(mine)


def _length(t: Tensor, letters: dict[Tensor, str], lengths: dict[Tensor, int]) -> int:
    return 1 if t.name is not None or t in letters else lengths.get(t, 1)


def _letter(t: Tensor, readers: dict[Tensor, list[Tensor]], output: Tensor) -> str | None:
    """The letter by which a reader would name an unnamed tensor; None if it is written out where it is used."""
    if t.name is not None or t is output or t.dtype != "real":
        return None
    if t.call is not None:
        return next((letter for word, letter in _CALLS.items() if word in t.call[0]), "z")
    used = readers.get(t, [])
    if isinstance(t.definition, Application):
        return "u"
    if is_weighted_sum(t):
        return None if any(_adds_bias(r, t) for r in used) and len(used) == 1 else "s"
    if any(
        is_weighted_sum(u) and _adds_bias(t, u) and len(readers.get(u, [])) == 1 and u.name is None for u in t.operands
    ):
        return "s"
    if is_activation(t):
        return "z"
    if len(t.definition.accesses) > 1 and t.definition.is_pointwise and any(is_weighted_sum(r) for r in used):
        return "u"
    if len(used) > 1 and (t.definition.bound or len(t.definition.accesses) > 1) and not is_opaque(t):
        return "u"
    return None


def is_weighted_sum(t: Tensor) -> bool:
    """True for a sum over an index of a product of two tensors or more."""
    eq = t.definition
    if not isinstance(eq, Equation) or eq.reduce != "sum" or not eq.bound or (t.ndim == 0 and len(eq.bound) > 1):
        return False
    factors = [f for f in sp.Mul.make_args(eq.body) if isinstance(f, Access)]
    return len(factors) > 1 and any(any(i in f.free_symbols for i in eq.bound) for f in factors)


def _adds_bias(t: Tensor, weighted: Tensor) -> bool:
    """Whether ``t`` is ``weighted`` plus parameters, entry by entry."""
    eq = t.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or not eq.body.is_Add:
        return False
    others = [a for a in eq.body.args if not (isinstance(a, Access) and a.tensor is weighted)]
    return len(others) == len(eq.body.args) - 1 and all(
        isinstance(a, Access) and _is_parameter(a.tensor) for a in others
    )


def _is_parameter(t: Tensor) -> bool:
    while t.definition is not None and isinstance(t.definition, Equation) and isinstance(t.definition.body, Access):
        t = t.definition.body.tensor
    return t.role == "parameter"


def is_activation(t: Tensor) -> bool:
    """True for a function, entry by entry, of one computed tensor with axes."""
    eq = t.definition
    if not isinstance(eq, Equation) or not eq.is_pointwise or t.ndim == 0 or len(eq.operands) != 1:
        return False
    functions = {e.func for e in eq.body.atoms(sp.Function)} - _PLAIN
    return eq.operands[0].definition is not None and bool(functions)


class _Names:
    """Names not yet taken; z takes the number of its s."""

    def __init__(self, taken: Iterable[str]):
        self.taken = set(taken)
        self.last: dict[str, int] = {}

    def new(self, letter: str, numbered: bool, operand: Tensor | None) -> str:
        if not numbered and letter not in self.taken:
            return self._take(letter)
        if operand is not None and operand.name and operand.name.startswith("s_"):
            same = letter + operand.name[1:]
            if same not in self.taken:
                return self._take(same)
        number = self.last.get(letter, 0)
        while True:
            number += 1
            if f"{letter}_{number}" not in self.taken:
                self.last[letter] = number
                return self._take(f"{letter}_{number}")

    def _take(self, name: str) -> str:
        self.taken.add(name)
        return name
