"""How a forward and a backward computation are called: shapes, values, what stands for what."""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from numeric.checking import names
from numeric.checking.arrays import is_rough, numbers, parts_of
from numeric.checking.domains import guarded
from numeric.checking.finding import find, reconcile
from numeric.checking.labels import as_labels
from numeric.checking.program import tree_of
from numeric.checking.roles import roles
from numeric.checking.subjects import Layer, Subject, held
from numeric.extents import composed, names_in, size_of
from numeric.shape_evidence import compared
from numeric.shape_search import Progress, silent
from symbolic.errors import DeclarationError

_COUNTS = {
    r"(num|n)_?heads?|heads|h_num|groups?|num_groups|G": 2,
    r"stride|step": 1,
    r"pad(ding)?": 1,
    r"(kernel|pool|filter|window|field)_?(size|height|width|h|w)?|ksize|k": 2,
    r"(num|n)_?(classes|labels|tokens|embeddings)|vocab(_?size)?|V": 9,
}
_SETTINGS: dict[str, Any] = {
    "mode": "train", "p": 0.6, "eps": 1e-5, "momentum": 0.9, "stride": 1, "pad": 1, "pool_height": 2, "pool_width": 2,
    "pool_size": 2, "kernel_size": 2, "num_heads": 2, "groups": 2, "G": 2, "reg": 0.3, "lambda": 0.3, "margin": 1.0,
    "temperature": 0.7, "scale": 0.7, "causal": True, "training": True, "train": True,
}  # fmt: skip
_PROBABILITIES = re.compile(r"(p|prob|rate|drop(out)?(_?(p|rate|prob))?|keep(_?prob)?|p_keep)\Z")


@dataclass(frozen=True)
class Point:
    """Values at which both functions are run, and what the forward function gave there."""

    values: Mapping[str, Any]
    sizes: Mapping[str, int]
    outputs: tuple[np.ndarray, ...]
    cotangents: tuple[Any, ...]
    lines: int = 0  # that the forward function runs there

    def told(self) -> str:
        """The shapes, in words."""
        return ", ".join(f"{n} of shape {np.shape(x)}" for n, x in self.values.items())


