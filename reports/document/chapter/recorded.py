"""Long runs of the chapter: read from their recordings with command and seeds, or made anew and compared with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from numeric.learning.record import difference, recorded, run, seeds, write
from reports.document.catalogue import Catalogue
from reports.document.model import Code, Paragraph
from reports.document.phrases import phrase, scientific

USED = (
    "prototypes", "matrix-steps", "noisy-path", "redundancy", "zeroth-order", "score-variance", "balancing",
    "bilinear-game", "moons", "example-net", "digits-net",
)  # fmt: skip

Runs = Mapping[str, Mapping[str, Any]]


def rerun(folder: Path, say: Callable[[str], None], prose: Catalogue) -> Runs:
    """Every run of the chapter made anew, written into ``folder``; ``say`` is told of each what came out.

    Raises ``OutputError`` where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for number, name in enumerate(USED, start=1):
        before = recorded(name)
        fields = {"number": number, "count": len(USED), "name": name}
        say(prose("recorded.begins", **fields, seconds=before["seconds"]))
        made[name] = run(name)
        path = write(made[name], folder)
        say(
            prose("recorded.ended", **fields, seconds=made[name]["seconds"], path=path)
            + " "
            + _compared(made[name], prose)
        )
    return made


def provenance(name: str, runs: Runs, prose: Catalogue) -> Paragraph:
    """The command, seeds, versions and seconds of a run, and how it compares with the recording if it was made anew."""
    shown = runs.get(name) or recorded(name)
    numbers = seeds(shown)
    fields = {
        "command": Code(shown["command"]),
        "seeds": ", ".join(map(str, numbers)),
        "versions": ", ".join(f"{key} {value}" for key, value in _titled(shown["versions"]).items()),
        "seconds": str(shown["seconds"]),
    }
    said = phrase(prose, "recorded.seeded" if numbers else "recorded.sure", **fields)
    if name not in runs:
        return Paragraph(said)
    found = difference(runs[name]["data"], recorded(name)["data"])
    again = phrase(prose, _outcome(found), difference=scientific(found) if 0 < found < float("inf") else "")
    return Paragraph([*said, " ", *again])


def _titled(versions: Mapping[str, str]) -> dict[str, str]:
    names = {"python": "Python", "numpy": "NumPy"}
    return {names.get(key, key): value for key, value in versions.items()}


def _compared(made: Mapping[str, Any], prose: Catalogue) -> str:
    found = difference(made["data"], recorded(made["name"])["data"])
    return prose(_outcome(found), difference=f"{found:.1e}")


def _outcome(found: float) -> str:
    return f"recorded.{'same' if found == 0 else 'close' if found < float('inf') else 'other'}"
