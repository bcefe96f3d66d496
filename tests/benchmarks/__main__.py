"""Times of chainrule against PyTorch and JAX on one machine, as ratios in one run.

    python -m tests.benchmarks [--rounds 7] [--json FILE] [l18] [hessians] [structured] [start]

The group ``structured`` compares structured arrays with the dense arrays of the others. Each peer runs in its own process with one thread; the processes take turns, and the medians of their turns are compared.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("chainrule", "torch", "jax")
GROUPS = {
    "l18": [("l18", 1), ("l18", 32), ("l18", 256)],
    "hessians": [("logistic", 0), ("factorisation", 0), ("quadratic", 0), ("logsumexp", 0)],
    "structured": [
        (f"structured-{task}", 0) for task in ("factorisation", "logsumexp", "softplus", "tanh", "convolution")
    ],
}
# What the figures should stay below, as a ratio to a peer.
GOALS = {
    ("l18", 1): ("torch", 0.2),
    ("l18", 32): ("torch", 0.35),
    ("l18", 256): ("torch", 0.7),
    ("logistic", 0): ("jax", 0.5),
    ("factorisation", 0): ("jax", 0.02),
    ("quadratic", 0): ("jax", 1.0),
    ("logsumexp", 0): ("jax", 1.0),
    ("structured-factorisation", 0): ("jax", 0.01),
    ("structured-logsumexp", 0): ("jax", 0.1),
    ("structured-softplus", 0): ("jax", 0.1),
    ("structured-tanh", 0): ("jax", 0.1),
    ("structured-convolution", 0): ("jax", 0.1),
}
START = {
    "chainrule": """
from tests.benchmarks.peers import chainrule
chainrule("l18", 32)()
""",
    "jax": """
from tests.benchmarks.peers import jax
jax("l18", 32)()
""",
}


def start(name, task, size):
    """A peer's process, warmed up."""
    command = [sys.executable, "-m", "tests.benchmarks.peers", name, task, str(size)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def compare(task, size, rounds):
    """Median times in µs by peer, the peers taking turns."""
    processes = {name: start(name, task, size) for name in PEERS}
    times = {name: [] for name in PEERS}
    try:
        for process in processes.values():
            if process.stdout.readline().strip() != "ready":
                raise SystemExit("a peer failed to start; its message is above")
        for _ in range(rounds):
            for name, process in processes.items():
                process.stdin.write("go\n")
                process.stdin.flush()
                times[name].append(float(process.stdout.readline()))
    finally:
        for process in processes.values():
            process.stdin.close()
            process.wait(timeout=20)
            process.stdout.close()
    return {name: statistics.median(values) for name, values in times.items()}


def first_steps(rounds):
    """Seconds from the start of Python to the end of the first training step, by peer."""
    found = {name: [] for name in START}
    for _ in range(rounds):
        for name, code in START.items():
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
            found[name].append(time.perf_counter() - begin)
    return {name: statistics.median(values) for name, values in found.items()}


def main():
    """Run the groups that are asked for, print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("groups", nargs="*", help="l18, hessians, structured, start (all of them by default)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    groups = options.groups or [*GROUPS, "start"]
    rows = []
    load = os.getloadavg()[0]
    print(f"load {load:.1f} on {os.cpu_count()} cores, one thread each, medians of {options.rounds} turns")
    print(f"{'task':<26}{'chainrule':>12}{'torch':>12}{'jax':>12}   ratio to torch, jax   goal")
    for task, size in [pair for group in groups for pair in GROUPS.get(group, [])]:
        times = compare(task, size, options.rounds)
        peer, goal = GOALS[task, size]
        ratio = {name: times["chainrule"] / times[name] for name in ("torch", "jax")}
        label = f"{task} {size}" if size else task
        cells = "".join(f"{times[name]:>12.1f}" for name in PEERS)
        met = "met" if ratio[peer] <= goal else "missed"
        print(
            f"{label:<26}{cells}   {ratio['torch']:>8.3f} {ratio['jax']:>8.3f}      {goal} of {peer}: {met}", flush=True
        )
        rows.append({"task": task, "size": size, "microseconds": times, "ratio": ratio, "goal": [peer, goal]})
    if "start" in groups:
        times = first_steps(max(3, options.rounds // 2))
        ratio = times["chainrule"] / times["jax"]
        print(
            f"first step, seconds: chainrule {times['chainrule']:.2f}, jax {times['jax']:.2f}, ratio {ratio:.2f} (goal 1.0)"
        )
        rows.append({"task": "start", "seconds": times, "ratio": {"jax": ratio}, "goal": ["jax", 1.0]})
    if options.json:
        options.json.write_text(json.dumps({"load": load, "cores": os.cpu_count(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
