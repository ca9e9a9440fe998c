"""`Trace`: writes what a run does to a file that Perfetto and Chrome show as tracks of named threads."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from types import TracebackType
from typing import Any, Self, TypeVarTuple

from ..engine import (
    Event,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    ItemThrottled,
    Outcome,
    RunFinished,
    RunStarted,
    Status,
    Summary,
    default_clock,
)
from ..errors import InvalidOption
from .event_file import EventFile
from .shown import error_text, shown

Ts = TypeVarTuple("Ts")

MOST_EVENTS = 500_000  # about 100 MB; the pages that show traces get slow beyond

_SHORTEST_WAIT = 0.001  # seconds: a wait that is shorter is not drawn
_COUNTER_STEP = 0.001  # seconds: changes of the counters within it are one


@dataclass(slots=True)
class _Retry:
    """An item between two attempts, or in one that is not its first."""

    first: float
    """When its first attempt began."""
    since: float
    delay: float
    key: str
    error: str
    attempt: int
    """The one that failed last."""
    waiting: bool = True
    """Whether the next one has not begun yet."""


class Trace:
    """A listener that writes a trace for https://ui.perfetto.dev: ``threadwork.map(f, items, listeners=[Trace("run.json")])``.

    Each named thread is a track, and each attempt a slice on it, with index, key, attempt, status and error. Waits of at
    least 1 ms (for a thread or a limit) and the time between an attempt and the next are slices of their own; counters
    show how many items run, are to be retried, and wait for a limit. The file is written at once, replaces what was there, and is
    whole after the end of each run; of a process that is killed it lacks its end, which Perfetto does not mind, and at
    most the last second. It has at most `most` events: the first nine tenths and the newest; a slice called ``cut``
    covers what is missing between.

    May be called from any thread and be given to several runs. Raises ``OSError`` where the file cannot be opened;
    where it cannot be written later, the engine says so and the run goes on.
    """

    def __init__(self, path: str | os.PathLike[str], *, most: int = MOST_EVENTS) -> None:
        if most < 10:
            raise InvalidOption(f"most must be at least 10 events, not {most!r}")
        self._now = default_clock.get().now
        self._epoch = self._now()
        self._lock = threading.Lock()  # Guards: all below
        self._file = EventFile(os.fspath(path), most)
        self._pid = os.getpid()
        self._tracks: dict[str, int] = {}  # of the threads by their names
        self._begun: dict[tuple[str, int], tuple[float, str, int]] = {}  # start, key and number of the attempts that run
        self._retries: dict[int, _Retry] = {}
        self._runs: list[tuple[str, int]] = []  # names and numbers of those under way
        self._asyncs = 0
        self._retrying = 0
        self._throttled: set[int] = set()  # items that wait for a limit
        self._counted_at = self._epoch
        self._counts = (0, 0, 0)
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __call__(self, event: Event, /) -> None:
        """Write what `event` tells. Takes 2 to 3 microseconds."""
        match event:  # what calls code of the user's, `shown`, comes before the lock is taken
            case ItemStarted(key=key):
                self._write(self._item_started, event, shown(key))
            case ItemFinished(outcome):
                self._write(self._item_finished, outcome, shown(outcome.key), _text(outcome))
            case ItemThrottled():
                self._write(self._item_throttled, event)
            case ItemRetried(error=error):
                self._write(self._item_retried, event, error_text(error))
            case RunStarted():
                with self._lock:
                    if not self._closed:
                        self._run_started(event)
            case RunFinished(summary):
                self._write(self._run_finished, summary)
            case _:
                pass

    def close(self) -> None:
        """End the trace, also in the middle of a run: the file is whole, and nothing more is written to it."""
        with self._lock:
            if not self._closed:
                self._closed = True
                for name, number in self._runs:
                    self._file.keep(self._async("e", "run", number, self._now(), f"run {name}", "{}"))
                self._runs.clear()
                self._finish("still running")

    def _write(self, take: Callable[[*Ts], None], *told: *Ts) -> None:
        """Have `take` write what is told, unless no run is under way."""
        with self._lock:
            if self._runs:
                take(*told)

    # The lock is held in all below.

    def _run_started(self, event: RunStarted) -> None:
        self._asyncs += 1
        self._runs.append((event.name, self._asyncs))
        if len(self._runs) == 1 and not self._tracks:
            self._file.keep(self._named("process_name", 0, event.name))
        total = "null" if event.total is None else event.total
        arguments = f'{{"workers":{event.workers},"total":{total}}}'
        self._file.keep(self._async("b", "run", self._asyncs, self._now(), f"run {event.name}", arguments))

    def _run_finished(self, summary: Summary) -> None:
        name = summary.name
        number = next((number for each, number in self._runs if each == name), self._runs[0][1])
        self._runs = [run for run in self._runs if run[1] != number]
        self._file.keep(self._async("e", "run", number, self._now(), f"run {name}", f'{{"summary":{quoted(str(summary))}}}'))
        if not self._runs:
            self._finish("left behind")

    def _item_started(self, event: ItemStarted, key: str) -> None:
        now = self._now()
        self._begun[event.worker, event.index] = now, key, event.attempt
        self._throttled.discard(event.index)
        retry = self._retries.get(event.index)
        if retry and retry.waiting:
            retry.waiting = False
            self._retrying -= 1
            self._add_retry(retry, now)
        self._count(now)

    def _item_throttled(self, event: ItemThrottled) -> None:
        self._throttled.add(event.index)
        self._count(self._now())

    def _item_retried(self, event: ItemRetried, error: str) -> None:
        now = self._now()
        start, key, _ = self._begun.pop((event.worker, event.index), (now, str(event.index), 0))
        self._add_attempt(event.worker, start, now, (event.index, key, event.attempt, "retried", error))
        known = self._retries.get(event.index)
        first = known.first if known else start
        self._retries[event.index] = _Retry(first, now, event.delay, key, error, event.attempt)
        self._retrying += 1
        self._count(now)

    def _item_finished(self, outcome: Outcome[Any], key: str, error: str) -> None:
        now = self._now()
        begun = self._begun.pop((outcome.worker, outcome.index), None)
        self._throttled.discard(outcome.index)
        if begun is None:
            return  # it never ran, or its end was told before
        start = begun[0]
        self._add_attempt(outcome.worker, start, now, (outcome.index, key, outcome.attempts, outcome.status, error))
        retry = self._retries.pop(outcome.index, None) if self._retries else None
        if outcome.waited >= _SHORTEST_WAIT:
            first = retry.first if retry else start
            self._add_wait(start - outcome.waited, first, outcome.index, key)
        self._count(now)

    def _add_attempt(self, worker: str, start: float, end: float, about: tuple[int, str, int, str, str]) -> None:
        """Add the slice of an attempt; `about` is index, key, attempt, status, and error if there is one."""
        track = self._tracks.get(worker)
        if track is None:
            track = self._new_track(worker)
        index, key, attempt, status, error = about
        name = quoted(key)
        ending = f',"error":{quoted(error)}' if error else ""
        kind = "attempt" if status is Status.DONE else "attempt,failed"
        self._file.add(
            f'{{"ph":"X","pid":{self._pid},"tid":{track},"ts":{(start - self._epoch) * 1e6:.1f},"dur":{(end - start) * 1e6:.1f},'
            f'"name":{name},"cat":"{kind}","args":{{"index":{index},"key":{name},"attempt":{attempt},"status":"{status}"{ending}}}}}'
        )

    def _add_wait(self, start: float, end: float, index: int, key: str) -> None:
        if end - start >= _SHORTEST_WAIT:
            self._add_span("wait", start, end, f'{{"index":{index},"key":{quoted(key)}}}')

    def _add_retry(self, retry: _Retry, end: float) -> None:
        arguments = (
            f'{{"key":{quoted(retry.key)},"after attempt":{retry.attempt},"delay":{retry.delay},"error":{quoted(retry.error)}}}'
        )
        self._add_span("retry delay", retry.since, end, arguments)

    def _add_span(self, name: str, start: float, end: float, arguments: str) -> None:
        """Add a slice that belongs to no thread: the two events are one element of the file, so that neither is dropped alone."""
        self._asyncs += 1
        first = self._async("b", name, self._asyncs, start, name, arguments)
        self._file.add(f"{first},\n{self._async('e', name, self._asyncs, end, name, '{}')}")

    def _async(self, phase: str, kind: str, number: int, at: float, name: str, arguments: str) -> str:
        return (
            f'{{"ph":"{phase}","pid":{self._pid},"tid":0,"ts":{(at - self._epoch) * 1e6:.1f},'
            f'"name":{quoted(name)},"cat":"{kind}","id":{number},"args":{arguments}}}'
        )

    def _count(self, now: float) -> None:
        """Take note of the counters as they are now; what they were before is written if it has lasted."""
        if now - self._counted_at >= _COUNTER_STEP:
            self._file.add(self._counter())
            self._counted_at = now
        self._counts = len(self._begun), self._retrying, len(self._throttled)

    def _counter(self) -> str:
        at, (running, retrying, throttled) = (self._counted_at - self._epoch) * 1e6, self._counts
        arguments = f'{{"running":{running},"retrying":{retrying},"throttled":{throttled}}}'
        return f'{{"ph":"C","pid":{self._pid},"tid":0,"ts":{at:.1f},"name":"items","args":{arguments}}}'

    def _new_track(self, worker: str) -> int:
        track = self._tracks[worker] = len(self._tracks) + 1
        self._file.keep(self._named("thread_name", track, worker))
        self._file.keep(
            f'{{"ph":"M","pid":{self._pid},"tid":{track},"name":"thread_sort_index","args":{{"sort_index":{track}}}}}'
        )
        return track

    def _named(self, what: str, track: int, name: str) -> str:
        return f'{{"ph":"M","pid":{self._pid},"tid":{track},"name":"{what}","args":{{"name":{quoted(name)}}}}}'

    def _finish(self, status: str) -> None:
        """Make the file whole: attempts that are not over yet get `status`."""
        now = self._now()
        for (worker, index), (start, key, attempt) in self._begun.items():
            self._add_attempt(worker, start, now, (index, key, attempt, status, ""))
        for retry in self._retries.values():
            if retry.waiting:
                self._add_retry(retry, now)
        self._begun.clear()
        self._retries.clear()
        self._retrying = 0
        self._throttled.clear()
        self._count(now + _COUNTER_STEP)
        self._file.finish(self._counter(), *self._mark())

    def _mark(self) -> Iterator[str]:
        """Yield the slice over what was dropped, if anything was."""
        gap = self._file.gap()
        if gap:
            before, after = (json.loads(f"[{element}]")[-1] for element in gap)
            start, end = before["ts"] / 1e6 + self._epoch, (after["ts"] + after.get("dur", 0.0)) / 1e6 + self._epoch
            yield self._async("b", "cut", 0, start, "cut", f'{{"events left out":{self._file.dropped}}}')
            yield self._async("e", "cut", 0, max(start, end), "cut", "{}")


def _text(outcome: Outcome[Any]) -> str:
    return "" if outcome.error is None else error_text(outcome.error)
