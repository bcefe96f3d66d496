"""Tables with one sample a row: CSV and Parquet, with the line and column of whatever is no number."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from numeric.errors import DataError, extra
from numeric.training import disk
from symbolic.errors import suggestion

Table = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def read_csv(path: Path, target: str | None) -> Table:
    """(features, targets, classes) of a CSV file with a header line; text in the target column names classes."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as a CSV file ({error})") from None
    if len(rows) < 2:
        raise DataError(f"{path}: expected a header line and at least one sample")
    header = [name.strip() for name in rows[0][1]]
    for line, row in rows[1:]:
        if len(row) != len(header):
            raise DataError(f"{path}:{line}: {len(row)} values where the header names {len(header)} columns")
    columns = list(zip(*(row for _, row in rows[1:]), strict=True))
    return _columns(path, header, columns, target, [line for line, _ in rows[1:]])


def read_parquet(path: Path, target: str | None) -> Table:
    """(features, targets, classes) of a Parquet file; text in the target column names classes."""
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-not-found]
    except ImportError:
        raise extra("pyarrow", "parquet", "reading a .parquet file") from None
    try:
        with parquet.ParquetFile(path) as file:
            return _by_row_groups(path, file, target)
    except (OSError, ArrowException) as error:
        raise DataError(f"{path}: cannot be read as a Parquet file ({error})") from None


def _by_row_groups(path: Path, file: Any, target: str | None) -> Table:
    """One row group in memory at a time, and the target column; a large table's features are kept on disk."""
    header, rows = file.schema_arrow.names, file.metadata.num_rows
    if not rows:
        raise DataError(f"{path}: the table has no rows")
    chosen = _target_column(path, header, target)
    others = [name for k, name in enumerate(header) if k != chosen]
    small = rows * len(others) * 8 < disk.LARGE
    features = (np.empty if small else disk.empty)((rows, len(others)), np.float64)
    first = 0
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=others)
        lines = range(first + 1, first + table.num_rows + 1)
        for k, name in enumerate(others):
            features[first : first + table.num_rows, k] = _of_arrow(path, name, table.column(name), lines)
        first += table.num_rows
    column = file.read(columns=[header[chosen]]).column(0)
    return features, *_targets_of_arrow(path, header[chosen], column, range(1, rows + 1))


def _of_arrow(path: Path, name: str, column: Any, lines: Sequence[int]) -> np.ndarray:
    """The numbers of a column; where it is not plainly finite numbers, value by value, to say which is none."""
    kind = str(column.type)
    if column.null_count == 0 and kind.startswith(("int", "uint", "float", "double")):
        values = column.to_numpy().astype(np.float64, copy=False)
        if np.isfinite(values).all():
            return values
    return _numbers(path, name, ["" if v is None else v for v in column.to_pylist()], lines)


def _targets_of_arrow(path: Path, name: str, column: Any, lines: Sequence[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    if column.null_count == 0 and str(column.type).startswith(("int", "uint")):
        labels = column.to_numpy().astype(np.int64)
        return labels, _classes_of(labels)
    if column.null_count == 0 and str(column.type) in ("float", "double"):
        return _of_arrow(path, name, column, lines), ()
    return _targets(path, name, ["" if v is None else v for v in column.to_pylist()], lines)


def _target_column(path: Path, header: Sequence[str], target: str | None) -> int:
    if len(header) < 2:
        raise DataError(f"{path}: expected at least one feature column and a target column, found {len(header)} column")
    if target is not None and target not in header:
        raise DataError(
            f"{path}: there is no column {target!r}; columns are {', '.join(header)}.{suggestion(target, header)}"
        )
    return header.index(target) if target is not None else len(header) - 1


def _columns(
    path: Path, header: Sequence[str], columns: Sequence[Sequence[Any]], target: str | None, lines: Sequence[int]
) -> Table:
    chosen = _target_column(path, header, target)
    features = [
        _numbers(path, name, column, lines)
        for position, (name, column) in enumerate(zip(header, columns, strict=True))
        if position != chosen
    ]
    targets, classes = _targets(path, header[chosen], columns[chosen], lines)
    return np.column_stack(features), targets, classes


def _numbers(path: Path, name: str, column: Sequence[Any], lines: Sequence[int]) -> np.ndarray:
    values = np.empty(len(column))
    for row, (line, text) in enumerate(zip(lines, column, strict=True)):
        number = _number(text)
        if number is None or not math.isfinite(number):
            what = "a missing value" if str(text).strip() in ("", "nan", "NaN", "NA", "?") else repr(str(text)[:40])
            raise DataError(f"{path}:{line}: column {name} holds {what} where a number is expected")
        values[row] = number
    return values


def _targets(path: Path, name: str, column: Sequence[Any], lines: Sequence[int]) -> tuple[np.ndarray, tuple[str, ...]]:
    numbers = [_number(text) for text in column]
    if all(n is None for n in numbers) and all(str(text).strip() for text in column):
        classes = tuple(sorted({str(text).strip() for text in column}))
        places = {c: k for k, c in enumerate(classes)}
        return np.array([places[str(text).strip()] for text in column]), classes
    values = _numbers(path, name, column, lines)
    labels = values.astype(np.int64)
    if np.array_equal(labels, values) and not any("." in str(text) for text in column):
        return labels, _classes_of(labels)
    return values, ()


def _classes_of(labels: np.ndarray) -> tuple[str, ...]:
    """The classes 0, 1, … of integer targets; none where they are no labels."""
    return tuple(str(c) for c in range(labels.max() + 1)) if labels.min() >= 0 and labels.max() < 1000 else ()


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
