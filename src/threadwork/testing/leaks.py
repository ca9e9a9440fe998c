"""Finds threads that outlive what started them."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .stacks import describe_threads

ENDING_SECONDS = 2.0
"""What threads that are just ending get. Threads are joined, so code that leaks nothing waits for nothing."""


@contextmanager
def no_leaked_threads(patience: float = ENDING_SECONDS) -> Iterator[None]:
    """Fail if threads that were started inside the ``with`` still run `patience` seconds after it; show their stacks.

    Raises ``AssertionError``. Threads of before are not blamed, and an error in the block is raised as it is. Blocks
    until the threads have ended, or the time is over.
    """
    before = threading.enumerate()
    yield
    left = _leaked_threads(before, patience)
    if left:
        raise AssertionError(f"leaked threads: {len(left)}\n{describe_threads(left)}")


def _leaked_threads(before: Iterable[threading.Thread], patience: float) -> list[threading.Thread]:
    """Return the threads that run now, did not run `before`, and do not end within `patience` seconds."""
    known = {*before, threading.current_thread()}
    deadline = time.monotonic() + patience
    for thread in set(threading.enumerate()) - known:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread for thread in threading.enumerate() if thread not in known]