class Call:
    """A subject with shapes for its arrays; ``options`` are values that the user gave for other parameters."""

    def __init__(self, subject: Subject, given: Mapping[str, str], options: Mapping[str, Any] | None = None):
        self.subject = subject
        self.options, self.given = dict(options or {}), given
        scopes = [getattr(f, "__globals__", {}) for f in (subject.ahead, subject.back)]
        self.torch = any(_uses(f, "torch") for f in (subject.ahead, subject.back))
        if subject.kind == "ctx" and not self.torch:
            self.torch = any(
                getattr(v, "__module__", "") == "torch.autograd.function" for s in scopes for v in s.values()
            )
        self.generators = _generators(scopes)
        self.ahead_tree, self.back_tree = tree_of(subject.ahead), tree_of(subject.back)
        parts = names.returned(self.ahead_tree)
        self.returned, self.passes_on = [names.text_of(p) for p in parts], any(isinstance(p, ast.Call) for p in parts)
        self.hints = [names.text_of(part) for part in names.returned(self.back_tree)]
        self.shapes: dict[str, list[str]] = {}
        self.integers: set[str] = set()
        self.labels: dict[str, str] = {}
        self.others: dict[str, Any] = {}
        self.keys: dict[str, list[str]] = {}
        self.notes: list[str] = []
        self.unclaimed: set[str] = set()  # what a layer keeps that looks like a gradient, and of what is not clear
        self.searched = self.rough = False
        self.compared = compared([self.ahead_tree, self.back_tree], [p.name for p in subject.parameters()])
        unknown = self._declared(given)
        if isinstance(subject, Layer):
            unknown = self._of_layer(subject, unknown)
        if unknown:
            find(self, unknown)
        self.take(self.in_order())
        if not unknown:
            reconcile(self)

    # -- declarations ------------------------------------------------------------------------------------------------

    def _declared(self, given: Mapping[str, str]) -> list[str]:
        """Takes what is told of the parameters; returns those of which nothing is told."""
        said = names.docstring_shapes(self.subject.ahead) | names.docstring_shapes(self.subject.back)
        if isinstance(self.subject, Layer):
            said = names.docstring_shapes(self.subject.made) | said
        unknown: list[str] = []
        for p in self.subject.parameters():
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                continue
            note = p.annotation if isinstance(p.annotation, str) else ""
            told = next(
                (t for t in (given.get(p.name), names.shape_note(note), said.get(p.name)) if t is not None), None
            )
            if told is None and p.annotation == "":
                told = ""
            if p.name in self.options:
                self.others[p.name] = self.options[p.name]
            elif told is not None:
                self._shape(p.name, told)
            elif p.default is not p.empty:
                continue
            else:
                unknown += self._unsaid(p.name, given, said)
        return unknown

    def _shape(self, name: str, told: str) -> None:
        self.shapes[name], whole = names.declared_shape(told)
        if whole or name in self.compared:
            self.integers.add(name)

    def _unsaid(self, name: str, given: Mapping[str, str], said: Mapping[str, str]) -> list[str]:
        """A parameter without a shape: a dictionary of arrays or of settings, a count, or unknown."""
        keys = names.keys_read(self.ahead_tree, name)
        settings = [k for k in keys if k in _SETTINGS]
        if keys and len(settings) < len(keys):
            self.keys[name] = keys
            unknown = []
            for k in keys:
                told = given.get(k, said.get(k))
                if told is not None:
                    self._shape(f"{name}[{k!r}]", told)
                else:
                    unknown.append(f"{name}[{k!r}]")
            return unknown
        if keys or names.CONFIGURATION.match(name):
            self.others[name] = {k: self.options.get(k, _SETTINGS[k]) for k in settings}
            if settings:
                self.notes.append(f"{name} was taken as {self.others[name]!r}")
            return []
        for pattern, count in _COUNTS.items():
            if re.fullmatch(pattern, name) and not self._is_array(name):
                self.others[name] = count
                self.notes.append(f"{name} was taken as {count}; give --set {name}=… for another value")
                return []
        if _PROBABILITIES.match(name) and re.search(r"random|rand\(|binomial|bernoulli", self.text()):
            self.others[name] = 0.6
            return []
        if name in ("training", "train", "is_training", "mode"):
            self.others[name] = "train" if name == "mode" else True
            return []
        if name == "rng":
            self.generators.append(made := np.random.default_rng(5))
            self.others[name] = made
            return []
        return [name]

    def _is_array(self, name: str) -> bool:
        """Whether the code multiplies by it, takes its entries or its shape: a one-letter name that is no count."""
        said = rf"@ *{name}\b|\b{name} *@|\b{name}\.(T|dot|shape|sum|mean)\b|dot\([^()]*\b{name}\b|\b{name}\[|\({name} *\*\* *2\)"
        return len(name) == 1 and re.search(said, self.text()) is not None

    def text(self) -> str:
        """The sources of both functions."""
        return names.source(self.subject.ahead) + names.source(self.subject.back)

    def _of_layer(self, subject: Layer, unknown: list[str]) -> list[str]:
        """The shapes of a layer's own arrays, in the sizes that its constructor gets."""
        unknown = [*unknown, *self._given(subject)]
        extents = [dict(zip(subject.counted(), order, strict=False)) for order in ((5, 3, 4, 7), (7, 4, 11, 6))]
        first, second = ({n: x.shape for n, x in subject.arrays(e).items()} for e in extents)
        for name, shape in first.items():
            dims = []
            for a, b in zip(shape, second.get(name, shape), strict=False):
                known = [*extents[0], *(text for text, _ in composed(extents[0]))]
                same = [n for n in known if (size_of(n, extents[0]), size_of(n, extents[1])) == (a, b)]
                dims.append(same[0] if same else str(a) if a == b else "?")
            if "?" not in dims:
                self.shapes[name] = dims
        return unknown

    def _given(self, subject: Layer) -> list[str]:
        """Takes what is told of the arrays that a layer is made with; returns those of which nothing is told."""
        said = names.docstring_shapes(subject.made.__init__) | names.docstring_shapes(subject.made)
        notes = {p.name: p.annotation for p in inspect.signature(subject.made).parameters.values()}
        unknown = []
        for name, attribute in subject.given.items():
            note = notes.get(name)
            told = self.given.get(
                name, self.given.get(attribute, names.shape_note(note) if isinstance(note, str) else None)
            )
            told = said.get(name) if told is None else told
            if told is None:
                unknown.append(attribute)
            else:
                self._shape(attribute, told)
        return unknown

    def in_order(self) -> dict[str, list[str]]:
        """The shapes in the order of the parameters."""
        order = [p.name for p in self.subject.parameters()]

        def place(name: str) -> int:
            base = name.partition("[")[0]
            return order.index(base) if base in order else len(order)

        return {n: self.shapes[n] for n in sorted(self.shapes, key=place)}

    def take(self, shapes: Mapping[str, Sequence[str]]) -> None:
        """Use these shapes."""
        self.shapes = {n: list(s) for n, s in shapes.items()}
        self.owner: str | None = None  # of one gradient that no name tells, once its shape was seen
        found = [n for s in self.shapes.values() for d in s for n in names_in(d)]
        if isinstance(self.subject, Layer):
            found += self.subject.counted()
        self.dimensions = list(dict.fromkeys(found))
        self.roles = roles(self)

    # -- values ------------------------------------------------------------------------------------------------------

    def sizes(self, rng: np.random.Generator, k: int, small: bool = False) -> dict[str, int]:
        """Pairwise distinct sizes at which the forward function runs, if there are any."""
        found: dict[str, int] = {}
        for attempt in range(8 if small else 0):  # the smallest that run, distinct or not
            found = {
                n: int(size)
                for n, size in zip(
                    self.dimensions, rng.integers(2, 4 + attempt // 4, len(self.dimensions)), strict=True
                )
            }
            if self._runs(found, rng):
                return found
        for attempt in range(40):
            order = rng.permutation(len(self.dimensions)) + 2 + (0 if small else k) + attempt // 6
            if attempt % 2 and attempt > 4:
                order = 2 * order
            elif attempt % 4 == 2 and attempt > 4:
                far = order - order.min()
                order = 2 + k + far * far * (4 if len(order) < 4 else 1)  # far apart, as a signal and a kernel
            found = {n: int(size) for n, size in zip(self.dimensions, order, strict=True)}
            if self._runs(found, rng):
                return found
        return self.sizes(rng, k - 1) if k > 0 else found  # where there is a largest size

    def _runs(self, sizes: Mapping[str, int], rng: np.random.Generator) -> bool:
        ran = silent(lambda: self.forward(self.values(sizes, rng), sizes)[0])
        return ran is not None and all(out.size for out in ran)

    def point(self, rng: np.random.Generator, k: int, small: bool = False) -> Point:
        """A point where the forward function is finite. The function's own errors are passed on."""
        sizes = self.sizes(rng, k, small)
        values = self.suitable(sizes, rng, k)
        outputs, _, _ = self.forward(values, sizes)
        lines = Progress(self.subject.ahead).run(lambda: self.forward(values, sizes))[1].lines
        again, _, _ = self.forward(values, sizes)
        if any(
            a.shape != b.shape or not np.array_equal(a, b, equal_nan=True) for a, b in zip(outputs, again, strict=True)
        ):
            raise DeclarationError(
                f"{self.subject.ahead.__name__} gives another output when it is run again on the same arrays: "
                "let it take its random numbers (a mask, a generator, a seed) as a parameter"
            )
        bars = tuple(rng.normal(size=o.shape) if o.ndim else 1.0 for o in outputs)
        return Point(values, sizes, outputs, bars, lines)

    def suitable(self, sizes: Mapping[str, int], rng: np.random.Generator, k: int = 0) -> dict[str, Any]:
        """Random arrays at which the forward function is finite: of any sign, else positive, else between 0 and 1."""
        values = self.values(sizes, rng, k)
        for domain in (lambda x: x, lambda x: 0.5 + abs(x), lambda x: 0.1 + 0.8 / (1 + np.exp(-x))):
            moved = {n: x if n in self.integers or n in self.labels else domain(x) for n, x in values.items()}
            out = silent(lambda moved=moved: self.forward(moved, sizes)[0])
            if out is not None and all(np.all(np.isfinite(o)) for o in out):
                return moved
        return values

    def values(self, sizes: Mapping[str, int], rng: np.random.Generator, k: int = 0) -> dict[str, Any]:
        """Random arrays for the forward's parameters; in every other round an index stands twice."""
        found: dict[str, Any] = {}
        for name, shape in self.shapes.items():
            extents = [size_of(d, sizes) for d in shape]
            if name in self.integers:
                array = self._whole(name, extents, sizes, rng)
                if array.size > 1 and k % 2 == 0:
                    array.flat[1] = array.flat[0]
                found[name] = array if extents else int(array)
            else:
                array = rng.normal(size=extents)
                found[name] = array if extents else float(array)
        for name, (low, high) in guarded(self.ahead_tree, found).items():
            found[name] = low + (high - low) * (0.05 + 0.9 / (1 + np.exp(-found[name])))
        return found | {n: as_labels(found[n], kind) for n, kind in self.labels.items() if n in found}

    def _whole(self, name: str, extents: list[int], sizes: Mapping[str, int], rng: np.random.Generator) -> np.ndarray:
        """Random whole numbers: those that the code compares the array with and one more, else such as index any axis."""
        asked = self.compared.get(name)
        if not asked:
            return np.asarray(rng.integers(0, min(sizes.values(), default=2), size=extents))
        other = next(n for n in (0, 1, -1) if n not in asked) if len(asked) == 1 else min(asked)
        return np.asarray(rng.choice(sorted({*asked, other}), size=extents))

    def arrays(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Copies of the arrays, as PyTorch tensors where the functions use PyTorch; declared real numbers likewise."""
        if not self.torch:
            return {n: np.array(v) if isinstance(v, np.ndarray) else v for n, v in values.items()}
        import torch

        real = {n: isinstance(v, float) and n in self.shapes for n, v in values.items()}
        return {
            n: torch.tensor(v, dtype=torch.float64) if real[n] else torch.tensor(v) if isinstance(v, np.ndarray) else v
            for n, v in values.items()
        }

    # -- running -----------------------------------------------------------------------------------------------------

    def forward(
        self, values: Mapping[str, Any], sizes: Mapping[str, int], ahead: Callable[..., Any] | None = None
    ) -> tuple[tuple[np.ndarray, ...], Any, Any]:
        """The outputs as arrays of numbers, the state, and all that was returned."""
        state, result = self.raw_forward(self.arrays(values), sizes, ahead)
        parts = parts_of(result)
        chosen = [parts[k] for k in self.roles.outputs if k < len(parts)]
        self.rough = self.rough or any(is_rough(part) for part in chosen)
        return tuple(numbers(part) for part in chosen), state, result

    def raw_forward(self, arrays: Mapping[str, Any], sizes: Mapping[str, int], ahead: Any = None) -> tuple[Any, Any]:
        """The state and what the forward function returns, on whatever arrays are given."""
        self.reset()
        subject = self.subject if ahead is None else self.subject.with_functions(ahead=ahead)
        state = subject.state(sizes, {n: v for n, v in arrays.items() if n.startswith("self.")})
        plain: dict[str, Any] = {n: v for n, v in arrays.items() if "[" not in n and "." not in n}
        for name, keys in self.keys.items():
            plain[name] = {k: arrays[f"{name}[{k!r}]"] for k in keys}
        plain.update({n: dict(o) if isinstance(o, dict) else o for n, o in self.others.items()})
        with np.errstate(all="ignore"):  # what is no number is seen in the results
            return state, subject.run_ahead(plain, state)

    def backward(
        self, values: Mapping[str, Any], bars: Sequence[Any], state: Any, result: Any, back: Any = None
    ) -> dict[str, Any]:
        """The claimed gradients by parameter."""
        bars = [self.arrays({"bar": bar})["bar"] for bar in bars]
        return self.raw_backward(self.arrays(values), bars, state, result, back)

    def raw_backward(
        self, arrays: Mapping[str, Any], bars: Sequence[Any], state: Any, result: Any, back: Any = None
    ) -> dict[str, Any]:
        """The same on whatever arrays are given."""
        parts = parts_of(result)
        if self.subject.kind == "both":
            return self.gradients(tuple(parts[1:]) if len(parts) > 2 else parts[1], state, arrays)
        subject = self.subject if back is None else self.subject.with_functions(back=back)
        roles = self.roles
        chosen = roles.rest or [k for k in range(len(parts)) if k not in roles.outputs]
        rest = [parts[k] for k in chosen if k < len(parts)]
        given: dict[str, Any] = {}
        for p in self.subject.back_parameters():
            if p.name in roles.cotangents:
                given[p.name] = bars[roles.cotangents.index(p.name)]
            elif p.name in arrays:
                given[p.name] = arrays[p.name]
            elif p.name in self.keys:
                given[p.name] = {k: arrays[f"{p.name}[{k!r}]"] for k in self.keys[p.name]}
            elif p.name in self.others:
                other = self.others[p.name]
                given[p.name] = dict(other) if isinstance(other, dict) else other
            elif p.name == roles.cache:
                given[p.name] = rest[0] if len(rest) == 1 else tuple(rest)
            elif p.name in roles.returned:
                given[p.name] = parts[roles.returned[p.name]]
        with np.errstate(all="ignore"):
            return self.gradients(subject.run_back(given, state), state, arrays)

    def reset(self) -> None:
        """Random generators that the functions can see start anew, so that a mask is drawn the same each time."""
        np.random.seed(11)
        random.seed(11)
        for generator in self.generators:
            generator.bit_generator.state = np.random.default_rng(5).bit_generator.state
        if self.torch:
            import torch

            torch.manual_seed(11)

    def belongs(self, text: str) -> str | None:
        """The parameter of which something is the gradient: as its name tells, or the shape of the one that is returned."""
        told = names.parameter(text, list(self.shapes))
        return self.owner if told is None and [text] == self.hints[self.subject.kind == "both" :] else told

    def gradients(self, result: Any, state: Any, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """The returned gradients by the parameter that each belongs to; see ``matching``."""
        from numeric.checking.matching import matched

        found = matched(self, result, arrays)
        if isinstance(self.subject, Layer):
            for text, value in _held_gradients("self", vars(state)):
                owner = names.parameter(text, [n for n in self.shapes if n.startswith("self.")])
                if owner is not None and owner not in found and value is not held(state, owner):
                    found[owner] = value
                elif owner is None:
                    self.unclaimed.add(text)
            for owner, value in _alike_kept(vars(state), [n for n in self.shapes if n.startswith("self.")]):
                if owner not in found and value is not held(state, owner):
                    found[owner] = value
        return found


def _held_gradients(prefix: str, values: Mapping[str, Any]):
    for name, value in values.items():
        text = f"{prefix}.{name}" if prefix == "self" else f"{prefix}[{name!r}]"
        if isinstance(value, Mapping):
            yield from _held_gradients(text, value)
        elif isinstance(value, (list, tuple)) and value and all(hasattr(v, "shape") for v in value):
            yield from _held_gradients(text, dict(enumerate(value)))
        elif hasattr(value, "shape") or isinstance(value, float):
            low = text.lower()
            if "grad" in low or names.leaf(low).startswith("d") or low.endswith("bar"):
                yield text, value


def _alike_kept(values: Mapping[str, Any], owners: Sequence[str]):
    """The entries of a dictionary that has the keys of the one that holds the parameters: ``self.G`` beside ``self.P``."""
    keyed = [n for n in owners if n.endswith("]")]
    keys = {names.leaf(n) for n in keyed}
    for value in values.values():
        if isinstance(value, Mapping) and keys and set(map(str, value)) == keys:
            yield from ((n, value[names.leaf(n)]) for n in keyed)


def _uses(function: Any, module: str) -> bool:
    """Whether a function, or one of its file that it names, reads something from a module of that name."""
    scope = getattr(function, "__globals__", {})
    known = {
        n
        for n, v in scope.items()
        if (getattr(v, "__name__", "") + ".").startswith(f"{module}.") and inspect.ismodule(v)
    }
    named = set(getattr(getattr(function, "__code__", None), "co_names", ()))
    inside = [v for n in named if isinstance(v := scope.get(n), FunctionType) and v.__globals__ is scope]
    return bool(known & named) or any(known & set(v.__code__.co_names) for v in inside)


def _generators(scopes: Sequence[Mapping[str, Any]]) -> list[np.random.Generator]:
    return [v for scope in scopes for v in scope.values() if isinstance(v, np.random.Generator)]
