"""What tests of computations share."""

import signal

import pytest


@pytest.fixture
def ctrl_c():
    """Sends this process the signal of Ctrl-C, which is Python's to handle here (test workers ignore it)."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
