"""A clock that tests move, and events as the engine would tell them."""

import pytest

from threadwork.engine import ItemFinished, ItemRetried, ItemStarted, Outcome, RunFinished, RunStarted, RunStatus, Status, Summary
from threadwork.testing import ManualClock, using


class Story:
    """Tells a listener what happens, at moments of the test's own choosing."""

    def __init__(self, clock):
        self.clock = clock
        self.listener = None
        self.started = {}

    def wait(self, seconds):
        self.clock.advance(seconds)

    def begin(self, name="hash", workers=2, total=None):
        self.listener(RunStarted(name, workers, total))

    def start(self, index, worker="hash-1", attempt=1, key=None, item=None):
        self.started[index] = self.clock.now()
        self.listener(ItemStarted(index, index if key is None else key, item, attempt, worker, self.clock.now()))

    def retry(self, index, error=None, worker="hash-1", attempt=1, delay=1.0):
        self.listener(ItemRetried(index, None, attempt, error or OSError("not there"), delay, worker))

    def finish(self, index, worker="hash-1", error=None, attempts=1, waited=0.0, key=None, item=None, status=None):
        status = status or (Status.DONE if error is None else Status.FAILED)
        start = self.started[index]
        duration = self.clock.now() - start
        key = index if key is None else key
        self.listener(ItemFinished(Outcome(index, key, item, status, None, error, attempts, start, duration, waited, worker)))

    def item(self, index, seconds, **about):
        """Begin it, wait, and finish it."""
        self.start(index, about.get("worker", "hash-1"), key=about.get("key"), item=about.get("item"))
        self.wait(seconds)
        self.finish(index, **about)

    def end(self, status=RunStatus.COMPLETED, name="hash", **counts):
        counts = {"done": 0, "failed": 0, "timed_out": 0, "cancelled": 0, "waiting": 0, "running": 0, **counts}
        self.listener(RunFinished(Summary(name, status, 2, sum(counts.values()), elapsed=self.clock.now(), **counts)))


@pytest.fixture
def story():
    clock = ManualClock()
    with using(clock):
        yield Story(clock)
