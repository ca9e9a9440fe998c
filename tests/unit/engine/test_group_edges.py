"""Task groups at their limits: full ones, recursive ones, hung ones."""

import concurrent.futures
import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import Cancelled, TaskGroup, current


def fail(text):
    raise ValueError(text)


def messages(group_error):
    return sorted(str(error) for error in group_error.exceptions)


def test_a_failure_that_stops_the_body_at_start_is_the_only_error():
    # What the user has to know is why the group stopped, not that the loop over its inputs met the stop.
    with pytest.raises(ExceptionGroup) as raised, TaskGroup(workers=1) as group:
        while True:
            group.start(fail, "one")
    assert messages(raised.value) == ["one"]


@pytest.mark.parametrize("buffersize", [1, 10, 500, 1000])
def test_tasks_that_start_tasks_in_a_full_group(buffersize):
    count = 5000
    started = []
    lock = threading.Lock()

    def task():
        for _ in range(3):
            with lock:
                if len(started) >= count:
                    return
                started.append(1)
            group.start(task)

    with TaskGroup(workers=1, buffersize=buffersize) as group:
        group.start(task)
    assert group.stats().done == count + 1


def test_a_long_chain_of_tasks():
    def task(left):
        if left:
            group.start(task, left - 1)

    with TaskGroup(workers=2, buffersize=1) as group:
        group.start(task, 3000)
    assert group.stats().done == 3001


@pytest.mark.parametrize(("workers", "buffersize"), [(1, 1), (1, 10), (2, 10), (3, 4)])
def test_start_waits_for_room_and_goes_on_as_soon_as_there_is_some(workers, buffersize):
    doors = [threading.Event() for _ in range(buffersize + 1)]
    with TaskGroup(workers=workers, buffersize=buffersize) as group:
        try:
            for number in range(buffersize):
                group.start(doors[number].wait, 10)
            blocked = Aside(lambda: group.start(doors[-1].wait, 10))
            assert group.stats().admitted == buffersize
            doors[0].set()
            blocked.result()
            assert group.stats().admitted == buffersize + 1
        finally:
            for door in doors:
                door.set()


def test_it_is_a_future():
    with TaskGroup() as group:
        task = group.start(abs, -3)
        called = threading.Event()
        task.add_done_callback(lambda _: called.set())
        assert next(iter(concurrent.futures.as_completed([task]))).result() == 3
        wait_for(called)


def test_a_task_that_hangs_is_left_behind_and_over_for_whoever_waits(gate):
    begun = threading.Event()

    def use():
        with TaskGroup(workers=1, grace=0.05, name="hung") as group:
            tasks.append(group.start(lambda: (begun.set(), gate.wait(30))))
            wait_for(begun)
            group.cancel()
        return group

    tasks = []
    group = Aside(use).result()
    assert group.stats().abandoned == ("hung-1",)
    assert concurrent.futures.wait(tasks, timeout=0).not_done == set()
    with pytest.raises((Cancelled, concurrent.futures.CancelledError)):
        tasks[0].result(0)


def test_a_waiter_for_a_cancelled_queued_task_is_told(gate):
    with TaskGroup(workers=1) as group:
        group.start(gate.wait, 10)
        task = group.start(abs, -1)
        waiter = Aside(lambda: concurrent.futures.wait([task], 5).done)
        task.cancel()
        gate.set()
        assert waiter.result() == {task}


def test_the_group_of_a_task_that_is_cancelled_is_cancelled_too():
    asleep = threading.Event()
    inner = []

    def outer(item):
        with TaskGroup(workers=1) as group:
            inner.append(group.start(lambda: (asleep.set(), current().sleep(30))))

    run = threadwork.map(outer, [1])
    consumer = Aside(lambda: next(run.outcomes()))
    wait_for(asleep)
    run.cancel()
    assert consumer.result().status == "cancelled"
    assert inner[0].cancelled()
