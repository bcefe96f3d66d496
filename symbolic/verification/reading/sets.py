"""Sets as declarations name them: ``ℝ^{m×n}``, ``ℝ_{>0}``, ``{0, 1}^n``, ``{1, …, K}``, ``[0, 1]``, ``𝕊^n``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from symbolic.verification.elaboration.names import script_name
from symbolic.verification.grammar import parse
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar.source import ReadingError


@dataclass(frozen=True)
class Set:
    """The shape, kind and assumptions of the members of a set."""

    shape: tuple[str, ...]
    dtype: str = "real"
    assume: frozenset[str] = frozenset()


def set_of(tokens: list) -> Set | None:
    """The shape and assumptions that ∈ … gives."""
    types = [t.type for t in tokens]
    if types and types[0] == "LCURLY":
        return _finite(tokens)
    if types and types[0] in ("LBRACK", "LPAR") and [str(t) for t in tokens if t.type == "NUMBER"] == ["0", "1"]:
        return Set(_power(tokens), assume=frozenset(["unit_interval"]))
    node = parse(tokens)
    matrices = _matrices(node)
    if matrices is not None:
        return matrices
    base, sub, sup = (node.base, node.sub, node.sup) if isinstance(node, s.Scripted) else (node, None, None)
    if isinstance(base, s.Scripted):
        base, sub, sup = base.base, base.sub or sub, base.sup or sup
    if not isinstance(base, s.Symbol) or not (base.name.startswith("set") or base.name in ("R", "S", "calS")):
        return None
    assume = set()
    if sub is not None:
        text = script_name(sub) or ""
        if isinstance(sub, (s.Relation, s.Mark)) or "plus" in text or isinstance(sub, s.Sum):
            assume.add("positive")
    if isinstance(sup, s.Mark):
        assume.add("positive")
        sup = None
    kind = base.name.removeprefix("set").removeprefix("cal")
    if kind == "S" and sup is None:
        return None
    shape = sizes(sup) if sup is not None else ()
    if kind == "R":
        return Set(shape, assume=frozenset(assume))
    if kind == "S":
        return Set((*shape, *shape)[:2], assume=frozenset(["positive_definite" if assume else "symmetric"]))
    if kind in ("N", "Z"):
        return Set(shape, "int", frozenset(["whole"]))
    return None


def _matrices(node: s.Node) -> Set | None:
    """``M_{m,n}(ℝ)``, ``M_n(ℝ)``, ``GL_n(ℝ)``: matrices by their sizes."""
    if not isinstance(node, s.Product) or len(node.factors) != 2:
        return None
    head, field = (n for _, n in node.factors)
    if (
        not isinstance(head, s.Scripted)
        or not isinstance(head.base, s.Symbol)
        or head.sub is None
        or head.sup is not None
    ):
        return None
    kind = head.base.name.removeprefix("cal").removeprefix("set")
    of = field.body if isinstance(field, s.Group) else None
    if kind not in ("M", "Mat", "GL", "S") or not isinstance(of, s.Symbol) or of.name not in ("setR", "R"):
        return None
    parts = head.sub.items if isinstance(head.sub, s.Items) else (head.sub,)
    shape = tuple(size for part in parts for size in sizes(part))
    shape = shape * 2 if len(shape) == 1 else shape
    assume = {"GL": ["invertible"], "S": ["symmetric"]}.get(kind, [])
    return Set(shape, assume=frozenset(assume)) if len(shape) == 2 else None


def _finite(tokens: list) -> Set | None:
    """``{0, 1}^n``, ``{−1, 1}``, ``{1, …, K}``."""
    inside, depth = [], 0
    for t in tokens:
        depth += (t.type == "LCURLY") - (t.type == "RCURLY")
        if depth == 0:
            break
        inside.append(t)
    inside = inside[1:]
    text = "".join(str(t) for t in inside)
    shape = _power(tokens)
    if text in ("0,1", "1,0"):
        return Set(shape, assume=frozenset(["binary"]))
    if text in ("-1,1", "1,-1", "-1,+1", "+1,-1", "pm1", "±1"):
        return Set(shape, assume=frozenset(["sign"]))
    if any(t.type == "DOTS" for t in inside):
        return Set(shape, "int", frozenset([f"classes {re.sub('[{}]', '', str(inside[-1]))}"]))
    return None


def _power(tokens: list) -> tuple[str, ...]:
    for k, t in enumerate(tokens):
        if t.type == "SUP" and k + 2 < len(tokens):
            return sizes(parse([*tokens[k + 2 : -1]]))
    return ()


def sizes(node: s.Node) -> tuple[str, ...]:
    """The extents that ``m × n`` or ``n`` writes."""
    if isinstance(node, s.Group):
        return sizes(node.body)
    if isinstance(node, s.Product) and len(node.factors) == 3 and _is_letter_x(node.factors[1]):
        return sizes(node.factors[0][1]) + sizes(node.factors[2][1])  # ℝⁿˣᵐ
    if isinstance(node, s.Product) and any(sign in ("TIMES", "AST") for sign, _ in node.factors):
        groups: list[list] = []
        for sign, f in node.factors:
            if sign in ("TIMES", "AST") or not groups:
                groups.append([f])
            else:
                groups[-1].append(f)
        return tuple(_size(g) for g in groups)
    return (_size([node]),)


def _is_letter_x(factor: tuple[str, s.Node]) -> bool:
    return factor[0] == "" and isinstance(factor[1], s.Symbol) and factor[1].name == "x"


def _size(factors: list) -> str:
    names = []
    if len(factors) == 1 and isinstance(factors[0], s.Group):
        return _size([factors[0].body])
    for node in factors:
        if isinstance(node, s.Scripted):
            base = node.base.name if isinstance(node.base, s.Symbol) else ""
            names.append("_".join(filter(None, [base, script_name(node.sub), script_name(node.sup)])))
        elif isinstance(node, s.Number):
            names.append(node.text)
        elif isinstance(node, s.Symbol):
            names.append(node.name)
        elif isinstance(node, s.Sum):
            text = ""
            for sign, term in node.terms:
                text += ("-" if sign < 0 else "+" if text else "") + _size([term])
            names.append(text)
        elif isinstance(node, s.Product) and all(sign == "" for sign, _ in node.factors):
            names.append(_size([f for _, f in node.factors]))
        else:
            raise ReadingError("a size is a name, a number or a sum of them", node.span)
    return "*".join(names)
