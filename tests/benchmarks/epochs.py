"""Whole epochs of stochastic descent: chainrule's two back ends against PyTorch and JAX, each as a user would run it.

    python -m tests.benchmarks.epochs [--rounds 7] [--threads 1 2] [--model example-net gpt] [--batch 32]
        [--start 3] [--json FILE]

Every peer has a process of its own; they take turns, and medians are compared. An epoch visits the samples in a random
order, gathers each batch, and takes a step of plain gradient descent in float32: loss, gradients and update. Peers are
PyTorch eager, torch.compile, a jitted JAX step, and JAX with lax.scan over the epoch. All start from the same parameters
and samples, and the mean loss of the first epoch must agree. A turn is one epoch that is not timed, because the others have
had the caches and the processor may have slept, then epochs for at least 50 ms. Also printed: each process's peak memory,
and seconds from the start of Python to the end of the first step (cold and warm cache).
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.nets import data, jax_loss, parameters, torch_loss

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("numpy", "numba", "torch", "torch.compile", "jax.jit", "jax.scan")
OURS = ("numpy", "numba")
STEPS = {1: 512, 32: 64, 64: 32, 256: 16}
BATCHES = {"example-net": (1, 32, 256), "conv-net": (1, 32, 256), "gpt-sort": (32, 64), "gpt": (32,)}
RATE = 1e-3
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
TURN = 0.05  # Seconds at least that a turn is timed.
CLOSE = 1e-3  # Relative difference of losses after an epoch in float32.


# -- what each peer runs -------------------------------------------------------------------------------------------------


def ours(backend, model, batch):
    """chainrule: the gallery's model, one call for an epoch."""
    import numpy as np

    import numeric
    from symbolic.language.gallery import GALLERY

    step = numeric.training_step(GALLERY[model].build(), learning_rate=RATE, backend=backend, dtype="float32")
    given, arrays = parameters(model), data(model, batch * STEPS[batch])
    rng = np.random.default_rng(1)
    return lambda: step.epoch(given, arrays, batch, rng)


def with_torch(compiled, model, batch):
    """PyTorch, eager or compiled."""
    import numpy as np
    import torch as t

    t.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    arrays = {k: t.tensor(a) for k, a in data(model, batch * STEPS[batch]).items()}
    p = {k: t.tensor(a, requires_grad=True) for k, a in parameters(model).items()}
    samples = batch * STEPS[batch]

    def value(p, rows):
        return torch_loss(t, model, p, rows)

    value = t.compile(value) if compiled else value
    rng = np.random.default_rng(1)

    def epoch():
        order, total = t.tensor(rng.permutation(samples)), 0.0
        for first in range(0, samples, batch):
            rows = order[first : first + batch]
            loss = value(p, {k: a[rows] for k, a in arrays.items()})
            gradients = t.autograd.grad(loss, list(p.values()))
            with t.no_grad():
                for w, g in zip(p.values(), gradients, strict=True):
                    w.sub_(g, alpha=RATE)
            total += loss.item()
        return total / STEPS[batch]

    return epoch


def with_jax(scan, model, batch):
    """JAX: a jitted step for each batch, or one compiled scan over the epoch."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    arrays = {k: jnp.asarray(a) for k, a in data(model, batch * STEPS[batch]).items()}

    def value(p, rows):
        return jax_loss(jax, model, p, rows)

    def step(p, rows):
        loss, g = jax.value_and_grad(value)(p, {k: a[rows] for k, a in arrays.items()})
        return {k: p[k] - RATE * g[k] for k in p}, loss

    state = [{k: jnp.asarray(a) for k, a in parameters(model).items()}]
    rng = np.random.default_rng(1)
    samples = batch * STEPS[batch]
    whole = jax.jit(lambda p, order: jax.lax.scan(step, p, order), donate_argnums=0)
    single = jax.jit(step, donate_argnums=0)

    def epoch():
        order = jnp.asarray(rng.permutation(samples).reshape(-1, batch))
        if scan:
            state[0], losses = whole(state[0], order)
            return losses.block_until_ready()
        losses = []
        for rows in order:
            state[0], loss = single(state[0], rows)
            losses.append(loss)
        losses[-1].block_until_ready()
        return losses

    return epoch


def runner(peer, model, batch):
    """The function that runs one epoch for a peer."""
    if peer in OURS:
        return ours(peer, model, batch)
    kind, variant = peer.split(".") if "." in peer else (peer, "")
    return (
        with_torch(variant == "compile", model, batch) if kind == "torch" else with_jax(variant == "scan", model, batch)
    )


# -- the turns -----------------------------------------------------------------------------------------------------------


def serve(peer, model, batch, clock):
    """Warm up, then answer each line with µs per step, at last with peak memory in MB."""
    import numpy as np

    run = runner(peer, model, batch)
    first = np.mean(np.asarray(run()))
    run()
    print("ready", float(first), flush=True)
    for _ in sys.stdin:
        run()
        epochs, begin, start = 0, CLOCKS[clock](), time.perf_counter()
        while not epochs or time.perf_counter() - start < TURN:
            run()
            epochs += 1
        print(1e6 * (CLOCKS[clock]() - begin) / (epochs * STEPS[batch]), flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def environment(threads, **more):
    """One BLAS, with so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    flags = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} intra_op_parallelism_threads={threads}"
    return {**os.environ, **dict.fromkeys(names, str(threads)), "XLA_FLAGS": flags, **more}


