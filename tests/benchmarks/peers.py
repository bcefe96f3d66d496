"""The same computations in PyTorch and JAX, each run in a process of its own.

    python -m tests.benchmarks.peers NAME TASK SIZE        reads "go" lines, prints one time in µs for each

The parent alternates between processes, so that a change of load meets all of them.
"""

import os

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")

import sys  # noqa: E402 - the numbers of threads are read when the libraries are loaded
import time  # noqa: E402

import numpy as np  # noqa: E402

STRUCTURED = "structured-"  # tasks whose result chainrule keeps compressed; the others compute the dense array
RATE = 1e-6  # Small, so that the numbers stay ordinary however long a peer runs.
LAYERS = ((60, 600), (40, 60), (10, 40))


def l18_arrays(size):
    """Parameters and a batch for the example net, float32."""
    rng = np.random.default_rng(0)
    parameters = []
    for shape in LAYERS:
        parameters.append((rng.normal(size=shape) * 0.05).astype("f"))
        parameters.append((rng.normal(size=shape[0]) * 0.05).astype("f"))
    return parameters, rng.normal(size=(size, 600)).astype("f"), rng.normal(size=(size, 10)).astype("f")


def logistic_arrays():
    """Data for the Hessian of logistic regression with n = 400, m = 800."""
    rng = np.random.default_rng(1)
    return rng.normal(size=(800, 400)) / 20, rng.normal(size=400), rng.choice([-1.0, 1.0], 800)


def factor_arrays():
    """Factors U (100×5), V (100×5) and the matrix that they approximate."""
    rng = np.random.default_rng(2)
    return rng.normal(size=(100, 5)), rng.normal(size=(100, 5)), rng.normal(size=(100, 100))


def quadratic_arrays():
    """A matrix and a vector, n = 2048."""
    rng = np.random.default_rng(3)
    return rng.normal(size=(2048, 2048)), rng.normal(size=2048)


def convolution_arrays():
    """A signal of 2000 numbers and a kernel of 9."""
    rng = np.random.default_rng(4)
    return rng.normal(size=2000), rng.normal(size=9)


# -- chainrule ---------------------------------------------------------------------------------------------------------


def chainrule(task, size):
    """A function that runs the task once."""
    import numeric
    from symbolic import compressed, hessian, jacobian, tensor

    kept, task = (compressed, task.removeprefix(STRUCTURED)) if task.startswith(STRUCTURED) else (lambda h: h, task)
    if task == "l18":
        loss = l18_loss()
        step = numeric.training_step(loss, learning_rate=RATE)
        parameters, x, y = l18_arrays(size)
        given = dict(zip(["W1", "b1", "W2", "b2", "W3", "b3"], parameters, strict=True))
        batch = {"x": x, "y": y}
        return lambda: step(given, batch)
    if task == "logistic":
        X, w, y = tensor("X", "m n"), tensor("w", "n", role="parameter"), tensor("y", "m")
        f = numeric.lambdify([X, w, y], hessian(np.sum(np.log(1 + np.exp(-y * (X @ w)))), w))
        arrays = logistic_arrays()
    elif task == "factorisation":
        U, V, M = tensor("U", "m k", role="parameter"), tensor("V", "n k"), tensor("M", "m n")
        f = numeric.lambdify([U, V, M], kept(hessian(np.sum((U @ V.T - M) ** 2), U)))
        arrays = factor_arrays()
    elif task == "quadratic":
        A, x = tensor("A", "n n"), tensor("x", "n", role="parameter")
        f = numeric.lambdify([A, x], hessian(x @ A @ x, x))
        arrays = quadratic_arrays()
    elif task == "logsumexp":
        x = tensor("x", "n", role="parameter")
        f = numeric.lambdify([x], kept(hessian(np.log(np.sum(np.exp(x))), x)))
        arrays = (quadratic_arrays()[1],)
    elif task in ("softplus", "tanh"):
        x = tensor("x", "n", role="parameter")
        f = numeric.lambdify(
            [x], kept(jacobian(np.tanh(x), x) if task == "tanh" else hessian(np.sum(np.logaddexp(0, x)), x))
        )
        arrays = (quadratic_arrays()[1],)
    elif task == "convolution":
        x, u = tensor("x", "n"), tensor("u", 9)
        f = numeric.lambdify([x, u], kept(jacobian(np.convolve(x, u, "valid"), x)))
        arrays = convolution_arrays()
    else:
        raise SystemExit(f"unknown task {task}")
    return lambda: f(*arrays)


def l18_loss():
    """The example net with squared error, for one sample."""
    from symbolic import tensor

    z, y = tensor("x", 600), tensor("y", 10, role="target")
    for k, (m, n) in enumerate(LAYERS, start=1):
        W, b = tensor(f"W{k}", (m, n), role="parameter"), tensor(f"b{k}", m, role="parameter")
        z = np.maximum(W @ z + b, 0)
    return np.sum((z - y) ** 2)


