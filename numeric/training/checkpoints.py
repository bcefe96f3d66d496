"""Checkpoints: one ``.npz`` of plain arrays and a JSON text, never pickled, replaced only when the new one is complete.

The file carries a fingerprint of the program it belongs to and a digest of its own content, so a checkpoint of another
model, a truncated one and an altered one are told apart and refused.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp

from numeric.errors import CheckpointError
from numeric.output import OutputError, replacing
from symbolic import Equation, Tensor
from symbolic.program.dims import shape_text
from symbolic.program.expressions import Access
from symbolic.program.graph import topological

_FORMAT = 1
_META = "metadata"


@dataclass(frozen=True)
class Checkpoint:
    """Where a run stood: arrays of parameters and of the method's state, the finished epochs, and the settings."""

    parameters: Mapping[str, np.ndarray]
    state: Mapping[str, np.ndarray]
    epoch: int
    step: int
    records: tuple[dict[str, Any], ...]
    settings: Mapping[str, Any]


def fingerprint(loss: Tensor) -> str:
    """A digest of a program: the same for the same model built in another process, another for any other.

    >>> from symbolic import tensor
    >>> a, b = (tensor(name, "n", role="parameter") for name in "ab")
    >>> fingerprint((a * a).sum()) == fingerprint((b * b).sum())
    False
    """
    numbers: dict[int, int] = {}
    digest = hashlib.sha256()
    for t in topological([loss]):
        numbers[t.serial] = len(numbers)
        digest.update(f"{_described(t, numbers)}\n".encode())
    return digest.hexdigest()


def _described(t: Tensor, numbers: Mapping[int, int]) -> str:
    head = f"{t.name or ''} {shape_text(t.extents)} {t.dtype} {t.role}"
    eq = t.definition
    if eq is None:
        return head + (
            hashlib.sha256(np.ascontiguousarray(t.value).tobytes()).hexdigest() if t.value is not None else ""
        )
    if isinstance(eq, Equation):
        return f"{head} {_equation_text(eq, numbers)}"
    return f"{head} {eq.primitive.name} {[numbers[u.serial] for u in eq.operands]} {eq.options}"


def _equation_text(eq: Equation, numbers: Mapping[int, int]) -> str:
    """The equation with its operands numbered in the order of the program, whatever they are called."""
    read: dict[Access, sp.Symbol] = {}
    for access in sorted(eq.accesses, key=lambda a: len(a.atoms(Access))):  # an index may itself be read from a tensor
        inner = ", ".join(str(i.xreplace(read)) for i in access.indices)
        read[access] = sp.Symbol(f"#{numbers[access.tensor.serial]}[{inner}]")
    over = [f"{i.name}<{i.extent}" for i in (*eq.indices, *eq.bound)]
    return f"{over} {eq.reduce} {eq.body.xreplace(read)} {[str(g.xreplace(read)) for g in eq.guards]}"


def save(path: Path, checkpoint: Checkpoint, loss: Tensor) -> None:
    """Write the checkpoint atomically; the file that was there stays until the new one is complete and on disk.

    Raises ``CheckpointError`` where it cannot be written (no such folder, no right, disk full).
    """
    arrays = {f"parameter/{k}": np.asarray(v) for k, v in checkpoint.parameters.items()}
    arrays |= {f"state/{k}": np.asarray(v) for k, v in checkpoint.state.items()}
    meta = {
        "format": _FORMAT,
        "program": fingerprint(loss),
        "epoch": checkpoint.epoch,
        "step": checkpoint.step,
        "records": list(checkpoint.records),
        "settings": dict(checkpoint.settings),
        "content": _content(arrays),
    }
    _written(path, {**arrays, _META: np.array(json.dumps(meta))})


def save_parameters(path: Path, parameters: Mapping[str, np.ndarray]) -> None:
    """Write trained parameters as a plain ``.npz`` file, atomically. Raises ``CheckpointError`` as ``save`` does."""
    _written(path, {name: np.asarray(array) for name, array in parameters.items()})


def _written(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    try:
        with replacing(path) as file:
            np.savez(file, allow_pickle=False, **arrays)
    except OutputError as error:
        raise CheckpointError(str(error)) from None


def load(path: Path, loss: Tensor) -> Checkpoint:
    """Read a checkpoint of ``loss``; ``CheckpointError`` if it is missing, damaged, altered or of another program."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(str(arrays.pop(_META)))
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no checkpoint") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{path}: the checkpoint is damaged ({error})") from None
    if not isinstance(meta, dict) or meta.get("format") != _FORMAT:
        raise CheckpointError(f"{path}: written in another format than {_FORMAT}, which this version reads")
    if meta["content"] != _content(arrays):
        raise CheckpointError(f"{path}: the arrays are not those that were saved; the file was altered")
    if meta["program"] != fingerprint(loss):
        raise CheckpointError(f"{path}: this is the checkpoint of another model; give the model that it was saved with")
    parts: dict[str, dict[str, np.ndarray]] = {"parameter": {}, "state": {}}
    for name, array in arrays.items():
        kind, _, rest = name.partition("/")
        parts[kind][rest] = array
    return Checkpoint(
        parts["parameter"], parts["state"], meta["epoch"], meta["step"], tuple(meta["records"]), meta["settings"]
    )


def _content(arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
