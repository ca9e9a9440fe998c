"""The only place of the engine where threads are started and waited for."""

import _thread
import contextvars
import gc
import sys
import threading
from collections.abc import Callable
from types import FrameType

MOMENT = 0.5
"""Seconds that a thread with nothing left to do may need to end, on a busy machine (a guess)."""


class EngineThread(threading.Thread):
    """A thread that the engine has started; tests have to tell those from others."""


def start_thread(main: Callable[[], None], name: str, keep: Callable[[threading.Thread], None]) -> None:
    """Start `main` on a new thread called `name`, in an empty context, after `keep` has noted who is to be joined.

    An interrupt (Ctrl-C) at any moment of it leaves no thread that nobody knows of: `main` is not begun before `keep`
    has returned. Raises ``RuntimeError`` where the system has no thread left.

    The thread is a daemon: not to hide from shutdown (whoever starts it joins it, and the engine joins what is left
    when the interpreter exits), but because a thread that hangs in a task must not keep the interpreter from exiting.
    The empty context is the same on every build; free-threaded ones would pass on the starter's.
    """
    decided = threading.Lock()
    decided.acquire()
    kept = False

    def begin() -> None:
        decided.acquire()
        if kept:
            main()

    thread = EngineThread(target=contextvars.Context().run, args=(begin,), name=name, daemon=True)
    try:
        thread.start()
        keep(thread)
        kept = True
    finally:
        decided.release()


def start_unjoined(main: Callable[[], None], name: str) -> None:
    """Start `main` on a thread called `name` that nobody waits for.

    Takes no lock, so that a finalizer may call it at any moment: starting a thread with a name takes one, and is left
    to a thread without.
    """
    _thread.start_new_thread(start_thread, (main, name, _keep_nothing))


def _keep_nothing(thread: threading.Thread) -> None:
    """Note nothing: nobody waits for `thread`."""


_frames_lock = threading.RLock()
"""Guards: the garbage collector being off for a moment. Re-entrant, for an interrupt may come meanwhile, and ask too."""


def frames_of_threads() -> dict[int, FrameType]:
    """Return what each thread of the process is at, by its identifier.

    Without the garbage collector: on Python 3.11 it may run in the middle of this, run somebody's code, let another thread
    have the GIL, and so deadlock with a thread that is being started (https://github.com/python/cpython/issues/106883).
    """
    with _frames_lock:
        enabled = gc.isenabled()
        gc.disable()
        try:
            return sys._current_frames()  # noqa: SLF001 - documented, and the only way to see another thread's stack
        finally:
            if enabled:
                gc.enable()


def join_thread(thread: threading.Thread | None, patience: float | None, *, busy: bool) -> bool:
    """Wait at most `patience` seconds for `thread`, if there is one; tell whether it has ended, or is this one.

    One that is not `busy` with somebody else's code ends as soon as it is scheduled: it gets a moment in any case.
    """
    if thread is None or thread.ident == threading.get_ident():
        return True
    thread.join(patience if patience is None or busy else max(patience, MOMENT))
    return not thread.is_alive()
