"""What a run gives its consumer: values, outcomes, or nothing but its end."""

from collections.abc import Callable, Generator, Iterator
from itertools import repeat
from typing import Any

from .attempt import BatchRunner, NothingRunner, OutcomesRunner, ValuesRunner, dropped_outcomes
from .execution import Execution
from .flow import Flow
from .ledger import Keep
from .outcome import Outcome

Task = Callable[[Any], Any]


class Results:
    """The results of one task over one input; one of its methods is called, once, by the consumer."""

    def __init__(self, execution: Execution, task: Task, source: Iterator[Any], total: int | None) -> None:
        self._execution = execution
        self._task = task
        self._source = [source]  # so that it can be handed on without a reference that stays behind
        self._total = total

    def values(self) -> Generator[Any]:
        """Yield the values; raise at the first failed item."""
        with self._execution:
            flow = self._begin(Keep.VALUES)
            while (delivery := flow.outlet.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                if self._execution.notifier:
                    for _ in repeat(None, count):
                        yield _value(take(), flow)
                else:
                    for _ in repeat(None, count):
                        yield take()

    def outcomes(self) -> Generator[Outcome[Any]]:
        """Yield an outcome for each item; raise only what concerns the whole run."""
        with self._execution:
            flow = self._begin(Keep.OUTCOMES)
            while (delivery := flow.outlet.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                for _ in repeat(None, count):
                    yield take()
                if batch.dropped:
                    yield from dropped_outcomes(batch, self._execution.settings.key)

    def nothing(self) -> list[BaseException]:
        """Run to the end and return the first errors of items."""
        with self._execution:
            flow = self._begin(Keep.NOTHING)
            flow.outlet.take()
        return flow.take_errors()

    def _begin(self, keep: Keep) -> Flow:
        return self._execution.begin(keep, lambda execution: self._runner(execution, keep), self._source, self._total)

    def _runner(self, execution: Execution, keep: Keep) -> BatchRunner:
        """Return the cheapest way to run the items that gives what is wanted."""
        if keep is Keep.OUTCOMES or execution.notifier:
            now, key = execution.settings.clock.now, execution.settings.key
            return OutcomesRunner(self._task, key, execution.notifier, now, execution.epoch, keep is not Keep.NOTHING)
        return ValuesRunner(self._task) if keep is Keep.VALUES else NothingRunner(self._task)


def _value(outcome: Outcome[Any], flow: Flow) -> Any:
    """Return the value of `outcome`, or raise why there is none."""
    if outcome.ok:
        return outcome.value
    try:
        with flow.ledger.lock:
            raise flow.ledger.reason(outcome.index, outcome.error)
    finally:
        del outcome, flow  # the frames of the error would refer to them
