"""Resources: entered once by each worker, used by its tasks, left on the same thread."""

import itertools
import threading
from contextlib import contextmanager, nullcontext

import pytest

import threadwork
from threadwork import Pool, RunStatus, TaskGroup, current

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


class Sessions:
    """A resource factory that takes note of what is done with what it makes."""

    def __init__(self):
        self.steps = []
        self._lock = threading.Lock()

    @contextmanager
    def __call__(self):
        self.note("enter")
        yield f"session of {threading.current_thread().name}"
        self.note("exit")

    def note(self, step):
        with self._lock:
            self.steps.append((step, threading.current_thread().name))

    def of(self, worker):
        return [step for step, name in self.steps if name == worker]


def use(sessions):
    """Return a task that takes note that it runs, and returns what it finds at ``current().resource``."""

    def task(_):
        sessions.note("use")
        return current().resource

    return task


def broken():
    raise ZeroDivisionError("no session")


@contextmanager
def breaks_on_enter():
    broken()
    yield


@contextmanager
def breaks_on_exit():
    yield "session"
    raise ZeroDivisionError("cannot be left")


def square(number):
    return number * number


def test_a_worker_enters_it_once_uses_it_and_leaves_it_on_its_own_thread():
    sessions = Sessions()
    assert {*threadwork.map(use(sessions), range(20), workers=1, name="r", resource=sessions)} == {"session of r-1"}
    assert sessions.steps == [("enter", "r-1"), *[("use", "r-1")] * 20, ("exit", "r-1")]


def test_every_worker_has_its_own():
    sessions, meet = Sessions(), threading.Barrier(3)

    def task(_):
        meet.wait(PATIENCE)
        sessions.note("use")
        return current().resource, current().worker

    for resource, worker in threadwork.map(task, range(6), workers=3, batch=1, name="r", resource=sessions):
        assert resource == f"session of {worker}"
    for worker in ("r-1", "r-2", "r-3"):
        assert sessions.of(worker) == ["enter", "use", "use", "exit"]


def test_a_worker_that_is_not_needed_enters_nothing():
    sessions = Sessions()
    threadwork.for_each(use(sessions), [], workers=8, resource=sessions)
    assert sessions.steps == []
    threadwork.for_each(use(sessions), [1], workers=8, resource=sessions)
    assert [step for step, _ in sessions.steps] == ["enter", "use", "exit"]


def test_without_one_there_is_none():
    assert threadwork.map(lambda _: current().resource, [1]).collect() == [None]


def test_it_is_what_enter_returns_and_not_the_context_manager():
    assert threadwork.map(lambda _: current().resource, [1], resource=lambda: nullcontext(7)).collect() == [7]


def test_the_runs_of_a_pool_share_it():
    sessions = Sessions()
    with Pool("p", workers=1, resource=sessions) as pool:
        for _ in range(3):
            pool.map(use(sessions), range(2)).collect()
        with pool.group() as group:
            group.start(use(sessions), 1)
        assert ("exit", "p-1") not in sessions.steps
    assert sessions.of("p-1") == ["enter", *["use"] * 7, "exit"]


def test_a_nested_run_on_the_same_pool_sees_it():
    with Pool("p", workers=1, resource=Sessions()) as pool:
        nested = pool.map(lambda _: pool.map(lambda _: current().resource, [1]).collect(), [1]).collect()
    assert nested == [["session of p-1"]]


def test_it_is_left_when_the_run_is_left_early():
    sessions = Sessions()
    for _ in threadwork.map(use(sessions), itertools.count(), workers=2, resource=sessions):
        break
    steps = [step for step, _ in sessions.steps]
    assert steps.count("enter") == steps.count("exit") >= 1


