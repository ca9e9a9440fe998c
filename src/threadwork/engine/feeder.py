"""`Feeder`: the thread that pulls the input of a run, and nothing else does."""

import contextvars
from collections.abc import Iterator
from itertools import islice
from typing import Any

from ..errors import Cancelled
from .batch import BatchSizer
from .flow import Flow
from .seat import set_seat
from .task import TaskContext
from .threads import start_thread


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

    def __init__(self, flow: Flow, source: Iterator[Any], context: contextvars.Context) -> None:
        self._flow = flow
        self._source: Iterator[Any] | None = source
        context.run(set_seat, InputSeat(flow))
        self.thread = start_thread(lambda: context.run(self._main), f"{flow.settings.name}-input")

    def _main(self) -> None:
        try:
            self._pull()
        except BaseException as error:  # noqa: BLE001 - carried to the consumer
            if isinstance(error, Cancelled) and self._flow.scope.remaining() == 0:
                self._flow.expire()
            error.add_note(f"raised by the input, after {self._flow.statistics()[0].admitted:,} items")
            self._flow.intake.end(error)
        else:
            self._flow.intake.end(None)
        finally:
            self._source = None  # a generator is closed here, on the thread that it ran on

    def _pull(self) -> None:
        """Pull until the input or the run ends."""
        intake, source, now = self._flow.intake, self._source, self._flow.settings.clock.now
        assert source is not None
        # A slow input is pulled in small portions, whatever the workers could take.
        portion = BatchSizer(largest=self._flow.statistics()[0].largest_batch())
        while size := intake.wait_for_room():
            count = min(size, portion.size)
            began = now()
            items = intake.open_batch()
            try:
                items.extend(islice(source, count))
            finally:
                pulled = intake.close_batch()
            if pulled < count:
                return
            portion.measured(count, now() - began)
