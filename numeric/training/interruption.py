"""Ctrl-C during a computation that has a result to keep: noted when it comes, obeyed between two steps.

Python raises ``KeyboardInterrupt`` wherever the program happens to be: between two parameters of one update, or within a
callback of the garbage collector or of a C library, where it is printed and dropped. A run asks for it instead.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interruptions() -> Iterator[Callable[[], None]]:
    """Within the block, Ctrl-C waits for the next call of the function that is yielded, which raises ``KeyboardInterrupt``.

    A second Ctrl-C does not wait. Where Ctrl-C is not Python's to handle (another thread, or a program that handles it
    itself) nothing changes.
    """
    came = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal came
        if came:
            signal.default_int_handler(number, frame)
        came = True

    def obey() -> None:
        if came:
            raise KeyboardInterrupt

    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if ours:
        signal.signal(signal.SIGINT, note)
    try:
        yield obey
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
