"""Which symbols vary in a line of differentials: those that the prose names, else those whose differentials are written."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from symbolic.calculus.derivatives import jacobian
from symbolic.errors import ChainruleError
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor
from symbolic.verification.elaboration.scope import Scope
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.names import name_of

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Line, Reader

_VARIES = r"(?i)\b(?:twist|perturb|var[yi]|wiggl|nudg|mov|chang|disturb|shift|increment|differential|displac)\w*"
_MATHEMATICS = r"\$([^$]{1,80})\$|\\\(([^()]{1,80})\\\)"


class Variations:
    """The tangents in force at each line of a document."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self.tangents: dict[Tensor, Tensor] = {}
        self.claimed: dict[tuple[Tensor, Tensor], tuple[Tensor, Tensor]] = {}

    def scope(self, line: Line, env) -> Scope:
        """The reader's scope with the tangents of the symbols that vary in this line."""
        scope = self.reader.scope
        nodes = [n for n in (line.left, line.before, line.right) if isinstance(n, s.Node)]
        spelt = self.written([n for n in nodes if n is not line.left]) or self.written(nodes)
        if not any(isinstance(n, s.Differential) for node in nodes for n in s.walk(node)):
            return scope
        free = {n: t for n, t in spelt.items() if t.definition is None}
        named = dict(self._named(line).items())
        base = {n: t for n, t in {**named, **free}.items() if n not in self.reader.constants}
        chosen: dict[Tensor, Tensor] = {t: self.tangent(n, t) for n, t in base.items()}
        computed = {n: t for n, t in spelt.items() if t.definition is not None}
        for name, t in computed.items():
            below = {u.serial for u in topological([t])}
            others = [u for u in (*chosen, *computed.values()) if u is not t]
            if not any(u.serial in below for u in others):
                chosen[t] = self.tangent(name, t)
        for t in [t for t in computed.values() if t in chosen]:
            if self._passed_by(line, scope, t):
                del chosen[t]
                below = [u for u in leaves([t]) if u.dtype == "real"]
                varied = [u for u in below if u in self.tangents] or below
                chosen.update({u: self.tangent(u.name or "", u) for u in varied})
        return replace(scope, tangents=chosen)

    def _passed_by(self, line: Line, scope: Scope, t: Tensor) -> bool:
        """Whether the left side is not written through t: R = XW − Y, named later than f = ‖XW − Y‖², varies as W does."""
        left = line.left.body if isinstance(line.left, s.Differential) else None
        value = scope.values.get(name_of(left) or "") if left is not None else None
        of = None if value is None else value.tensor
        return of is not None and of is not t and of.definition is not None and not scope.depends(of, t)

    def tangent(self, name: str, t: Tensor) -> Tensor:
        if t not in self.tangents:
            self.tangents[t] = Tensor(
                f"d{t.name or name}", t.extents, role="input", tex=f"d{self.reader.scope.tex.get(name, name)}"
            )
        return self.tangents[t]

    def written(self, nodes: list[s.Node]) -> dict[str, Tensor]:
        """The symbols whose differentials are written."""
        found: dict[str, Tensor] = {}
        for node in nodes:
            for n in s.walk(node):
                if isinstance(n, s.Differential) and n.body is not None:
                    for name in self._names(n.body):
                        found[name] = self.reader.scope.values[name].tensor
        return found

    def _names(self, body: s.Node) -> list[str]:
        values = self.reader.scope.values
        if isinstance(body, s.Call) and len(body.arguments) == 1:
            return self._names(body.arguments[0])  # d vec X
        if isinstance(body, s.Group):
            return self._names(body.body)
        whole = name_of(body)
        if whole in values:
            return [whole]
        base = body.base if isinstance(body, s.Scripted) else body
        if isinstance(base, s.Symbol):
            return [base.name] if base.name in values else []
        return [n.name for n in s.walk(body) if isinstance(n, s.Symbol) and n.name in values]  # d tr(X⊤X)

    def _named(self, line: Line) -> dict[str, Tensor]:
        """Declared symbols that the prose of this section says to vary."""
        text = self.reader.source.text
        start = max(
            (m.start() for m in re.finditer(r"(?m)^#{1,6}\s|\\(?:sub)*section|\\paragraph", text[: line.chain.start])),
            default=0,
        )
        prose = text[start : line.chain.start]
        found: dict[str, Tensor] = {}
        for match in re.finditer(
            _VARIES + rf"\s+(?:\w+\s+){{0,3}}((?:(?:{_MATHEMATICS})(?:\s*(?:,|and|by|or)\s*)*)+)", prose
        ):
            found.update(self._declared(match.group(1)))
        for match in re.finditer(_MATHEMATICS, prose):
            inner = (match.group(1) or match.group(2)).strip()
            if re.fullmatch(r"d\\?[A-Za-z]+(?:[_^]\{?\w+\}?)?", inner):
                found.update(self._declared(f"${inner[1:]}$"))
        return found

    def _declared(self, text: str) -> dict[str, Tensor]:
        found = {}
        for match in re.finditer(_MATHEMATICS, text):
            for part in re.split(r",", match.group(1) or match.group(2)):
                name = re.sub(r"[\\{}\s]", "", part)
                value = self.reader.scope.values.get(name)
                if value is not None and value.tensor.definition is None:
                    found[name] = value.tensor
        return found

    def note(self, of: Tensor, claim: Value, tangents: dict[Tensor, Tensor]) -> None:
        """Remember what the author says of a differential, written with these tangents."""
        for by, dot in tangents.items():
            self.claimed[of, by] = (claim.tensor, dot)

    def told(self, node: s.Node | object) -> bool:
        """Whether a right side is written with a differential that an earlier line told."""
        outputs = {of for of, _ in self.claimed}
        return isinstance(node, s.Node) and any(t in outputs for t in self.written([node]).values())

    def coefficient(self, of: Tensor, by: Tensor) -> list[Tensor]:
        """∂of/∂by as what stands in front of the differential of ``by`` in the author's last line for d(of)."""
        if (of, by) not in self.claimed:
            return []
        tensor, dot = self.claimed[of, by]
        try:
            return [jacobian(tensor, dot)]
        except (ChainruleError, ReadingError):
            return []
