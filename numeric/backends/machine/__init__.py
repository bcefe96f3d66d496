"""Kernels as machine code: a compiler for the small language in which kernels are written.

arithmetic   numbers and vectors of numbers, and what can be done with them; elementary: e^x and tanh x
vectors      which loops can run in vector registers
tiles        pieces of matrices in registers; products: whole products of them
translation  a kernel's text as LLVM's instructions; arrays, expressions, flow: its parts
objects      compiled kernels on disk, in the folder that nobody else can write
calls        one call from Python for a whole run of kernels

A kernel is typed by its annotations and does nothing but loop over arrays, so that neither types need to be inferred nor
loops to be analysed: what numba takes a third of a second for takes a few milliseconds.
"""
