"""`Execution`: the life of one run: it starts the flow's threads, hands out results, and ends everything it started."""

import contextvars
from collections.abc import Callable, Generator, Iterator
from itertools import repeat
from typing import Any

from ..errors import Cancelled, DeadlineExceeded, RunCancelled
from .alarm import Alarm
from .attempt import BatchRunner, NothingRunner, OutcomesRunner, ValuesRunner, unbegun
from .batch import Batch
from .cancel import CancelScope
from .crew import Crew, Worker
from .events import RunFinished, RunStarted
from .feeder import Feeder
from .flow import Flow, Keep
from .notify import Notifier
from .options import Settings
from .outcome import Outcome, RunStatus, Summary
from .task import current_or_none, current_seat


class Execution:
    """One task over one input, from start to end. Used by one consumer; `stats` and `cancel` by any thread."""

    def __init__(
        self, task: Callable[[Any], Any], source: Iterator[Any], total: int | None, settings: Settings, crew: Crew | None
    ) -> None:
        self.settings = settings
        self.status = RunStatus.PENDING
        self.flow: Flow | None = None
        self._task = task
        self._source: Iterator[Any] | None = source
        self._total = total
        self._context = settings.context_of_caller()
        self._notifier = Notifier(settings.listeners)
        self._shared = crew
        self._crew: Crew
        self._feeder: Feeder
        self._alarm: Alarm | None = None
        self._abandoned: tuple[str, ...] = ()
        self._epoch = self._ended = 0.0

    # Results --------------------------------------------------------------------------------------------------------

    def values(self) -> Generator[Any]:
        """Yield the values; raise at the first failed item."""
        flow = self._start(Keep.VALUES)
        error: BaseException | None = None
        try:
            while (delivery := flow.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                if self._notifier:
                    for _ in repeat(None, count):
                        yield take().unwrap()
                else:
                    for _ in repeat(None, count):
                        yield take()
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._finish(flow, error)
            del error

    def outcomes(self) -> Generator[Outcome[Any]]:
        """Yield an outcome an item; raise only what concerns the whole run."""
        flow = self._start(Keep.OUTCOMES)
        error: BaseException | None = None
        try:
            while (delivery := flow.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                for _ in repeat(None, count):
                    yield take()
                if batch.dropped:
                    yield from self._unbegun(batch)
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._finish(flow, error)
            del error

    def nothing(self) -> list[BaseException]:
        """Run to the end, keep no value, and return the first errors of items."""
        flow = self._start(Keep.NOTHING)
        error: BaseException | None = None
        try:
            flow.take()
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._finish(flow, error)
            del error
        return flow.errors

    def _unbegun(self, batch: Batch) -> Iterator[Outcome[Any]]:
        """Yield the outcomes of items that were admitted and dropped."""
        for index, item in enumerate(batch.items, batch.start):
            yield unbegun(item, index, self.settings.key, batch.admitted_at - self._epoch)

    # Life -----------------------------------------------------------------------------------------------------------

    def _start(self, keep: Keep) -> Flow:
        """Start pulling the input, on behalf of the calling thread."""
        settings, clock = self.settings, self.settings.clock
        outer = current_or_none()
        scope = CancelScope(clock, outer.scope if outer else None, settings.timeout)
        self._crew = self._shared or Crew(settings, self._notifier)
        seat = current_seat()
        worker = seat.worker if seat else None
        helper = worker if worker and worker.crew is self._crew else None
        self._epoch = clock.now()
        self.flow = flow = Flow(settings, self._crew, keep, scope, helper)
        flow.use(self._runner(keep), self._context)
        self.status = RunStatus.RUNNING
        source, self._source = self._source, None
        assert source is not None
        self._notifier.tell(RunStarted(settings.name, settings.workers, self._total))
        scope.tell(flow)
        if settings.timeout is not None:
            self._alarm = Alarm(clock, settings.timeout, flow.expire, f"{settings.name}-deadline")
        self._feeder = Feeder(flow, source, self._context.copy())
        return flow

    def _runner(self, keep: Keep) -> BatchRunner:
        """Return the cheapest way to run the items that gives what is wanted."""
        if keep is Keep.OUTCOMES or self._notifier:
            now, key = self.settings.clock.now, self.settings.key
            return OutcomesRunner(self._task, key, self._notifier, now, self._epoch, keep is not Keep.NOTHING)
        return ValuesRunner(self._task) if keep is Keep.VALUES else NothingRunner(self._task)

    def _finish(self, flow: Flow, error: BaseException | None) -> None:
        """End everything that was started. After an early end, running tasks get the grace to stop.

        An interrupt meanwhile (the second Ctrl-C) leaves at once, and leaves behind what still runs.
        """
        try:
            if error is not None or flow.cause is not None or not flow.statistics().over:
                flow.scope.cancel(_why(error, flow))
            flow.wait_until_over()
            self._join(flow)
        finally:
            self._crew_done()
            self.status = _status(error, flow)
            self._ended = self.settings.clock.now()
            self._abandoned += tuple(name for name in flow.abandoned if name not in self._abandoned)
            if self._alarm:
                self._alarm.call_off()
            self._notifier.tell(RunFinished(self.stats()))

    def _crew_done(self) -> None:
        if self._shared is None:
            self._crew.close()

    def _join(self, flow: Flow) -> None:
        """Wait for the threads of this run, up to the time when they are left behind."""
        self._crew_done()
        until = flow.give_up_at
        left = None if until is None else max(0.0, until - self.settings.clock.now())
        self._feeder.thread.join(left)
        if self._feeder.thread.is_alive():
            self._abandoned += (self._feeder.thread.name,)
        if self._shared is None:
            self._abandoned += self._crew.join(until)
            if self._crew.faults and flow.cause is None:
                raise self._crew.faults[0]

    def cancel(self, reason: str) -> None:
        """Stop the run, from any thread."""
        if self.flow is not None:
            self.flow.scope.cancel(reason)

    # Sight ----------------------------------------------------------------------------------------------------------

    def stats(self) -> Summary:
        """Return the counts as they are now."""
        settings, flow = self.settings, self.flow
        if flow is None:
            return Summary(settings.name, self.status, 0, 0, 0, 0, 0, 0, 0, 0.0)
        state, running = flow.statistics(), len(flow.at_work())
        end = self._ended or settings.clock.now()
        return Summary(
            name=settings.name,
            status=self.status,
            workers=self._crew.started,
            admitted=state.admitted,
            done=state.done,
            failed=state.failed,
            timed_out=0,
            cancelled=state.dropped,
            running=running,
            elapsed=end - self._epoch,
            abandoned=self._abandoned,
        )


def _why(error: BaseException | None, flow: Flow) -> str:
    if isinstance(error, GeneratorExit):
        return "the run was closed before its end"
    return str(error or flow.cause or "the run was stopped")


def _status(error: BaseException | None, flow: Flow) -> RunStatus:
    """Return how a run ended that ended with `error`."""
    cause = error if isinstance(error, KeyboardInterrupt) else flow.cause or error
    if cause is None:
        return RunStatus.COMPLETED
    if isinstance(cause, KeyboardInterrupt):
        return RunStatus.INTERRUPTED
    if isinstance(cause, DeadlineExceeded):
        return RunStatus.DEADLINE
    if isinstance(cause, RunCancelled | Cancelled | GeneratorExit):
        return RunStatus.CANCELLED
    return RunStatus.FAILED if flow.keep is Keep.VALUES or error is not None else RunStatus.HALTED
