"""Whole epochs of stochastic descent: chainrule's two back ends against PyTorch and JAX, each as a user would run it.

    python -m tests.benchmarks.epochs [--rounds 7] [--threads 1 2] [--model example-net conv-net] [--json FILE]

Every peer has a process of its own; they take turns, and medians are compared. An epoch visits the samples in a random
order, gathers each batch, and takes a step of plain gradient descent in float32: loss, gradients and update. Peers are
PyTorch eager, torch.compile, a jitted JAX step, and JAX with lax.scan over the epoch. Also printed: seconds from the start
of Python to the end of the first step (cold and warm cache), and each process's peak memory.
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

ROOT = Path(__file__).resolve().parents[2]
PEERS = ("numpy", "numba", "torch", "torch.compile", "jax.jit", "jax.scan")
STEPS = {1: 512, 32: 64, 256: 16}
RATE = 1e-3


def data(model, samples):
    """Inputs and targets by tensor name, float32."""
    import numpy as np

    rng = np.random.default_rng(0)
    if model == "example-net":
        return {
            "image": rng.normal(size=(samples, 3, 10, 20)).astype("f"),
            "y": rng.normal(size=(samples, 10)).astype("f"),
        }
    return {"x": rng.normal(size=(samples, 1, 8, 8)).astype("f"), "t": rng.integers(0, 10, samples)}


def parameters(model):
    """Initial parameters, the same for every peer."""
    from numeric.training.initial import initial_parameters
    from symbolic.language.gallery import GALLERY

    return initial_parameters(GALLERY[model].build(), seed=0, dtype="float32")


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


def torch_loss(t, model, p, batch):
    """The models in PyTorch's own functions."""
    f = t.nn.functional
    if model == "example-net":
        h = batch["image"].flatten(1)
        for k in (1, 2):
            h = t.relu(f.linear(h, p[f"W_{k}"], p[f"b_{k}"]))
        return ((f.linear(h, p["W_3"], p["b_3"]) - batch["y"]) ** 2).sum(1).mean()
    names = list(p)
    h = batch["x"]
    for k in range(0, len(names) - 2, 2):
        h = f.max_pool2d(t.relu(f.conv2d(h, p[names[k]], p[names[k + 1]], padding=PADDING)), 2)
    return f.cross_entropy(f.linear(h.flatten(1), p[names[-2]], p[names[-1]]), batch["t"])


PADDING = 1


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
        return total

    return epoch


def with_jax(scan, model, batch):
    """JAX: a jitted step for each batch, or one compiled scan over the epoch."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    arrays = {k: jnp.asarray(a) for k, a in data(model, batch * STEPS[batch]).items()}
    names = list(parameters(model))

    def value(p, rows):
        if model == "example-net":
            h = rows["image"].reshape(rows["image"].shape[0], -1)
            for k in (1, 2):
                h = jax.nn.relu(h @ p[f"W_{k}"].T + p[f"b_{k}"])
            return ((h @ p["W_3"].T + p["b_3"] - rows["y"]) ** 2).sum(1).mean()
        h = rows["x"]
        for k in range(0, len(names) - 2, 2):
            h = jax.lax.conv(h, p[names[k]], (1, 1), "SAME") + p[names[k + 1]][:, None, None]
            h = jax.lax.reduce_window(jax.nn.relu(h), -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        z = jax.nn.log_softmax(h.reshape(h.shape[0], -1) @ p[names[-2]].T + p[names[-1]])
        return -jnp.take_along_axis(z, rows["t"][:, None], 1).mean()

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
        return losses[-1].block_until_ready()

    return epoch


def runner(peer, model, batch):
    """The function that runs one epoch for a peer."""
    if peer in ("numpy", "numba"):
        return ours(peer, model, batch)
    kind, variant = peer.split(".") if "." in peer else (peer, "")
    return (
        with_torch(variant == "compile", model, batch) if kind == "torch" else with_jax(variant == "scan", model, batch)
    )


# -- the turns -----------------------------------------------------------------------------------------------------------


def serve(peer, model, batch):
    """Warm up, then answer each line with µs per step, at last with peak memory in MB."""
    run = runner(peer, model, batch)
    run()
    run()
    print("ready", flush=True)
    for _ in sys.stdin:
        begin = time.perf_counter()
        run()
        print(1e6 * (time.perf_counter() - begin) / STEPS[batch], flush=True)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)


def environment(threads, **more):
    """One BLAS, with so many threads."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    flags = f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} intra_op_parallelism_threads={threads}"
    return {**os.environ, **dict.fromkeys(names, str(threads)), "XLA_FLAGS": flags, **more}


