"""Ctrl-C is noted when it comes and obeyed between two steps."""

import gc
import signal
import threading

import numpy as np
import pytest

import numeric
from numeric.training.interruption import interruptions
from symbolic import tensor


def test_it_waits_for_the_next_step(ctrl_c):
    with interruptions() as obey:
        obey()
        ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            obey()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_does_not_wait(ctrl_c):
    with interruptions():
        ctrl_c()
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()


def test_one_that_comes_during_garbage_collection_is_not_lost(ctrl_c):
    """An exception in a callback of the collector is printed and dropped; hypothesis has such a callback."""

    def collected(phase, info):
        if phase == "start":
            ctrl_c()

    with interruptions() as obey:
        gc.callbacks.append(collected)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(collected)
        with pytest.raises(KeyboardInterrupt):
            obey()


def test_a_program_that_handles_ctrl_c_itself_keeps_its_handler(ctrl_c):
    met = []
    signal.signal(signal.SIGINT, lambda number, frame: met.append(number))
    with interruptions() as obey:
        ctrl_c()
        obey()
    assert met == [signal.SIGINT]


def test_a_run_in_another_thread_leaves_signals_alone(ctrl_c):
    x, w = tensor("x"), tensor("w", role="parameter")
    ended = []

    def run():
        ended.append(numeric.train((w - x) ** 2, {"x": np.ones(8)}, epochs=3, learning_rate=0.1).ended)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended == ["completed"]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_parameters_belong_to_one_step(backend, ctrl_c):
    """However Ctrl-C falls, the parameters kept are those after a whole number of steps."""
    if backend == "numba":
        pytest.importorskip("numba")
    x, a, b = tensor("x"), tensor("a", role="parameter"), tensor("b", role="parameter")
    timer = threading.Timer(0.1, ctrl_c)
    history = numeric.train(
        (a - x) ** 2 + (b - x) ** 2, {"x": np.arange(8.0)}, {"a": 5.0, "b": 5.0}, epochs=10**6, batch_size=2,
        learning_rate=0.01, backend=backend, on_epoch=lambda r: timer.start() if r.epoch == 1 else None,
    )  # fmt: skip
    assert history.ended == "interrupted"
    assert history.parameters["a"] == history.parameters["b"] != 5.0
