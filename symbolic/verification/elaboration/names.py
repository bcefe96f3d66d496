"""Scripts as parts of a name: layer numbers, words and decorations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symbolic.verification.grammar import syntax as s

if TYPE_CHECKING:
    from symbolic.verification.elaboration.values import Value

_ESTIMATORS = frozenset(["ML", "MLE", "MAP", "LS", "OLS", "WLS", "MMSE", "EB"])
_MARKS = {"+": "plus", "-": "minus", "*": "star", "†": "dagger", "∘": "circ"}


def script_name(node: s.Node | None) -> str | None:
    """``(2)`` → ``2``, ``out`` → ``out``, ``+`` → ``plus``, ``l+1`` → ``lplus1``; None where it cannot be part of a name."""
    if node is None:
        return ""
    if isinstance(node, s.Number):
        return node.text.replace(".", "d")
    if isinstance(node, s.Symbol):
        return node.name
    if isinstance(node, s.Mark):
        return _MARKS.get(node.sign)
    if isinstance(node, s.Scripted) and isinstance(node.sub, s.Number) and node.sup is None and not node.primes:
        base = script_name(node.base)
        return base and base + node.sub.text  # E_{o_1} is E_{o1}
    if isinstance(node, s.Group):
        return script_name(node.body)
    if isinstance(node, s.Product) and all(sign == "" for sign, _ in node.factors):
        parts = [script_name(f) for _, f in node.factors]
        return None if None in parts else "".join(p for p in parts if p)
    if isinstance(node, s.Items):
        parts = [script_name(f) for f in node.items]
        return None if None in parts else "_".join(p for p in parts if p)
    if isinstance(node, s.Sum):
        text = ""
        for k, (sign, term) in enumerate(node.terms):
            part = script_name(term)
            if part is None:
                return None
            text += ("minus" if sign < 0 else "plus" if k else "") + part
        return text
    return None


def is_layer(node: s.Node | None) -> bool:
    """Whether a superscript is in brackets, as a layer's or a sample's number is: ``(1)``, ``[l]``."""
    return isinstance(node, s.Group)


def candidate_names(node: s.Scripted) -> list[tuple[str, bool, bool]]:
    """Names that a scripted symbol may stand for, longest first: (name, uses the subscript, uses the superscript)."""
    if not isinstance(node.base, s.Symbol):
        return []
    base = node.base.name
    if node.primes:
        base_primed = base + "_prime" * node.primes
    else:
        base_primed = base
    sub, sup = script_name(node.sub), script_name(node.sup)
    layer = "l" if is_layer(node.sup) else "u"
    found: list[tuple[str, bool, bool]] = []
    for stem in dict.fromkeys((base_primed, base)):
        if node.sub is not None and node.sup is not None and sub and sup:
            found.append((f"{stem}_{sub}_{layer}{sup}", True, True))
        if node.sub is not None and sub:
            found.append((f"{stem}_{sub}", True, False))
        if node.sup is not None and sup:
            found.append((f"{stem}_{layer}{sup}", False, True))
        if stem != base:
            found.append((stem, False, False))
    return found


def letters(node: s.Node | None) -> list[s.Node] | None:
    """The parts of an index: ``ij`` → [i, j], ``i,j+1`` → [i, j+1], ``12`` → [1, 2]."""
    if node is None:
        return None
    if isinstance(node, s.Items):
        return [part for item in node.items for part in (letters(item) or [item])]
    if isinstance(node, s.Product) and all(sign == "" for sign, _ in node.factors):
        return [part for _, f in node.factors for part in (letters(f) or [f])]
    if isinstance(node, s.Group):
        return letters(node.body)
    return [node]


def of_vector(parts: list[s.Node], base: Value) -> list[s.Node]:
    """The indices of a 1×m or m×1 matrix as those of the row or column that it is: Y_{1i} of Y ∈ ℝ^{1×m} is Y_i."""
    if base.rank != 1 or len(parts) != 2:
        return parts
    one = parts[0 if base.row else 1]
    return [p for p in parts if p is not one] if isinstance(one, s.Number) and one.text == "1" else parts


def is_word(node: s.Node | None) -> bool:
    """Whether a script is a word or a sign that makes another symbol: w^{new}, w^{+}, w_{out}."""
    if isinstance(node, s.Mark):
        return node.sign in _MARKS
    if isinstance(node, s.Symbol):
        return len(node.name) > 2 and node.name.isalpha()
    if isinstance(node, s.Product) and script_name(node) in _ESTIMATORS:
        return True
    return (
        isinstance(node, s.Product)
        and len(node.factors) > 2
        and all(sign == "" and isinstance(n, s.Symbol) for sign, n in node.factors)
    )
