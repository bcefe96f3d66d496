"""Data sets larger than memory: what is on disk stays there while it is split, scaled, trained on and evaluated."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from numeric.errors import DataError
from numeric.training import data as data_module
from numeric.training import disk
from numeric.training.data import load

ROOT = Path(__file__).resolve().parents[3]
ROWS, COLUMNS = 200_000, 100  # 160 MB

PROGRAM = """
import re, resource, sys
import numpy as np
from numeric import train
from numeric.training.data import load
from symbolic import tensor

kind, backend, path, small = sys.argv[1:]
x, y = tensor("x", 100), tensor("y", role="target")
w = tensor("w", 100, role="parameter")
loss = (w @ x - y) ** 2

def run(path):
    data = load(path)
    training, held = data.split(0.2, seed=1)
    if kind == "parquet":
        training, held = training.standardised(), held.standardised(training)
    arrays, validation = training.bind(loss), held.bind(loss)
    options = dict(batch_size=256, epochs=1, learning_rate=1e-3, backend=backend, dtype=DTYPE, metrics={"loss": loss})
    return len(data), train(loss, arrays, validation=validation, **options)

run(small)  # libraries, compiled code and thread stacks are not what is measured
status = open("/proc/self/status").read()
now = 1024 * int(re.search(r"VmData:\\s+(\\d+) kB", status)[1])
limit = now + 90_000_000  # bytes of its own that the process may add: the data set is 160 MB
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
try:
    np.ones(15_000_000)  # 120 MB: the limit holds
except MemoryError:
    pass
else:
    sys.exit("the limit does not hold")
rows, history = run(path)
print(rows, history.records[-1].validation)
"""


def write(kind, path, rows):
    """A linear problem as a folder of .npy in blocks, or as Parquet with many row groups."""
    rng = np.random.default_rng(0)
    slope = rng.normal(size=COLUMNS) / 10
    if kind == "folder":
        path.mkdir()
        x = np.lib.format.open_memmap(path / "x.npy", "w+", np.float64, (rows, COLUMNS))
        y = np.lib.format.open_memmap(path / "y.npy", "w+", np.float64, (rows,))
        for first in range(0, rows, 10_000):
            part = slice(first, first + 10_000)
            x[part] = rng.normal(size=(len(x[part]), COLUMNS))
            y[part] = x[part] @ slope
        return
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    names = [f"x{k}" for k in range(COLUMNS)]
    schema = arrow.schema([(n, arrow.float64()) for n in [*names, "y"]])
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as file:
        for first in range(0, rows, 10_000):
            block = rng.normal(size=(min(10_000, rows - first), COLUMNS))
            columns = [*block.T, block @ slope]
            file.write_table(
                arrow.table({n: np.ascontiguousarray(c) for n, c in zip(schema.names, columns, strict=True)})
            )


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit on a process's own memory is Linux's")
@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(("kind", "dtype"), [("folder", "float32"), ("parquet", "float64")])
def test_training_takes_no_memory_for_the_data(kind, backend, dtype, tmp_path):
    if backend == "numba":
        pytest.importorskip("numba")
    suffix = "" if kind == "folder" else ".parquet"
    write(kind, tmp_path / f"large{suffix}", ROWS)
    write(kind, tmp_path / f"small{suffix}", 20_000)
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PROGRAM).replace("DTYPE", repr(dtype)))
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    arguments = [kind, backend, tmp_path / f"large{suffix}", tmp_path / f"small{suffix}"]
    answer = subprocess.run(
        [sys.executable, str(program), *map(str, arguments)], env=env, capture_output=True, text=True, timeout=200
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    rows, held_out = answer.stdout.split()
    assert int(rows) == ROWS
    assert 0 <= float(held_out) < 0.5


def on_disk(array):
    result = disk.empty(array.shape, array.dtype)
    result[:] = array
    return result


def test_splitting_and_scaling_on_disk_are_those_in_memory(monkeypatch):
    monkeypatch.setattr(disk, "_BLOCK", 1000)
    rng = np.random.default_rng(2)
    arrays = {"features": rng.normal(3, 2, size=(1001, 7)), "targets": rng.integers(0, 3, 1001)}
    memory = data_module.DataSet("m", arrays)
    mapped = data_module.DataSet("d", {k: on_disk(v) for k, v in arrays.items()})
    for ours, theirs in zip(mapped.split(0.3, seed=4), memory.split(0.3, seed=4), strict=True):
        for name in arrays:
            assert isinstance(ours.arrays[name], np.memmap)
            assert np.array_equal(ours.arrays[name], theirs.arrays[name])
    ours, theirs = mapped.standardised().arrays["features"], memory.standardised().arrays["features"]
    assert isinstance(ours, np.memmap)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_a_large_table_is_kept_on_disk_and_reads_the_same(tmp_path, monkeypatch):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = arrow.table({"a": [1, 2, 3], "b": [0.5, 1.5, 2.5], "kind": ["cat", "dog", "cat"]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    small = load(tmp_path / "t.parquet")
    monkeypatch.setattr(disk, "LARGE", 8)
    large = load(tmp_path / "t.parquet")
    assert isinstance(large.arrays["features"], np.memmap)
    assert not isinstance(small.arrays["features"], np.memmap)
    assert np.array_equal(small.arrays["features"], [[1, 0.5], [2, 1.5], [3, 2.5]])
    assert np.array_equal(large.arrays["features"], small.arrays["features"])
    assert small.classes == large.classes == ("cat", "dog")
    assert large.arrays["targets"].tolist() == [0, 1, 0]


def test_a_missing_value_of_a_later_row_group_is_named(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = arrow.table({"a": [1.0, 2.0, None, 4.0], "y": [1.0, 2.0, 3.0, 4.0]})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    with pytest.raises(DataError, match=r"t.parquet:3: column a holds a missing value"):
        load(tmp_path / "t.parquet")


def test_a_full_disk_is_said(monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.tempfile, "TemporaryFile", full)
    with pytest.raises(DataError, match="no room for an array of shape .*No space left on device.*TMPDIR"):
        disk.empty((3, 4), float)
