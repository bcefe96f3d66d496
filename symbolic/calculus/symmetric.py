"""The derivative with respect to a symmetric matrix, in its two conventions.

``gradient(C, A)`` varies the entries of A independently: G. Where A stays symmetric, A_ij and A_ji move together, and the
derivative by the entries on and below the diagonal, written as a symmetric matrix, is

    G + Gᵀ − diag(G)

(Matrix Cookbook, 2012, eq. 138; the projection that an inner product on symmetric matrices sees is (G + Gᵀ)/2, see
Srinivasan and Panda 2020, What is the gradient of a scalar function of a symmetric matrix?).
"""

from __future__ import annotations

from typing import Any

from symbolic.calculus.derivatives import gradient, require_variable
from symbolic.errors import DeclarationError
from symbolic.language.shaping import diag, diagonal, matrix_transpose
from symbolic.program.matrix_shapes import same
from symbolic.program.tensors import Tensor


def symmetric_gradient(output: Any, a: Tensor, *, tied: bool = True) -> Tensor:
    """∂output/∂A of a scalar for symmetric A: tied entries, G + Gᵀ − diag(G), or the symmetric part (G + Gᵀ)/2 of G.

    ``tied`` moves A_ij and A_ji together, so ``symmetric_gradient(C, A)[i, j]`` is the derivative by the one number that
    stands in both places; ``tied=False`` gives the gradient in the space of symmetric matrices, for which
    dC = Tr(GᵀdA). Raises ``DeclarationError`` unless A is a square matrix.

    >>> import numpy as np
    >>> import symbolic as s
    >>> A = s.tensor("A", "n n", assume="symmetric")
    >>> s.symmetric_gradient(np.linalg.slogdet(A)[1], A).shape
    (n, n)
    """
    a = require_variable(a, "symmetric_gradient")
    if a.ndim != 2 or not same(*a.extents):
        raise DeclarationError(f"symmetric_gradient: expected a square matrix, got {a.describe()}")
    g = gradient(output, a)
    both = g + matrix_transpose(g)
    return both - diag(diagonal(g)) if tied else both / 2