def test_it_is_left_when_a_task_fails_and_not_told_of_the_error():
    seen = []

    class Session:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            seen.append(error)

    with pytest.raises(ZeroDivisionError):
        threadwork.map(lambda n: 1 // n, [0], workers=1, resource=Session).collect()
    assert seen == [(None, None, None)]  # the session is none the worse for a failed item


# What cannot be entered


CONSUMERS = {
    "values": lambda **options: threadwork.map(square, range(5), **options).collect(),
    "outcomes": lambda **options: list(threadwork.map(square, range(5), **options).outcomes()),
    "for_each": lambda **options: threadwork.for_each(square, range(5), **options),
}


@pytest.mark.parametrize("consume", CONSUMERS.values(), ids=CONSUMERS)
@pytest.mark.parametrize("resource", [broken, breaks_on_enter])
def test_what_cannot_be_entered_ends_the_run_with_its_own_error(consume, resource):
    with pytest.raises(ZeroDivisionError, match="no session") as caught:
        consume(workers=1, name="r", resource=resource)
    assert caught.value.__notes__ == ["while r-1 entered its resource"]


def test_what_is_no_context_manager_ends_the_run():
    with pytest.raises((AttributeError, TypeError)) as caught:
        threadwork.map(square, range(5), workers=1, resource=lambda: 7).collect()
    assert "while threadwork-1 entered its resource" in caught.value.__notes__


def test_no_task_is_run_by_a_worker_that_could_not_enter():
    ran = []
    run = threadwork.map(ran.append, range(5), workers=1, resource=broken)
    with pytest.raises(ZeroDivisionError):
        run.collect()
    assert ran == []
    assert run.stats().status is RunStatus.FAILED
    assert run.stats().done == 0


def test_an_exit_on_entering_leaves_at_once():
    def leave():
        raise SystemExit(3)

    with pytest.raises(SystemExit) as caught:
        threadwork.map(square, range(5), workers=1, resource=leave).collect()
    assert caught.value.code == 3


def test_one_worker_that_cannot_enter_stops_the_others_which_leave_theirs():
    first_is_busy, stopped = threading.Event(), []
    left = []

    class Session:
        def __enter__(self):
            if threading.current_thread().name == "r-2":
                assert first_is_busy.wait(PATIENCE)
                broken()

        def __exit__(self, *_):
            left.append(threading.current_thread().name)

    def task(_):
        first_is_busy.set()
        try:
            current().sleep(60)
        finally:
            stopped.append(current().worker)

    with pytest.raises(ZeroDivisionError):
        threadwork.map(task, range(2), workers=2, name="r", batch=1, resource=Session).collect()
    assert stopped == ["r-1"]
    assert left == ["r-1"]


def test_a_group_ends_with_the_error_and_its_tasks_are_told():
    with pytest.raises(ZeroDivisionError) as caught, TaskGroup(workers=1, name="g", resource=broken) as group:
        task = group.start(square, 1)
    assert caught.value.__notes__ == ["while g-1 entered its resource"]
    assert task.done()


def test_a_pool_that_cannot_enter_fails_every_run():
    with Pool("p", workers=1, resource=broken) as pool:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                pool.map(square, range(5)).collect()


# What cannot be left


@pytest.mark.parametrize("consume", CONSUMERS.values(), ids=CONSUMERS)
def test_what_cannot_be_left_is_raised_at_the_end(consume):
    with pytest.raises(ZeroDivisionError, match="cannot be left") as caught:
        consume(workers=1, name="r", resource=breaks_on_exit)
    assert caught.value.__notes__ == ["while r-1 left its resource"]


def test_all_values_come_before_the_error_of_leaving():
    values = []
    with pytest.raises(ZeroDivisionError):
        values.extend(threadwork.map(square, range(3), workers=1, resource=breaks_on_exit))
    assert values == [0, 1, 4]


def test_the_error_of_a_task_goes_before_that_of_leaving():
    with pytest.raises(KeyError):
        threadwork.map({}.__getitem__, ["x"], workers=1, resource=breaks_on_exit).collect()


def test_a_group_raises_it_at_the_end_of_the_with():
    with pytest.raises(ZeroDivisionError, match="cannot be left"), TaskGroup(workers=1, resource=breaks_on_exit) as group:
        task = group.start(square, 3)
    assert task.result(0) == 9


def test_a_pool_raises_it_when_it_is_closed_and_not_before():
    pool = Pool("p", workers=1, resource=breaks_on_exit)
    assert pool.map(square, range(3)).collect() == [0, 1, 4]
    with pytest.raises(ZeroDivisionError) as caught:
        pool.close()
    assert caught.value.__notes__ == ["while p-1 left its resource"]
