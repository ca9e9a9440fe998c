"""Guarantee 1: the input is pulled lazily, by one thread, and within bounds."""

import itertools
import threading
from dataclasses import dataclass, field

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Status

MOST_AHEAD = 10_000


@dataclass
class Meter:
    """Counts what was pulled and what was received, and the most that the one was ahead of the other."""

    pulled: int = 0
    received: int = 0
    most_ahead: int = 0
    threads: set[int] = field(default_factory=set)

    def source(self, items):
        for item in items:
            self.pulled += 1
            # What is being handed over is yielded for the run, and not received yet.
            self.most_ahead = max(self.most_ahead, self.pulled - self.received - 1)
            self.threads.add(threading.get_ident())
            yield item

    def consume(self, results):
        for result in results:
            self.received += 1
            yield result


def same(item):
    return item


def test_nothing_is_pulled_before_the_run_is_asked():
    meter = Meter()
    run = threadwork.map(same, meter.source(range(3)), name="lazy")
    assert meter.pulled == 0
    assert not any(thread.name.startswith("lazy") for thread in threading.enumerate())
    assert run.collect() == [0, 1, 2]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("batch", [1, 50, "auto"])
@pytest.mark.parametrize("buffersize", [1, 3, 100])
def test_the_input_is_never_more_than_the_buffersize_ahead(buffersize, batch, ordered):
    meter = Meter()
    run = threadwork.map(same, meter.source(range(1000)), workers=3, buffersize=buffersize, batch=batch, ordered=ordered)
    assert sorted(meter.consume(run)) == list(range(1000))
    assert meter.most_ahead <= buffersize


def test_outcomes_are_bounded_by_the_buffersize_too():
    meter = Meter()
    run = threadwork.map(same, meter.source(range(500)), workers=3, buffersize=7)
    assert len(list(meter.consume(run.outcomes()))) == 500
    assert meter.most_ahead <= 7


def test_for_each_admits_no_more_than_the_buffersize_before_something_ends(gate):
    meter = Meter()
    call = Aside(lambda: threadwork.for_each(gate.wait, meter.source([10] * 100), workers=2, buffersize=5))
    wait_until(lambda: meter.pulled == 5)
    gate.set()
    assert call.result().done == 100
    assert meter.pulled == 100


def test_a_consumer_that_pauses_stops_the_pulling():
    meter = Meter()
    run = threadwork.map(same, meter.source(itertools.count()), workers=2)
    results = meter.consume(run)
    for _ in range(2000):
        next(results)
    # All that was admitted ends, and no more than the bound was admitted.
    wait_until(lambda: (counts := run.stats()).done == counts.admitted and not counts.running)
    assert run.stats().admitted - meter.received <= MOST_AHEAD
    run.close()
    assert meter.most_ahead <= MOST_AHEAD


def test_by_default_a_busy_consumer_is_at_most_64_items_behind_where_tasks_are_not_tiny():
    meter = Meter()
    run = threadwork.map(same, meter.source(itertools.count()), workers=1, batch=1)
    results = meter.consume(run)
    next(results)  # it waits for this one, and meanwhile work goes on
    behind = []
    while len(behind) < 500 or 64 not in behind:
        wait_until(lambda: run.stats().done > meter.received)  # so that it does not wait for any of the others
        next(results)
        behind.append(run.stats().admitted - meter.received)
    run.close()
    caught_up = next(place for place, items in enumerate(behind) if items <= 64)
    assert max(behind[caught_up:]) <= 64


@pytest.mark.parametrize("buffersize", [None, 20])
def test_a_straggler_at_the_head_holds_work_up_only_at_the_bound(gate, buffersize):
    done = itertools.count(1)
    reached = [0]

    def task(item):
        if item == 0:
            gate.wait(10)
        else:
            reached[0] = max(reached[0], next(done))
        return item

    meter = Meter()
    run = threadwork.map(task, meter.source(range(30_000)), workers=4, buffersize=buffersize)
    results = meter.consume(run)
    consumer = Aside(lambda: next(results))
    wait_until(lambda: reached[0] >= (2000 if buffersize is None else buffersize - 1))
    assert meter.received == 0
    gate.set()
    assert consumer.result() == 0
    assert list(results) == list(range(1, 30_000))
    assert meter.most_ahead <= (buffersize or MOST_AHEAD)


