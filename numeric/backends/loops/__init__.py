"""Equations as loops: source for numba or the compiler in ``machine``, from the same prepared program that the NumPy back end reads.

units        extents of 1 disappear, and what they made single goes into its reader
products     sums of two factors that are worth calls, windows of a convolution among them
matrices     these calls: products of matrices in tiles of registers
nests        every other equation as one nest of loops
writer       the function, and the epoch around it
kernels      equations of a large program that share their loops, as a text for the compiler in ``machine``
compilation  compiled modules on disk, in a folder that nobody else can write
"""
