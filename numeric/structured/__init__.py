"""Structured arrays: diagonals, blocks, Kronecker and outer products and sums of them, kept small in memory."""

from numeric.structured.array import StructuredArray

__all__ = ["StructuredArray"]
