"""How many threads BLAS takes inside compiled epochs: one, unless the products are large.

OpenBLAS hands every product to all its threads, which wait for the next one spinning; between small products that costs
more than it saves. (600→60→40→10, batch 32, two threads: 270 against 101 µs a step.)
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
from typing import Any

LIMITS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
LARGE = 2**24  # multiplications of one product, from which on more threads pay


@functools.cache
def _controller() -> Any:
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    importlib.import_module("scipy.linalg.cython_blas")  # whose BLAS numba calls; it must be loaded to be found
    return ThreadpoolController()


def available() -> int:
    """How many threads a step may use: one for each processor, fewer where a variable of ``LIMITS`` says so."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    said = [int(value) for name in LIMITS if (value := os.environ.get(name, "")).isdigit()]
    return max(1, min(processors, *said)) if said else processors


def suited_to(multiplications: int) -> contextlib.AbstractContextManager:
    """A context in which BLAS takes one thread if its largest product has at most ``LARGE`` multiplications.

    Without threadpoolctl nothing is changed.
    """
    controller = _controller() if multiplications <= LARGE else None
    return contextlib.nullcontext() if controller is None else controller.limit(limits=1, user_api="blas")
