"""The exception family: every error that a user can cause derives from ``ChainruleError``.

A message states the operation, what was expected, what was received and what to do next.
"""

import difflib


class ChainruleError(Exception):
    """Base of all errors raised on purpose by chainrule."""


class DeclarationError(ChainruleError, ValueError):
    """A name, shape, role, dtype or assumption that cannot be declared as asked."""


class ShapeError(ChainruleError, ValueError):
    """Operands whose shapes do not fit; the message names both tensors, both shapes and the operation."""


class UnsupportedError(ChainruleError, TypeError):
    """The operation is not part of the language (yet); nothing falls back silently."""


class NotDifferentiableError(ChainruleError, TypeError):
    """A derivative was asked through something that has none: an index, an integer, a comparison."""


class EvaluationError(ChainruleError, ValueError):
    """Values that cannot be bound to a program: a missing array, a wrong shape, an undefined point."""


def suggestion(word: str, known) -> str:
    """``" Did you mean 'relu'?"`` when a known word is close, else the empty string.

    >>> suggestion("parametr", ["input", "parameter"])
    " Did you mean 'parameter'?"
    """
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
