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
        self._source: Iterator[Any] | None = source
        self._total = total

    def values(self) -> Generator[Any]:
        """Yield the values; raise at the first failed item."""
        flow = self._begin(Keep.VALUES)
        error: BaseException | None = None
        try:
            while (delivery := flow.outlet.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                if self._execution.notifier:
                    for _ in repeat(None, count):
                        yield _value(take(), flow)
                else:
                    for _ in repeat(None, count):
                        yield take()
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._execution.finish(flow, error)
            del error

    def outcomes(self) -> Generator[Outcome[Any]]:
        """Yield an outcome for each item; raise only what concerns the whole run."""
        flow = self._begin(Keep.OUTCOMES)
        error: BaseException | None = None
        try:
            while (delivery := flow.outlet.take()) is not None:
                batch, count = delivery
                take = batch.done.popleft
                for _ in repeat(None, count):
                    yield take()
                if batch.dropped:
                    yield from dropped_outcomes(batch, self._execution.settings.key)
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._execution.finish(flow, error)
            del error

    def nothing(self) -> list[BaseException]:
        """Run to the end and return the first errors of items."""
        flow = self._begin(Keep.NOTHING)
        error: BaseException | None = None
        try:
            flow.outlet.take()
        except BaseException as caught:
            error = caught
            raise
        finally:
            self._execution.finish(flow, error)
            del error
        return flow.take_errors()

    def _begin(self, keep: Keep) -> Flow:
        source, self._source = self._source, None
        return self._execution.begin(keep, lambda execution: self._runner(execution, keep), source, self._total)

    def _runner(self, execution: Execution, keep: Keep) -> BatchRunner:
        """Return the cheapest way to run the items that gives what is wanted."""
        if keep is Keep.OUTCOMES or execution.notifier:
            now, key = execution.settings.clock.now, execution.settings.key
            return OutcomesRunner(self._task, key, execution.notifier, now, execution.epoch, keep is not Keep.NOTHING)
        return ValuesRunner(self._task) if keep is Keep.VALUES else NothingRunner(self._task)


def _value(outcome: Outcome[Any], flow: Flow) -> Any:
    """Return the value of `outcome`, or raise why there is none."""
    cause = flow.ledger.ending.cause
    if outcome.ok or cause is None:
        return outcome.unwrap()
    raise cause
