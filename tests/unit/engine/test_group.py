"""`TaskGroup`: asyncio's semantics, for threads."""

import concurrent.futures
import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from threadwork import Cancelled, Halt, InvalidOption, PoolClosed, TaskGroup, current


def fail(text):
    raise ValueError(text)


def messages(group_error):
    return sorted(str(error) for error in group_error.exceptions)


def test_every_task_has_ended_behind_the_with():
    done = []
    with TaskGroup(workers=3) as group:
        tasks = [group.start(done.append, item) for item in range(50)]
    assert sorted(done) == list(range(50))
    assert all(task.done() for task in tasks)


def test_results_and_arguments():
    with TaskGroup() as group:
        task = group.start(lambda *args, **kwargs: (args, kwargs), 1, 2, fn=3)
        assert task.result() == ((1, 2), {"fn": 3})
    assert task.result() == ((1, 2), {"fn": 3})
    assert not task.cancelled()


def test_an_empty_group():
    with TaskGroup() as group:
        pass
    assert group.stats().admitted == 0


def test_one_failure_is_raised_in_a_group_and_stops_the_others():
    asleep = threading.Event()

    def sleeper():
        asleep.set()
        current().sleep(30)

    with pytest.raises(ExceptionGroup) as raised, TaskGroup(workers=2) as group:
        other = group.start(sleeper)
        wait_for(asleep)
        group.start(fail, "one")
    assert messages(raised.value) == ["one"]
    assert other.cancelled()


def test_the_very_error_of_the_task_is_in_the_group_with_a_note():
    with pytest.raises(ExceptionGroup) as raised, TaskGroup(name="notes", workers=1) as group:
        task = group.start(fail, "one")
    assert raised.value.exceptions[0] is task.exception()
    assert "on notes-1" in task.exception().__notes__[0]
    assert "fail('one')" in task.exception().__notes__[0]


def test_all_errors_are_in_the_group():
    together = threading.Barrier(3)

    def fail_together(text):
        together.wait(10)
        fail(text)

    with pytest.raises(ExceptionGroup) as raised, TaskGroup(workers=3) as group:
        for text in "abc":
            group.start(fail_together, text)
    assert messages(raised.value) == ["a", "b", "c"]


def test_an_error_of_the_body_stops_the_tasks_and_is_in_the_group():
    asleep = threading.Event()
    with pytest.raises(ExceptionGroup) as raised, TaskGroup() as group:  # noqa: PT012 - the body's own error counts
        task = group.start(lambda: (asleep.set(), current().sleep(30)))
        wait_for(asleep)
        fail("body")
    assert messages(raised.value) == ["body"]
    assert task.cancelled()


