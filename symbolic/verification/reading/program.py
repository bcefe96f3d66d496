"""A document's declarations and definitions as a program: which symbol is which tensor."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

import sympy as sp

from symbolic.errors import ChainruleError
from symbolic.program.equations import Equation
from symbolic.program.tensors import Tensor, computed, tensor
from symbolic.verification.elaboration.elaborate import Elaborator
from symbolic.verification.elaboration.names import is_layer, letters
from symbolic.verification.elaboration.scope import FunctionOf, Generic, Layout, Scope
from symbolic.verification.elaboration.sums import bound_letters, extents
from symbolic.verification.elaboration.values import FreeIndex, UnknownSymbol, Value, closed, number, ordered
from symbolic.verification.grammar import syntax as s
from symbolic.verification.grammar import words
from symbolic.verification.grammar.source import ReadingError
from symbolic.verification.reading.declared import Declarations, Declared
from symbolic.verification.reading.names import latex_of, name_of

_INPUTS = frozenset(["x", "X", "u", "X_bar"])
_TARGETS = frozenset(["y", "t", "Y", "T", "d"])
_CONSTANTS = frozenset(["lambda", "eta", "alpha", "mu", "epsilon", "gamma", "rho", "tau"])


def scope_from(
    declared: Declarations, layout: Layout, macros: dict[str, str], functions: Iterable[str], otimes: str = "kronecker"
) -> Scope:
    """The scope before the first definition: every declared symbol as a tensor."""
    scope = Scope(
        layers=frozenset(declared.layers),
        letters=frozenset(declared.letters),
        counters=frozenset([*declared.ranges, *"ijklmnp"]),
        columns=frozenset(declared.columns),
        last_layers=frozenset(declared.last_layers.values()),
        layout=layout,
        otimes=otimes,
        macros=macros,
    )
    for size in declared.ranges.values():
        if not size.isdigit():
            extent_of(size, scope)
    for item in declared.names.values():
        for size in item.shape:
            extent_of(size, scope)
    for item in declared.names.values():
        scope.values[item.name] = _leaf(item, declared, scope)
        scope.tex[item.name] = item.tex
        if item.sample:
            scope.sampled[item.name] = item.sample
        scope.dims.pop(item.name, None)
    for name, kin in declared.kin.items():
        held = scope.values.get(kin.matrix)
        if held is not None and held.rank:
            scope.values[name] = _turned(held.tensor, name) if kin.columns else Value(held.tensor)
            if kin.sample:
                scope.sampled[name] = kin.sample
    for name in functions:
        if name not in scope.values:
            scope.functions[name] = _known_function(name, declared.prose)
    return scope


def _turned(matrix: Tensor, name: str) -> Value:
    """The columns of a matrix as a list of vectors with a name of its own, by which one can differentiate."""
    i, j = matrix.fresh_indices()
    return Value(computed(Equation((j, i), matrix.access(i, j)), matrix.dtype, identifier(name)))


def _known_function(name: str, prose: str) -> str | Generic:
    if name in words.FUNCTIONS:
        return words.FUNCTIONS[name]
    if name == "sigma" and not re.search(
        r"(?i)\b(any|arbitrary|generic|some|unspecified)\b[^.]{0,30}(activation|function|non-?linearit)", prose
    ):
        return (
            "softmax"
            if re.search(r"(?i)\bsoftmax\b", prose) and not re.search(r"(?i)sigmoid|logistic", prose)
            else "sigmoid"
        )
    return Generic(name)


def extent_of(text: str, scope: Scope) -> sp.Expr:
    """The extent that ``n``, ``3``, ``n+1`` or ``2*n`` writes."""
    total = sp.S.Zero
    for sign, term in re.findall(r"([+-]?)([^+-]+)", text):
        factor = sp.S.One
        for part in term.split("*"):
            pieces = re.fullmatch(r"(\d*)(\w*)", part.strip())
            if pieces is None:
                raise ReadingError(f"the size {text!r} is not read; a size is a name, a number or a sum of them")
            if pieces.group(1):
                factor *= sp.Integer(pieces.group(1))
            if pieces.group(2):
                factor *= scope.declare_dim(pieces.group(2))
        total += -factor if sign == "-" else factor
    return total


def _leaf(item: Declared, declared: Declarations, scope: Scope) -> Value:
    shape = tuple(extent_of(size, scope) for size in item.shape)
    if declared.roles.get(item.name) == "ones" and len(shape) == 1:
        return replace(closed(replace(number(1), form="ones"), shape[0]), row=item.row)
    assume = set(item.assume) | declared.assume.get(item.name, set())
    classes = {a for a in assume if a.startswith("classes ")}
    for said in classes:
        extent_of(said.removeprefix("classes "), scope)
    assume -= classes
    if {"binary", "probability"} <= assume:  # zeros and ones that sum to one
        assume = assume - {"binary", "probability"} | {"one_hot"}
    told = declared.roles.get(item.name)
    role = told if told and told != "ones" else _role(item, len(shape))
    core = len(shape) - bool(item.sample)
    if core < 2:
        assume -= {"symmetric", "positive_definite", "invertible", "orthogonal", "diagonal", "lower_triangular"}
    try:
        t = tensor(identifier(item.name), shape, role=role, dtype=item.dtype, assume=assume, tex=item.tex)
    except ChainruleError:
        t = tensor(identifier(item.name), shape, role=role, dtype=item.dtype, tex=item.tex)
    return Value(t, row=item.row)


def _role(item: Declared, rank: int) -> str:
    if item.sample or item.name in _INPUTS or "one_hot" in item.assume:
        return "target" if item.name in _TARGETS else "input"
    if item.name in _TARGETS:
        return "target"
    return "constant" if rank == 0 and item.name in _CONSTANTS else "parameter"


def identifier(name: str) -> str:
    """A name as an identifier."""
    clean = re.sub(r"\W", "_", name)
    return clean if clean and not clean[0].isdigit() else f"v{clean}"


# -- definitions -----------------------------------------------------------------------------------------------------------


def free_letters(
    scope: Scope, nodes: Iterable[s.Node], ranges: dict[str, str]
) -> dict[str, tuple[str, sp.Expr | None]]:
    """The environment of a line: every index letter with the extent of the axes on which it stands."""
    nodes = list(nodes)
    found = extents(Elaborator(scope), nodes)
    env: dict[str, tuple[str, sp.Expr | None]] = {
        letter: (letter, e) for letter, e in found.items() if _is_letter(scope, letter)
    }
    bound = {
        letter for node in nodes for part in s.walk(node) if isinstance(part, s.Big) for letter in bound_letters(part)
    }
    for node in nodes:
        for part in s.walk(node):
            for script in (
                (part.sub, part.sup if is_layer(part.sup) else None, part.indexed)
                if isinstance(part, s.Scripted)
                else ()
            ):
                for index in letters(script) or []:
                    if (
                        isinstance(index, s.Symbol)
                        and index.name in ranges
                        and index.name not in bound
                        and index.name not in env
                        and _is_letter(scope, index.name)
                    ):
                        env[index.name] = (index.name, extent_of(ranges[index.name], scope))
    return env


def _is_letter(scope: Scope, letter: str) -> bool:
    if len(letter) == 1 and letter.isupper() and scope.dim(letter) is None and letter not in scope.counters:
        return False
    held = scope.values.get(letter)
    return held is None or held.tensor.dtype != "int"


def define(scope: Scope, left: s.Node, right: s.Node, ranges: dict[str, str], tex: str) -> str:
    """Enter the symbol on the left with the value of the right; returns its name. Raises ``ReadingError``."""
    if isinstance(left, s.Call):
        return _define_function(scope, left, right, tex)
    name, places = target(scope, left)
    env = free_letters(scope, [right, left], ranges)
    value = Elaborator(scope, env)(right)
    if value.rank == 2 and not scope.rows:
        value = _of_rows(scope, env, right) or value
    if value.form:
        raise ReadingError("the size of what is defined is not known; write it as an index, as in I_n", right.span)
    if places and not value.labels and name_of(left) and not _counts(scope, env, ranges, name, places, value):
        name, places = name_of(left) or "", []  # x_t, where t counts nothing
    sampled = isinstance(left, s.Scripted) and is_layer(left.sup) and bool(places)
    if not places and value.labels:
        raise FreeIndex(tuple(label.partition("#")[0] for label in value.labels), right.span)
    known = {label: value.extent(label) for label in value.labels}
    for letter in places:
        if letter not in known:
            extent = env.get(letter, (letter, None))[1]
            if extent is None:
                raise ReadingError(f"the range of the index {letter} is not known", left.span)
            known[letter] = extent
    extra = [label for label in value.labels if label not in places]
    if extra:
        raise ReadingError(f"the index {extra[0].partition('#')[0]} stands on the right side alone", right.span)
    if places and isinstance(left, s.Scripted):
        tex = tex[: max(left.base.span[1] - left.span[0], 1)]
    enter(scope, name, Value(ordered(value, places, known), row=value.row), tex)
    if sampled:
        scope.sampled[name] = places[0]
    return name


def _counts(scope: Scope, env, ranges: dict[str, str], name: str, places: list[str], value: Value) -> bool:
    """Whether the letters below a name count entries, also where the right side does not name them."""
    if any(letter in ranges or letter in scope.layers for letter in places):
        return True
    held = scope.values.get(name)
    return any(letter in env for letter in places) and (held is None or held.rank == value.rank + len(places))


def _of_rows(scope: Scope, env, right: s.Node) -> Value | None:
    """The scalar that ``∑_{ij} (U_i V_j⊤ − R_{ij})²`` is where U_i stands as a row; the document then writes rows so."""
    by_rows = replace(scope, rows=True)
    try:
        value = Elaborator(by_rows, env)(right)
    except ReadingError:
        return None
    if value.rank:
        return None
    scope.rows = True
    return value


def enter(scope: Scope, name: str, value: Value, tex: str) -> None:
    """Give a value a name; a tensor that has one already is copied."""
    t = value.tensor
    if t.name is not None or t.definition is None or not isinstance(t.definition, Equation):
        indices = t.fresh_indices()
        t = computed(Equation(indices, t.access(*indices)), t.dtype)
    t.named(identifier(name), tex)
    scope.values[name] = Value(t, (), value.row)
    scope.tex[name] = tex
    scope.dims.pop(name, None)


def target(scope: Scope, left: s.Node) -> tuple[str, list[str]]:
    """The name that a left side introduces, and the index letters on it (a sample's first)."""
    if isinstance(left, s.Symbol):
        return left.name, []
    if not isinstance(left, s.Scripted) or not isinstance(left.base, s.Symbol):
        raise ReadingError("a definition has a symbol on its left", left.span)
    sup, sub, indexed = left.sup, left.sub, left.indexed
    places: list[str] = []
    if indexed is not None and _index_letters(indexed, scope):
        places += _index_letters(indexed, scope) or []
        indexed = None
    if is_layer(sup) and _index_letters(sup, scope):
        places += _index_letters(sup, scope) or []
        sup = None
    if sub is not None and _index_letters(sub, scope) and not _names_another(scope, left.base.name, sub):
        places += _index_letters(sub, scope) or []
        sub = None
    rest = (
        s.Scripted(left.span, left.base, sub, sup, left.primes)
        if sub is not None or sup is not None or left.primes
        else left.base
    )
    name = name_of(rest)
    if name is None or indexed is not None:
        raise ReadingError("a definition has a symbol on its left", left.span)
    return name, places


def _names_another(scope: Scope, base: str, sub: s.Node) -> bool:
    """Whether S_w is another symbol than S: S is a declared number, or a defined one and w counts nothing."""
    held = scope.values.get(base)
    if held is None or held.rank or held.labels or not isinstance(sub, s.Symbol):
        return False
    return held.tensor.definition is None or sub.name not in scope.counters


def _index_letters(node: s.Node, scope: Scope) -> list[str] | None:
    parts = letters(node) or []
    if (
        parts
        and all(isinstance(p, s.Symbol) and len(p.name) == 1 and p.name.islower() for p in parts)
        and len(parts) <= 4
        and not any(p.name in scope.layers for p in parts)
        and not _is_word([p.name for p in parts], scope)
    ):
        return [p.name for p in parts]
    return None


def _is_word(parts: list[str], scope: Scope) -> bool:
    """Whether the letters below a symbol spell a word, as in L_reg and C_wd, rather than count entries."""
    usual = "ijklmnpq" if len(parts) > 2 else "abcijklmnpqrstuv"
    return len(parts) > 1 and any(letter not in usual and letter not in scope.letters for letter in parts)


def parameter_of(scope: Scope, node: s.Node) -> str:
    """The name of a function's argument; σ of ℓ(μ, σ²) where σ is declared."""
    if (
        isinstance(node, s.Scripted)
        and isinstance(node.base, s.Symbol)
        and isinstance(node.sup, s.Number)
        and node.sub is None
    ):
        held = scope.values.get(node.base.name)
        if held is not None and not held.rank and name_of(node) not in scope.values:
            return node.base.name
    return name_of(node) or ""


def _define_function(scope: Scope, left: s.Call, right: s.Node, tex: str) -> str:
    head = left.head
    if not isinstance(head, s.Symbol) or not all(name_of(a) for a in left.arguments):
        raise ReadingError("a function is defined as f(x, …) = …, with symbols between the brackets", left.span)
    parameters = tuple(parameter_of(scope, a) for a in left.arguments)
    raised = {p for p, a in zip(parameters, left.arguments, strict=True) if p != name_of(a)}
    scope.functions[head.name] = FunctionOf(parameters, right, frozenset(raised))
    mentioned = {name_of(n) for n in s.walk(right) if isinstance(n, (s.Symbol, s.Scripted))}
    if all(p in scope.values or p not in mentioned for p in parameters):
        try:
            value = Elaborator(scope, free_letters(scope, [right], {}))(right)
        except UnknownSymbol as error:
            if error.name in scope.functions:
                return head.name
            raise
        except ReadingError:
            return head.name  # of other arguments than the declared ones
        if not value.labels and not value.form:
            enter(scope, head.name, value, tex.split("(")[0].strip())
    return head.name


def numeric_leaf(scope: Scope, name: str, shape: tuple[int, ...], tex: str) -> Tensor:
    """A declared tensor for a symbol that is given as numbers."""
    tex = latex_of(name) if tex == name else tex
    t = tensor(identifier(name), shape, role="parameter", tex=tex)
    scope.values[name] = Value(t)
    scope.tex[name] = tex
    scope.dims.pop(name, None)
    return t
