"""The only place of the engine where threads are started."""

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
