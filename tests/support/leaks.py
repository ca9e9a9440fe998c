"""Finds threads that outlive the test that started them."""

import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

ENDING_TIME = 2.0
"""Seconds that threads which are just ending get. They are joined, so a test that leaks nothing waits for nothing."""


@contextmanager
def no_leaked_threads(ending_time: float = ENDING_TIME) -> Iterator[None]:
    """Fail if threads that were started inside the ``with`` still run `ending_time` seconds after it; show their stacks."""
    before = threading.enumerate()
    yield
    left = leaked_threads(before, ending_time)
    if left:
        raise AssertionError(f"leaked threads: {len(left)}\n{describe_threads(left)}")


def leaked_threads(before: Iterable[threading.Thread], ending_time: float = ENDING_TIME) -> list[threading.Thread]:
    """Return the threads that run now, did not run `before`, and do not end within `ending_time` seconds."""
    known = {*before, threading.current_thread()}
    deadline = time.monotonic() + ending_time
    for thread in set(threading.enumerate()) - known:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread for thread in threading.enumerate() if thread not in known]


def describe_threads(threads: Iterable[threading.Thread]) -> str:
    """Return the name and the stack of each thread, for people."""
    frames = sys._current_frames()
    parts = []
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        parts.append(f"{thread.name}:\n" + "".join(traceback.format_stack(frame) if frame else ["  (starting or ending)\n"]))
    return "\n".join(parts)
