"""Convolutions as equations: a weighted sum over a window, one-dimensional or two-dimensional.

What frameworks call convolution is the cross-correlation

    s[o, p] = Σ_{c, u} W[o, c, u] · x[c, stride·p + dilation·u − padding] + b[o]

with points outside x left out. The transpose exchanges the roles of input and output positions. Leading axes are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from symbolic.errors import ShapeError, UnsupportedError
from symbolic.language.layers.layer import Layer
from symbolic.language.operations import as_tensor
from symbolic.language.shaping import reshape
from symbolic.program.dims import extent, shape_text
from symbolic.program.equations import equation
from symbolic.program.expressions import Index, Within, Zero
from symbolic.program.initialisation import fan_in
from symbolic.program.tensors import Tensor, computed, fresh_indices


def conv1d(
    x: Any, W: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """One-dimensional convolution of x (…, c, l) with W (o, c/groups, k).

    ``padding`` is a number, ``"valid"`` (0) or ``"same"`` (stride 1, odd windows).

    >>> from symbolic import tensor
    >>> conv1d(tensor("x", "c 10"), tensor("W", "o c 3"), stride=2, padding=1).shape
    (o, 5)
    """
    return _convolution("conv1d", 1, x, W, b, stride, padding, dilation, groups)


def conv2d(
    x: Any, W: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Tensor:
    """Two-dimensional convolution of x (…, c, h, w) with W (o, c/groups, k, l); options are numbers or pairs.

    >>> from symbolic import tensor
    >>> conv2d(tensor("x", "3 h w"), tensor("W", "8 3 3 3"), padding="same").shape
    (8, h, w)
    """
    return _convolution("conv2d", 2, x, W, b, stride, padding, dilation, groups)


def conv1d_transpose(
    x: Any, W: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1
) -> Tensor:
    """The transpose of ``conv1d``: x (…, c, l) with W (c, o, k), s[o, stride·p + dilation·u − padding] += W x."""
    return _transposed("conv1d_transpose", 1, x, W, b, stride, padding, output_padding, dilation)


def conv2d_transpose(
    x: Any, W: Any, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, dilation: Any = 1
) -> Tensor:
    """The transpose of ``conv2d``: x (…, c, h, w) with W (c, o, k, l)."""
    return _transposed("conv2d_transpose", 2, x, W, b, stride, padding, output_padding, dilation)


def tuple_of(value: Any, rank: int) -> tuple[Any, ...]:
    """One value per spatial axis."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,) * rank
    if len(values) != rank:
        raise ShapeError(f"expected one number or {rank}, got {value!r}")
    return values


def windows(name: str, size: sp.Expr, kernel: sp.Expr, stride: int, padding: sp.Expr, dilation: int) -> sp.Expr:
    """⌊(size + 2·padding − dilation·(kernel − 1) − 1)/stride⌋ + 1: how many positions a window has."""
    span = sp.expand(size + 2 * padding - dilation * (kernel - 1) - 1)
    if span.is_Integer:
        if span < 0:
            raise ShapeError(
                f"{name}: the window (extent {kernel}, dilation {dilation}) is larger than the axis of {size}"
            )
        return span // stride + 1
    if stride == 1:
        return sp.expand(span + 1)
    count = sp.expand((span + 1) / stride)  # exact where the windows tile the axis
    if not count.is_integer or sp.expand((span - (stride - 1)) / stride).is_integer is not True:
        raise UnsupportedError(
            f"{name}: how often a stride of {stride} fits the axis of extent {size} depends on the number that {size} "
            "stands for; declare that dimension as a number"
        )
    return count


