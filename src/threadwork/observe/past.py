"""`figures_of_past`: the figures of what a journal remembers, however many runs that took."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..engine import RunStatus, Status
from .failure_groups import FailureGroup, shape_of
from .figures import Figures, RunFacts, SlowItem
from .tally import Tally

Records = Callable[[], Iterable[Mapping[str, Any]]]
"""Gives the records anew each time: dicts with status, began, duration, waited, attempts, worker, position, item and error."""


def figures_of_past(records: Records, began: Sequence[float], settings: dict[str, str]) -> Figures:
    """Return figures of the `records` of runs that have `began` at those times (in seconds since 1970, in order).

    The time between the end of one run and the beginning of the next is left out. Reads the records twice; memory is
    bounded. ``began`` of a record, too, is in seconds since 1970.
    """
    lengths = [0.0] * len(began)
    for record in _ended(records()):
        run = _run_of(record, began)
        lengths[run] = max(lengths[run], record["began"] + record["duration"] - began[run])
    offsets = [sum(lengths[:number]) for number in range(len(lengths))]
    tally, workers = Tally(), set()
    for record in _ended(records()):
        run = _run_of(record, began)
        workers.add(record["worker"])
        _add(tally, record, record["began"] - began[run] + offsets[run])
    return tally.figures(
        RunFacts(
            name=settings.get("task", ""),
            began=datetime.fromtimestamp(began[0], UTC) if began else None,
            elapsed=sum(lengths),
            status=RunStatus.COMPLETED if tally.counts else RunStatus.PENDING,
            workers=len(workers),
            settings={**settings, "runs": str(len(began))},
        )
    )


def _ended(records: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    ends = {Status.DONE, Status.FAILED, Status.TIMED_OUT}
    return (record for record in records if record["status"] in ends)


def _run_of(record: Mapping[str, Any], began: Sequence[float]) -> int:
    return max(0, bisect_right(began, record["began"]) - 1)


def _add(tally: Tally, record: Mapping[str, Any], start: float) -> None:
    status, duration, end = Status(record["status"]), record["duration"], start + record["duration"]
    tally.attempt(record["worker"], start, end, failed=status is not Status.DONE)
    tally.outcome(status, end, record["waited"], attempts=record["attempts"])
    slow = None
    if tally.is_slow(duration):
        slow = SlowItem(duration, record["position"], record["item"], status, record["attempts"], record["worker"], end)
    tally.lasted(duration, slow)
    if record["error"]:
        shape, text = shape_of(record["message"]), f"{record['error']}: {record['message']}"
        where = record["position"], record["item"], text, record["traceback"]
        tally.failures.add(FailureGroup(record["error"], shape, 1, end, end, *where))
