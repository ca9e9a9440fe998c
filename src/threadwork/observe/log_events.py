"""`LogEvents`: what happens in a run, as records of the standard library's `logging`."""

import logging
from typing import Any

from ..engine import Event, ItemFinished, ItemRetried, ItemStarted, Outcome, RunFinished, RunStarted, Status, WorkersChanged
from .shown import error_text, shown

_About = tuple[int, object, int, str]
"""Index, key, attempt and worker."""


class LogEvents:
    """A listener that logs: ``threadwork.map(f, items, listeners=[LogEvents()])``.

    Failed items are WARNING, retries and the run INFO, and each item's start and end DEBUG. A record has ``run``,
    ``item_index``, ``item_key``, ``attempt`` and ``worker`` (where they apply) as attributes, for formatters and filters, and a
    failure its traceback. Texts are made only for records that somebody wants. May be called from any thread.
    """

    def __init__(self, logger: logging.Logger | None = None) -> None:
        self._logger = logger or logging.getLogger("threadwork.run")
        self._run = ""

    def __call__(self, event: Event, /) -> None:
        """Log `event`."""
        match event:
            case ItemStarted():
                self._log(logging.DEBUG, (event.index, event.key, event.attempt, event.worker), "item %s begins")
            case ItemFinished(outcome):
                self._finished(outcome)
            case ItemRetried(error=error, delay=delay):
                about = event.index, event.index, event.attempt, event.worker
                self._log(logging.INFO, about, "item %s failed, tried again in %.3g s: %s", delay, _Lazy(error))
            case RunStarted(name=name):
                self._run = name
                self._logger.info("run %s begins (workers: %d)", name, event.workers, extra={"run": name})
            case RunFinished(summary):
                self._logger.info("%s", summary, extra={"run": summary.name})
            case WorkersChanged():
                self._logger.debug(
                    "%d workers, after %d: %s", event.workers, event.before, event.reason, extra={"run": self._run}
                )
            case _:
                pass

    def _finished(self, outcome: Outcome[Any]) -> None:
        about = outcome.index, outcome.key, outcome.attempts, outcome.worker
        if outcome.error is None or outcome.status is Status.CANCELLED:
            self._log(logging.DEBUG, about, "item %s is %s, %.3g s", str(outcome.status), outcome.duration)
        else:
            self._log(logging.WARNING, about, "item %s %s: %s", str(outcome.status), _Lazy(outcome.error), error=outcome.error)

    def _log(self, level: int, about: _About, message: str, *told: object, error: BaseException | None = None) -> None:
        if self._logger.isEnabledFor(level):
            index, key, attempt, worker = about
            extra = {"run": self._run, "item_index": index, "item_key": key, "attempt": attempt, "worker": worker}
            self._logger.log(level, message, shown(key), *told, extra=extra, exc_info=error)


class _Lazy:
    """The text of an error, made when it is wanted."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __str__(self) -> str:
        return error_text(self._error)
