"""A cost that a document differentiates without saying what it is: any differentiable function of what the document computes.

``dC/ds = dC/dz · h′(s)`` holds whatever C is. It is judged for the general C = Σ κ·z + ½ Σ ρ·z² with κ and ρ that no line
can name; where the document calls a derivative by a name, ``∂C/∂z = g``, that name is κ.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING

from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import Tensor, tensor
from symbolic.verification.elaboration import algebra
from symbolic.verification.elaboration import values as v
from symbolic.verification.elaboration.names import letters
from symbolic.verification.elaboration.scope import Generic
from symbolic.verification.elaboration.values import Value
from symbolic.verification.grammar import syntax as s
from symbolic.verification.reading.names import name_of
from symbolic.verification.reading.program import enter, identifier
from symbolic.verification.reading.statements import Chain

if TYPE_CHECKING:
    from symbolic.verification.judging.reader import Reader

NOWHERE = (0, 0)
_HEADING = re.compile(r"(?m)^#{1,6}\s|\\(?:sub)*section\b|\\paragraph\b")
_COSTS = frozenset(["C", "L", "J", "E", "calL", "calJ", "calC", "calE", "ell", "Loss", "Cost", "loss", "cost"])


def assume_cost(reader: Reader, name: str) -> bool:
    """Enter ``name`` as any differentiable scalar function, if the document only ever differentiates it."""
    by = _differentiated_by(reader, name)
    if by is None:
        return False
    reader.define_everything()
    reader.next_layers()
    if name in reader.scope.values:
        return True
    computed = {
        n: x
        for n, x in reader.scope.values.items()
        if x.tensor.definition is not None and n not in reader.definitions_of_derivatives()
    }
    inner = {u.serial for x in computed.values() for u in topological(x.tensor.operands)}
    if any(
        x.rank == 0 and not x.labels and x.tensor.serial not in inner and _is_cost(reader, x.tensor)
        for x in computed.values()
    ):
        return False
    named = cotangents(reader, name)
    if named:
        parts = [_paired(reader.scope.values[of], g) for of, g in named]
    else:
        ends = [x for n, x in computed.items() if x.tensor.serial not in inner and _in_section(reader, n)]
        ends = ends or [x for x in computed.values() if x.tensor.serial not in inner]
        ends = _below(ends, [reader.scope.values[n] for n in by if n in computed])
        ends = ends or [reader.scope.values[n] for n in by if n in reader.scope.values]
        parts = [_general(name, k, x) for k, x in enumerate(ends) if not x.form]
    if not parts:
        return False
    total = v.pointwise(lambda *xs: sum(xs), parts, NOWHERE)
    enter(reader.scope, name, total, name)
    reader.costs.add(name)
    reader.assumed_costs.add(name)
    said = {x.tensor.serial for x in reader.scope.values.values()} - {g.tensor.serial for _, g in named}
    reader.of_costs |= {t.serial for t in leaves([total.tensor])} - said
    reader.unsayable |= {t.serial for t in leaves([total.tensor]) if t.serial in reader.of_costs and not named}
    reader.scope.notes.append(
        f"{name} is not defined: it is read as any differentiable function of what the document computes"
    )
    return True


def _below(ends: list[Value], by: list[Value]) -> list[Value]:
    """Those of the last quantities that follow from one by which the document differentiates the cost; all if none does."""
    serials = {x.tensor.serial for x in by}
    return [x for x in ends if any(t.serial in serials for t in topological([x.tensor]))] or ends


def start_section(reader: Reader, place: int) -> None:
    """A section that computes something of its own speaks of a cost of its own where no line says what the cost is."""
    before, reader.here = _section(reader, reader.here), place
    if _section(reader, place) == before:
        return
    if any(_in_section(reader, name) for name in reader.definitions if name not in reader.definitions_of_derivatives()):
        for name in reader.assumed_costs:
            reader.scope.values.pop(name, None)
        reader.costs -= reader.assumed_costs
        reader.assumed_costs.clear()


def _in_section(reader: Reader, name: str) -> bool:
    """Whether a quantity is defined in the section that is being read."""
    node = reader.definitions.get(name)
    return node is not None and _section(reader, node.span[0]) == _section(reader, reader.here)


def _section(reader: Reader, place: int) -> int:
    """The number of headings before a place."""
    starts = reader.__dict__.get("_headings")
    if starts is None:
        starts = reader.__dict__["_headings"] = [m.start() for m in _HEADING.finditer(reader.source.text)]
    return bisect_right(starts, place)


def assume_beyond(reader: Reader, of: Tensor, by: Tensor) -> bool:
    """Let a cost that is written through the last layer be any function of a generic layer before it."""
    letters_ = [
        x
        for x in reader.declared.last_layers
        if re.search(rf"_[ul]{x}(?![a-zA-Z])|_[ul]{x}(?:plus|minus)", by.name or "")
    ]
    if of.ndim or of.serial in reader.scope.beyond or not letters_:
        return False
    reader.define_everything()
    reader.next_layers()
    own = reader.definitions_of_derivatives()
    computed = [x for n, x in reader.scope.values.items() if x.tensor.definition is not None and n not in own]
    above = [x for x in computed if x.tensor is by or any(t is by for t in topological([x.tensor]))]
    read = {u.serial for x in above for u in topological(x.tensor.operands)}
    ends = [x for x in above if x.tensor.serial not in read and not x.form]
    if not ends:
        return False
    total = v.pointwise(lambda *xs: sum(xs), [_general(of.name or "C", k, x) for k, x in enumerate(ends)], NOWHERE)
    said = {x.tensor.serial for x in reader.scope.values.values()}
    made = {t.serial for t in leaves([total.tensor])} - said
    reader.scope.beyond[of.serial] = total.tensor.named(identifier(of.name or "C"), of.tex)
    reader.of_costs |= made
    reader.unsayable |= made
    reader.costs.add(of.name or "C")
    reader.scope.notes.append(f"{of.name} is any differentiable function of the layers before the last")
    return True


def cost_of(reader: Reader, left: s.Node, right: s.Node) -> bool:
    """Enter ``L = l(o, y)`` with a function l that is told no further: any differentiable scalar function of its arguments.

    A function of one array is such a cost if its value has the name of one; otherwise it acts entry by entry.
    """
    name = name_of(left)
    if name is None or not isinstance(right, s.Call) or not isinstance(right.head, s.Symbol):
        return False
    if not isinstance(reader.scope.functions.get(right.head.name), Generic):
        return False
    if len(right.arguments) == 1 and name not in _COSTS:
        return False
    known = [(a, reader.known(a)) for a in right.arguments]
    values = [x for _, x in known if x is not None and not x.form and not x.labels]
    if not values or (len(known) == 1 and values[0].rank == 0):
        return False
    total = v.pointwise(lambda *xs: sum(xs), [_general(name, k, x) for k, x in enumerate(values)], NOWHERE)
    read = {t.serial for x in values for t in leaves([x.tensor])}
    enter(reader.scope, name, total, name)
    made = {t.serial for t in leaves([total.tensor])} - read
    reader.costs.add(name)
    reader.of_costs |= made
    reader.unsayable |= made
    reader.scope.notes.append(
        f"{name} is read as any differentiable function of {', '.join(_written(reader, a) for a, x in known if x is not None)}"
    )
    return True


def _written(reader: Reader, node: s.Node) -> str:
    return reader.source.text[node.span[0] : node.span[1]]


def _is_cost(reader: Reader, t: Tensor) -> bool:
    """Whether some line of the document differentiates the scalar."""
    return t.name is not None and _differentiated_by(reader, t.name) is not None


def _differentiated_by(reader: Reader, name: str) -> list[str] | None:
    """The variables by which the document differentiates ``name``; None where it does not, or where it is defined."""
    if name in reader.unread or name in reader.failed:
        return None
    found: list[str] = []
    differentiated = False
    for _, chain in reader.everything:
        for k in range(len(chain.sides)):
            node = reader.side(chain, k)
            if not isinstance(node, s.Node):
                continue
            if (
                k == 0
                and isinstance(node, s.Symbol)
                and node.name == name
                and chain.signs[:1] == ("=",)
                and name not in reader.definitions
            ):
                return None
            for n in s.walk(node):
                if isinstance(n, s.Derivative) and isinstance(n.of, s.Symbol) and n.of.name == name:
                    differentiated = True
                    found += [m for b in n.by if (m := name_of(b)) is not None]
                by = _nabla_of(n, name)
                if by is not None:
                    differentiated = True
                    found += [m for m in [name_of(by)] if m is not None]
    return list(dict.fromkeys(found)) if differentiated else None


def _nabla_of(node: s.Node, name: str) -> s.Node | None:
    """w of ``∇_w L``."""
    if not isinstance(node, s.Product) or len(node.factors) < 2:
        return None
    nabla, of = node.factors[0][1], node.factors[1][1]
    return nabla.by if isinstance(nabla, s.Nabla) and name_of(of) == name else None


def cotangents(reader: Reader, name: str) -> list[tuple[str, Value]]:
    """Names that the document gives to derivatives of ``name``: (variable, its cotangent)."""
    found = []
    for _, chain in reader.everything:
        named = cotangent(reader, chain, name)
        if named is not None:
            found.append(named)
    return found


def cotangent(reader: Reader, chain: Chain, name: str) -> tuple[str, Value] | None:
    """``∂C/∂z = g`` with a declared g of z's shape."""
    if len(chain.sides) != 2:
        return None
    left, right = reader.side(chain, 0), reader.side(chain, 1)
    if (
        not isinstance(left, s.Derivative)
        or not isinstance(left.of, s.Symbol)
        or left.of.name != name
        or len(left.by) != 1
    ):
        return None
    variable, indices = _indexed(reader, left.by[0])
    called, same = _indexed(reader, right) if isinstance(right, s.Node) else (None, [])
    if indices != same:
        return None
    of, g = reader.scope.values.get(variable or ""), reader.scope.values.get(called or "")
    if of is None or g is None or g.tensor.definition is not None or g.rank != of.rank:
        return None
    if not all(v.same(a, b) for a, b in zip(g.core, of.core, strict=True)):
        return None
    return variable or "", g


def _indexed(reader: Reader, node: s.Node) -> tuple[str | None, list[str]]:
    """The name of a symbol with the index letters on it; a transposed symbol counts as the symbol."""
    name = name_of(node)
    if name in reader.scope.values:
        return name, []
    if not isinstance(node, s.Scripted) or not isinstance(node.base, s.Symbol):
        return None, []
    parts = [*(letters(node.indexed) or []), *(letters(node.sub) or [])]
    return node.base.name, [p.name for p in parts if isinstance(p, s.Symbol)]


def _paired(value: Value, cotangent_: Value) -> Value:
    oriented = Value(cotangent_.tensor, (), value.row)
    return algebra.inner(value, oriented, NOWHERE) if value.rank else algebra.scaled(value, oriented, NOWHERE)


def _general(name: str, k: int, value: Value) -> Value:
    kappa = Value(tensor(f"{name}_kappa_{k}", tuple(value.tensor.extents), role="constant"), (), value.row)
    rho = Value(tensor(f"{name}_rho_{k}", tuple(value.tensor.extents), role="constant"), (), value.row)
    body = v.pointwise(lambda z, a, r: a * z + r * z**2 / 2, [value, kappa, rho], NOWHERE)
    return algebra.total(body, NOWHERE) if value.rank else body