@pytest.mark.parametrize("ordered", [True, False])
def test_an_infinite_input_is_left_by_break(ordered):
    taken = []
    for value in threadwork.map(same, itertools.count(), workers=4, ordered=ordered, name="endless"):
        taken.append(value)
        if len(taken) == 1000:
            break
    assert len(taken) == len(set(taken)) == 1000
    assert not any(thread.name.startswith("endless") for thread in threading.enumerate())


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("batch", [1, 8, "auto"])
def test_a_blocked_input_never_delays_a_finished_result(gate, ordered, batch):
    def source():
        yield from range(10)
        gate.wait(10)
        yield 10

    results = iter(threadwork.map(same, source(), workers=2, ordered=ordered, batch=batch))
    before = Aside(lambda: [next(results) for _ in range(10)]).result()
    assert sorted(before) == list(range(10))
    gate.set()
    assert list(results) == [10]


def test_the_input_may_be_fed_by_the_consumer():
    # As a crawler does: what comes out decides what goes in.
    import queue

    todo = queue.SimpleQueue()
    todo.put(1)
    seen = []
    for value in threadwork.map(same, iter(todo.get, None), workers=3):
        seen.append(value)
        if value < 200:
            todo.put(value + 1)
        else:
            todo.put(None)
    assert seen == list(range(1, 201))


def test_the_input_is_pulled_by_one_named_thread_and_closed_there():
    names, closed = set(), []

    def source():
        try:
            for item in range(500):
                names.add((threading.current_thread().name, threading.get_ident()))
                yield item
        finally:
            closed.append((threading.current_thread().name, threading.get_ident()))

    assert threadwork.map(same, source(), workers=4, name="crawl").collect() == list(range(500))
    assert {name for name, _ in names} == {"crawl-input"}
    assert len(names) == 1
    assert set(closed) == names


def test_an_input_that_is_left_early_is_closed_on_its_own_thread():
    closed = []

    def source():
        try:
            yield from itertools.count()
        finally:
            closed.append(threading.current_thread().name)

    for value in threadwork.map(same, source(), workers=2, name="crawl"):
        if value == 100:
            break
    assert closed == ["crawl-input"]


def test_an_input_that_is_slow_is_run_item_by_item():
    # Each item is asked for only when the one before has been run, although no consumer takes anything out of turn.
    started = [threading.Event() for _ in range(20)]

    def source():
        for item in range(20):
            if item:
                wait_for(started[item - 1])
            yield item

    threadwork.for_each(lambda item: started[item].set(), source(), workers=2)
    assert all(event.is_set() for event in started)


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("items", [[], ["one"], ["one", "two"]])
def test_short_inputs(items, workers):
    assert threadwork.map(same, items, workers=workers).collect() == items
    assert [outcome.status for outcome in threadwork.map(same, items, workers=workers).outcomes()] == [Status.DONE] * len(items)
    assert threadwork.for_each(same, items, workers=workers).done == len(items)


def test_several_inputs_end_with_the_shortest():
    assert threadwork.map(pow, [2, 3, 4], itertools.count()).collect() == [1, 3, 16]
    assert threadwork.starmap(pow, [(2, 5), (3, 2)]).collect() == [32, 9]


def test_an_input_by_index_alone_is_iterable():
    class Letters:
        def __getitem__(self, index):
            return "abc"[index]

    assert threadwork.map(str.upper, Letters()).collect() == ["A", "B", "C"]


def test_an_input_that_cannot_be_iterated_raises_its_own_error():
    class Broken:
        def __iter__(self):
            raise OSError("no such table")

    with pytest.raises(OSError, match="no such table"):
        threadwork.map(same, Broken())


def test_threads_are_started_only_for_work_there_is():
    run = threadwork.map(same, [1, 2], workers=30, batch=1)
    run.collect()
    assert run.stats().workers <= 2
