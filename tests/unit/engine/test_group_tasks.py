"""Tasks of a group: cancelled, starting others, waiting for room."""

import threading
from concurrent.futures import wait

import pytest

from threadwork import Cancelled, DeadlineExceeded, ItemFinished, Pool, PoolClosed, RunStatus, TaskGroup, current

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


def add(one, other=0):
    return one + other


def fail(text="no"):
    raise ValueError(text)


def await_cancel(begun, ends):
    """Wait to be asked to stop; take note of it in `ends`."""
    begun.set()
    try:
        current().sleep(60)
    except Cancelled:
        ends.append(current().index)
        raise


# Cancelling


def test_cancel_stops_all_tasks_and_the_with_ends_without_an_error():
    begun, ends = threading.Event(), []
    with TaskGroup(workers=1) as group:
        running = group.start(await_cancel, begun, ends)
        queued = group.start(ends.append, "never")
        assert begun.wait(PATIENCE)
        group.cancel("enough")
        with pytest.raises(PoolClosed, match="is stopping"):
            group.start(add, 1)
    assert ends == [0]
    assert running.cancelled()
    assert str(running.exception(0)) == "enough"
    assert queued.cancelled()
    assert group.stats().status is RunStatus.CANCELLED


def test_a_task_may_cancel_its_group():
    with TaskGroup(workers=1) as group:
        first = group.start(group.cancel, "a task has had enough")
        wait([first], PATIENCE)
        with pytest.raises(PoolClosed):
            group.start(add, 1)
    assert first.result(0) is None


def test_a_queued_task_that_is_cancelled_never_begins():
    ran = []
    gate = threading.Event()
    with TaskGroup(workers=1) as group:
        group.start(gate.wait, PATIENCE)
        queued = group.start(ran.append, 1)
        after = group.start(add, 7)
        assert queued.cancel()
        assert queued.cancelled()
        gate.set()
        assert wait([queued], PATIENCE).done == {queued}
        assert after.result() == 7
    assert ran == []
    assert (group.stats().done, group.stats().cancelled, group.stats().failed) == (2, 1, 0)


def test_a_running_task_that_is_cancelled_stops_alone():
    begun, other_begun = threading.Event(), threading.Event()
    release = threading.Event()

    def work():
        other_begun.set()
        assert release.wait(PATIENCE)
        current().checkpoint()
        return "unharmed"

    with TaskGroup(workers=2) as group:
        waiting, working = group.start(await_cancel, begun, []), group.start(work)
        assert begun.wait(PATIENCE)
        assert other_begun.wait(PATIENCE)
        assert waiting.cancel()
        wait([waiting], PATIENCE)
        release.set()
    assert waiting.cancelled()
    assert not waiting.cancel()
    assert working.result(0) == "unharmed"
    assert group.stats().failed == 0


def test_cancelling_a_task_calls_what_it_registered():
    begun, closed = threading.Event(), threading.Event()

    def block():
        current().on_cancel(closed.set)
        begun.set()
        assert closed.wait(PATIENCE)
        current().checkpoint()

    with TaskGroup(workers=1) as group:
        task = group.start(block)
        assert begun.wait(PATIENCE)
        task.cancel()
    assert task.cancelled()


def test_a_task_that_has_ended_cannot_be_cancelled():
    with TaskGroup(workers=1) as group:
        task = group.start(add, 1)
        assert task.result() == 1
        assert not task.cancel()
    assert not task.cancelled()


def test_a_task_that_does_not_stop_in_time_is_left_behind_and_named():
    begun, release = threading.Event(), threading.Event()

    def hang():
        begun.set()
        release.wait(PATIENCE)

    try:
        with TaskGroup(workers=1, grace=0.05, name="g") as group:
            hung = group.start(hang)
            assert begun.wait(PATIENCE)
            group.cancel()
        assert wait([hung], 0).done == {hung}
        assert isinstance(hung.exception(0), Cancelled)
        assert group.stats().abandoned == ("g-1",)
        assert group.stats().cancelled == 1
    finally:
        release.set()


def test_a_task_of_a_cancelled_task_is_cancelled_with_it():
    begun, ends = threading.Event(), []

    def outer():
        with TaskGroup(workers=1, name="inner") as inner:
            inner.start(await_cancel, begun, ends)

    with TaskGroup(workers=1, name="outer") as group:
        task = group.start(outer)
        assert begun.wait(PATIENCE)
        task.cancel()
    assert ends == [0]
    assert task.cancelled()


# Tasks that start tasks, and the bound


@pytest.mark.parametrize("buffersize", [None, 1, 2])
@pytest.mark.parametrize("workers", [1, 3])
def test_tasks_start_tasks_without_ever_waiting_for_room(workers, buffersize):
    seen = []

    def tree(depth):
        seen.append(depth)
        if depth:
            for _ in range(3):
                group.start(tree, depth - 1)

    with TaskGroup(workers=workers, buffersize=buffersize) as group:
        group.start(tree, 4)
    assert sorted(seen) == sorted(depth for depth in range(5) for _ in range(3 ** (4 - depth)))