def compare(model, batch, rounds, threads, peers, clock):
    """µs per step and MB of peak memory by peer; a peer that cannot run is left out."""
    found = {}
    for peer in peers:
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.epochs",
            "--serve",
            peer,
            model,
            str(batch),
            "--clock",
            clock,
        ]
        found[peer] = subprocess.Popen(
            command, cwd=ROOT, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
    try:
        first = {peer: p.stdout.readline().split() for peer, p in found.items()}
        running = {peer: p for peer, p in found.items() if first[peer][:1] == ["ready"]}
        agree(model, batch, {peer: float(first[peer][1]) for peer in running})
        times = {peer: [] for peer in running}
        for _ in range(rounds):
            for peer, process in running.items():
                process.stdin.write("go\n")
                process.stdin.flush()
                times[peer].append(float(process.stdout.readline()))
    finally:
        for process in found.values():
            process.stdin.close()
    memory = {peer: float(process.stdout.readline()) for peer, process in running.items()}
    for process in found.values():
        process.wait(timeout=60)
        process.stdout.close()
    return {peer: statistics.median(values) for peer, values in times.items()}, memory


def agree(model, batch, losses):
    """Stop if the peers have not computed the same."""
    values = losses.values()
    if values and not max(values) - min(values) <= CLOSE * abs(statistics.median(values)):
        raise SystemExit(f"{model}, batch {batch}: the losses of the first epoch differ: {losses}")


def spent(clock):
    """Seconds on the wall, or of processor time by the processes that have ended."""
    if clock == "wall":
        return time.perf_counter()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def first_step(peer, model, threads, cache, clock):
    """Seconds from the start of Python to the end of the first epoch of one step."""
    code = f"from tests.benchmarks import epochs as e; e.STEPS[32] = 1; e.runner({peer!r}, {model!r}, 32)()"
    begin = spent(clock)
    settings = {"CHAINRULE_CACHE_DIR": cache, "TORCHINDUCTOR_CACHE_DIR": cache}
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(threads, **settings),
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return spent(clock) - begin


def table(threads, options):
    """Times of all rows with so many threads, printed as they come."""
    print(
        f"\nµs a step and MB at peak, {threads} thread(s), load {os.getloadavg()[0]:.1f}, medians of {options.rounds} turns"
    )
    print(
        f"{'model':<12}{'batch':>6}" + "".join(f"{p:>16}" for p in options.peers) + "   best of ours / best peer, eager"
    )
    rows = []
    for model in options.model:
        for batch in options.batch or BATCHES[model]:
            times, memory = compare(model, batch, options.rounds, threads, options.peers, options.clock)
            missing = float("nan")
            mine = min((times[p] for p in OURS if p in times), default=missing)
            best = min((v for p, v in times.items() if p not in OURS), default=missing)
            cells = "".join(
                f"{times[p]:>11.1f} {memory[p]:>4.0f}" if p in times else f"{'–':>16}" for p in options.peers
            )
            print(
                f"{model:<12}{batch:>6}{cells}   {mine / best:.2f}, {mine / times.get('torch', missing):.2f}",
                flush=True,
            )
            rows.append(
                {
                    "model": model,
                    "batch": batch,
                    "threads": threads,
                    "clock": options.clock,
                    "microseconds": times,
                    "megabytes": memory,
                }
            )
    return rows


def starts(options):
    """Times to the first step, with an empty cache and with the one that this leaves: medians of turns."""
    rows = []
    for model in options.model:
        found = {state: {p: [] for p in options.peers} for state in ("cold", "warm")}
        for _ in range(options.start):
            with tempfile.TemporaryDirectory() as cache:
                for times in found.values():
                    for peer in options.peers:
                        times[peer].append(first_step(peer, model, 1, cache, options.clock))
        for state, times in found.items():
            seconds = {p: statistics.median(values) for p, values in times.items()}
            shown = ", ".join(f"{p} {s:.2f}" for p, s in seconds.items())
            print(f"first step of {model}, {state} cache, s: {shown}", flush=True)
            rows.append({"first step": state, "model": model, "seconds": seconds})
    return rows


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--model", nargs="*", default=list(BATCHES), choices=list(BATCHES))
    parser.add_argument("--batch", type=int, nargs="*", choices=list(STEPS), help="as suits the model unless given")
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=PEERS)
    parser.add_argument("--clock", choices=list(CLOCKS), default="wall", help="cpu, on a machine that others use")
    parser.add_argument("--start", type=int, default=0, help="also time the first step, cold and warm, so many times")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], options.serve[1], int(options.serve[2]), options.clock)
        return
    rows = [row for threads in options.threads for row in table(threads, options)]
    if options.start:
        rows += starts(options)
    if options.json:
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
