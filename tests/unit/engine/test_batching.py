"""Guarantee 3: batching is invisible; finished results come soon; idle workers take over what others have not begun."""

import itertools
import threading
from contextlib import contextmanager

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Halt, Pool, Status
from threadwork.engine.options import Settings
from threadwork.engine.run import run_of
from threadwork.testing import ManualClock


def blocks_at(item, gate):
    """Return a task that waits for `gate` at `item`, and a set of the items that other calls have ended."""
    ended = set()

    def task(this):
        if this == item:
            gate.wait(10)
        ended.add(this)
        return this

    return task, ended


@pytest.mark.parametrize("straggler", [0, 1, 25, 49])
@pytest.mark.parametrize("ordered", [True, False])
def test_idle_workers_take_over_what_a_batch_has_not_begun(gate, straggler, ordered):
    task, ended = blocks_at(straggler, gate)
    results = iter(threadwork.map(task, range(50), workers=3, batch=50, ordered=ordered))
    consumer = Aside(lambda: list(results))
    wait_until(lambda: len(ended) == 49)
    gate.set()
    assert sorted(consumer.result()) == list(range(50))


def test_for_each_takes_over_too(gate):
    task, ended = blocks_at(10, gate)
    call = Aside(lambda: threadwork.for_each(task, range(50), workers=2, batch=50))
    wait_until(lambda: len(ended) == 49)
    gate.set()
    assert call.result().done == 50


def test_all_other_results_are_delivered_before_the_straggler_ends(gate):
    task, _ = blocks_at(7, gate)
    results = iter(threadwork.map(task, range(50), workers=2, batch=50, ordered=False))
    before = Aside(lambda: [next(results) for _ in range(49)]).result()
    assert sorted(before) == [item for item in range(50) if item != 7]
    gate.set()
    assert list(results) == [7]


def test_results_before_the_straggler_are_delivered_in_order(gate):
    task, _ = blocks_at(20, gate)
    results = iter(threadwork.map(task, range(50), workers=1, batch=50))
    assert Aside(lambda: [next(results) for _ in range(20)]).result() == list(range(20))
    gate.set()
    assert list(results) == list(range(20, 50))


def test_outcomes_are_delivered_before_the_straggler_ends(gate):
    task, _ = blocks_at(20, gate)
    results = threadwork.map(task, range(50), workers=1, batch=50).outcomes()
    before = Aside(lambda: [next(results) for _ in range(20)]).result()
    assert [(outcome.index, outcome.value) for outcome in before] == [(index, index) for index in range(20)]
    gate.set()
    assert [outcome.index for outcome in results] == list(range(20, 50))


def test_a_straggler_among_tiny_tasks_holds_up_nothing_else(gate):
    task, ended = blocks_at(3000, gate)
    results = iter(threadwork.map(task, range(6000), workers=4, ordered=False))
    before = Aside(lambda: [next(results) for _ in range(5999)]).result()
    assert 3000 not in before
    gate.set()
    assert list(results) == [3000]


def test_stolen_items_keep_their_order_and_their_index(gate):
    task, ended = blocks_at(0, gate)
    results = threadwork.map(task, range(100), workers=4, batch=12, buffersize=200).outcomes()
    consumer = Aside(lambda: list(results))
    wait_until(lambda: len(ended) == 99)
    gate.set()
    assert [(outcome.index, outcome.item) for outcome in consumer.result()] == [(index, index) for index in range(100)]


@pytest.mark.parametrize("batch", [1, 2, 50, "auto"])
@pytest.mark.parametrize("ordered", [True, False])
def test_statuses_errors_and_counts_do_not_depend_on_the_batch(batch, ordered):
    def task(item):
        if item % 7 == 3:
            raise ValueError(item)
        return item * item

    run = threadwork.map(task, range(200), workers=3, batch=batch, ordered=ordered)
    outcomes = sorted(run.outcomes())
    assert [outcome.index for outcome in outcomes] == list(range(200))
    for outcome in outcomes:
        bad = outcome.item % 7 == 3
        assert outcome.status is (Status.FAILED if bad else Status.DONE)
        assert outcome.value == (None if bad else outcome.item**2)
        assert (outcome.error.args if bad else outcome.error) == ((outcome.item,) if bad else None)
    counts = run.stats()
    assert (counts.admitted, counts.done, counts.failed, counts.cancelled) == (200, 171, 29, 0)


@pytest.mark.parametrize("batch", [1, 2, 50, "auto"])
def test_the_first_failure_comes_after_exactly_the_values_before_it(batch):
    received = []
    with pytest.raises(ValueError, match="37"):
        for value in threadwork.map(lambda item: item if item != 37 else int("37x"), range(500), workers=1, batch=batch):
            received.append(value)  # noqa: PERF402 - what comes before the error counts
    assert received == list(range(37))