def test_start_waits_while_as_many_tasks_are_open_as_buffersize_allows():
    release, events = threading.Event(), []

    def hold():
        assert release.wait(PATIENCE)
        events.append("ended")

    with TaskGroup(workers=1, buffersize=1) as group:
        group.start(hold)

        def start_another():
            group.start(add, 1)
            events.append("started")

        starter = threading.Thread(target=start_another)
        starter.start()
        starter.join(0.05)
        assert starter.is_alive()
        assert group.stats().admitted == 1
        release.set()
        starter.join(PATIENCE)
        assert not starter.is_alive()
    assert events == ["ended", "started"]


def test_a_starter_that_waits_for_room_is_told_that_the_group_stops():
    begun = threading.Event()
    refused = []
    with TaskGroup(workers=1, buffersize=1) as group:
        group.start(await_cancel, begun, [])
        assert begun.wait(PATIENCE)

        def start_another():
            with pytest.raises(PoolClosed) as caught:
                group.start(add, 1)
            refused.append(caught.value)

        starter = threading.Thread(target=start_another)
        starter.start()
        starter.join(0.02)
        group.cancel()
        starter.join(PATIENCE)
    assert len(refused) == 1


def test_never_more_tasks_are_open_than_buffersize():
    most = 0
    with TaskGroup(workers=2, buffersize=3) as group:
        for number in range(200):
            group.start(add, number)
            stats = group.stats()
            most = max(most, stats.admitted - stats.done)
    assert most <= 3
    assert group.stats().done == 200


def test_waiting_for_a_task_of_ones_own_group_runs_it_here():
    def outer():
        inner = group.start(add, 1, 2)
        return inner.result(), current().worker

    with TaskGroup(workers=1, name="g") as group:
        task = group.start(outer)
    assert task.result(0) == (3, "g-1")


@pytest.mark.parametrize("buffersize", [None, 1])
def test_done_callbacks_may_start_tasks(buffersize):
    results = []

    def go_on(task):
        results.append(task.result())
        if len(results) < 10:
            group.start(add, len(results)).add_done_callback(go_on)

    with TaskGroup(workers=1, buffersize=buffersize) as group:
        group.start(add, 0).add_done_callback(go_on)
    assert results == list(range(10))


def test_a_callback_of_a_cancelled_task_may_start_one():
    gate, started = threading.Event(), []
    with TaskGroup(workers=1) as group:
        group.start(gate.wait, PATIENCE)
        queued = group.start(add, 1)
        queued.add_done_callback(lambda _: started.append(group.start(add, 2)))
        queued.cancel()
        gate.set()
    assert [task.result(0) for task in started] == [2]


def test_groups_nest():
    def outer(number):
        with TaskGroup(workers=2, name=f"inner{number}") as inner:
            tasks = [inner.start(add, number, other) for other in range(3)]
        return [task.result(0) for task in tasks]

    with TaskGroup(workers=2) as group:
        tasks = [group.start(outer, number) for number in range(4)]
    assert [task.result(0) for task in tasks] == [[n, n + 1, n + 2] for n in range(4)]


def test_an_error_of_a_nested_group_is_an_error_of_its_task():
    def outer():
        with TaskGroup(workers=1) as inner:
            inner.start(fail, "deep")

    with pytest.raises(ExceptionGroup) as caught, TaskGroup(workers=1) as group:
        group.start(outer)
    inner = caught.value.exceptions[0]
    assert isinstance(inner, ExceptionGroup)
    assert [str(error) for error in inner.exceptions] == ["deep"]


@pytest.mark.parametrize("buffersize", [None, 1])
def test_groups_nest_on_the_only_worker_of_a_pool(buffersize):
    with Pool("one", workers=1, buffersize=buffersize) as pool:

        def count(depth):
            if not depth:
                return 1
            with pool.group() as group:
                tasks = [group.start(count, depth - 1) for _ in range(2)]
            return sum(task.result(0) for task in tasks)

        with pool.group() as group:
            task = group.start(count, 4)
        assert task.result(0) == 16


# A body that starts tasks until it is refused: what stopped the group must not be lost


def test_an_interrupt_raised_by_a_task_passes_also_where_the_body_is_refused_another_start():
    def leave():
        raise SystemExit(3)

    with pytest.raises(SystemExit), TaskGroup(workers=1) as group:
        while True:
            wait([group.start(leave)], PATIENCE)


def test_an_interrupt_of_a_listener_passes_also_where_the_body_is_refused_another_start():
    def leave(event):
        if isinstance(event, ItemFinished):
            raise SystemExit(3)

    with pytest.raises(SystemExit), TaskGroup(workers=1, buffersize=1, listeners=[leave]) as group:
        while True:
            group.start(add, 1)


def test_a_resource_that_cannot_be_entered_is_told_also_where_the_body_is_refused_another_start():
    def broken():
        raise ZeroDivisionError("no session")

    with (
        pytest.raises((ZeroDivisionError, ExceptionGroup)) as caught,
        TaskGroup(workers=1, buffersize=1, resource=broken) as group,
    ):
        while True:
            group.start(add, 1)
    errors = caught.value.exceptions if isinstance(caught.value, ExceptionGroup) else [caught.value]
    assert "no session" in [str(error) for error in errors]


def test_a_timeout_is_raised_also_where_the_body_starts_tasks_until_it_is_refused():
    with pytest.raises(DeadlineExceeded), TaskGroup(workers=1, timeout=0.05, buffersize=1) as group:
        while True:
            group.start(lambda: current().sleep(60))
