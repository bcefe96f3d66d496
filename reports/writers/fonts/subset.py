"""Make the subset of STIX Two Math that pages embed (needs fonttools and brotli; run at development time only).

The glyphs that fences, radicals, braces and accents grow into come along by themselves: the subsetter follows the
MATH table. The radical sign must be asked for, since no text of a formula mentions it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

RANGES = (
    "0020-007E",  # ASCII
    "00A0,00A7,00AC,00B0-00B3,00B7,00D7,00E0,00E8,00E9,00EC,00F2,00F7,00F9,0131,0237",
    "00A8,00AF,00B4,02C6,02C7,02D8-02DA,02DC,0302,0303,0338,20D7,20DB",  # accents
    "0391-03A1,03A3-03A9,03B1-03C9,03D1,03D5,03D6,03F0,03F1,03F5",  # Greek
    "2009,2013,2014,2016,2018,2019,2020,2022,2026,2032-2034,2057,2061",
    "210A,210B,2110,2112,211B,212C,2130,2131,2133,212F,2134,210E,2102,210D,2115,2119,211A,211D,2124,2113,210F",
    "2190-2195,21A6,21D0-21D4,21CC,27F5-27FA,27FC",  # arrows
    "2200-2212,2213,2216-222B,222C,222D,2234,2237,223C,2243,2245,2248,2254,225C,2260,2261,2264,2265,226A,226B",
    "221A,221D,221E,2282,2283,2286,2287,2295-2299,229B,22A4,22A5,22C0-22C6,22EE-22F1,2308-230B",
    "23B4,23B5,23DC-23DF,25A0,25A1,2605,27E8,27E9,2A00-2A02",
    "1D400-1D433",  # bold
    "1D434-1D467",  # italic
    "1D468-1D49B",  # bold italic
    "1D49C-1D4B5",  # script capitals
    "1D538-1D56B",  # double-struck
    "1D5A0-1D5B9",  # sans-serif capitals
    "1D6A4,1D6A5,1D6A8-1D6E1,1D6E2-1D71B,1D71C-1D755",  # Greek: bold, italic, bold italic
    "1D7CE-1D7E1",  # digits
)


def main(source: str) -> None:
    target = Path(__file__).parent / "stix-two-math-subset.woff2"
    subprocess.run(  # noqa: S603  (our own arguments)
        [
            *(sys.executable, "-m", "fontTools.subset", source),
            f"--unicodes={','.join(RANGES)}",
            f"--output-file={target}",
            "--flavor=woff2",
            "--layout-features=ssty,ccmp,mark,mkmk,kern,dtls",  # ssty: primes and scripts drawn for their size
            "--no-hinting",
            "--desubroutinize",
            "--name-IDs=0,1,2,13,14",
        ],
        check=True,
    )
    print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1])
