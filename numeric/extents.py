"""Sizes of axes as people write them: ``n``, ``3``, ``4*h``, ``h + d``."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping

_SUM = re.compile(r"\w+(\s*[*+]\s*\w+)*\Z")
_NAME = re.compile(r"[A-Za-z_]\w*")


def is_extent(text: str) -> bool:
    """Whether a text is a size: names and whole numbers, multiplied and added.

    >>> [is_extent(t) for t in ("n", "3", "4*h", "h+d", "n-1", "f(n)")]
    [True, True, True, True, False, False]
    """
    return _SUM.match(text) is not None and all(part.isdigit() or _NAME.fullmatch(part) for part in _parts(text))


def names_in(text: str) -> list[str]:
    """The names of a size.

    >>> names_in("3*h + d")
    ['h', 'd']
    """
    return _NAME.findall(text)


def size_of(text: str, sizes: Mapping[str, int]) -> int:
    """The number that a size is.

    >>> size_of("3*h + d", {"h": 4, "d": 5})
    17
    """
    total = 0
    for term in text.split("+"):
        product = 1
        for part in term.split("*"):
            part = part.strip()
            product *= int(part) if part.isdigit() else sizes[part]
        total += product
    return total


def renamed(text: str, new: Mapping[str, str]) -> str:
    """The size with other names; what is put into a product must be a name or a number."""
    return _NAME.sub(lambda m: new.get(m[0], m[0]), text)


def composed(names: Mapping[str, int]) -> Iterator[tuple[str, int]]:
    """Sizes that are made of others, with their numbers: sums and products of two, twice to four times one."""
    for a, b in itertools.combinations(names, 2):
        yield f"{a}+{b}", names[a] + names[b]
    for a in names:
        for k in (2, 3, 4):
            yield f"{k}*{a}", k * names[a]
    for a, b in itertools.combinations(names, 2):
        yield f"{a}*{b}", names[a] * names[b]


def _parts(text: str) -> list[str]:
    return [p.strip() for p in re.split(r"[*+]", text)]
