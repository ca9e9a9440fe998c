"""Puts the steps of several threads in a fixed order, without sleeping."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Sequencer:
    """Lets numbered blocks run one after the other, whichever threads they are on::

        turn = Sequencer()
        # one thread:                another:
        with turn(0): ...            with turn(1): ...
        with turn(2): ...

    Numbers start at 0 and each is used once. A turn that does not come within `timeout` seconds is an error which names
    the number that everybody waits for; an error inside a block passes the turn on, so that one failure stays one.
    """

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = timeout
        self._next = 0  # guarded by _changed
        self._changed = threading.Condition()

    @contextmanager
    def __call__(self, number: int) -> Iterator[None]:
        """Wait until all lower numbers are done, run the block, and let the next number begin."""
        with self._changed:
            if number < self._next:
                raise AssertionError(f"turn {number} has been taken already")
            if not self._changed.wait_for(lambda: self._next == number, self._timeout):
                raise AssertionError(f"turn {number} waited {self._timeout} s: turn {self._next} has not ended")
        try:
            yield
        finally:
            with self._changed:
                self._next += 1
                self._changed.notify_all()
