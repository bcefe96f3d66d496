"""Block diagrams of programs: what is drawn, before anything is placed.

The notation is that of introductory courses: a filled circle is an observed variable, an open circle a computed one, a
box with one rounded side a deterministic function whose nose points the way that is easy to compute, a square box a
scalar cost whose output is implicit. Parameters enter a box from above, grouped; one that several boxes share stands above
each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp

from reports.document.catalogue import Catalogue, catalogue
from symbolic import Equation, Tensor
from symbolic.notation import latex, name_latex, text
from symbolic.program.expressions import Access, Quotient, Remainder, rejoined
from symbolic.program.graph import topological

LONGEST_LABEL = 46  # characters of LaTeX-free text; a longer formula is drawn as a named function
# What a node stands for that is no single variable: alike modules between the first and the last, repeats of the stretch
# that is drawn before it, modules that nobody could tell apart.
FOLDS = ("fold", "rest", "middle")
MANY = 4  # readers of a given variable from which on each has a circle of its own


@dataclass(frozen=True)
class Node:
    """One symbol. ``kind``: observed, parameter, computed, function, cost or one of ``FOLDS``; ``label`` is LaTeX,
    ``words`` plain.

    ``repeated``: the same variable is drawn at other boxes too; ``count``: of how many modules or stretches a fold is.
    """

    key: str
    kind: str
    label: str
    words: str
    repeated: bool = False
    count: int = 0


@dataclass(frozen=True)
class Edge:
    """An arrow in the forward direction. ``gradient``: None, or a gradient flows back, with this LaTeX (or none) beside it."""

    source: str
    target: str
    gradient: str | None = None


@dataclass(frozen=True)
class Diagram:
    """Nodes in the order of computation, and edges between them."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def description(self, words: Catalogue | None = None) -> str:
        """The diagram in the words of a catalogue (English if there is none), for readers who cannot see it."""
        words = words or catalogue("en")
        name = {n.key: words(f"diagram.{n.kind}", count=n.count) if n.kind in FOLDS else n.words for n in self.nodes}
        said = []
        for node in self.nodes:
            feeding = _listed([name[e.source] for e in self.edges if e.target == node.key], words)
            fed = _listed([name[e.target] for e in self.edges if e.source == node.key], words)
            if node.kind in ("function", *FOLDS):
                said.append(words("diagram.function", box=name[node.key], inputs=feeding, outputs=fed))
            elif node.kind == "cost":
                said.append(words("diagram.cost", cost=node.words, inputs=feeding))
        return words("diagram.description", parts="; ".join(said) or _listed(list(name.values()), words))


def _listed(names: list[str], words: Catalogue) -> str:
    return words("diagram.and").join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def block_diagram(
    output: Tensor, circles: Iterable[Tensor] | None = None, *, gradients: bool = False, fold: bool = True
) -> Diagram:
    """The block diagram of the program that computes ``output``.

    ``circles`` are the computed tensors drawn as variables (the named ones if None); everything between them is inside
    a box. ``gradients`` adds what flows back: ∂output/∂v along each arrow into a variable that depends on a parameter.
    ``fold`` draws a run of at least four alike modules as its first and last, of alike stretches such as the blocks of a
    transformer the first, and of a program of very many modules the two ends, with how many there are.
    """
    shown = {t.serial for t in circles} if circles is not None else set()
    order = topological([output])
    ends = [
        t
        for t in order
        if t is output or (t.definition is not None and (t.serial in shown or (circles is None and t.name)))
    ]
    modules = [_module(t, {e.serial for e in ends}) for t in ends]
    diagram = _assemble(output, modules, gradients)
    return _folded(diagram, modules) if fold else diagram


@dataclass(frozen=True)
class _Module:
    """A computed variable, the variables and parameters that its box reads, and what kind of computation it is."""

    out: Tensor
    reads: tuple[Tensor, ...]
    kind: str

    @property
    def key(self) -> str:
        return f"t{self.out.serial}"


def _module(t: Tensor, ends: set[int]) -> _Module:
    inside = topological([t], stop=lambda u: u is not t and (u.definition is None or u.serial in ends))
    reads = tuple(u for u in inside if u is not t and (u.serial in ends or u.definition is None) and _is_shown(u))
    kind = "; ".join(_kind(u) for u in inside if u is t or (u.definition is not None and u.serial not in ends))
    return _Module(t, reads, kind)


def _is_shown(t: Tensor) -> bool:
    return t.definition is not None or t.role != "constant" or t.name is not None


