"""The ids that links point to: given ones kept, missing ones made from titles, all different."""

from __future__ import annotations

import re
import unicodedata

from reports.document.model import Section, Step, Steps, plain


class Anchors:
    """Gives out ids in reading order.

    >>> anchors = Anchors()
    >>> anchors.section(Section("Loss & cost", [])), anchors.section(Section("Loss, cost", []))
    ('loss-cost', 'loss-cost-2')
    """

    def __init__(self):
        self.taken: set[str] = set()

    def unique(self, wanted: str) -> str:
        name, number = wanted, 1
        while name in self.taken:
            number += 1
            name = f"{wanted}-{number}"
        self.taken.add(name)
        return name

    def section(self, section: Section) -> str:
        return self.unique(anchor(section.id or plain(section.title)) or "section")

    def steps(self, steps: Steps) -> str:
        return self.unique(anchor(steps.id) or "steps")

    def given(self, identifier: str) -> str:
        """The anchor of a formula or a figure, or "" where it has no id."""
        return self.unique(anchor(identifier)) if identifier else ""


def step_anchor(steps: str, step: Step | int) -> str:
    """The id of a step, from that of its ``Steps``."""
    return f"{steps}-{step.number if isinstance(step, Step) else step}"


def anchor(words: str) -> str:
    """Words as an id: ASCII letters, digits and hyphens.

    >>> anchor("Perché σ(z)?")
    'perche-z'
    """
    ascii_only = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9_]+", "-", ascii_only.lower()).strip("-")[:60].strip("-")
