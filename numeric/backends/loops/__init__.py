"""Equations as loops: source for numba, from the same prepared program that the NumPy back end reads.

units        extents of 1 disappear, and what they made single goes into its reader
products     sums of two factors that are worth calls, windows of a convolution among them
matrices     these calls: products of matrices in tiles of registers
tiles        the tiles, in LLVM's vectors
elementary   exponentials and tanh that LLVM vectorises
nests        every other equation as one nest of loops
writer       the function, and the epoch around it
compilation  compiled modules on disk, in a folder that nobody else can write
"""
