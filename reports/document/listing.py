"""The generated code of a derivation, and which of its lines compute what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from numeric.functions import Function, lambdify
from symbolic.calculus.closed_form import Closed
from symbolic.calculus.derivation import Derivation
from symbolic.calculus.records import Derivative
from symbolic.errors import ChainruleError
from symbolic.notation import text
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASSIGNED = re.compile(r"\s+(\w+)(?:\[[^]]*\])? = ")
_PART = re.compile(r"t\d+$")  # the code's own names for parts of an equation


@dataclass(frozen=True)
class Listing:
    """Source text with the groups of lines by the name that they compute, and the function that the source is of."""

    source: str
    function: Function
    groups: Mapping[str, str] = field(default_factory=dict)

    def lines_for(self, left: Tensor | Derivative, t: Tensor | None, right: Closed | None) -> str:
        """The lines that compute ``t``; where the code makes no array of it, the expression that would."""
        if t is not None and t.name in self.groups:
            return self.groups[t.name]
        label = left.label
        if right is not None:
            try:
                return f"{label} = {text(right, style='numpy')}"
            except ChainruleError:
                pass
        around = (left.of, *left.by) if isinstance(left, Derivative) else ()
        return _alone(label, t, around) if t is not None else ""


def _alone(label: str, t: Tensor, around: tuple[Tensor, ...]) -> str:
    """The lines of a function of its own that computes one tensor from the named ones that it reads.

    ``around`` are further tensors that tell dimensions.
    """
    reads = [u for u in topological([t], stop=lambda u: u is not t and u.name is not None) if u is not t]
    known = [u for u in reads if u.name is not None and u.value is None]
    for given in (known, list(dict.fromkeys([*known, *around]))):
        try:
            body = function_body(lambdify(given, t).source)
        except ChainruleError:
            continue
        return re.sub(r"^return ", f"{label} = ", body, flags=re.MULTILINE)
    return ""


def function_body(source: str) -> str:
    """What stands inside the function of generated code, without its indentation and empty lines."""
    _, _, body = source.partition("def computed(")
    lines = [line for line in body.splitlines()[1:] if line.strip()]
    return "\n".join(line.removeprefix("    ") for line in lines)


def listing(d: Derivation, outputs: Sequence[Tensor]) -> Listing:
    """The code that computes ``outputs`` from the declared tensors of the program."""
    given = [t for t in leaves([d.output]) if t.value is None]
    function = lambdify(given, list(outputs))
    source = function.source
    groups: dict[str, str] = {}
    waiting: list[str] = []
    for line in source.partition("def computed(")[2].splitlines()[1:]:
        match = _ASSIGNED.match(line)
        waiting.append(line.removeprefix("    "))
        if match and not _PART.match(match[1]):
            groups[match[1]] = "\n".join(waiting)
            waiting = []
        elif not line.startswith("    "):
            waiting = []
    return Listing(source, function, groups)