def compare(model, batch, rounds, threads, peers):
    """µs per step and MB of peak memory by peer; a peer that cannot run is left out."""
    found = {}
    for peer in peers:
        command = [sys.executable, "-m", "tests.benchmarks.epochs", "--serve", peer, model, str(batch)]
        found[peer] = subprocess.Popen(
            command, cwd=ROOT, env=environment(threads), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
    running = {peer: p for peer, p in found.items() if p.stdout.readline().strip() == "ready"}
    times = {peer: [] for peer in running}
    for _ in range(rounds):
        for peer, process in running.items():
            process.stdin.write("go\n")
            process.stdin.flush()
            times[peer].append(float(process.stdout.readline()))
    memory = {}
    for peer, process in running.items():
        process.stdin.close()
        memory[peer] = float(process.stdout.readline())
        process.wait(timeout=60)
    return {peer: statistics.median(values) for peer, values in times.items()}, memory


def first_step(peer, threads, cache):
    """Seconds from the start of Python to the end of the first epoch of one step."""
    code = f"from tests.benchmarks import epochs as e; e.STEPS[32] = 1; e.runner({peer!r}, 'example-net', 32)()"
    begin = time.perf_counter()
    settings = {"CHAINRULE_CACHE_DIR": cache, "TORCHINDUCTOR_CACHE_DIR": cache}
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment(threads, **settings),
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - begin


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--model", nargs="*", default=["example-net", "conv-net"])
    parser.add_argument("--batch", type=int, nargs="*", default=list(STEPS))
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--start", action="store_true", help="also time the first step, cold and warm")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], options.serve[1], int(options.serve[2]))
        return
    rows = []
    for threads in options.threads:
        print(f"\nµs a step, {threads} thread(s), load {os.getloadavg()[0]:.1f}, medians of {options.rounds} turns")
        print(f"{'model':<14}{'batch':>6}" + "".join(f"{p:>15}" for p in options.peers) + "   best of ours / best peer")
        for model in options.model:
            for batch in options.batch:
                times, memory = compare(model, batch, options.rounds, threads, options.peers)
                mine = min((times[p] for p in ("numpy", "numba") if p in times), default=float("nan"))
                best = min((v for p, v in times.items() if p not in ("numpy", "numba")), default=float("nan"))
                cells = "".join(f"{times[p]:>15.1f}" if p in times else f"{'–':>15}" for p in options.peers)
                print(f"{model:<14}{batch:>6}{cells}   {mine / best:.2f}", flush=True)
                rows.append(
                    {"model": model, "batch": batch, "threads": threads, "microseconds": times, "megabytes": memory}
                )
    if rows:
        print("\npeak memory, MB: " + ", ".join(f"{p} {m:.0f}" for p, m in rows[-1]["megabytes"].items()))
    if options.start:
        with tempfile.TemporaryDirectory() as cache:
            for state in ("cold", "warm"):
                found = {p: first_step(p, 1, cache) for p in options.peers}
                print(
                    f"first step, {state} cache, s: " + ", ".join(f"{p} {s:.2f}" for p, s in found.items()), flush=True
                )
                rows.append({"first step": state, "seconds": found})
    if options.json:
        options.json.write_text(json.dumps({"cores": os.cpu_count(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
