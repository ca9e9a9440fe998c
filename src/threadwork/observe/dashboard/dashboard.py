"""`Dashboard`: a listener that shows a run on a page which moves, and lets people steer it there."""

import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self

from ...engine import Event, ItemFinished, ItemRetried, ItemStarted, RunStarted, WorkersChanged, default_clock
from ...errors import InvalidOption
from ..figures import Figures
from ..histogram import Histogram
from ..shown import shown
from ..statistics import Statistics
from ..ticker import Ticker
from .server import Server, loopback

_SAMPLE_SECONDS = 0.5
_MOST_SAMPLES = 240  # two minutes
_MOST_LANES = 128


class Steerable(Protocol):
    """What can be steered: a `Run`."""

    @property
    def paused(self) -> bool:
        """Whether it begins nothing."""

    def pause(self) -> None:
        """Begin nothing more."""

    def resume(self) -> None:
        """Go on."""

    def resize(self, workers: int) -> None:
        """Have so many workers at work."""

    def cancel(self, reason: str) -> None:
        """Stop."""


class Dashboard:
    """Serves the page at `url` while it is entered: ``with Dashboard() as page: ... listeners=[page]``, ``page.steer(run)``.

    It shows what each thread does now, throughput and durations of the last two minutes, counts, failures with their
    tracebacks, and, once `steer` has been told of the run, buttons that pause, resume, stop and resize it. Only programs on
    this machine that know the random word in `url` get in. For one run at a time; an item costs about 7 us. Leaving it ends
    the server.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Take note of where to listen: 0 is any port that is free. Raises `InvalidOption` for a host that others can reach."""
        self._address = loopback(host), port
        self._now = default_clock.get().now
        self._statistics = Statistics()
        self._lock = threading.Lock()  # Guards: all below
        self._lanes: dict[str, tuple[ItemStarted, float]] = {}  # what each worker is at, and since when
        self._samples: deque[dict[str, float]] = deque(maxlen=_MOST_SAMPLES)
        self._before: tuple[Figures, Histogram] | None = None
        self._workers = 0
        self._run: Steerable | None = None
        self._server: Server | None = None
        self._ticker = Ticker(self.sample, _SAMPLE_SECONDS, "dashboard-samples")
        self.url = ""
        """Where the page is while it is entered, with the word that lets in whoever knows it."""

    def steer(self, run: Steerable) -> None:
        """Have the buttons of the page work on `run`."""
        self._run = run

    def __enter__(self) -> Self:
        """Open the port and begin to answer. Raises ``OSError`` for a port that is in use."""
        self._server = Server(*self._address, self.snapshot, self._act)
        self.url = self._server.url
        self._server.start()
        self._ticker.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ticker.__exit__(kind, error, trace)
        self.sample()
        if self._server:
            self._server.close()

    def __call__(self, event: Event, /) -> None:
        """Take note of `event`."""
        self._statistics(event)
        match event:
            case ItemStarted(worker=worker):
                with self._lock:
                    self._lanes[worker] = event, self._now()
            case ItemFinished(outcome):
                with self._lock:
                    self._lanes.pop(outcome.worker, None)
            case ItemRetried(worker=worker):
                with self._lock:
                    self._lanes.pop(worker, None)
            case RunStarted(workers=workers):
                self._workers = workers
                self.sample()  # the charts begin here
            case WorkersChanged(workers=workers):
                self._workers = workers
            case _:
                pass

    def sample(self) -> None:
        """Add what has been done since the last time to the charts."""
        figures = self._statistics.figures()
        with self._lock:
            before, self._before = self._before, (figures, figures.latency)
            if before is None or (seconds := figures.run.elapsed - before[0].run.elapsed) <= 0:
                return
            latest = figures.latency.since(before[1])
            done = figures.done - figures.from_journal - before[0].done + before[0].from_journal
            failed = figures.finished - before[0].finished - done
            self._samples.append(
                {
                    "at": figures.run.elapsed,
                    "done": done / seconds,
                    "failed": failed / seconds,
                    "median": latest.quantile(0.5),
                    "most": latest.quantile(0.9),
                }
            )

    def snapshot(self) -> dict[str, Any]:
        """Return all that the page shows, as values of JSON."""
        figures, run = self._statistics.figures(), self._run
        with self._lock:
            lanes, samples, now = dict(self._lanes), list(self._samples), self._now()
        return {
            "name": figures.run.name,
            "status": str(figures.run.status),
            "paused": run.paused if run else False,
            "steerable": run is not None,
            "workers": self._workers,
            "elapsed": figures.run.elapsed,
            "total": figures.run.total,
            "counts": _counts(figures),
            "running": len(lanes),
            "quantiles": [figures.latency.quantile(share) for share in (0.5, 0.9, 0.99)],
            "lanes": _lanes(figures, lanes, now),
            "samples": samples,
            "failures": [
                {name: getattr(group, name) for name in ("count", "kind", "shape", "index", "item", "traceback")}
                for group in figures.failures[:20]
            ],
        }

    def _act(self, action: str, value: str) -> str:
        """Do what a button asks for; return what is wrong with that, or an empty text."""
        run = self._run
        if run is None:
            return "there is no run to steer"
        stop = partial(run.cancel, "stopped on the dashboard")
        actions: dict[str, Callable[[], None]] = {"pause": run.pause, "resume": run.resume, "stop": stop}
        try:
            if action == "workers":
                run.resize(int(value) if value.isdecimal() and len(value) <= 4 else 0)
            elif action in actions:
                actions[action]()
            else:
                return "there is no such button"
        except InvalidOption as error:
            return str(error)
        return ""


def _counts(figures: Figures) -> dict[str, int]:
    names = ("done", "failed", "timed_out", "cancelled", "retried", "throttled", "from_journal")
    return {name: getattr(figures, name) for name in names}


def _lanes(figures: Figures, at_work: dict[str, tuple[ItemStarted, float]], now: float) -> list[dict[str, Any]]:
    """Return what each thread does now, and has done; calls the user's ``__repr__``."""
    done = {thread.name: thread for thread in figures.threads}
    lanes = []
    for name in list(dict.fromkeys([*done, *at_work]))[:_MOST_LANES]:
        event, since = at_work.get(name, (None, now))
        thread = done.get(name)
        lanes.append(
            {
                "name": name,
                "item": shown(event.item) if event else None,
                "attempt": event.attempt if event else 0,
                "seconds": now - since,
                "attempts": thread.attempts if thread else 0,
                "failed": thread.failed if thread else 0,
                "busy": thread.seconds / figures.run.elapsed if thread and figures.run.elapsed else 0.0,
            }
        )
    return lanes