def _kind(t: Tensor) -> str:
    """The computation of one equation, without names and sizes."""
    eq = t.definition
    if not isinstance(eq, Equation):
        return str(getattr(getattr(eq, "primitive", None), "name", ""))
    counts: Counter[str] = Counter()
    roles = {}
    for access in eq.accesses:
        role = f"{'parameter' if access.tensor.role == 'parameter' else 'value'}_{access.tensor.ndim}"
        roles[access] = sp.Symbol(f"{role}_{counts[role]}")
        counts[role] += 1
    return f"{len(eq.indices)} {eq.reduce} {len(eq.bound)} {eq.body.xreplace(roles)}"


def _assemble(output: Tensor, modules: list[_Module], gradients: bool) -> Diagram:
    nodes: dict[str, Node] = {}
    edges: list[Edge] = []
    readers: dict[int, int] = {}
    for module in modules:
        for u in module.reads:
            readers[u.serial] = readers.get(u.serial, 0) + 1
    moving = _depends_on_parameters(modules)
    for number, module in enumerate(modules, start=1):
        box = f"f{module.out.serial}"
        own = [u for u in module.reads if u.role == "parameter" and u.definition is None]
        for u in module.reads:
            if any(u is w for w in own):
                continue
            is_leaf = u.definition is None
            many = is_leaf and readers[u.serial] >= MANY
            source = f"x{u.serial}_{module.out.serial}" if many else f"t{u.serial}"
            nodes.setdefault(source, Node(source, _variable_kind(u), _symbol(u), u.label, many))
            edges.append(
                Edge(source, box, (_flow(output, u) if is_leaf else "") if gradients and u.serial in moving else None)
            )
        if own:
            key = f"w{module.out.serial}"
            label = ",\\,".join(_symbol(u) for u in own)
            nodes[key] = Node(key, "parameter", label, ", ".join(u.label for u in own))
            whole = [u for u in own if readers[u.serial] == 1]  # of a shared one this is only a part
            flow = ",\\,".join(_flow(output, u) for u in whole) if gradients else None
            edges.append(Edge(key, box, flow))
        is_cost = module.out is output and not output.extents
        nodes[box] = _box(module, box, number, is_cost)
        if not is_cost:
            nodes[module.key] = Node(module.key, "computed", _symbol(module.out), module.out.label)
            flow = _flow(output, module.out) if gradients and module.out.serial in moving else None
            edges.append(Edge(box, module.key, flow))
    return Diagram(tuple(nodes.values()), tuple(edges))


def _box(module: _Module, key: str, number: int, is_cost: bool) -> Node:
    if is_cost:
        label = _symbol(module.out) if module.out.name else "C"
        return Node(key, "cost", label, module.out.name or "C")
    label, words = latex(module.out, style="matrix"), text(module.out)
    source = _reshaped(module.out)
    if source is not None:
        label, words = rf"\operatorname{{reshape}}({_symbol(source)})", f"reshape({source.label})"
    if len(words) > LONGEST_LABEL:
        label, words = f"f_{{{number}}}", f"f_{number}"
    return Node(key, "function", label, words)


def _reshaped(t: Tensor) -> Tensor | None:
    """The tensor whose entries ``t`` has in the same order, under other axes."""
    eq = t.definition
    if not isinstance(eq, Equation) or eq.bound or eq.guards or not isinstance(eq.body, Access):
        return None
    if not eq.body.has(Quotient, Remainder):
        return None
    source = eq.body.tensor
    same = _position(eq.body.indices, source.extents) - _position(eq.indices, t.extents)
    return source if sp.expand(same) == 0 else None


def _position(indices: Iterable[sp.Expr], extents: Iterable[sp.Expr]) -> sp.Expr:
    """The place of an entry in the order of memory."""
    place: sp.Expr = sp.S.Zero
    for index, extent in zip(indices, extents, strict=True):
        place = rejoined(sp.expand(place * extent + index))
    return place


def _variable_kind(t: Tensor) -> str:
    if t.definition is not None:
        return "computed"
    return "parameter" if t.role == "parameter" else "observed"


def _symbol(t: Tensor) -> str:
    return t.tex or (name_latex(t.name) if t.name else "\\cdot")


def _flow(output: Tensor, t: Tensor) -> str:
    cost = _symbol(output) if output.name else "C"
    return rf"\frac{{\partial {cost}}}{{\partial {_symbol(t)}}}"


def _depends_on_parameters(modules: list[_Module]) -> set[int]:
    moving: set[int] = set()
    for module in modules:
        for u in module.reads:
            if u.definition is None and u.role == "parameter":
                moving.add(u.serial)
        if any(u.serial in moving for u in module.reads):
            moving.add(module.out.serial)
    return moving


# -- repeated modules ----------------------------------------------------------------------------------------------------

_SHORTEST_RUN = 4  # repeats of a short stretch that are worth folding
_LONG = 8  # modules of a stretch whose repeats are all folded into the first,
_FEWEST_LONG = 3  # from so many on
_LONGEST = 64  # modules of a stretch that is looked for
_MOST = 120  # modules that are drawn; of a longer program the two ends
_ENDS = 12


