"""Reads the corpus: functions as they are, and with one mistake planted in the text."""

from __future__ import annotations

import importlib.util
import itertools
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
_loaded = itertools.count()


@dataclass(frozen=True)
class Entry:
    """A function of the corpus; with ``old`` and ``new``, the mistake that is planted in it, and what it may be called."""

    file: str
    backward: str
    forward: str
    old: str = ""
    new: str = ""
    labels: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The source, with the mistake."""
        source = (FOLDER / f"{self.file}.py").read_text()
        if not self.old:
            return source
        start, end = bounds(source, self.backward)
        body = source[start:end]
        assert body.count(self.old) >= 1, f"{self.backward}: {self.old!r} is not there"
        return source[:start] + body.replace(self.old, self.new, 1) + source[end:]

    @property
    def needs_torch(self) -> bool:
        """Whether its functions are written for PyTorch: defined where that is installed, or naming it."""
        source = (FOLDER / f"{self.file}.py").read_text()
        for name in (self.backward, self.forward):
            if name != "none":
                start, end = bounds(source, name)
                if source[start - 1] == " " or "torch." in source[start:end]:
                    return "." not in name
        return False

    @property
    def line(self) -> int:
        """The line of the mistake."""
        source = (FOLDER / f"{self.file}.py").read_text()
        start, _ = bounds(source, self.backward)
        return source[: source.index(self.old, start)].count("\n") + 1

    def load(self, folder: Path):
        """The module."""
        path = folder / f"{self.file}_{next(_loaded)}.py"
        path.write_text(self.text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def subject(self, folder: Path):
        """The backward function or class and the forward function or None."""
        module = self.load(folder)
        return getattr(module, self.backward.split(".")[0]), getattr(module, self.forward, None)


def bounds(source: str, name: str) -> tuple[int, int]:
    """Where the function or class (or method, ``Name.backward``) stands in the text."""
    start = 0
    end = len(source)
    for part in name.split("."):
        heads = [f"def {part}(", f"class {part}(", f"class {part}:"]
        start = next(source.index(h, start) for h in heads if h in source[start:])
    indent = len(source[:start]) - len(source[:start].rstrip(" "))
    for word in ("\ndef ", "\nclass ", "\nif ", "\n@") if not indent else ("\n    def ", "\ndef ", "\nclass "):
        at = source.find(word, start)
        end = min(end, at) if at > 0 else end
    return start, end


def entries(*names: str) -> list[Entry]:
    """The functions of the given files (all but those held back, if none are given), each as it is and with each mistake."""
    found = []
    for path in sorted(FOLDER.glob("*.mistakes")):
        if (names and path.stem not in names) or (not names and path.stem.startswith("held")):
            continue
        entry = None
        for line in path.read_text().splitlines():
            if not line.strip() or line.startswith("#"):
                continue
            if " -> " in line and "|" not in line:
                back, _, ahead = line.partition(" -> ")
                entry = Entry(path.stem, back.strip(), ahead.strip())
                found.append(entry)
            else:
                old, new, labels = (part.strip() for part in line.split(" | "))
                found.append(
                    Entry(
                        entry.file, entry.backward, entry.forward, old, new, tuple(x.strip() for x in labels.split(","))
                    )
                )
    return found
