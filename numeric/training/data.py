"""Data sets: arrays with a leading sample axis, from scikit-learn's packaged sets or from the user's own files.

``load`` reads, ``DataSet.split`` holds samples out, ``DataSet.bind`` says which array feeds which tensor of a loss.
Nothing is downloaded and nothing is unpickled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from numeric.errors import DataError, OptionError, extra
from numeric.training import disk
from numeric.training.tables import read_csv, read_parquet
from symbolic import Tensor
from symbolic.errors import suggestion
from symbolic.program.graph import leaves

PACKAGED = {
    "digits": "1797 handwritten digits, 8×8 grey values scaled to 0 … 1; ten classes",
    "iris": "150 flowers, 4 measurements; three classes",
    "wine": "178 wines, 13 measurements; three classes",
    "breast_cancer": "569 tumours, 30 measurements; two classes",
    "sorting": "10000 random sequences of six digits 0 to 2, each followed by the same digits in order",
    "diabetes": "442 patients, 10 measurements; the target is a real number",
}
_FULL_SCALE = {"digits": 16.0}  # grey values are counts out of 16
_FEATURES, _TARGETS = ("features", "x", "X", "data"), ("targets", "y", "target", "labels", "t")


@dataclass(frozen=True)
class DataSet:
    """Arrays by name, all with the samples on their first axis.

    ``arrays`` holds either an array for each tensor of a loss, under the tensor's name, or one array of features and
    one of targets. ``classes`` names the values 0, 1, … of integer targets; it is empty where targets are real.
    """

    name: str
    arrays: Mapping[str, np.ndarray]
    classes: tuple[str, ...] = ()

    def __post_init__(self):
        lengths = {name: len(a) if a.ndim else None for name, a in self.arrays.items()}
        if not lengths:
            raise DataError(f"{self.name}: there are no arrays")
        if None in lengths.values() or len(set(lengths.values())) != 1:
            found = ", ".join(f"{n} {a.shape}" for n, a in self.arrays.items())
            raise DataError(f"{self.name}: every array needs the same number of samples on its first axis; got {found}")
        if not len(self):
            raise DataError(f"{self.name}: the data set is empty")

    def __len__(self) -> int:
        return len(next(iter(self.arrays.values())))

    def take(self, rows: Any) -> DataSet:
        """The data set of the given rows (a slice, a mask or integers); rows of arrays on disk are copied on disk."""
        if isinstance(rows, slice):
            return replace(self, arrays={name: a[rows] for name, a in self.arrays.items()})
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(self, arrays={name: disk.mapped(a, lambda part: part, rows) for name, a in self.arrays.items()})

    def split(self, held_out: float = 0.2, seed: int = 0) -> tuple[DataSet, DataSet]:
        """(training, held-out) samples, shuffled with the seed; ``held_out`` is a fraction.

        >>> a = DataSet("a", {"x": np.arange(10.0)})
        >>> [len(part) for part in a.split(0.3)]
        [7, 3]
        """
        if not 0 < held_out < 1:
            raise OptionError(f"the held-out fraction lies between 0 and 1, got {held_out}")
        order = np.random.default_rng(seed).permutation(len(self))
        count = max(1, round(held_out * len(self)))
        if count >= len(self):
            raise DataError(f"{self.name}: {len(self)} samples are too few to hold {held_out:.0%} out")
        return self.take(np.sort(order[count:])), self.take(np.sort(order[:count]))

    def standardised(self, by: DataSet | None = None) -> DataSet:
        """Features with mean 0 and standard deviation 1 over the samples of ``by`` (itself if None)."""
        name = _first(_FEATURES, self.arrays)
        if name is None:
            raise DataError(
                f"{self.name}: no array is called {' or '.join(_FEATURES)}; standardise your arrays yourself"
            )
        mean, deviation = disk.moments((by or self).arrays[name])
        scaled = disk.mapped(self.arrays[name], lambda part: (part - mean) / np.where(deviation > 0, deviation, 1))
        return replace(self, arrays={**self.arrays, name: scaled})

    def bind(self, loss: Tensor) -> dict[str, np.ndarray]:
        """The arrays that feed the inputs and targets of a per-sample ``loss``, by tensor name.

        Features are reshaped to the input's shape; integer labels become one-hot rows where the target is a vector.
        Raises ``DataError`` where an array is missing or does not fit.
        """
        wanted = [t for t in leaves([loss]) if t.role in ("input", "target")]
        if all(t.name in self.arrays for t in wanted):
            return {str(t.name): self._fitted(t, self.arrays[str(t.name)]) for t in wanted}
        pairs = {"input": _first(_FEATURES, self.arrays), "target": _first(_TARGETS, self.arrays)}
        by_role = {role: [t for t in wanted if t.role == role] for role in pairs}
        if any(len(tensors) > 1 for tensors in by_role.values()) or None in (pairs[t.role] for t in wanted):
            raise DataError(
                f"{self.name} has the arrays {', '.join(self.arrays)}, the loss reads "
                f"{', '.join(t.describe() for t in wanted)}: give an array under each tensor's name (an .npz file does)"
            )
        return {str(t.name): self._fitted(t, self.arrays[str(pairs[t.role])]) for t in wanted}

    def _fitted(self, t: Tensor, array: np.ndarray) -> np.ndarray:
        if t.dtype == "int":
            if not np.issubdtype(array.dtype, np.integer) and np.any(array != np.floor(array)):
                raise DataError(f"{self.name}: {t.describe()} holds integers, the array has fractions")
            array = array.astype(np.int64, copy=False)
        elif array.ndim == 1 and t.ndim == 1 and np.issubdtype(array.dtype, np.integer):
            array = self._one_hot(t, array)
        inner = t.extents
        if all(e.is_Integer for e in inner):
            count = int(np.prod([int(e) for e in inner], dtype=int))
            if array[0].size == count:
                return array.reshape(len(array), *map(int, inner))
        elif array.ndim - 1 == len(inner):
            return array
        raise DataError(
            f"{self.name}: a sample of shape {array.shape[1:]} does not fit {t.role} {t.describe()}; "
            f"declare {t.label} with shape {array.shape[1:]}"
        )

    def _one_hot(self, t: Tensor, labels: np.ndarray) -> np.ndarray:
        count = int(t.extents[0]) if t.extents[0].is_Integer else max(len(self.classes), int(labels.max()) + 1)
        if labels.min() < 0 or labels.max() >= count:
            raise DataError(
                f"{self.name}: labels run from {labels.min()} to {labels.max()}, but {t.describe()} has room for {count} classes"
            )
        if labels.size * count * 8 < disk.LARGE:
            return np.eye(count)[labels]
        rows = disk.empty((len(labels), count), np.float64)
        for part in disk.blocks(rows):
            rows[part] = np.eye(count)[labels[part]]
        return rows


def _first(names: tuple[str, ...], arrays: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in arrays), None)


def load(source: str | Path, target: str | None = None) -> DataSet:
    """A packaged data set by name, or a file: ``.npz`` (arrays by name), ``.csv`` or ``.parquet`` (columns), a folder of ``.npy``.

    ``target`` is the target column of a table (the last one if None). Arrays of a folder stay on disk and are read
    batch by batch; a large Parquet file is copied there row group by row group. Raises ``DataError`` for a file that is missing, damaged, empty or holds what is no number.

    >>> load("iris").arrays["features"].shape
    (150, 4)
    """
    if str(source) in PACKAGED:
        if target is not None:
            raise OptionError(
                f"a target column is chosen in a table of your own; {source} has its target, got {target!r}"
            )
        return _packaged(str(source))
    path = Path(source)
    if path.is_dir():
        return _folder(path)
    reader = _READERS.get(path.suffix.lower())
    if reader is None or not path.exists():
        known = ", ".join(PACKAGED)
        if path.suffix and reader is None:
            raise DataError(
                f"{source}: cannot read {path.suffix} files; expected {', '.join(_READERS)} or one of {known}"
            )
        if not path.suffix:
            raise DataError(
                f"there is no data set or file {str(source)!r}; packaged are {known}.{suggestion(str(source), PACKAGED)}"
            )
        raise DataError(f"{source}: there is no such file")
    if target is not None and path.suffix.lower() == ".npz":
        raise OptionError("a target column is chosen in a table; an .npz file names its arrays after the tensors")
    return reader(path, target)


def _packaged(name: str) -> DataSet:
    if name == "sorting":
        from numeric.training.sequences import sorting

        return sorting()
    try:
        from sklearn import datasets
    except ImportError:
        raise extra("scikit-learn", "data", f"the data set {name}") from None
    found = getattr(datasets, f"load_{name}")()
    features = found.data / _FULL_SCALE.get(name, 1.0)
    classes = tuple(str(c) for c in found.target_names) if np.issubdtype(found.target.dtype, np.integer) else ()
    return DataSet(name, {"features": features, "targets": found.target}, classes)


def _npz(path: Path, target: str | None) -> DataSet:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError) as error:
        raise DataError(f"{path}: not a readable .npz file of plain arrays ({error})") from None
    _require_numbers(path, arrays)
    return DataSet(path.name, arrays)


def _folder(path: Path) -> DataSet:
    try:
        arrays = {p.stem: np.load(p, mmap_mode="r", allow_pickle=False) for p in sorted(path.glob("*.npy"))}
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a folder of plain .npy arrays ({error})") from None
    if not arrays:
        raise DataError(f"{path}: there is no .npy file in this folder")
    return DataSet(path.name, arrays)


def _require_numbers(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise DataError(f"{path}: the array {name} has dtype {array.dtype}; expected real or integer numbers")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
            raise DataError(
                f"{path}: the array {name} is not finite at index {where}; fill in or remove missing values"
            )


def _table(read: Callable[[Path, str | None], tuple]) -> Callable[[Path, str | None], DataSet]:
    def reader(path: Path, target: str | None) -> DataSet:
        features, targets, classes = read(path, target)
        return DataSet(path.name, {"features": features, "targets": targets}, classes)

    return reader


_READERS: dict[str, Callable[[Path, str | None], DataSet]] = {
    ".npz": _npz,
    ".csv": _table(read_csv),
    ".parquet": _table(read_parquet),
}
