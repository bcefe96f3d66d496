"""Runs whose figures the chapter shows, kept as small JSON files beside their recipes, so that a page builds fast.

``python -m numeric.learning.record`` runs every recipe again and writes its file; with names, only those. Each file says the
command that made it, its seeds, and the versions that it ran on; numbers are rounded to six digits. ``chainrule report
chapter --rerun`` does the same beside the page, and compares.
"""

from __future__ import annotations

import json
import math
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from numeric.errors import OptionError
from numeric.learning.recipes import descent, nets, rewards
from numeric.output import write_output
from symbolic.errors import suggestion

FOLDER = Path(__file__).parent / "recorded"

RECIPES: Mapping[str, Callable[[], dict[str, Any]]] = MappingProxyType(
    {
        "prototypes": descent.prototypes,
        "matrix-steps": descent.matrix_steps,
        "noisy-path": descent.noisy_path,
        "redundancy": descent.redundant_samples,
        "zeroth-order": descent.zeroth_order,
        "score-variance": rewards.score_variance,
        "balancing": rewards.balancing,
        "bilinear-game": rewards.bilinear,
        "moons": rewards.moons,
        "example-net": nets.example_net,
        "digits-net": nets.digits_net,
    }
)


def recorded(name: str) -> dict[str, Any]:
    """What a recipe gave when it was last recorded: ``"data"``, with ``"command"``, ``"versions"`` and ``"seconds"``.

    Raises ``OptionError`` for a name that is not in ``RECIPES``.

    >>> recorded("bilinear-game")["command"]
    'python -m numeric.learning.record bilinear-game'
    """
    _require(name)
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def run(name: str) -> dict[str, Any]:
    """Run a recipe again; the same dict as ``recorded`` gives."""
    _require(name)
    began = time.perf_counter()
    data = rounded(RECIPES[name]())
    return {
        "name": name,
        "command": f"python -m numeric.learning.record {name}",
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "seconds": round(time.perf_counter() - began, 1),
        "data": data,
    }


def rounded(value: Any, digits: int = 6) -> Any:
    """Plain lists, dicts and numbers for JSON, floats to so many significant digits.

    >>> rounded({"a": np.array([1 / 3, 2.0])})
    {'a': [0.333333, 2.0]}
    """
    if isinstance(value, Mapping):
        return {str(k): rounded(v, digits) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return rounded(value.tolist(), digits)
    if isinstance(value, (list, tuple)):
        return [rounded(v, digits) for v in value]
    if isinstance(value, (np.integer, np.bool_)):
        return value.item()
    return float(f"{float(value):.{digits}g}") if isinstance(value, (float, np.floating)) else value


def seeds(run: Mapping[str, Any]) -> tuple[int, ...]:
    """All seeds of a run, in order; none if it uses no random numbers.

    >>> seeds(recorded("moons")), seeds(recorded("bilinear-game"))
    ((0, 1, 2), ())
    """
    return tuple(sorted(set(_seeds(run["data"]))))


def _seeds(value: Any) -> Iterator[int]:
    if isinstance(value, Mapping):
        for key, inside in value.items():
            if key in ("seed", "seeds"):
                yield from [inside] if isinstance(inside, int) else inside
            else:
                yield from _seeds(inside)
    elif isinstance(value, list):
        for inside in value:
            yield from _seeds(inside)


def difference(one: Any, other: Any) -> float:
    """The largest relative difference of two runs' data, number by number; infinite where they differ in anything else.

    >>> difference({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}), difference([1], [1, 2])
    (0.2, inf)
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
        return max((difference(one[key], other[key]) for key in one), default=0.0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return max(map(difference, one, other), default=0.0)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return 0.0 if one == other else abs(one - other) / max(abs(one), abs(other))
    return 0.0 if one == other else math.inf


def write(run: Mapping[str, Any], folder: Path) -> Path:
    """Write a run as a JSON file of its name into a folder, and return its path. Raises ``OutputError``."""
    text = json.dumps(run, ensure_ascii=False, separators=(",", ":"))
    return write_output(folder / f"{run['name']}.json", text + "\n")


def _require(name: str) -> None:
    if name not in RECIPES:
        raise OptionError(f"there is no recipe {name!r}; known are {', '.join(RECIPES)}.{suggestion(name, RECIPES)}")


def main(names: list[str]) -> None:
    """Record these recipes, or all."""
    for name in names:
        _require(name)
    FOLDER.mkdir(exist_ok=True)
    for name in names or RECIPES:
        found = run(name)
        path = write(found, FOLDER)
        print(f"{name}: {found['seconds']} s, {path.stat().st_size / 1000:.1f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
