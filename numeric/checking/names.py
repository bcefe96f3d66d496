"""What names tell: which parameter a gradient belongs to, which parameter is the cotangent, which the cache; shapes in docstrings."""

from __future__ import annotations

import ast
import functools
import inspect
import re
from collections.abc import Callable, Iterable
from typing import Any

from numeric.checking.probes import leaf
from numeric.extents import is_extent

CACHE = re.compile(
    r"_?(caches?|ctx|saved(_\w+)?|memo|context|tape|stash|stored?|state|intermediates|activations|residuals|fwd|aux)_?\d*\Z",
    re.IGNORECASE,
)
CONFIGURATION = re.compile(r"\w*(params?|config|cfg|options|opts|kwargs|hparams|settings)\Z", re.IGNORECASE)
_COTANGENT = re.compile(
    r"(d_?out(put)?s?|grad_?(out(put)?s?)?|g|gy|gout|upstream(_\w+)?|dy|dz|dL_?d?(out|y)?|(out|y)_(bar|grad)|delta|cotangent|bar|dloss|top_diff|"
    r"d_?next\w*|dscores|dvalues?|accum_grad|grad_?y|g_out|chain|error|eta_out)\Z",
    re.IGNORECASE,
)
_PATTERNS = (
    r"d_?(\w+)",
    r"grads?_?(\w+)",
    r"(\w+?)_?(?:grads?|bar|diff)",
    r"(?:dL|dC|dE|dJ|dl|dloss)_?d?_?(\w+)",
    r"nabla_?(\w+)",
    r"delta_?(\w+)",
    r"g_?(\w+)",
    r"(\w+)",
)
_INTEGERS = re.compile(r"\b(int|integer|integers|label|labels|class|index|indices|ids)\b", re.IGNORECASE)
ONE_HOT = re.compile(r"one[- _]?hot", re.IGNORECASE)
_SHAPE = re.compile(
    r"^\W*(\w+)\s*(?::|\u2014|-|\bis\b)(?:(?![,;]\s*\w+\s*:)[^\n])*?shape\s*(?:of\s*)?:?\s*[\[(]([^\])]*)[\])]",
    re.MULTILINE,
)
_TIMES = re.compile(r"(?<!\w)(\d+)([A-Za-z]\w*)")  # 4H for 4*H
_NEXT = re.compile(r"[,;]\s*\w+\s*:")  # another parameter on the same line
_BARE = re.compile(r"^\W*(\w+)\s*(?::|\u2014|-)\s*[\[(]((?:\s*\w+\s*,)*\s*\w*\s*)[\])]", re.MULTILINE)
_WITHIN = re.compile(r"(?<![\w.])(\w+)\s*(?::|\u2014)[^:;()\[\]\n]*[\[(]([\w*+, ]*)[\])]")
_DASHED = re.compile(
    r"^\W*(\w+)\s+--\s[^\n([]*[\[(]((?:[\w ]+,)+[\w ]*)[\])]", re.MULTILINE
)  # a name, what it is, a shape
ROLES = frozenset(
    ["input", "target", "parameter", "constant", "int", "real", "float", "positive", "nonzero", "symmetric"]
)


def is_cotangent(name: str) -> bool:
    """Whether a parameter is called as cotangents are (``dout``, ``grad_output``, ``g``)."""
    return _COTANGENT.match(name) is not None


def is_cache(name: str) -> bool:
    """Whether a variable is called as what a forward function keeps is (``cache``, ``ctx``, ``saved``)."""
    return CACHE.match(name) is not None


def parameter(name: str, known: Iterable[str]) -> str | None:
    """The parameter that a gradient's name tells: ``dW``, ``grad_W``, ``W_grad``, ``dL_dW``, ``W_bar``; None if it tells none.

    >>> [parameter(name, ["x", "W1", "gamma"]) for name in ("dx", "grad_W1", "dL_dgamma", "total")]
    ['x', 'W1', 'gamma', None]
    """
    return _parameter(leaf(name), tuple(known))