@dataclass(frozen=True)
class _Run:
    """``count`` alike stretches of ``period`` modules, each reading from the one before."""

    start: int
    period: int
    count: int

    @property
    def is_long(self) -> bool:
        """Whether one stretch fills a drawing, so that only the first is drawn."""
        return self.period > _LONG

    @property
    def hidden(self) -> range:
        """The places of the modules that are not drawn: all but the first stretch, or all but the first and the last."""
        drawn_at_end = 0 if self.is_long else 1
        return range(self.start + self.period, self.start + self.period * (self.count - drawn_at_end))


def _folded(diagram: Diagram, modules: list[_Module]) -> Diagram:
    """The longest run of alike modules, and the middle of what is still too long, as one node each."""
    drawn = list(modules)
    run = _longest_run(modules)
    if run is not None:
        middle = [modules[k] for k in run.hidden]
        kept = [m for k, m in enumerate(modules) if run.start <= k < run.start + run.period * run.count]
        label = rf"\cdots\;{run.count}\times"
        fold = Node("fold", "rest" if run.is_long else "fold", label, f"⋯ {run.count} ×", count=run.count)
        diagram = _collapsed(diagram, modules, middle, kept, fold)
        drawn = [m for m in modules if any(n.key == f"f{m.out.serial}" for n in diagram.nodes)]
    if len(drawn) > _MOST:
        middle = drawn[_ENDS:-_ENDS]
        rest = Node("rest", "middle", rf"\cdots\;{len(middle)}\;\cdots", f"⋯ {len(middle)} ⋯", count=len(middle))
        diagram = _collapsed(diagram, drawn, middle, drawn, rest)
    return diagram


def _collapsed(
    diagram: Diagram, modules: list[_Module], middle: list[_Module], kept: list[_Module], fold: Node
) -> Diagram:
    """The modules of ``middle`` as one node; what only they read goes with them, unless it is ``kept``."""
    hidden = _with_what_feeds_only(middle, modules, kept)
    serials = {m.out.serial for m in hidden}
    gone = {f"{letter}{serial}" for serial in serials for letter in "tfw"}
    gone |= {n.key for n in diagram.nodes if n.key[0] == "x" and int(n.key.split("_")[1]) in serials}
    last = f"t{middle[-1].out.serial}"
    edges = []
    for e in diagram.edges:
        source, target = (fold.key if k in gone else k for k in (e.source, e.target))
        if source != target and not (e.source[0] in "wx" and target == fold.key):
            edges.append(Edge(source, target, e.gradient))
    ends = {key for e in edges for key in (e.source, e.target)}
    nodes = [
        fold if n.key == last else n
        for n in diagram.nodes
        if n.key == last or (n.key not in gone and (n.key in ends or n.kind not in ("observed", "parameter")))
    ]
    return Diagram(tuple(nodes), tuple(dict.fromkeys(edges)))


def _with_what_feeds_only(middle: list[_Module], modules: list[_Module], run: list[_Module]) -> list[_Module]:
    """The modules of the middle of a run, and those outside it whose results only they read."""
    hidden, kept = {m.out.serial for m in middle}, {m.out.serial for m in run}
    readers: dict[int, set[int]] = {}
    for m in modules:
        for u in m.reads:
            readers.setdefault(u.serial, set()).add(m.out.serial)
    for module in reversed(modules):
        by = readers.get(module.out.serial)
        if module.out.serial not in kept and by and by <= hidden:
            hidden.add(module.out.serial)
    return [m for m in modules if m.out.serial in hidden]


def _longest_run(modules: list[_Module]) -> _Run | None:
    """The run of repeats that hides most modules; of equal ones that of the shortest stretch."""
    kinds = [module.kind for module in modules]
    best: _Run | None = None
    for period in range(1, min(_LONGEST, len(kinds) // 2) + 1):
        fewest = _FEWEST_LONG if period > _LONG else _SHORTEST_RUN
        alike = 0  # modules up to here that repeat what stands one stretch before
        for end in range(period, len(kinds)):
            alike = alike + 1 if kinds[end] == kinds[end - period] else 0
            count = alike // period + 1
            if alike % period or count < fewest:
                continue
            run = _Run(end + 1 - period * count, period, count)
            if best is None or len(run.hidden) > len(best.hidden):
                best = run if _reads_on(modules, run) else best
    return best


def _reads_on(modules: list[_Module], run: _Run) -> bool:
    """Whether each stretch reads from the one before it."""
    for at in range(run.start + run.period, run.start + run.period * run.count, run.period):
        before = {m.out.serial for m in modules[at - run.period : at]}
        if not any(u.serial in before for m in modules[at : at + run.period] for u in m.reads):
            return False
    return True
