"""`Writer`: the thread that makes records durable, as many at once as have come together meanwhile."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ..engine import ShortLock, start_thread
from ..errors import JournalError
from .store import Row, Store

_MOST_WAITING = 10_000
"""Records that are not written yet; whoever has more waits. Memory must not grow where the disk is slow."""


@dataclass(slots=True)
class Group:
    """Records that are written at once."""

    rows: list[Row] = field(default_factory=list)
    seen: list[tuple[int, bytes]] = field(default_factory=list)
    """Where the items are in the input that are in the file since an earlier run, and their keys."""

    def __len__(self) -> int:
        return len(self.rows) + len(self.seen)


class Writer:
    """Group commit: while one group of records is being written, the next one gathers. Safe to use from several threads.

    `told` is called with each group that is durable, on the writer's thread.
    """

    def __init__(self, store: Store, name: str, told: Callable[[Group], None]) -> None:
        self._store = store
        self._told = told
        self._gathering = ShortLock()  # Guards: _group, _added; taken for each record
        self._group = Group()
        self._added = 0
        self._progress = threading.Condition()  # Guards: all below
        self._wanted = False
        self.durable = 0
        """The number up to which records are durable. Only grows, and may be read without the lock."""
        self._closed = False
        self._fault: BaseException | None = None
        self._thread: threading.Thread | None = None
        start_thread(self._main, name, self._keep)

    def add(self, row: Row) -> int:
        """Add a record; return the number to `wait` for. Waits where too many are waiting. Raises what the disk says."""
        with self._gathering:
            self._group.rows.append(row)
            self._added = number = self._added + 1
            waiting = len(self._group)
        self._gathered(waiting)
        return number

    def see(self, position: int, key: bytes) -> None:
        """Add that an item that is in the file has come, at `position`, in this run too; else like `add`."""
        with self._gathering:
            self._group.seen.append((position, key))
            self._added += 1
            waiting = len(self._group)
        self._gathered(waiting)

    def wait(self, number: int) -> None:
        """Wait until the records up to that number are durable. Raises `JournalError` where they will never be."""
        if self.durable >= number:
            return
        with self._progress:
            while self.durable < number and self._fault is None:
                self._progress.wait()
            self._raise_fault()

    def close(self) -> None:
        """Make everything durable and end the thread. Raises `JournalError` where that was not possible."""
        with self._progress:
            self._closed = True
            self._progress.notify_all()
        if self._thread:
            self._thread.join()
        with self._progress:
            self._raise_fault()

    def _keep(self, thread: threading.Thread) -> None:
        self._thread = thread

    def _gathered(self, waiting: int) -> None:
        """Wake the thread for the first of a group; where too many are waiting, wait for it."""
        if self._closed or self._fault:
            with self._progress:
                self._raise_fault()
            raise JournalError("the journal is closed: the run is over")  # this thread was left behind
        if waiting == 1 or waiting > _MOST_WAITING:
            with self._progress:
                self._wanted = True
                self._progress.notify_all()
                while len(self._group) > _MOST_WAITING and self._fault is None:
                    self._progress.wait()

    def _raise_fault(self) -> None:
        if self._fault is not None:
            raise JournalError(str(self._fault)) from self._fault

    def _main(self) -> None:
        while group := self._take():
            try:
                self._store.write(group.rows, group.seen)
                self._told(group)
            except BaseException as fault:  # noqa: BLE001 - told to everybody who waits or adds
                self._end(fault)
                return
            with self._progress:
                self.durable += len(group)
                self._progress.notify_all()

    def _take(self) -> Group | None:
        with self._progress:
            while not self._wanted and not self._closed:
                self._progress.wait()
            self._wanted = False
        with self._gathering:
            group, self._group = self._group, Group()
        return group if len(group) else None

    def _end(self, fault: BaseException) -> None:
        with self._progress:
            self._fault = fault
            self._progress.notify_all()
