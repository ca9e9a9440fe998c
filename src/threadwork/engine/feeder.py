"""`Feeder`: the thread that pulls the input of a run, and nothing else does."""

import contextvars
import threading
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import Cancelled
from .batch import BatchSizer
from .flow import Flow
from .seat import set_seat
from .task import TaskContext
from .threads import join_thread, start_thread


class InputSeat:
    """Where the code of an input runs: it can see that the run is stopped, and what it begins is part of the run."""

    def __init__(self, flow: Flow) -> None:
        self.owner = flow

    def describe(self) -> TaskContext:
        """Return a context for the input; the index is that of the next item."""
        index = self.owner.statistics()[0].admitted
        name = f"{self.owner.settings.name}-input"
        return TaskContext(self.owner.scope, index=index, key=None, item=None, worker=name, resource=None)


class Feeder:
    """Pulls `source` on a thread of its own called ``name-input``, as far as the flow has room.

    A thread of its own, so that an input that blocks never delays a finished result, and the same one for the whole
    run, so that the input may be something that belongs to one thread. It sees a copy of the caller's context.
    """

    def __init__(self, flow: Flow, source: list[Iterator[Any]], context: contextvars.Context) -> None:
        """Make it; `source` is a list that holds nothing but the input, and is emptied when the thread has taken that."""
        self._flow = flow
        self._source = source
        self._context = context
        self._taken_over = threading.Lock()
        self._taken_over.acquire()
        self._thread: threading.Thread | None = None
        self.name = f"{flow.settings.name}-input"
        context.run(set_seat, InputSeat(flow))

    def start(self) -> None:
        """Begin to pull; return when the input belongs to the thread. Raises ``RuntimeError`` where there is none left."""
        start_thread(lambda: self._context.run(self._main), self.name, self._keep)
        # An object may die on another thread than its last user's: on free-threaded builds, on the thread that made it, as
        # long as that one has a reference. Now nobody but the thread has one (unless the caller kept it for himself).
        self._taken_over.acquire()
        self._source.clear()

    def join(self, patience: float | None) -> bool:
        """Wait for the end of the thread at most `patience` seconds; tell whether it has ended, or is this one."""
        return join_thread(self._thread, patience, busy=self._flow.ledger.incoming is not None)

    def _keep(self, thread: threading.Thread) -> None:
        self._thread = thread

    def _main(self) -> None:
        source = self._source[0]
        self._taken_over.release()
        try:
            self._pull(source)
        except BaseException as error:  # noqa: BLE001 - carried to the consumer
            if isinstance(error, Cancelled) and self._flow.scope.remaining() == 0:
                self._flow.expire()
            error.add_note(f"raised by the input, after {self._flow.statistics()[0].admitted:,} items")
            self._flow.intake.end(error)
        else:
            self._flow.intake.end(None)
        finally:
            del source  # a generator is closed here, on the thread that it ran on

    def _pull(self, source: Iterator[Any]) -> None:
        """Pull until the input or the run ends."""
        intake, now = self._flow.intake, self._flow.settings.clock.now
        # A slow input is pulled in small portions, whatever the workers could take.
        portion = BatchSizer(largest=self._flow.statistics()[0].largest_batch())
        while size := intake.wait_for_room():
            count = min(size, portion.size)
            began = now()
            items = intake.open_batch(count)
            try:
                items.extend(islice(source, count))
            finally:
                pulled = intake.close_batch()
            if pulled < count:
                return
            portion.measured(count, now() - began)
