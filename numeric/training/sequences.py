"""Sequences of tokens: data sets for models that predict the next token, and sequences that such a model writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from numeric.errors import DataError, OptionError
from numeric.functions import lambdify
from numeric.training.data import DataSet
from symbolic import Tensor
from symbolic.errors import DeclarationError
from symbolic.language.samples import batched, variables
from symbolic.program.graph import leaves


def sorting(samples: int = 10_000, count: int = 6, digits: int = 3, seed: int = 0) -> DataSet:
    """Random sequences of digits, each followed by the same digits in order. (The demonstration of Karpathy's minGPT.)

    ``tokens`` (samples, 2·count − 1) are the digits and all but the last of the sorted ones; ``following``
    (samples, count) are the sorted ones, which stand one place on.

    >>> one = sorting(1, count=3, seed=1).arrays
    >>> one["tokens"].tolist(), one["following"].tolist()
    ([[1, 1, 2, 1, 1]], [[1, 1, 2]])
    """
    drawn = np.random.default_rng(seed).integers(0, digits, (samples, count))
    ordered = np.sort(drawn, axis=1)
    tokens = np.concatenate([drawn, ordered[:, :-1]], axis=1)
    return DataSet("sorting", {"tokens": tokens, "following": ordered}, tuple(map(str, range(digits))))


def characters(path: str | Path, length: int, every: int | None = None) -> DataSet:
    """A text file (UTF-8) as windows of ``length`` characters: ``tokens``, and in ``following`` the same one place on.

    A token is the number of its character in ``classes``. Windows start ``every`` characters (``length`` unless given) and
    are views of one array, so they take no memory of their own. Raises ``DataError`` for a file that is no text or is
    shorter than a window.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    if length < 1 or (every is not None and every < 1):
        raise OptionError(f"windows have at least one character and start at least one apart, got {length} and {every}")
    if len(text) <= length:
        raise DataError(f"{path}: {len(text)} characters are too few for windows of {length} and the one that follows")
    points, codes = np.unique(np.frombuffer(text.encode("utf-32-le"), np.uint32), return_inverse=True)
    windows = np.lib.stride_tricks.sliding_window_view(codes.astype(np.int64, copy=False), length)
    step = every or length
    arrays = {"tokens": windows[:-1:step], "following": windows[1::step]}
    return DataSet(Path(path).name, arrays, tuple(chr(p) for p in points))


def generate(
    scores: Tensor,
    parameters: Mapping[str, Any],
    start: Any,
    count: int,
    *,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """``start`` (k,) or (samples, k) and ``count`` further tokens, each drawn from the softmax of the model's scores.

    ``scores`` (positions, tokens) is computed from one integer input (T,), ``scores[-1]`` standing at its last place, and
    depends at every place on the tokens up to there alone; ``numeric.training.metrics.prediction_of(loss)`` finds it. What
    is longer than T is read by its last T tokens. ``temperature`` divides the scores; at 0 the largest is taken.

    Raises ``OptionError`` for a start that is empty or a negative temperature.
    """
    tokens = [t for t in leaves([scores]) if t.role == "input"]
    if len(tokens) != 1 or tokens[0].dtype != "int" or tokens[0].ndim != 1 or scores.ndim != 2:
        found = ", ".join(t.describe() for t in tokens) or "none"
        raise DeclarationError(
            f"generate: expected scores (positions, tokens) of one sequence of integers; got {scores.describe()} of {found}"
        )
    extent = tokens[0].extents[0]
    written = np.atleast_2d(np.asarray(start, np.int64))
    if not extent.is_Integer or not written.shape[1] or temperature < 0:
        raise OptionError(
            f"generate: the model needs a length in numbers (it has {extent}), the start at least one token (it has "
            f"{written.shape[1]}), the temperature at least 0 (it is {temperature})"
        )
    length, rng = int(extent), np.random.default_rng(seed)
    (many,) = batched([scores], "samples_")
    given = variables(many)
    functions: dict[bool, Callable[..., np.ndarray]] = {}
    for _ in range(count):
        seen = written[:, -length:]
        full = seen.shape[1] == length
        if full not in functions:  # from a full window the last row alone is computed
            functions[full] = lambdify(list(given.values()), many[:, -1:] if full else many)
        padded = np.pad(seen, ((0, 0), (0, length - seen.shape[1])))
        rows = functions[full](*(padded if name == tokens[0].name else parameters[name] for name in given))
        row = -1 if full else seen.shape[1] - 1 - (length - rows.shape[1])
        if row < 0 and not full:
            raise OptionError(f"generate: the model says nothing after {seen.shape[1]} tokens; start with more")
        written = np.concatenate([written, _drawn(rows[:, row], temperature, rng)[:, None]], axis=1)
    return written if np.ndim(start) == 2 else written[0]


def _drawn(scores: np.ndarray, temperature: float, rng: np.random.Generator) -> np.ndarray:
    """A token for each row: the largest of score/temperature + Gumbel noise is a draw from the softmax."""
    noise = rng.gumbel(size=scores.shape)
    return np.argmax(scores + temperature * noise, axis=1)
