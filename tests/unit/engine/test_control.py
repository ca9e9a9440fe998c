"""Pausing, resuming and resizing a run while it goes on."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import Adaptive, InvalidOption, Pool, WorkersChanged


class Steps:
    """A task whose calls end when they are let; counts those that are in it."""

    def __init__(self):
        self.inside, self.most, self.begun = 0, 0, 0
        self.lock = threading.Lock()
        self.ends = threading.Semaphore(0)

    def __call__(self, item):
        with self.lock:
            self.inside += 1
            self.begun += 1
            self.most = max(self.most, self.inside)
        assert self.ends.acquire(timeout=10)
        with self.lock:
            self.inside -= 1
        return item


@pytest.fixture
def steps():
    return Steps()


def test_a_paused_run_begins_nothing_until_it_is_resumed(steps):
    run = threadwork.map(steps, range(20), workers=2, batch=1)
    consumer = Aside(run.collect)
    wait_until(lambda: steps.begun == 2)
    run.pause()
    steps.ends.release(2)
    wait_until(lambda: run.stats().done == 2)
    wait_until(lambda: run.stats().running == 0)
    assert steps.begun == 2
    run.resume()
    steps.ends.release(18)
    assert consumer.result() == list(range(20))


def test_a_run_may_be_paused_before_it_begins(steps):
    run = threadwork.map(steps, range(4), workers=2, batch=1)
    run.pause()
    consumer = Aside(run.collect)
    wait_until(lambda: run.stats().admitted == 4)
    assert steps.begun == 0
    steps.ends.release(4)
    run.resume()
    assert consumer.result() == [0, 1, 2, 3]


def test_a_paused_run_can_be_cancelled_and_left():
    run = threadwork.map(str, range(10), workers=2)
    run.pause()
    consumer = Aside(lambda: list(run.outcomes()))
    wait_until(lambda: run.stats().admitted == 10)
    run.cancel()
    assert all(outcome.status == "cancelled" for outcome in consumer.result())
    with threadwork.map(str, range(10), workers=2) as other:
        next(other)
        other.pause()


def test_more_workers(steps):
    events = []
    run = threadwork.map(steps, range(40), workers=2, batch=1, listeners=[events.append])
    consumer = Aside(run.collect)
    wait_until(lambda: steps.inside == 2)
    run.resize(5)
    wait_until(lambda: steps.inside == 5)
    steps.ends.release(40)
    assert consumer.result() == list(range(40))
    assert steps.most == 5
    assert WorkersChanged(2, 5, "by hand") in events


def test_fewer_workers(steps):
    run = threadwork.map(steps, range(12), workers=4, batch=1)
    consumer = Aside(run.collect)
    wait_until(lambda: steps.inside == 4)
    run.resize(1)
    steps.ends.release(4)
    wait_until(lambda: steps.begun == 5)
    steps.most = 0
    steps.ends.release(8)
    assert consumer.result() == list(range(12))
    assert steps.most <= 1


def test_a_number_by_hand_ends_the_adapting():
    seen = []
    run = threadwork.map(
        lambda item: threadwork.current().sleep(0.01) or item,
        range(200),
        workers=Adaptive(start=2, max=8),
        listeners=[seen.append],
    )
    run.resize(3)
    assert run.collect() == list(range(200))
    assert {event.workers for event in seen if isinstance(event, WorkersChanged)} == {3}


def test_a_run_of_a_pool_resizes_the_pool(steps):
    with Pool("p", workers=1) as pool:
        run = pool.map(steps, range(6), batch=1)
        consumer = Aside(run.collect)
        wait_until(lambda: steps.inside == 1)
        run.resize(3)
        wait_until(lambda: steps.inside == 3)
        steps.ends.release(6)
        assert consumer.result() == list(range(6))


@pytest.mark.parametrize("workers", [0, -1, 1.5, "auto", None])
def test_what_is_no_number_of_workers_is_refused(workers):
    run = threadwork.map(str, [1])
    with pytest.raises(InvalidOption, match="workers must be a whole number of at least 1"):
        run.resize(workers)
    run.close()