# -- peers -------------------------------------------------------------------------------------------------------------


def torch(task, size):
    """The task in eager PyTorch."""
    import torch as t

    t.set_num_threads(1)
    if task == "l18":
        parameters, x, y = l18_arrays(size)
        tensors = [t.tensor(p, requires_grad=True) for p in parameters]
        x, y = t.tensor(x), t.tensor(y)

        def step():
            z = x
            for k in range(0, 6, 2):
                z = t.relu(t.nn.functional.linear(z, tensors[k], tensors[k + 1]))
            loss = ((z - y) ** 2).sum(1).mean()
            gradients = t.autograd.grad(loss, tensors)
            with t.no_grad():
                for p, g in zip(tensors, gradients, strict=True):
                    p.sub_(g, alpha=RATE)
            return loss.item()

        return step
    hessian, task = t.func.hessian, task.removeprefix(STRUCTURED)
    if task == "convolution":
        x, u = (t.tensor(a) for a in convolution_arrays())
        f = t.func.jacrev(lambda v: t.nn.functional.conv1d(v[None], u.flip(0)[None, None])[0])
        return lambda: f(x)
    if task == "logistic":
        X, w, y = (t.tensor(a) for a in logistic_arrays())
        f = hessian(lambda v: t.nn.functional.softplus(-y * (X @ v)).sum())
        return lambda: f(w)
    if task == "factorisation":
        U, V, M = (t.tensor(a) for a in factor_arrays())
        f = hessian(lambda u: ((u @ V.T - M) ** 2).sum())
        return lambda: f(U)
    A, x = (t.tensor(a) for a in quadratic_arrays())
    if task == "tanh":
        f = t.func.jacrev(t.tanh)
    else:
        losses = {
            "quadratic": lambda v: v @ A @ v,
            "logsumexp": lambda v: t.logsumexp(v, 0),
            "softplus": lambda v: t.nn.functional.softplus(v).sum(),
        }
        f = hessian(losses[task])
    return lambda: f(x)


def jax(task, size):
    """The task in JAX, jit-compiled."""
    import jax as j

    if task != "l18":
        j.config.update("jax_enable_x64", True)
    np_, task = j.numpy, task.removeprefix(STRUCTURED)
    if task == "l18":
        parameters, x, y = l18_arrays(size)
        state = [list(map(np_.asarray, parameters))]
        x, y = np_.asarray(x), np_.asarray(y)

        def loss(tensors, x, y):
            z = x
            for k in range(0, 6, 2):
                z = j.nn.relu(z @ tensors[k].T + tensors[k + 1])
            return ((z - y) ** 2).sum(1).mean()

        def update(tensors, x, y):
            value, gradients = j.value_and_grad(loss)(tensors, x, y)
            return value, [p - RATE * g for p, g in zip(tensors, gradients, strict=True)]

        compiled = j.jit(update, donate_argnums=0)

        def step():
            value, state[0] = compiled(state[0], x, y)
            return value.block_until_ready()

        return step
    if task == "logistic":
        X, w, y = (np_.asarray(a) for a in logistic_arrays())
        f, point = j.jit(j.hessian(lambda v: j.nn.softplus(-y * (X @ v)).sum())), w
    elif task == "factorisation":
        U, V, M = (np_.asarray(a) for a in factor_arrays())
        f, point = j.jit(j.hessian(lambda u: ((u @ V.T - M) ** 2).sum())), U
    elif task == "convolution":
        point, u = (np_.asarray(a) for a in convolution_arrays())
        f = j.jit(j.jacrev(lambda v: np_.convolve(v, u, "valid")))
    else:
        A, point = (np_.asarray(a) for a in quadratic_arrays())
        losses = {
            "quadratic": lambda v: v @ A @ v,
            "logsumexp": j.nn.logsumexp,
            "softplus": lambda v: j.nn.softplus(v).sum(),
        }
        f = j.jit(j.jacrev(np_.tanh) if task == "tanh" else j.hessian(losses[task]))
    return lambda: f(point).block_until_ready()


RUNNERS = {"chainrule": chainrule, "torch": torch, "jax": jax}


def serve(name, task, size):
    """Answer each line of input with the median time of a few runs, in µs."""
    run = RUNNERS[name](task, size)
    for _ in range(3):
        run()
    begin = time.perf_counter()
    run()
    repeats = max(3, min(200, int(0.05 / max(time.perf_counter() - begin, 1e-6))))
    print("ready", flush=True)
    for _ in sys.stdin:
        times = []
        for _ in range(repeats):
            begin = time.perf_counter()
            run()
            times.append(time.perf_counter() - begin)
        print(1e6 * float(np.median(times)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], int(sys.argv[3]))
