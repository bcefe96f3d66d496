"""Errors of the numeric side; like all others they derive from ``ChainruleError`` and state what to do next."""

from symbolic.errors import ChainruleError, NotDifferentiableError


class DataError(ChainruleError, ValueError):
    """A data set that cannot be read, or that does not fit the tensors it is meant for."""


class TrainingError(ChainruleError, ArithmeticError):
    """Training cannot go on: the loss is no longer a number. ``history`` holds what was reached until then."""

    def __init__(self, message: str, history=None):
        super().__init__(message)
        self.history = history


class DivergenceWarning(UserWarning):
    """The loss of a run has grown to many times what it was at the start."""


class NoGradientError(NotDifferentiableError):
    """A loss that a gradient method cannot train: its gradient does not exist or is zero almost everywhere."""


class OptionError(ChainruleError, ValueError):
    """An option or a name of a method that does not exist, or a value that it cannot take."""


class StepMatrixError(OptionError):
    """A step matrix that could go uphill or does not fit; ``smallest`` is its smallest eigenvalue where that is the reason."""

    def __init__(self, message: str, smallest: float | None = None):
        super().__init__(message)
        self.smallest = smallest


class CheckpointError(ChainruleError, ValueError):
    """A checkpoint that is damaged, or that belongs to another program."""


class MissingExtraError(ChainruleError, ImportError):
    """An optional library is needed; the message names the extra that installs it."""


def extra(library: str, name: str, purpose: str) -> MissingExtraError:
    """The error to raise where ``library`` cannot be imported.

    >>> str(extra("numba", "fast", "backend='numba'"))
    "backend='numba' needs numba, which is not installed: pip install 'chainrule[fast]'"
    """
    return MissingExtraError(f"{purpose} needs {library}, which is not installed: pip install 'chainrule[{name}]'")
