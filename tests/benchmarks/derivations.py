"""CPU seconds from a program to its derivation, code, formulas and report.

    python -m tests.benchmarks.derivations [NAME …] [--report] [--json FILE]

NAME is a model of the gallery or one of the programs that are written out in NumPy (all of them by default). Columns:
build the loss, derive its gradients, tell the steps, lower loss and gradients to NumPy code, write all steps as LaTeX in
three notations; with --report also a whole report as HTML, and its size. Each program has a process of its own, so that
nothing is remembered from another one.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("build", "derive", "present", "lower", "latex", "report")


def programs():
    """Builders of losses by name."""
    from symbolic.language.gallery import GALLERY
    from tests.benchmarks.written_out import PROGRAMS

    return {name: entry.build for name, entry in GALLERY.items()} | PROGRAMS


def measured(name, report):
    """CPU seconds of each part, how many steps there are, and with ``report`` the size of the page."""
    import numeric
    from reports.commands.models import Model
    from reports.document.derivation import report as report_of
    from reports.writers.html import html
    from symbolic import derive
    from symbolic.notation import STYLES, statement
    from symbolic.program.graph import leaves

    build, found, last = programs()[name], {}, time.process_time()

    def lap(part):
        nonlocal last
        now = time.process_time()
        found[part], last = now - last, now

    loss = build()
    lap("build")
    d = derive(loss)
    lap("derive")
    steps = d.steps
    lap("present")
    numeric.lambdify([t for t in leaves([loss]) if t.value is None], [loss, *(d.jacobian(w) for w in d.wrt)])
    lap("lower")
    latex = sum(len(statement(s, style)) for s in steps for style in STYLES)
    lap("latex")
    found |= {"steps": len(steps), "letters": latex}
    if report:
        last = time.process_time()
        page = html(report_of(Model(name, name, build())))
        lap("report")
        found["bytes"] = len(page.encode())
    return found


def main():
    """Measure, print a table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    known = programs()
    for name in options.names:
        if name not in known:
            parser.error(f"there is no program {name!r}; there are {', '.join(known)}")
    if options.one:
        print(json.dumps(measured(options.names[0], options.report)))
        return
    rows = {}
    print(f"{'CPU seconds':<22}" + "".join(f"{c:>9}" for c in COLUMNS) + f"{'steps':>9}{'page kB':>9}")
    for name in options.names or known:
        command = [sys.executable, "-m", __spec__.name, name, "--one", *(["--report"] if options.report else [])]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if run.returncode:
            print(f"{name:<22} {run.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        found = rows[name] = json.loads(run.stdout.splitlines()[-1])
        cells = "".join(f"{found[c]:>9.2f}" if c in found else f"{'–':>9}" for c in COLUMNS)
        size = f"{found['bytes'] / 1000:>9.0f}" if "bytes" in found else f"{'–':>9}"
        print(f"{name:<22}{cells}{found['steps']:>9}{size}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
