"""Executors that put the runner to the test: one that is right, and some that each break one promise."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import Any, ClassVar


class Faithful(ThreadPoolExecutor):
    """Breaks nothing."""


class Miscounting(ThreadPoolExecutor):
    """Answers every call with ``None``."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call and lose its result."""
        return super().submit(lambda: fn(*args, **kwargs) and None)


class Deserting(ThreadPoolExecutor):
    """Lets the interpreter exit while calls run."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run the call on a thread of its own that nobody waits for."""
        future: Future[Any] = Future()
        Thread(target=lambda: future.set_result(fn(*args, **kwargs)), daemon=True).start()
        return future


class Leaking(ThreadPoolExecutor):
    """Keeps its threads for good."""

    kept: ClassVar[list[object]] = []

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the original's signature
        """Shut nothing down, and see to it that it is never dropped either."""
        self.kept.append(self)
