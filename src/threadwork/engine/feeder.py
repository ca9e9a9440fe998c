"""`Feeder`: the thread that pulls the input of a run, and nothing else does."""

import contextvars
from collections.abc import Iterator
from itertools import islice
from typing import Any

from .batch import BatchSizer
from .flow import Flow
from .task import take_seat
from .threads import start_thread


class Feeder:
    """Pulls `source` on a thread of its own called ``name-input``, as far as the flow has room.

    A thread of its own, so that an input that blocks never delays a finished result, and the same one for the whole
    run, so that the input may be something that belongs to one thread. It sees a copy of the caller's context.
    """

    def __init__(self, flow: Flow, source: Iterator[Any], context: contextvars.Context) -> None:
        self._flow = flow
        self._source: Iterator[Any] | None = source
        context.run(take_seat, None)
        self.thread = start_thread(lambda: context.run(self._main), f"{flow.settings.name}-input")

    def _main(self) -> None:
        error: BaseException | None = None
        try:
            self._pull()
        except BaseException as caught:  # noqa: BLE001 - carried to the consumer
            error = caught
            error.add_note(f"raised by the input, after {self._flow.statistics()[0].admitted:,} items")
        self._source = None  # a generator is closed here, on the thread that it ran on
        self._flow.intake.end(error)

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
