"""What a layer's constructor is given: sizes, or arrays that it keeps, as in ``self.W = W``."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from numeric.checking import names
from numeric.checking.program import tree_of

_BIASES = re.compile(r"(b[a-zA-Z]?\d?|b_\w+|bias\w*|gamma\d?|beta\d?|gain)\Z")


def kept_arguments(made: type) -> dict[str, str]:
    """The constructor's parameters that it keeps as they are, with the attribute that holds each.

    >>> class Affine:
    ...     def __init__(self, W, b):
    ...         self.W, self.b = W, b
    >>> kept_arguments(Affine) in ({"W": "self.W", "b": "self.b"}, {})  # empty where there is no source
    True
    """
    tree = tree_of(made.__init__)
    arguments = {a.arg for a in tree.args.args} if tree is not None else set()
    found: dict[str, str] = {}
    for s in ast.walk(tree) if tree is not None else ():
        for target in s.targets if isinstance(s, ast.Assign) else ():
            for text, value in _assigned(target, s.value):
                if isinstance(value, ast.Name) and value.id in arguments and text.startswith("self."):
                    found.setdefault(value.id, text)
    return found


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """What is put where: ``self.W, self.b = W, b``, and the entries of ``self.params = [W, b]`` or of a dictionary."""
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for t, v in zip(target.elts, value.elts, strict=True):
            yield from _assigned(t, v)
    elif isinstance(value, (ast.List, ast.Tuple)):
        yield from ((f"{ast.unparse(target)}[{k}]", v) for k, v in enumerate(value.elts))
    elif isinstance(value, ast.Dict):
        for key, v in zip(value.keys, value.values, strict=True):
            if isinstance(key, ast.Constant):
                yield f"{ast.unparse(target)}[{key.value!r}]", v
    elif isinstance(value, ast.Call) and ast.unparse(value.func) == "dict" and value.keywords and not value.args:
        yield from ((f"{ast.unparse(target)}[{k.arg!r}]", k.value) for k in value.keywords if k.arg)
    else:
        yield ast.unparse(target), value


def given_arrays(made: type, kept: dict[str, str]) -> list[str]:
    """The kept parameters that the class's code uses as arrays (multiplies by, transposes, asks for a shape), or of which
    it keeps a gradient, as ``self.dgamma``."""
    text = "\n".join(names.source(c) for c in made.__mro__)
    assigned = set(re.findall(r"self(?:\.\w+|\['\w+'\])+(?= *(?:,[^=]*)?[-+]?= *[^=])", text)) - set(kept.values())
    owners = {
        names.parameter(a, list(kept.values())) for a in assigned if names.leaf(a) not in map(names.leaf, kept.values())
    }
    alike = {
        ast.unparse(call.args[0])
        for call in _calls(made)
        if call.args and getattr(call.func, "attr", "") in ("zeros_like", "ones_like", "empty_like")
    }
    arrays = [n for n, at in kept.items() if n in alike or at in owners or _is_array(re.escape(at), text)]
    sized = {n.id for call in _calls(made) for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}
    return [n for n in kept if n in arrays or (arrays and _BIASES.match(n) and n not in sized)]


def _is_array(name: str, text: str) -> bool:
    said = rf"@ *{name}(?![\w.\[])|{name}(\.T)? *@|{name}\.(T|dot|shape|t\(\))|dot\([^()]*{name}(?![\w.\[])|[(,] *{name}, *axis"
    return re.search(said, text) is not None


def _calls(made: type) -> list[ast.Call]:
    tree = tree_of(made.__init__)
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call)] if tree is not None else []
