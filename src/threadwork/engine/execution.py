"""`Execution`: the life of one run or task group: it starts what is needed, and ends everything it started."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from functools import partial
from types import TracebackType
from typing import Any

from ..errors import Cancelled, DeadlineExceeded, JournalError, RunCancelled
from .attempt import BatchRunner, dropped_outcomes
from .batch import Batch
from .cancel import CancelScope
from .crew import Crew
from .events import ItemFinished, RunFinished, RunStarted
from .feeder import Feeder
from .flow import Flow
from .journaling import Journaling, identity_of
from .ledger import Keep
from .notify import Notifier
from .options import Settings
from .outcome import RunStatus, Summary
from .protocols import JournalSession
from .task import current_or_none
from .threads import frames_of_threads, start_unjoined
from .timer import Timer
from .tuning import TUNE_SECONDS, Progress


class Execution:
    """Used in a ``with`` by one thread, the consumer's, in which it is begun; `stats` and `cancel` may be called from any."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.notifier = Notifier(settings.listeners)
        self.status = RunStatus.PENDING
        self.flow: Flow | None = None
        self.cancelled: str | None = None
        """Why somebody has cancelled it, if somebody has."""
        self._consumer = 0  # its thread, once it has begun
        self._over = False
        self.epoch = 0.0
        """When it began, on the clock."""
        self._context = settings.context_of_caller()
        self._shared: Crew | None = None
        self._crew: Crew
        self._paused = False
        self._resized: int | None = None
        self._feeder: Feeder | None = None
        self._timer = Timer(settings.clock, f"{settings.name}-timer")
        self._journal: JournalSession | None = None
        self._abandoned: tuple[str, ...] = ()
        self._ended = 0.0

    def use_crew(self, crew: Crew | None) -> None:
        """Run on the threads of `crew`, which belongs to somebody else, rather than on threads of its own."""
        self._shared = crew

    def begin(
        self,
        keep: Keep,
        runner: Callable[["Execution"], BatchRunner],
        source: list[Iterator[Any]] | None = None,
        total: int | None = None,
    ) -> Flow:
        """Begin, on behalf of the calling thread: pull `source`, if there is one, and run items with `runner`."""
        settings, clock = self.settings, self.settings.clock
        self._consumer = threading.get_ident()
        self._crew = self._shared or Crew(settings, self.notifier)
        outer = current_or_none()
        scope = CancelScope(clock, outer.scope if outer else None, settings.timeout)
        self.epoch = clock.now()
        self.status = RunStatus.RUNNING
        self.flow = flow = Flow(settings, self._crew, keep, scope, self._timer, self.notifier)
        if self._paused:
            self.pause(paused=True)
        if self._resized is not None:
            self.resize(self._resized)
        flow.use(runner(self), self._context)
        if self.notifier:
            flow.ledger.on_drop = self._tell_dropped
        scope.tell(flow)
        self.notifier.tell(RunStarted(settings.name, settings.workers, total))
        if self.cancelled is not None:
            scope.cancel(self.cancelled)
        if settings.timeout is not None:
            self._timer.at(self.epoch + settings.timeout, flow.expire)
        self._crew.open_run(self)
        self._tune()
        if source is not None:
            self._feeder = Feeder(flow, source, self._context.copy())
            self._feeder.start()
        return flow

    @property
    def makes_outcomes(self) -> bool:
        """Whether outcomes are made, whatever the consumer wants: somebody else does."""
        return bool(self.notifier) or self._journal is not None

    def open_journal(self, task: Callable[..., Any]) -> None:
        """Open the journal for a run of `task`, if there is to be one. Raises ``JournalError``; then nothing was begun."""
        settings = self.settings
        if settings.journal is not None:
            self._journal = settings.journal.open(identity_of(task, settings.key), settings.name)

    def journaling(self) -> Journaling | None:
        """Return what workers tell of what they do, where there is a journal."""
        return Journaling(self._journal, self.flow.ledger, self.epoch) if self._journal and self.flow else None

    def wait_until_durable(self, batch: Batch) -> None:
        """Wait until what `batch` has done is in the journal, if there is one. Raises ``JournalError``."""
        journal, flow = self._journal, self.flow
        if journal and flow and not journal.durable(batch.ticket):
            with flow.outlet.waiting():
                journal.wait(batch.ticket)

    def _tell_dropped(self, batch: Batch) -> None:
        """Tell the listeners of items that end without having been run to an end; an interrupt in one of them ends the run."""
        flow = self.flow
        try:
            for outcome in dropped_outcomes(batch, self.settings.key, self.epoch):
                self.notifier.tell(ItemFinished(outcome))
        except BaseException as error:  # noqa: BLE001 - this may be any thread; the consumer gets it
            if flow:
                flow.abort(error)

    def consumed_here(self) -> bool:
        """Tell whether the calling thread is the consumer, as far as there is one yet."""
        return self._consumer in (0, threading.get_ident())

    def adopt(self) -> None:
        """Make the calling thread the consumer, where the one that was has ended."""
        if self._consumer not in frames_of_threads():
            self._consumer = threading.get_ident()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.finish(error)

    def finish(self, error: BaseException | None) -> None:
        """End everything that was begun; `error` is what ended the consuming, if that was not the end of the run.

        After an early end, running tasks get the grace to stop. An interrupt meanwhile (the second Ctrl-C) leaves at
        once, and leaves behind what still runs.
        """
        flow = self.flow
        if self._over or flow is None:  # the interpreter exits, and it has been ended; or nothing was begun
            self._close_journal()
            return
        if isinstance(error, GeneratorExit) and not self.consumed_here():
            # The garbage collector found a forgotten run. It works on any thread, at any moment: even on a worker of
            # this very run, with a lock held. Waiting has to be left to another one.
            start_unjoined(partial(self._end, flow, None), f"{self.settings.name}-closer")
        else:
            self._end(flow, error)

    def _end(self, flow: Flow, error: BaseException | None) -> None:
        try:
            if error is not None or flow.cause is not None or not flow.over():
                flow.scope.cancel(_why(error, flow))
                flow.stop()
            flow.outlet.wait_until_over()
            self._join(flow)
            if self._journal:
                self._journal.close()
            if self._crew.faults and error is None and flow.cause is None and self._shared is None:
                raise self._crew.faults[0]
        except KeyboardInterrupt:  # the second one: nor does the interpreter's exit wait for what still runs
            if self._shared is None:
                self._crew.give_up()
            raise
        finally:
            self._close_crew()
            self._crew.close_run(self)
            self._over = True
            self.status = _status(error, flow)
            self._ended = self.settings.clock.now()
            if not self._timer.stop(self._patience(flow)):
                self._abandoned += (self._timer.name,)
            flow.forget()
            self._close_journal()
            self.notifier.tell(RunFinished(self.stats()))

    def cancel(self, reason: str) -> None:
        """Stop, from any thread; before the beginning, as soon as it begins."""
        self.cancelled = reason
        if self.flow is not None:
            self.flow.scope.cancel(reason)

    def abort(self, cause: BaseException) -> None:
        """Stop, because the crew is closed or the interpreter exits; the consumer, if it comes back, gets `cause`."""
        flow = self.flow
        if flow is not None:
            flow.abort(cause)
            if self._feeder:
                self._feeder.join(self._patience(flow))

    def look(self) -> bool:
        """Give what waits behind something slow to idle workers; tell whether it is worth to look again soon."""
        return self.flow is not None and self.flow.takeover.look()

    def progress(self) -> Progress:
        """Return what has been done."""
        if self.flow is None:
            return Progress()
        state = self.flow.statistics()[0]
        return Progress(state.ended, state.spent, state.squares)

    def _tune(self) -> None:
        """Have the number of workers looked at, now and again, where that is not fixed."""
        if self._crew.tuner:
            self._crew.tuner.look()
            self._timer.at(self.settings.clock.now() + TUNE_SECONDS, self._tune)

    def pause(self, *, paused: bool) -> None:
        """Let no worker take work, or let them again; from any thread, before the beginning too."""
        self._paused = paused
        if self.flow is not None:
            self.flow.crew.pause(paused=paused)

    @property
    def paused(self) -> bool:
        """Whether workers may not take work."""
        return self.flow.crew.paused if self.flow else self._paused

    def resize(self, workers: int) -> None:
        """Let at most so many workers be at work; from any thread, before the beginning too."""
        self._resized = workers
        if self.flow is not None:
            self.flow.crew.resize_by_hand(workers)

    def forget(self) -> None:
        """Take note that there is nothing to end any more: the interpreter exits, or this is a forked child."""
        self._over = True

    def stats(self) -> Summary:
        """Return the counts as they are now."""
        settings, flow = self.settings, self.flow
        if flow is None:
            return Summary(settings.name, self.status, 0, 0, 0, 0, 0, 0, 0, 0, 0.0)
        state, running, abandoned = flow.statistics()
        left_behind = [name for name in abandoned if name not in self._abandoned]
        return Summary(
            name=settings.name,
            status=self.status,
            workers=self._crew.started,
            admitted=state.admitted,
            done=state.done,
            failed=state.failed,
            timed_out=state.timed_out,
            cancelled=state.dropped,
            waiting=state.waiting,
            running=running,
            elapsed=(self._ended or settings.clock.now()) - self.epoch,
            from_journal=state.recalled,
            abandoned=(*self._abandoned, *left_behind),
        )

    def _join(self, flow: Flow) -> None:
        """Wait for the threads of its own, up to the time when they are left behind."""
        self._close_crew()
        until = flow.ledger.ending.give_up_at
        if self._feeder and not self._feeder.join(self._patience(flow)):
            self._abandoned += (self._feeder.name,)
        if self._shared is None:
            self._abandoned += self._crew.join(until)

    def _patience(self, flow: Flow) -> float | None:
        """Return how long to wait for a thread: without end, or what is left of the grace after a stop."""
        ending = flow.ledger.ending
        if ending.give_up_at is not None:
            return max(0.0, ending.give_up_at - self.settings.clock.now())
        return None if ending.cause is None else self.settings.grace

    def _close_journal(self) -> None:
        """Let go of the journal. What cannot be kept was told before, where that matters."""
        if self._journal:
            with contextlib.suppress(JournalError):
                self._journal.close()

    def _close_crew(self) -> None:
        if self._shared is None:
            self._crew.close()


def _why(error: BaseException | None, flow: Flow) -> str:
    if isinstance(error, GeneratorExit):
        return "the run was closed before its end"
    cause = flow.cause if error is None else error
    return "the run was stopped" if cause is None else f"the run was ended by {type(cause).__name__}"


def _status(error: BaseException | None, flow: Flow) -> RunStatus:
    """Return how a run ended whose consuming ended with `error`."""
    cause = error if isinstance(error, KeyboardInterrupt) or flow.cause is None else flow.cause
    if cause is None:
        return RunStatus.COMPLETED
    if isinstance(cause, KeyboardInterrupt):
        return RunStatus.INTERRUPTED
    if isinstance(cause, DeadlineExceeded):
        return RunStatus.DEADLINE
    if isinstance(cause, RunCancelled | Cancelled | GeneratorExit):
        return RunStatus.CANCELLED
    return RunStatus.FAILED if flow.keep is Keep.VALUES or error is not None else RunStatus.HALTED
