"""Addresses of arrays for code that numba compiles and that calls functions of the machine."""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic


@intrinsic
def address(context, array):
    """The address of an array's first entry."""

    def code(context, builder, signature, arguments):
        return context.make_array(signature.args[0])(context, builder, arguments[0]).data

    return types.CPointer(array.dtype)(array), code