def test_errors_of_body_and_task_come_together():
    stopped = threading.Event()

    def task():
        with current().on_cancel(stopped.set):
            begun.set()
            wait_for(stopped)
        fail("task")

    begun = threading.Event()
    with pytest.raises(ExceptionGroup) as raised, TaskGroup() as group:
        group.start(task)
        wait_for(begun)
        fail("body")
    assert messages(raised.value) == ["body", "task"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_the_body_passes_as_it_is(error):
    with pytest.raises(error), TaskGroup() as group:
        group.start(lambda: current().sleep(30))
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_a_task_passes_as_it_is(error):
    def task():
        raise error("from a task")

    with pytest.raises(error, match="from a task"), TaskGroup() as group:
        group.start(lambda: current().sleep(30))
        group.start(task)


def test_a_failure_that_stops_the_body_at_start_is_the_only_error():
    # What the user has to know is why the group stopped, not that the loop over its inputs met the stop.
    with pytest.raises(ExceptionGroup) as raised, TaskGroup(workers=1) as group:
        while True:
            group.start(fail, "one")
    assert messages(raised.value) == ["one"]


def test_tasks_may_start_tasks():
    seen = []

    def task(depth):
        seen.append(depth)
        if depth:
            for _ in range(2):
                group.start(task, depth - 1)

    with TaskGroup(workers=3) as group:
        group.start(task, 6)
    assert len(seen) == 2**7 - 1


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


def test_start_from_several_threads():
    with TaskGroup(workers=2, buffersize=4) as group:
        starters = [Aside(lambda: [group.start(abs, -item) for item in range(200)]) for _ in range(4)]
        tasks = [task for starter in starters for task in starter.result()]
    assert sorted(task.result() for task in tasks) == sorted(list(range(200)) * 4)


class TestCancel:
    """Cancelling tasks and groups."""

    def test_a_queued_task_never_begins(self, gate):
        begun = []
        with TaskGroup(workers=1) as group:
            group.start(gate.wait, 10)
            task = group.start(begun.append, 1)
            assert task.cancel()
            assert task.cancelled()
            with pytest.raises((Cancelled, concurrent.futures.CancelledError)):
                task.result()
            gate.set()
        assert begun == []
        assert group.stats().cancelled == 1

    def test_a_running_task_is_asked_to_stop_and_only_that_one(self, gate):
        asleep = threading.Event()
        with TaskGroup(workers=2) as group:
            other = group.start(gate.wait, 10)
            task = group.start(lambda: (asleep.set(), current().sleep(30)))
            wait_for(asleep)
            assert task.cancel()
            concurrent.futures.wait([task], 10)
            assert task.cancelled()
            assert not other.done()
            gate.set()
        assert other.result()
        assert (group.stats().done, group.stats().cancelled) == (1, 1)

    def test_a_task_that_has_ended_cannot_be_cancelled(self):
        with TaskGroup() as group:
            task = group.start(abs, -1)
            assert task.result() == 1
            assert not task.cancel()
        assert task.result() == 1

    def test_cancelling_the_group_ends_it_without_an_error(self):
        asleep = threading.Event()
        with TaskGroup(workers=1) as group:
            running = group.start(lambda: (asleep.set(), current().sleep(30)))
            queued = group.start(abs, -1)
            wait_for(asleep)
            group.cancel("enough")
        assert running.cancelled()
        assert queued.cancelled()
        assert group.stats().cancelled == 2

    def test_the_tasks_of_a_stopped_group_are_over_for_whoever_waits(self, gate):
        with pytest.raises(ExceptionGroup), TaskGroup(workers=1, grace=0.05) as group:
            tasks = [group.start(lambda: (wait_until(lambda: group.stats().admitted == 4), fail("one")))]
            tasks += [group.start(abs, -1) for _ in range(3)]
        done, not_done = concurrent.futures.wait(tasks, timeout=0)
        assert not_done == set()
        assert list(concurrent.futures.as_completed(tasks, timeout=5))

    def test_a_task_that_hangs_is_left_behind_and_over_for_whoever_waits(self, gate):
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

    def test_a_waiter_for_a_cancelled_queued_task_is_told(self, gate):
        with TaskGroup(workers=1) as group:
            group.start(gate.wait, 10)
            task = group.start(abs, -1)
            waiter = Aside(lambda: concurrent.futures.wait([task], 5).done)
            task.cancel()
            gate.set()
            assert waiter.result() == {task}

    def test_the_group_of_a_task_that_is_cancelled_is_cancelled_too(self):
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


class TestMisuse:
    """Groups used where they cannot be."""

    def test_start_before_and_after_the_with(self):
        group = TaskGroup(name="outside")
        with pytest.raises(PoolClosed, match="outside"):
            group.start(abs, 1)
        with group:
            group.start(abs, 1)
        with pytest.raises(PoolClosed, match="outside"):
            group.start(abs, 1)

    def test_start_in_a_group_that_is_stopping(self):
        with TaskGroup() as group:
            group.cancel()
            with pytest.raises(PoolClosed, match="stopping"):
                group.start(abs, 1)

    def test_what_cannot_be_called(self):
        with TaskGroup() as group, pytest.raises(InvalidOption, match="int 3"):
            group.start(3)

    @pytest.mark.parametrize("option", ["ordered", "batch", "key"])
    def test_options_of_a_map(self, option):
        with pytest.raises(InvalidOption, match=option):
            TaskGroup(**{option: True})

    def test_a_group_cannot_be_entered_twice(self):
        with TaskGroup() as group:
            with pytest.raises(RuntimeError):
                group.__enter__()
            assert group.start(abs, -1).result() == 1


def test_halt_never_lets_all_tasks_run():
    with pytest.raises(ExceptionGroup) as raised, TaskGroup(workers=1, halt=Halt.never()) as group:
        for text in "abc":
            group.start(fail, text)
        survivor = group.start(abs, -1)
    assert messages(raised.value) == ["a", "b", "c"]
    assert survivor.result() == 1


def test_a_deadline_stops_the_group():
    with pytest.raises(threadwork.DeadlineExceeded), TaskGroup(timeout=0.05) as group:
        group.start(lambda: current().sleep(30))


def test_result_waits_at_most_its_timeout(gate):
    with TaskGroup() as group:
        task = group.start(gate.wait, 10)
        with pytest.raises(TimeoutError):
            task.result(0.01)
        gate.set()


def test_a_task_that_waits_for_a_queued_one_runs_it_itself():
    with TaskGroup(workers=1) as group:

        def outer():
            return group.start(lambda: threading.get_ident()).result(), threading.get_ident()

        inner, mine = group.start(outer).result(10)
        assert inner == mine


def test_the_context_of_a_task_in_a_group():
    with TaskGroup(name="who", workers=1) as group:
        group.start(abs, 1)
        task = group.start(lambda: (current().index, current().worker, current().item))
    assert task.result() == (1, "who-1", task)


def test_it_is_a_future():
    with TaskGroup() as group:
        task = group.start(abs, -3)
        called = threading.Event()
        task.add_done_callback(lambda _: called.set())
        assert next(iter(concurrent.futures.as_completed([task]))).result() == 3
        wait_for(called)
