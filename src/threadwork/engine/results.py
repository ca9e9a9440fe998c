"""What a run gives its consumer: values, outcomes, or nothing but its end."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import starmap
from operator import attrgetter
from typing import Any

from .attempt import BatchRunner, GuardedRunner, NothingRunner, OutcomesRunner, ValuesRunner, dropped_outcomes
from .execution import Execution
from .flow import Flow
from .ledger import Keep
from .outcome import Outcome
from .retrying import checked

Task = Callable[[Any], Any]

_value = attrgetter("value")


class Results:
    """The results of one task over one input; one of its methods is called, once, by the consumer."""

    def __init__(self, execution: Execution, task: Task, source: Iterator[Any], total: int | None) -> None:
        self._execution = execution
        self._task = task
        self._source = [source]  # so that it can be handed on without a reference that stays behind
        self._total = total

    def values(self) -> Generator[Iterable[Any]]:
        """Yield the values, in portions; raise at the first failed item."""
        return self._portions(Keep.VALUES)

    def outcomes(self) -> Generator[Iterable[Outcome[Any]]]:
        """Yield an outcome for each item, in portions; raise only what concerns the whole run."""
        return self._portions(Keep.OUTCOMES)

    def nothing(self) -> list[BaseException]:
        """Run to the end and return the first errors of items."""
        with self._execution:
            flow = self._begin(Keep.NOTHING)
            flow.outlet.take()
        return flow.take_errors()

    def _portions(self, keep: Keep) -> Generator[Iterable[Any]]:
        """Yield what is delivered, in iterators that give the results one by one and keep none."""
        turns: list[tuple[()]] = []
        try:
            with self._execution:
                flow = self._begin(keep)
                values_of_outcomes = keep is Keep.VALUES and self._execution.makes_outcomes
                while (delivery := flow.outlet.take()) is not None:
                    batch, count = delivery
                    self._execution.wait_until_durable(batch)
                    if values_of_outcomes:
                        yield from _values(batch.done, count, flow)
                        continue
                    # One turn for each result. In C it takes two thirds of the time of a generator of Python's.
                    turns = [()] * count
                    yield starmap(batch.done.popleft, turns)
                    if batch.dropped and keep is Keep.OUTCOMES:
                        yield dropped_outcomes(batch, self._execution.settings.key, self._execution.epoch)
        finally:
            turns.clear()  # whoever still reads the last portion is at its end too

    def _begin(self, keep: Keep) -> Flow:
        self._execution.open_journal(self._task)
        return self._execution.begin(keep, lambda execution: self._runner(execution, keep), self._source, self._total)

    def _runner(self, execution: Execution, keep: Keep) -> BatchRunner:
        """Return the cheapest way to run the items that gives what is wanted."""
        settings = execution.settings
        task = (
            self._task
            if settings.retry is None or settings.retry.bad_result is None
            else checked(self._task, settings.retry.bad_result)
        )
        if keep is Keep.OUTCOMES or execution.makes_outcomes:
            now, kept, journal = settings.clock.now, keep is not Keep.NOTHING, execution.journaling()
            return OutcomesRunner(task, settings.key, execution.notifier, now, execution.epoch, kept, settings.guarded, journal)
        if settings.guarded:
            return GuardedRunner(task, keep is Keep.VALUES)
        return ValuesRunner(task) if keep is Keep.VALUES else NothingRunner(task)


def _values(outcomes: deque[Outcome[Any]], count: int, flow: Flow) -> Iterator[Iterable[Any]]:
    """Yield the values of the first `count` of `outcomes`, each a portion; raise why there is none."""
    for _ in range(count):
        if not outcomes[0].ok:
            _raise(outcomes.popleft(), flow)
        yield map(_value, starmap(outcomes.popleft, [()]))


def _raise(outcome: Outcome[Any], flow: Flow) -> None:
    try:
        with flow.ledger.lock:
            raise flow.ledger.reason(outcome.index, outcome.error)
    finally:
        del outcome, flow  # the frames of the error would refer to them