def _convolution(name, rank, x, W, b, stride, padding, dilation, groups) -> Tensor:
    x, W = as_tensor(x), as_tensor(W)
    _require_ranks(name, x, W, rank)
    if sp.expand(x.extents[-1 - rank] - groups * W.extents[1]) != 0:
        raise ShapeError(
            f"{name}: {x.describe()} has {x.extents[-1 - rank]} channels, {W.describe()} reads {W.extents[1]} in each of "
            f"{groups} group(s)"
        )
    strides, dilations = tuple_of(stride, rank), tuple_of(dilation, rank)
    kernel = W.extents[2:]
    pads = _paddings(name, padding, kernel, strides, dilations)
    sizes = [windows(name, *axis) for axis in zip(x.extents[-rank:], kernel, strides, pads, dilations, strict=True)]
    if groups > 1:
        return _biased(_grouped(x, W, rank, groups, sizes, strides, pads, dilations), b, rank)
    *lead, out = fresh_indices((*x.extents[: -1 - rank], W.extents[0]))
    c = Index("c", W.extents[1])
    places, offsets = _window_indices(sizes, kernel)
    reads = [s * p + d * u - pad for s, p, d, u, pad in zip(strides, places, dilations, offsets, pads, strict=True)]
    guards = [Within(r, size) for r, size in zip(reads, x.extents[-rank:], strict=True)]
    body = W.access(out, c, *offsets) * x.access(*lead, c, *reads)
    s = computed(equation((*lead, out, *places), body, (c, *offsets), guards=guards))
    return _biased(s, b, rank)


def _grouped(x, W, rank, groups, sizes, strides, pads, dilations) -> Tensor:
    """Groups of channels with weights of their own: one more axis while the sum is taken."""
    outs = sp.expand(W.extents[0] / groups)
    if not outs.is_integer:
        raise ShapeError(f"{W.describe()}: {W.extents[0]} output channels do not fall into {groups} groups")
    lead_sizes, spatial, kernel = x.extents[: -1 - rank], x.extents[-rank:], W.extents[2:]
    xs = reshape(x, (*lead_sizes, groups, W.extents[1], *spatial))
    ws = reshape(W, (groups, outs, *W.extents[1:]))
    *lead, g, out = fresh_indices((*lead_sizes, sp.Integer(groups), outs))
    c = Index("c", W.extents[1])
    places, offsets = _window_indices(sizes, kernel)
    reads = [s * p + d * u - pad for s, p, d, u, pad in zip(strides, places, dilations, offsets, pads, strict=True)]
    guards = [Within(r, size) for r, size in zip(reads, spatial, strict=True)]
    body = ws.access(g, out, c, *offsets) * xs.access(*lead, g, c, *reads)
    s = computed(equation((*lead, g, out, *places), body, (c, *offsets), guards=guards))
    return reshape(s, (*lead_sizes, W.extents[0], *sizes))


def _transposed(name, rank, x, W, b, stride, padding, output_padding, dilation) -> Tensor:
    x, W = as_tensor(x), as_tensor(W)
    _require_ranks(name, x, W, rank)
    if sp.expand(x.extents[-1 - rank] - W.extents[0]) != 0:
        raise ShapeError(
            f"{name}: {x.describe()} has {x.extents[-1 - rank]} channels, {W.describe()} reads {W.extents[0]}"
        )
    strides, dilations = tuple_of(stride, rank), tuple_of(dilation, rank)
    pads, more = tuple_of(padding, rank), tuple_of(output_padding, rank)
    kernel = W.extents[2:]
    sizes = [
        sp.expand((size - 1) * s - 2 * extent(p) + d * (k - 1) + extent(extra) + 1)
        for size, s, p, d, k, extra in zip(x.extents[-rank:], strides, pads, dilations, kernel, more, strict=True)
    ]
    *lead, out = fresh_indices((*x.extents[: -1 - rank], W.extents[1]))
    c = Index("c", W.extents[0])
    targets, offsets = _window_indices(sizes, kernel)
    places = [Index("v", size) for size in x.extents[-rank:]]
    guards = [
        Zero(s * p + d * u - extent(pad) - q)
        for s, p, d, u, pad, q in zip(strides, places, dilations, offsets, pads, targets, strict=True)
    ]
    body = W.access(c, out, *offsets) * x.access(*lead, c, *places)
    s = computed(equation((*lead, out, *targets), body, (c, *offsets, *places), guards=guards))
    return _biased(s, b, rank)


