"""Gradients over devices and workers are those of one process, whoever dies on the way."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SETUP = """
import os, signal
import numpy as np
from numeric import lambdify
from numeric.distributed import dask_gradients, sharded_gradients
from numeric.training.initial import initial_parameters
from symbolic import average_loss, cross_entropy, gradient, mlp, tensor
from symbolic.language.samples import variables

def model():
    x, t = tensor("x", 6), tensor("t", role="target", dtype="int")
    return cross_entropy(mlp([6, 9, 4])(x), t)

def made(samples=101):
    rng = np.random.default_rng(5)
    return {"x": rng.normal(size=(samples, 6)), "t": rng.integers(0, 4, samples)}

class Alone:
    def __init__(self, loss, data):
        mean = average_loss(loss, "P")
        self.given, self.data = variables(mean), data
        self.names = list(initial_parameters(loss))
        self.f = lambdify(list(self.given.values()), [mean, *(gradient(mean, self.given[n]) for n in self.names)])

    def __call__(self, parameters, rows=None):
        fed = {k: v if rows is None else v[rows] for k, v in self.data.items()}
        value, *slopes = self.f(*({**fed, **parameters}[n] for n in self.given))
        return value, dict(zip(self.names, slopes))

def agree(found, wanted):
    np.testing.assert_allclose(found[0], wanted[0], rtol=1e-13)
    assert set(found[1]) == set(wanted[1])
    for name in wanted[1]:
        np.testing.assert_allclose(found[1][name], wanted[1][name], rtol=1e-11, atol=1e-15)

def descend(gradients, parameters, batches):
    parameters = {k: v.copy() for k, v in parameters.items()}
    for rows in batches:
        for name, slope in gradients(parameters, rows)[1].items():
            parameters[name] -= 0.2 * slope
    return parameters

def same_run(gradients, alone, parameters):
    agree(gradients(parameters), alone(parameters))
    rng = np.random.default_rng(8)
    batches = [rng.choice(101, 13, replace=False) for _ in range(6)]
    agree(gradients(parameters, batches[0]), alone(parameters, batches[0]))
    mine, theirs = (descend(g, parameters, batches) for g in (gradients, alone))
    for name in theirs:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-10, atol=1e-14)
"""


def run(program, folder, **environment):
    """The program in a process of its own; what it printed."""
    file = folder / "program.py"
    file.write_text(SETUP + textwrap.dedent(program))
    env = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    answer = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, env=env, timeout=200)
    assert answer.returncode == 0, answer.stderr[-3000:]
    return answer.stdout


def test_samples_over_two_devices_of_jax(tmp_path):
    pytest.importorskip("jax")
    program = """
    import jax
    assert len(jax.devices()) == 2
    loss, data = model(), made()
    gradients = sharded_gradients(loss, data)
    same_run(gradients, Alone(loss, data), initial_parameters(loss, seed=2))
    print(sorted(d.id for d in jax.devices()))
    """
    flags = "--xla_force_host_platform_device_count=2"
    assert run(program, tmp_path, XLA_FLAGS=flags, JAX_PLATFORMS="cpu").strip() == "[0, 1]"


def test_samples_over_workers_that_die(tmp_path):
    """One is killed in the middle of its work, one between two steps; sums stay those of one process."""
    pytest.importorskip("distributed")
    program = f"""
    from distributed import Client, LocalCluster

    FLAG = {str(tmp_path / "died")!r}

    def last():
        if not os.path.exists(FLAG + "armed"):
            return {{k: v[60:] for k, v in made().items()}}
        if not os.path.exists(FLAG):
            open(FLAG, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return {{k: v[60:] for k, v in made().items()}}

    if __name__ == "__main__":
        loss, data = model(), made()
        first = [{{k: v[:25] for k, v in data.items()}}, {{k: v[25:60] for k, v in data.items()}}]
        alone, parameters = Alone(loss, data), initial_parameters(loss, seed=2)
        options = dict(n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory={str(tmp_path)!r})
        with LocalCluster(**options) as cluster, Client(cluster) as client:
            same_run(dask_gradients(loss, [*first, last], client), alone, parameters)

            open(FLAG + "armed", "w").close()
            gradients = dask_gradients(loss, [*first, last], client)
            same_run(gradients, alone, parameters)
            assert os.path.exists(FLAG)

            for pid in client.run(os.getpid).values():
                os.kill(pid, signal.SIGKILL)
            same_run(gradients, alone, parameters)
            print("survived")
    """
    assert run(program, tmp_path).strip() == "survived"


def test_what_does_not_fit():
    import numpy as np

    from numeric.distributed import sharded_gradients
    from numeric.errors import DataError
    from symbolic import tensor

    pytest.importorskip("jax")
    x, y, w = tensor("x"), tensor("y", role="target"), tensor("w", role="parameter")
    loss, data = (w * x - y) ** 2, {"x": np.arange(5.0), "y": np.ones(5)}
    with pytest.raises(DataError, match="no array was given for target y"):
        sharded_gradients(loss, {"x": np.ones(3)})
    with pytest.raises(DataError, match="rows are whole numbers from 0 to 4"):
        sharded_gradients(loss, data)({"w": 1.0}, [2, 5])
