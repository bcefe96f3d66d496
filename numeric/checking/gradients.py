"""Where a backward function assigns the gradients that it returns."""

from __future__ import annotations

import ast
import re

from numeric.checking import names
from numeric.checking.calls import Call
from numeric.checking.matching import in_order
from numeric.checking.program import Program
from numeric.checking.slices import statements, writes


def last_assignments(call: Call, program: Program) -> dict[str, ast.stmt]:
    """For each parameter the statement that last assigns its gradient, or returns it."""
    name = call.subject.back.__name__
    tree = program.trees[name]
    parts = names.returned(tree)[call.subject.kind == "both" :]
    order = list(statements(tree))
    last = next((s for s in reversed(order) if isinstance(s, ast.Return)), None)
    found: dict[str, ast.stmt] = {}
    known = list(call.shapes)

    def assigns(text: str) -> ast.stmt | None:
        return next((s for s in reversed(order) if text in writes(s)), last)

    def members(text: str) -> list[str]:
        """The entries of a list of parameters (``self.weights[0]``, …) for what is called after the list (``nabla_w``)."""
        return [
            n
            for n in known
            if re.search(r"\[\d+\]\Z", n) and names.parameter(f"{text}[{n[n.rindex('[') + 1 : -1]}]", [n])
        ]

    texts = [names.text_of(part) for part in parts]
    owners = [call.belongs(t) if t else None for t in texts]
    if call.subject.kind == "ctx" or (owners and not any(owners) and not any(texts)):
        real = [n for n in known if n not in call.integers or call.subject.kind == "ctx"]
        owners = [*real[: len(parts)], *([None] * len(parts))][: len(parts)]
    real = [n for n in known if n not in call.integers and not n.startswith("self.")]
    left = [n for n in real if n not in owners]
    if not any(owners) and len(owners) <= len(left):
        owners = [*left[: len(owners)]]
    elif any(owners):
        owners = in_order(owners, real, [not text for text in texts])
    if len(owners) == 1 and owners[0] is None:  # a gradient under another name, as in return dout
        owners = [call.owner] if call.owner else real[:1]
    for owner, text in zip(owners, texts, strict=False):
        if owner is not None and last is not None:
            found[owner] = (assigns(text) if text else None) or last
    for s in order:
        for text in writes(s):
            owner = call.belongs(text)
            for n in members(text) if owner is None else ():
                found[n] = s
            keyed = "[" in text or text.startswith("self.")
            if owner is not None and (keyed or owner not in found) and text != owner:
                found[owner] = s
    for part in [n for n in ast.walk(last) if isinstance(n, ast.Dict)] if last is not None else ():
        for key in part.keys:
            owner = names.parameter(str(key.value), known) if isinstance(key, ast.Constant) else None
            if owner is not None:
                found[owner] = last
    return found
