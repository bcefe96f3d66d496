"""The mean of a per-sample loss over a batch, and its derivatives by all trained parameters as one flat vector.

Every derivative is a program of equations, lowered when it is first asked for: gradient, Hessian, Hessian times a vector,
Gauss–Newton matrix, empirical Fisher information, gradients of single samples. The flat vector holds the parameters one
after the other in the order of their declaration, each in row-major order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from numeric.binding import real_dtype
from numeric.errors import DataError, OptionError
from numeric.functions import lambdify
from numeric.training.gradients import gradients_of, is_zero
from numeric.training.metrics import prediction_of
from symbolic import Tensor, average_loss, gradient, hessian, jacobian, jvp, tensor
from symbolic.errors import DeclarationError
from symbolic.language.operations import require_scalar, tensordot
from symbolic.language.samples import batched, sample_axis, variables
from symbolic.language.shaping import added
from symbolic.program.dims import dim_symbol
from symbolic.program.equations import equation
from symbolic.program.expressions import Index
from symbolic.program.graph import leaves, topological
from symbolic.program.tensors import computed, fresh_indices
from symbolic.verification.diagnosis.surgery import rebuilt


class Objective:
    """L(S, w) = (1/P) Σ_p L(x[p], y[p], w) as a function of the flat vector of trained parameters, of length n.

    ``frozen`` names parameters that are given and not differentiated by. Parameters and batches are dicts of arrays by
    tensor name, the samples first. Raises ``DeclarationError`` for a loss without parameters.

    >>> from symbolic import tensor
    >>> x, w = tensor("x", "n"), tensor("w", "n", role="parameter")
    >>> mean = Objective((w @ x) ** 2)
    >>> at, batch = {"w": np.array([1.0, 0.0])}, {"x": np.array([[1.0, 2.0], [3.0, 0.0]])}
    >>> mean.value_and_gradient(at, batch)
    (5.0, array([10.,  2.]))
    >>> mean.hessian(at, batch)
    array([[10.,  2.],
           [ 2.,  4.]])
    """

    def __init__(self, loss: Tensor, frozen: Iterable[str] = (), dtype: Any = "float64"):
        require_scalar(loss, "Objective")
        self.loss, self.dtype, self.frozen = loss, real_dtype(dtype), tuple(frozen)
        self.axis = sample_axis(loss)
        self.mean = average_loss(loss, self.axis)
        read = [t for t in leaves([self.mean]) if t.value is None]
        self.trained = [t for t in read if t.role == "parameter" and t.name not in self.frozen]
        if not self.trained:
            raise DeclarationError("the loss has no parameter to train; declare one with role='parameter'")
        serials = {t.serial for t in self.trained}
        self.given = [t for t in read if t.serial not in serials]
        self.directions = [tensor(f"{w.name}_dot", w.extents, role="constant") for w in self.trained]

    # -- values ------------------------------------------------------------------------------------------------------------

    def value(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> float:
        """L(S, w)."""
        return float(self._value(parameters, batch)[0])

    def value_and_gradient(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> tuple[float, np.ndarray]:
        """L(S, w) and ∂L/∂w, of length n."""
        value, *parts = self._gradient(parameters, batch)
        return float(value), joined(parts)

    def hessian_product(self, parameters: Mapping[str, Any], batch: Mapping[str, Any], v: np.ndarray) -> np.ndarray:
        """∂²L/∂w² · v without the Hessian: the gradient pushed forward along v (Pearlmutter 1994)."""
        dots = {f"{name}_dot": part for name, part in self.split(v, parameters).items()}
        return joined(self._hessian_product({**parameters, **dots}, batch))

    def hessian(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> np.ndarray:
        """∂²L/∂w², n × n."""
        return self._matrix(self._hessian, parameters, batch)

    def hessian_diagonal(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> np.ndarray:
        """The n numbers ∂²L/∂wᵢ²."""
        return joined(self._hessian_diagonal(parameters, batch))

    def gauss_newton(
        self, parameters: Mapping[str, Any], batch: Mapping[str, Any], output: Tensor | None = None
    ) -> np.ndarray:
        """(1/P) Σ_p J_pᵀ H_p J_p, n × n: J the Jacobian of the prediction, H the loss's Hessian by the prediction.

        A penalty on the parameters keeps its Hessian: J and H are those of the prediction and the parameters together.
        For a negative log-likelihood of an exponential family in its natural parameter it is the Fisher information
        (Martens 2020). ``output`` says which tensor of the loss is the prediction where that cannot be told.
        """
        key = None if output is None else output.serial
        if key not in self._gauss_newton:
            self._gauss_newton[key] = self._compiled(self._gauss_newton_blocks(output))
        return self._matrix(self._gauss_newton[key], parameters, batch)

    def fisher(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> np.ndarray:
        """The empirical Fisher information (1/P) Σ_p g_p g_pᵀ, n × n, g_p the gradient of sample p (Amari 1998)."""
        return self._matrix(self._fisher, parameters, batch)

    def per_sample(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """∂L(x[p], y[p], w)/∂w for every sample, by parameter name, the samples first."""
        found = self._per_sample(parameters, batch)
        return {str(w.name): g for w, g in zip(self.trained, found, strict=True)}

    # -- the flat vector ---------------------------------------------------------------------------------------------------

    def flat(self, parameters: Mapping[str, Any]) -> np.ndarray:
        """The trained parameters as one vector."""
        return joined([np.asarray(parameters[str(w.name)]) for w in self.trained])

    def split(self, vector: np.ndarray, like: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """A vector of length n cut into arrays of the shapes that the parameters have in ``like``."""
        found, first = {}, 0
        for w in self.trained:
            shape = np.shape(like[str(w.name)])
            size = int(np.prod(shape, dtype=int))
            found[str(w.name)] = np.asarray(vector[first : first + size], self.dtype).reshape(shape)
            first += size
        return found

    # -- programs ----------------------------------------------------------------------------------------------------------

    @cached_property
    def gradients(self) -> list[Tensor]:
        """∂L/∂w for each trained parameter, as tensors."""
        return gradients_of(self.mean, self.trained, self.loss)

    @cached_property
    def _value(self) -> Evaluation:
        return self._compiled([self.mean])

    @cached_property
    def _gradient(self) -> Evaluation:
        return self._compiled([self.mean, *self.gradients])

    @cached_property
    def _hessian_product(self) -> Evaluation:
        tangents = dict(zip(self.trained, self.directions, strict=True))
        return self._compiled([jvp(g, tangents) for g in self.gradients])

    @cached_property
    def _hessian(self) -> Evaluation:
        return self._compiled([jacobian(g, w) for g in self.gradients for w in self.trained])

    @cached_property
    def _hessian_diagonal(self) -> Evaluation:
        return self._compiled([_diagonal(hessian(self.mean, w)) for w in self.trained])

    @cached_property
    def _gauss_newton(self) -> dict[int | None, Evaluation]:
        return {}

    def _gauss_newton_blocks(self, output: Tensor | None) -> list[Tensor]:
        output = curved_output(self.loss) if output is None else output
        z = Tensor("z_free", output.extents)
        direct = rebuilt(self.loss, {output: z})  # how the loss depends on the prediction, and on parameters beside it
        J, axes, back = [jacobian(output, w) for w in self.trained], list(range(output.ndim)), {z: output}
        weighted = [tensordot(rebuilt(hessian(direct, z), back), j, output.ndim) for j in J]
        mixed = [rebuilt(hessian(direct, z, w), back) for w in self.trained]
        blocks = []
        for a, w in enumerate(self.trained):
            for b, other in enumerate(self.trained):
                parts = [tensordot(J[a], weighted[b], (axes, axes)), rebuilt(hessian(direct, w, other), back)]
                if not is_zero(mixed[b]):
                    parts.append(tensordot(J[a], mixed[b], (axes, axes)))
                if not is_zero(mixed[a]):
                    parts.append(tensordot(mixed[a], J[b], (axes, axes)))
                blocks.append(added(parts))
        return [np.mean(block, axis=0) for block in self._for_samples(blocks)]

    @cached_property
    def _fisher(self) -> Evaluation:
        scores = self._for_samples([gradient(self.loss, w) for w in self.trained])
        return self._compiled([tensordot(a, b, ([0], [0])) / a.shape[0] for a in scores for b in scores])

    @cached_property
    def _per_sample(self) -> Evaluation:
        return self._compiled(self._for_samples([gradient(self.loss, w) for w in self.trained]))

    def _for_samples(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Per-sample tensors with the samples first; what is the same for all samples is repeated."""
        many = batched(tensors, self.axis)
        return [_repeated(t, self.axis) if m is t else m for t, m in zip(tensors, many, strict=True)]

    def _compiled(self, outputs: Sequence[Tensor]) -> Evaluation:
        return Evaluation(outputs, [*self.trained, *self.given], self.dtype)

    def _matrix(self, evaluation: Evaluation, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> np.ndarray:
        blocks, count = evaluation(parameters, batch), len(self.trained)
        sizes = [np.size(parameters[str(w.name)]) for w in self.trained]
        return np.block(
            [[np.reshape(blocks[a * count + b], (sizes[a], sizes[b])) for b in range(count)] for a in range(count)]
        )


class Evaluation:
    """A compiled program that finds its arrays by name: ``evaluation(parameters, batch)`` gives the list of outputs.

    ``declared`` are tensors that tell the sizes of dimensions even where no output reads them.
    """

    def __init__(self, outputs: Sequence[Tensor], declared: Iterable[Tensor], dtype: Any = "float64"):
        self.arguments = {**{str(t.name): t for t in declared}, **variables(*outputs)}
        self.function = lambdify(list(self.arguments.values()), list(outputs), dtype=dtype)

    def __call__(self, parameters: Mapping[str, Any], batch: Mapping[str, Any]) -> list[Any]:
        arrays = []
        for name, t in self.arguments.items():
            source = batch if t.role in ("input", "target") else parameters
            if name not in source:
                where = ", ".join(source) or "none"
                raise DataError(f"no array was given for {t.role} {t.describe()}; there are {where}")
            arrays.append(source[name])
        return self.function(*arrays)


def per_sample_gradients(
    loss: Tensor,
    parameters: Mapping[str, Any],
    batch: Mapping[str, Any],
    mask: Any = None,
    dtype: Any = "float64",
) -> dict[str, np.ndarray]:
    """One gradient per sample: g_p = ∂L(x[p], y[p], w)/∂w, by parameter name, with the samples first.

    ``loss`` is written for one sample; ``batch`` holds arrays of inputs and targets with the samples first. Their mean
    over samples is the gradient of the average loss. ``mask``, one number per sample, is 0 for padded samples, whose
    gradients are 0 in the result. Raises ``DataError`` for an array that is missing.

    >>> from symbolic import tensor
    >>> x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    >>> data = {"x": np.array([1.0, 2.0]), "y": np.array([0.0, 1.0])}
    >>> per_sample_gradients((w * x - y) ** 2, {"w": np.array(1.0)}, data)["w"]
    array([2., 4.])
    """
    found = Objective(loss, dtype=dtype).per_sample(parameters, batch)
    if mask is None:
        return found
    keep = np.asarray(mask)
    count = len(next(iter(found.values())))
    if keep.shape != (count,):
        raise DataError(f"the mask has one number per sample, so the shape ({count},); got {keep.shape}")
    return {name: np.where(keep.reshape(-1, *[1] * (g.ndim - 1)) != 0, g, 0) for name, g in found.items()}


def curved_output(loss: Tensor) -> Tensor:
    """The prediction of a loss by which the loss is curved: what a Gauss–Newton matrix is linearised at.

    It is the tensor that meets the target; where the loss is linear in that one (log-probabilities), the tensor that it
    comes from. Raises ``OptionError`` where there is none.

    >>> import symbolic as s
    >>> W, x, y = s.tensor("W", "k n", role="parameter"), s.tensor("x", "n"), s.tensor("y", "k", role="target")
    >>> curved_output(s.cross_entropy((W @ x).named("z"), y)).name
    'z'
    """
    prediction = prediction_of(loss)
    if prediction is not None:
        for t in reversed(topological([prediction])):
            if t.definition is None or t.dtype != "real" or t.extents != prediction.extents:
                continue
            if not is_zero(hessian(loss, t)):
                return t
    raise OptionError(
        "a Gauss–Newton matrix needs the model's prediction, in which the loss is curved, and it cannot be told from this "
        "loss; give output= the tensor of the prediction"
    )


def joined(parts: Sequence[Any]) -> np.ndarray:
    """Arrays one after the other as one vector."""
    return np.concatenate([np.ravel(p) for p in parts])


def _diagonal(matrix: Tensor) -> Tensor:
    """d[i] = A[i, i], i as many indices as half the axes."""
    at = fresh_indices(matrix.extents[: matrix.ndim // 2])
    return computed(equation(at, matrix.access(*at, *at)))


def _repeated(t: Tensor, samples: str) -> Tensor:
    """A tensor that is the same for all samples, once for each: r[p, i] = t[i]."""
    p, at = Index("p", dim_symbol(samples)), t.fresh_indices()
    return computed(equation((p, *at), t.access(*at)))
