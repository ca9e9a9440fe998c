"""Puts the steps of several threads in a fixed order, without sleeping."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Sequencer:
    """Lets named steps happen in the order in which they are given here, whichever threads they are on.

    For example::

        step = Sequencer("check", "cancel", "use")
        # one thread:                 another:
        with step("check"): ...       with step("cancel"): ...
        with step("use"): ...

    A step whose turn does not come within `timeout` (real) seconds fails with an ``AssertionError`` that says which step
    is missing and who waits for what; all others that wait then fail at once. An error inside a step passes the turn
    on, so that one failure stays one. Safe to use from several threads.

    Raises ``ValueError`` for a name that is given twice.
    """

    def __init__(self, *steps: str, timeout: float = 5.0) -> None:
        if doubles := sorted({name for name in steps if steps.count(name) > 1}):
            raise ValueError(f"each step happens once: give {doubles[0]!r} two names")
        self._steps = steps
        self._timeout = timeout
        self._changed = threading.Condition()  # Guards: all below
        self._done = 0
        self._runs_on: str | None = None  # the thread that is inside the step whose turn it is
        self._waiting: dict[str, str] = {}  # steps that wait, each with the name of its thread
        self._failure: str | None = None

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Wait until all steps before `name` have ended, run the block, and let the next step begin.

        Raises ``AssertionError`` where that does not come, or where the step has been taken already; ``ValueError`` for an
        unknown name.
        """
        if name not in self._steps:
            raise ValueError(f"there is no step {name!r}; the steps are: {', '.join(self._steps)}")
        self._take_turn(self._steps.index(name))
        try:
            yield
        finally:
            with self._changed:
                self._done += 1
                self._runs_on = None
                self._changed.notify_all()

    def check_complete(self) -> None:
        """Raise ``AssertionError`` if a step has not happened. Does not wait."""
        with self._changed:
            if self._done < len(self._steps):
                raise AssertionError(self._complaint())

    def _take_turn(self, number: int) -> None:
        name, thread = self._steps[number], threading.current_thread().name
        with self._changed:
            if number < self._done or name in self._waiting or (number == self._done and self._runs_on):
                raise AssertionError(f"step {name!r} has been taken already; {thread} wants it again")
            self._waiting[name] = thread
            try:
                come = self._changed.wait_for(lambda: self._failure or self._done == number, self._timeout)
                if not come or self._failure:
                    self._failure = self._failure or f"after {self._timeout} s, {self._complaint()}"
                    self._changed.notify_all()
                    raise AssertionError(self._failure)
                self._runs_on = thread
            finally:
                del self._waiting[name]

    def _complaint(self) -> str:
        """Say what is missing, and who waits. The lock is held."""
        missing = self._steps[self._done]
        state = f"has begun on {self._runs_on} and has not ended" if self._runs_on else "has not come"
        waiting = "".join(f"\n  {thread} waits for its step {name!r}" for name, thread in self._waiting.items())
        return f"step {missing!r} {state}{waiting}"
