"""Runs a call on a thread of its own, so that a test can act meanwhile and a hang becomes an error with stacks."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from threadwork.testing.stacks import describe_threads

R = TypeVar("R")

PATIENCE = 10.0
"""Seconds after which what a test waits for is taken to hang; nothing that works comes near it."""


def _what_runs() -> str:
    """Return the stacks of all threads but the one that asks."""
    return describe_threads(thread for thread in threading.enumerate() if thread is not threading.current_thread())


class Aside(Generic[R]):
    """A call that runs on a thread of its own from the start."""

    def __init__(self, call: Callable[[], R], name: str = "aside") -> None:
        self._call = call
        self._results: list[R] = []
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:
            self._errors.append(error)

    def result(self, timeout: float = PATIENCE) -> R:
        """Return what the call returned, or raise what it raised; fail, with all stacks, when it hangs."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise AssertionError(f"it hangs\n{_what_runs()}")
        if self._errors:
            raise self._errors[0]
        return self._results[0]


def wait_for(event: threading.Event, timeout: float = PATIENCE) -> None:
    """Wait for `event`; fail when it does not come."""
    if not event.wait(timeout):
        raise AssertionError(f"it did not happen\n{_what_runs()}")


def wait_until(condition: Callable[[], object], timeout: float = PATIENCE) -> None:
    """Wait until `condition` holds, for what nobody announces; fail when it does not come to hold."""
    pause = threading.Event()
    for _ in range(int(timeout * 1000)):
        if condition():
            return
        pause.wait(0.001)
    raise AssertionError(f"it did not come to hold\n{_what_runs()}")
