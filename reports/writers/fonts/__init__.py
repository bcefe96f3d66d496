"""A subset of STIX Two Math (SIL Open Font License, see OFL.txt), for embedding in pages.

Without a mathematical font browsers draw braces, radicals and accents wrongly, and most machines have none. The file
``stix-two-math-subset.woff2`` was made from the package ``@fontsource/stix-two-math`` 5.3.0 of the npm registry, with
fonttools and brotli::

    npm pack @fontsource/stix-two-math@5.3.0 && tar xzf fontsource-stix-two-math-5.3.0.tgz
    python reports/writers/fonts/subset.py package/files/stix-two-math-latin-400-normal.woff2
"""

from __future__ import annotations

import base64
import functools
from pathlib import Path

SUBSET = Path(__file__).parent / "stix-two-math-subset.woff2"


@functools.cache
def embedded() -> str:
    """The font as a ``data:`` address."""
    return "data:font/woff2;base64," + base64.b64encode(SUBSET.read_bytes()).decode()
