"""What is ended before the interpreter exits: runs that are still open are cancelled, executors finish what they were given."""

import os
import sys
import threading
import weakref
from typing import Protocol


class Open(Protocol):
    """Something that has threads running."""

    def end_at_exit(self) -> tuple[str, ...]:
        """End it, in bounded time; return the names of threads that are still busy."""

    def forget(self) -> None:
        """Take note that this is a forked child, in which there are none of the threads."""


exiting = threading.Event()
"""Set once the interpreter exits."""

_lock = threading.Lock()  # Guards: _open
_open: weakref.WeakSet[Open] = weakref.WeakSet()


def end_at_exit(thing: Open) -> None:
    """See to it that `thing` is ended when the interpreter exits, if it is still there."""
    with _lock:
        _open.add(thing)


def _end_all() -> None:
    """End everything that is open, and name the threads that hang: they cannot keep the interpreter from exiting."""
    exiting.set()
    with _lock:
        things = list(_open)
    left = [name for thing in things for name in thing.end_at_exit()]
    if left and sys.stderr is not None:
        print(f"threadwork: left behind at exit, still busy: {', '.join(left)}", file=sys.stderr)  # noqa: T201 - the last chance


def _forget_all() -> None:
    """Forget everything: a forked child has none of the threads."""
    global _lock  # noqa: PLW0603 - another thread may have held it at the fork
    _lock = threading.Lock()
    for thing in list(_open):
        thing.forget()
    _open.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)

# Not atexit: concurrent.futures finishes its calls before any exit function of the user's runs, and so must a drop-in.
threading._register_atexit(_end_all)  # type: ignore[attr-defined] # noqa: SLF001