def _window_indices(sizes: Sequence[sp.Expr], kernel: Sequence[sp.Expr]) -> tuple[list[Index], list[Index]]:
    places = [Index(letter, size) for letter, size in zip("pq", sizes, strict=False)]
    return places, [Index(letter, size) for letter, size in zip("uv", kernel, strict=False)]


def _biased(s: Tensor, b: Any, rank: int) -> Tensor:
    return s if b is None else s + as_tensor(b)[(slice(None), *([None] * rank))]


def _require_ranks(name: str, x: Tensor, W: Tensor, rank: int) -> None:
    if x.ndim < rank + 1 or W.ndim != rank + 2:
        raise ShapeError(
            f"{name}: expected an input with channels and {rank} spatial axes and {rank + 2} axes of weights, got "
            f"{x.describe()} and {W.describe()}"
        )


def _paddings(name, padding, kernel, strides, dilations) -> list[sp.Expr]:
    if padding == "valid":
        return [sp.S.Zero] * len(kernel)
    if padding == "same":
        if any(s != 1 for s in strides):
            raise UnsupportedError(f"{name}: padding='same' is defined for stride 1")
        pads = [sp.expand(d * (k - 1) / 2) for d, k in zip(dilations, kernel, strict=True)]
        if not all(p.is_integer for p in pads):
            raise UnsupportedError(f"{name}: padding='same' needs windows of odd extent, got {shape_text(kernel)}")
        return pads
    return [extent(p) for p in tuple_of(padding, len(kernel))]


class _Convolution(Layer):
    """Parameters W (o, c/groups, k…) and b (o,), uniform on ±1/√(c/groups · k…) at the start."""

    rank = 1
    apply = staticmethod(conv1d)

    def __init__(
        self,
        inputs: Any,
        outputs: Any,
        kernel: Any,
        *,
        bias: bool = True,
        groups: int = 1,
        label: str = "",
        **options: Any,
    ):
        self.label, self.options = label, {**options, "groups": groups}
        read = sp.expand(extent(inputs) / groups)
        window = tuple_of(kernel, self.rank)
        self.W = self.parameter("W", (outputs, read, *window), fan_in(read, *window))
        self.b = self.parameter("b", (outputs,), fan_in(read, *window)) if bias else None

    def __call__(self, x: Any) -> Tensor:
        return type(self).apply(x, self.W, self.b, **self.options)


class Conv1d(_Convolution):
    """``conv1d`` with its parameters; W (o, c/groups, k) and b (o,) start uniform on ±1/√(k·c/groups).

    >>> Conv1d(3, 8, 5, label="1").parameters
    (<Tensor W_1 (8, 3, 5) parameter>, <Tensor b_1 (8,) parameter>)
    """


class Conv2d(_Convolution):
    """``conv2d`` with its parameters; W (o, c/groups, k, l) and b (o,) start uniform on ±1/√(k·l·c/groups)."""

    rank = 2
    apply = staticmethod(conv2d)


class Conv1dTranspose(Layer):
    """``conv1d_transpose`` with its parameters W (c, o, k) and b (o,), uniform on ±1/√(o·k) at the start."""

    rank = 1
    apply = staticmethod(conv1d_transpose)

    def __init__(self, inputs: Any, outputs: Any, kernel: Any, *, bias: bool = True, label: str = "", **options: Any):
        self.label, self.options = label, options
        window = tuple_of(kernel, self.rank)
        self.W = self.parameter("W", (inputs, outputs, *window), fan_in(outputs, *window))
        self.b = self.parameter("b", (outputs,), fan_in(outputs, *window)) if bias else None

    def __call__(self, x: Any) -> Tensor:
        return type(self).apply(x, self.W, self.b, **self.options)


class Conv2dTranspose(Conv1dTranspose):
    """``conv2d_transpose`` with its parameters W (c, o, k, l) and b (o,), uniform on ±1/√(o·k·l) at the start."""

    rank = 2
    apply = staticmethod(conv2d_transpose)
