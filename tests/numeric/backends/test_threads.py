"""BLAS takes one thread inside compiled epochs of small products, and what it took before outside."""

import pytest

from numeric.backends.loops.threads import LARGE, _controller, suited_to

threadpoolctl = pytest.importorskip("threadpoolctl")


def threads():
    return [pool["num_threads"] for pool in threadpoolctl.ThreadpoolController().info() if pool["user_api"] == "blas"]


def test_small_products_take_one_thread_and_large_ones_what_was_set():
    with _controller().limit(limits=2, user_api="blas"):
        with suited_to(LARGE):
            assert set(threads()) == {1}
        with suited_to(LARGE + 1):
            assert set(threads()) == {2}
        assert set(threads()) == {2}


def test_the_library_that_numba_calls_is_among_those_limited():
    assert any("scipy" in pool["filepath"] for pool in _controller().info() if pool["user_api"] == "blas")