@functools.lru_cache(maxsize=4096)
def _parameter(name: str, known: tuple[str, ...]) -> str | None:
    for same in (lambda a, b: a == b, lambda a, b: a.lower() == b.lower(), lambda a, b: _plain(a) == _plain(b)):
        for pattern in _PATTERNS:
            match = re.fullmatch(pattern, name)
            if match:
                for k in known:
                    if same(match.group(1), leaf(k)):
                        return k
    entry = re.fullmatch(
        r"(?:d|grads?|gradients)_?(?:params?|parameters|weights)?(_\d+)", name
    )  # grads[0] for params[0]
    if entry:
        meant = [k for k in known if re.fullmatch(rf"(params?|parameters){entry[1]}", leaf(k))]
        return meant[0] if len(meant) == 1 else None
    short = re.fullmatch(r"(?:d|grads?|nabla|delta|g)?_?([A-Za-z])(_\d+)", name)  # nabla_w[0] for weights[0]
    if short:
        meant = [k for k in known if re.fullmatch(rf"{short[1]}\w*{short[2]}", leaf(k), re.IGNORECASE)]
        return meant[0] if len(meant) == 1 else None
    return None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def returned(tree: ast.FunctionDef | None) -> list[ast.expr]:
    """The parts of the last return statement."""
    if tree is None:
        return []
    found = [n for n in own_statements(tree) if isinstance(n, ast.Return) and n.value is not None]
    if not found:
        return []
    value = max(found, key=lambda n: n.lineno).value
    return list(value.elts) if isinstance(value, (ast.Tuple, ast.List)) else [value]


def own_statements(tree: ast.FunctionDef) -> list[ast.AST]:
    """All nodes of a function but those of functions inside it."""
    found: list[ast.AST] = []
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            pending += list(ast.iter_child_nodes(node))
    return found


def text_of(part: ast.expr) -> str:
    """A returned name as text; empty for another expression."""
    return ast.unparse(part) if isinstance(part, (ast.Name, ast.Attribute, ast.Subscript)) else ""


def declared_shape(text: str) -> tuple[list[str], bool]:
    """The dimensions in ``"N D"``, ``"N, D"`` or ``"N int"``, and whether the entries are whole numbers."""
    words = [w for w in re.split(r"[\s,]+", re.sub(r"\s*([*+])\s*", r"\1", text)) if w]
    return [w for w in words if is_extent(w) and w not in ROLES], "int" in words


def shape_note(note: str) -> str | None:
    """The shape that an annotation tells; one that is a type tells none.

    >>> shape_note("N D"), shape_note("np.ndarray")
    ('N D', None)
    """
    text = note.strip("'\"")
    if not text or re.search(r"ndarray|array|Tensor|\[|\.|float|Any|dict|tuple", text, re.IGNORECASE):
        return None
    return text


def _says_a_shape(match: re.Match[str]) -> bool:
    """Whether ``S: states (n, d)`` within a line says a shape: by the word, by nothing else standing there, or by a comma."""
    between = match.group(0)[len(match.group(1)) : match.start(2) - match.start(0) - 1].strip(" :\u2014")
    return not between or "shape" in between or "," in match.group(2)


def docstring_shapes(function: Callable[..., Any]) -> dict[str, str]:
    """Shapes that a docstring says: ``x: input of shape (N, D)`` or ``x: (N, D)``."""
    text = inspect.getdoc(function) or ""
    found = {}
    for pattern in (_WITHIN, _BARE, _DASHED, _SHAPE):
        for match in pattern.finditer(text):
            if pattern is _WITHIN and not _says_a_shape(match):
                continue
            sizes = _sizes(match.group(2))
            if all(map(is_extent, sizes.split())):
                end = text.find("\n", match.end()) if "\n" in text[match.end() :] else len(text)
                line = _NEXT.split(text[match.start() : end], maxsplit=1)[0]
                if pattern is _WITHIN:  # up to the end of the phrase: another array may be told of after it
                    line = match.group(0) + re.split(r"[,;.(]", line[len(match.group(0)) :], maxsplit=1)[0]
                whole = _INTEGERS.search(line) and not ONE_HOT.search(line)
                found[match.group(1)] = sizes + (" int" if whole else "")
    return found


def _sizes(text: str) -> str:
    """The sizes in brackets, one word each.

    >>> _sizes("a, 4H"), _sizes("size of the current layer, 1")
    ('a 4*H', 'size_of_current_layer 1')
    """
    text = _TIMES.sub(r"\1*\2", re.sub(r"\s*([*+])\s*", r"\1", text))
    parts = [part.split() for part in text.split(",")]
    phrases = [[w for w in words if len(words) == 1 or w.lower() not in ("the", "a", "an")] for words in parts]
    return " ".join(("_" if len(parts) > 1 else " ").join(words) for words in phrases if words)


def keys_read(tree: ast.FunctionDef | None, name: str) -> list[str]:
    """The constant keys with which a parameter is read: ``cfg["eps"]``, ``cfg.get("eps", 1e-5)``; those without a default."""
    found: dict[str, None] = {}
    for node in ast.walk(tree) if tree is not None else ():
        if (
            isinstance(node, ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
            and isinstance(node.slice, ast.Constant)
            and isinstance(node.slice.value, str)
            and isinstance(node.ctx, ast.Load)
        ):
            found[node.slice.value] = None
    return list(found)


def source(function: Callable[..., Any] | type) -> str:
    """The source of a function or a class; empty if there is none."""
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):
        return ""
