"""A thousand rounds in which two threads do at once what is hardest to do at once."""

import gc
import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import threadwork
from threadwork import Executor, PoolClosed, RunCancelled, RunClosed, TaskGroup

ROUNDS = 1_000


@pytest.fixture
def at_once(chance):
    """Call functions on threads of their own, the first one a little before the others, and return what they return."""
    with ThreadPoolExecutor(3) as threads:

        def call(*functions):
            barrier = threading.Barrier(len(functions))

            def together(function, late):
                barrier.wait(10)
                for _ in range(late):
                    pass
                return function()

            return list(threads.map(together, functions, [0, *(chance.randrange(3_000) for _ in functions[1:])]))

        yield call


def collected(run):
    """Consume the values; return them, or ``None`` where another thread has ended the run."""
    try:
        return run.collect()
    except (RunCancelled, RunClosed):
        return None


def test_a_run_is_begun_and_cancelled(at_once):
    for _ in range(ROUNDS):
        run = threadwork.map(abs, range(20), workers=2)
        values, _ = at_once(lambda run=run: collected(run), run.cancel)
        summary = run.stats()
        assert values in (None, list(range(20)))
        assert (summary.done + summary.cancelled, summary.running) == (summary.admitted, 0)


def test_a_run_is_begun_and_closed(at_once):
    for _ in range(ROUNDS):
        run = threadwork.map(abs, range(20), workers=2)
        values, _ = at_once(lambda run=run: collected(run), run.close)
        assert values in (None, [], list(range(20)))
        assert run.stats().running == 0


def test_a_run_is_consumed_by_one_of_two(at_once):
    for _ in range(ROUNDS):
        run = threadwork.map(abs, range(5), workers=2)
        results = at_once(*[lambda run=run: collected(run)] * 2)
        assert results.count(None) == 1
        assert list(range(5)) in results


def test_a_group_is_given_a_task_and_cancelled(at_once):
    def start(group):
        try:
            return group.start(abs, -1)
        except PoolClosed:
            return None

    for _ in range(ROUNDS):
        with TaskGroup(workers=2) as group:
            task, other, _ = at_once(*[lambda group=group: start(group)] * 2, group.cancel)
        for ended in (task, other):
            assert ended is None or ended.cancelled() or ended.result(0) == 1


def test_an_executor_is_given_a_call_and_shut_down(at_once):
    def submit(executor):
        try:
            return executor.submit(abs, -1)
        except RuntimeError:
            return None

    for _ in range(ROUNDS):
        executor = Executor(2)
        future, _ = at_once(lambda executor=executor: submit(executor), executor.shutdown)
        assert future is None or future.result(5) == 1


def test_a_task_asks_to_be_told_and_is_cancelled(at_once):
    with ThreadPoolExecutor(1) as consumers:
        for _ in range(ROUNDS):
            told, began, ready = [], threading.Event(), threading.Event()

            def task(_, told=told, began=began, ready=ready):
                began.set()
                ready.wait(5)
                threadwork.current().on_cancel(lambda: told.append("told"))
                threadwork.current().sleep(5)

            run = threadwork.map(task, range(1), workers=1)
            consumed = consumers.submit(collected, run)
            began.wait(5)
            at_once(ready.set, run.cancel)
            assert consumed.result(10) is None
            assert told == ["told"]


def test_runs_that_are_forgotten_end_wherever_the_garbage_collector_finds_them():
    def forget():
        holder = []
        results = iter(threadwork.map(abs, itertools.count(), workers=2, name="forgotten"))
        next(results)
        holder.append((holder, results))  # a cycle: only the garbage collector finds it, on whichever thread it runs

    before = gc.get_threshold()
    gc.set_threshold(50)
    try:
        for _ in range(ROUNDS // 2):
            forget()
    finally:
        gc.set_threshold(*before)
    end = time.monotonic() + 5
    while any(thread.name.startswith("forgotten-") for thread in threading.enumerate()) and time.monotonic() < end:
        gc.collect()  # does nothing while another thread collects
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("forgotten-")]
    assert not [thread.name for thread in threading.enumerate() if isinstance(thread, threading._DummyThread)]