@pytest.mark.parametrize("batch", [1, 2, 50, "auto"])
def test_a_failure_comes_after_a_part_of_the_values_before_it_where_others_had_not_begun_them(batch):
    received = []
    with pytest.raises(ValueError, match="37"):
        for value in threadwork.map(lambda item: item if item != 37 else int("37x"), range(500), workers=3, batch=batch):
            received.append(value)  # noqa: PERF402 - what comes before the error counts
    assert received == list(range(len(received)))
    assert len(received) <= 37


def test_values_go_on_after_a_failure_that_does_not_halt():
    # The consumer stops at the failed item; until it comes there, the batch's other items are run.
    seen = set()

    def task(item):
        seen.add(item)
        if item == 5:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="5"):
        threadwork.map(task, range(20), workers=1, batch=20, halt=Halt.never()).collect()
    assert set(range(6)) <= seen


@contextmanager
def ticking(clock):
    """Let the time of `clock` pass by itself, slowly."""
    enough = threading.Event()

    def tick():
        while not enough.wait(0.001):
            clock.advance(0.001)

    pace = Aside(tick)
    try:
        yield
    finally:
        enough.set()
        pace.result()


def test_what_an_input_gave_before_it_blocked_is_run(gate):
    # 1. Tasks are tiny, so the input fills batches of many. 2. One task is long: batches are of one item from now on.
    # 3. Meanwhile the input has put some items into a large batch, and blocks. They must not wait for the rest of it.
    clock = ManualClock(jumps=False)
    begun, blocked = threading.Event(), threading.Event()
    given, ended = [], set()

    def source():
        for item in itertools.count():
            given.append(item)
            yield item
            if begun.is_set() and len(given) > 1000 + 5:
                break
        blocked.set()
        gate.wait(10)

    def task(item):
        if item == 1000:
            begun.set()
            wait_for(blocked)
            clock.advance(100)
        ended.add(item)
        return item

    consumer = Aside(run_of(task, (source(),), Settings(workers=2, clock=clock)).collect)
    with ticking(clock):
        try:
            wait_for(blocked)
            wait_until(lambda: len(ended) == len(given))
        finally:
            gate.set()
            assert consumer.result() == given


class Observed(ManualClock):
    """Tells when the consumer waits without a look at what goes on."""

    def __init__(self):
        super().__init__(jumps=False)
        self.unwatched = threading.Event()

    def acquire(self, lock, timeout):
        if timeout is None and threading.current_thread().name == "aside":
            self.unwatched.set()
        return super().acquire(lock, timeout)


class Stragglers:
    """A task with three stragglers: item 500, the next one on another thread, and, once `late` is set, one more."""

    def __init__(self, clock, gate):
        self.clock, self.gate = clock, gate
        self.first, self.second, self.late, self.third = (threading.Event() for _ in range(4))
        self.release = threading.Event()
        self.ended = set()
        self._lock = threading.Lock()

    def __call__(self, item):
        with self._lock:
            if item == 500:
                self.first.set()
                wait = self.release
            elif item > 600 and self.first.is_set() and not self.second.is_set():
                self.second.set()
                wait = self.release
            elif self.late.is_set() and not self.third.is_set():
                self.third.set()
                wait = self.gate
            else:
                wait = None
        if wait is not None:
            wait.wait(10)
        self.ended.add(item)
        return item


def test_a_batch_that_is_begun_behind_the_consumers_back_is_looked_after(gate):
    # 1. Tasks are tiny, and large batches are queued. 2. Two tasks are long: batches are of one item from now on. 3. Both
    # workers are between two batches when the consumer looks: it sees none with more than one item, and waits. 4. A worker
    # begins one of the large batches, and its first item is long. The others must not wait for it.
    clock = Observed()
    task = Stragglers(clock, gate)
    count = 6000

    def source():
        yield from range(600)
        wait_for(task.first)
        yield from range(600, count)

    with Pool("two", workers=2) as pool:
        take = pool._crew.take

        def take_late(worker):
            if task.release.is_set() and not task.late.is_set():
                clock.unwatched.wait(0.3)
                task.late.set()
            return take(worker)

        pool._crew.take = take_late
        run = run_of(task, (source(),), Settings(workers=2, clock=clock), pool._crew)
        consumer = Aside(run.collect)
        with ticking(clock):
            try:
                wait_for(task.second)
                wait_until(lambda: len(pool._crew._queue) >= 3)
                clock.unwatched.clear()
                clock.advance(100)
                task.release.set()
                wait_until(lambda: len(task.ended) == count - 1)
            finally:
                gate.set()
                assert consumer.result() == list(range(count))
