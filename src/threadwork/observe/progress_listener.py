"""`Progress`: a listener that shows how far a run is."""

import sys
import threading
from typing import TextIO

from ..engine import (
    Event,
    ItemFinished,
    ItemRetried,
    ItemStarted,
    ItemThrottled,
    RunFinished,
    RunStarted,
    RunStatus,
    Status,
    Summary,
    default_clock,
)
from .progress import Display, open_display, summary_json
from .ticker import Ticker


class Progress:
    """What ``progress=True`` stands for: a bar where standard error is a terminal or this is a notebook, else a line every 10 s.

    `style` is ``True`` for that, or ``"bar"``, ``"plain"`` or ``"json"`` (an object a second). The summary follows at the end.
    May be called from any thread, and be given to several runs, one after the other. An item costs about 1.5 us.
    """

    def __init__(self, style: bool | str = True, stream: TextIO | None = None) -> None:  # noqa: FBT001, FBT002 - as the option is given
        self._style = "auto" if style is True else str(style)
        self._stream = stream
        self._now = default_clock.get().now
        self._lock = threading.Lock()  # Guards: the counts
        self._started: RunStarted | None = None
        self._display: Display | None = None
        self._ticker: Ticker | None = None

    def __call__(self, event: Event, /) -> None:
        """Count what `event` tells."""
        match event:
            case ItemStarted(index=index):
                with self._lock:
                    self._running += 1
                    self._waiting.discard(index)
            case ItemFinished(outcome):
                with self._lock:
                    self._ended[outcome.status] += 1
                    self._known += outcome.from_journal
                    self._running -= bool(outcome.attempts) and not outcome.from_journal and outcome.index not in self._waiting
                    self._waiting.discard(outcome.index)
            case ItemThrottled(index=index):
                with self._lock:
                    self._waiting.add(index)
            case ItemRetried(index=index):
                with self._lock:
                    self._running -= 1
                    self._waiting.add(index)
            case RunStarted():
                self._begin(event)
            case RunFinished(summary):
                self._end(summary)
            case _:
                pass

    def summary(self) -> Summary:
        """Return the counts as they are now."""
        started = self._started
        with self._lock:
            return Summary(
                name=started.name if started else "",
                status=RunStatus.RUNNING,
                workers=started.workers if started else 0,
                admitted=sum(self._ended.values()) + self._running + len(self._waiting),
                done=self._ended[Status.DONE],
                failed=self._ended[Status.FAILED],
                timed_out=self._ended[Status.TIMED_OUT],
                cancelled=self._ended[Status.CANCELLED],
                waiting=len(self._waiting),
                running=self._running,
                elapsed=self._now() - self._began,
                from_journal=self._known,
            )

    def _begin(self, event: RunStarted) -> None:
        self._started, self._began = event, self._now()
        self._ended = dict.fromkeys(Status, 0)
        self._running = self._known = 0
        self._waiting: set[int] = set()
        self._display = display = open_display(self._style, self._stream or sys.stderr, event.total)
        self._ticker = Ticker(lambda: display.show(self.summary()), display.seconds, f"{event.name}-progress")
        self._ticker.__enter__()

    def _end(self, summary: Summary) -> None:
        if self._ticker and self._display:
            self._ticker.__exit__(None, None, None)
            self._display.close()
            self._display.note(summary_json(summary, "summary") if self._style == "json" else str(summary))
        self._ticker = self._display = None
