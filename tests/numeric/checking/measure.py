"""``python -m tests.numeric.checking.measure [FILE[:FUNCTION[:LINE]]…]``: how often code is judged, blamed and diagnosed rightly."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from numeric.checking import check_backward
from tests.numeric.checking.corpus.reading import entries


def measured(names: list[str], say: bool = True) -> dict[str, float]:
    """The rates on the corpus."""
    n = dict.fromkeys(["right", "accused", "planted", "passed", "line", "label", "open", "proved", "slow"], 0)
    longest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for e in entries(*(n.partition(":")[0] for n in names)):
            wanted = [n for n in names if n.partition(":")[0] == e.file]
            if wanted and not any(
                ":" not in n or f"{e.backward}:{e.line if e.old else 0}".startswith(n.partition(":")[2]) for n in wanted
            ):
                continue
            begin = time.process_time()
            back, ahead = e.subject(Path(folder))
            try:
                verdict = check_backward(back, ahead)
                status, culprits = verdict.status, verdict.culprits
            except Exception as error:
                status, culprits = f"{type(error).__name__}: {error}", ()
            spent = time.process_time() - begin
            longest = max(longest, spent)
            good = status in ("proved", "agrees")
            wrong = status in ("refuted", "shape")
            n["open"] += not good and not wrong
            if not e.old:
                n["right"] += 1
                n["accused"] += wrong
                n["proved"] += status == "proved"
                if say and not good:
                    print(
                        f"RIGHT  {e.file}:{e.backward}: {status}",
                        [str(o.evidence)[:90] for o in getattr(verdict, "outputs", ())] if wrong else "",
                    )
                continue
            n["planted"] += 1
            n["passed"] += good
            at_line = bool(culprits) and e.line in [c.line for c in culprits]
            label = at_line and any(c.line == e.line and c.label in e.labels for c in culprits)
            n["line"] += at_line
            n["label"] += label
            n["slow"] += spent > 5
            if say and not (at_line and label):
                said = [(c.line, c.label or "no label", c.repair) for c in culprits]
                print(
                    f"{'LINE ' if not at_line else 'LABEL'} {e.file}:{e.backward}:{e.line} {e.old!r} -> {e.new!r} {e.labels}: {status[:150]} {said} {spent:.1f}s"
                )
    n["longest"] = round(longest, 1)
    return n


if __name__ == "__main__":
    begin = time.time()
    found = measured(sys.argv[1:])
    p = found["planted"] or 1
    print(found, f"line {found['line'] / p:.0%} label {found['label'] / p:.0%} wall {time.time() - begin:.0f}s")
