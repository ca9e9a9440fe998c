"""The only place of the engine where threads are started."""

import _thread
import contextvars
import threading
from collections.abc import Callable


def start_thread(main: Callable[[], None], name: str) -> threading.Thread:
    """Start `main` on a new thread called `name`, in an empty context, and return the thread.

    The thread is a daemon: not to hide from shutdown (whoever starts it joins it, and the engine joins what is left
    when the interpreter exits), but because a thread that hangs in a task must not keep the interpreter from exiting.
    The empty context is the same on every build; free-threaded ones would pass on the starter's.
    """
    thread = threading.Thread(target=contextvars.Context().run, args=(main,), name=name, daemon=True)
    thread.start()
    return thread


def start_unjoined(main: Callable[[], None], name: str) -> None:
    """Start `main` on a thread called `name` that nobody waits for.

    Takes no lock, so that a finalizer may call it at any moment: starting a thread with a name takes one, and is left
    to a thread without.
    """
    _thread.start_new_thread(start_thread, (main, name))
