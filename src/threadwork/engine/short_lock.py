"""`ShortLock`: a lock for a few operations, which many threads take for every item."""

import threading
from types import TracebackType

from .clock import let_others_run


class ShortLock:
    """Like ``threading.Lock`` in a ``with``, without its convoys.

    A lock that is given back while others wait for it belongs to one that sleeps, until that one runs again: with a GIL some
    milliseconds later. Meanwhile all others queue behind it, for ever. This one belongs to whoever comes while it is free, and
    those who wait look again whenever they run. What it guards takes less than a microsecond.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        while not self._lock.acquire(False):
            let_others_run()  # also the one that has it

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.release()
