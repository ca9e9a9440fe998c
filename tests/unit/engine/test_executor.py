"""`Executor`: what it promises beyond being a drop-in, which CPython's own tests judge."""

import concurrent.futures
import contextvars
import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for
from threadwork import Executor, NotInTask, PoolClosed, current

VARIABLE = contextvars.ContextVar("VARIABLE", default="nothing")


def test_submit_and_map():
    with Executor(3) as executor:
        future = executor.submit(pow, 2, 10)
        assert list(executor.map(pow, [2, 3], [3, 2])) == [8, 9]
    assert future.result() == 1024


def test_errors_are_the_calls_own():
    error = ValueError("x")

    def call():
        raise error

    with Executor(1) as executor:
        assert executor.submit(call).exception() is error


def test_threads_are_named_and_bounded():
    names = set()
    together = threading.Barrier(2)
    with Executor(2, thread_name_prefix="fetch") as executor:
        for _ in range(10):
            executor.submit(lambda: (together.wait(10), names.add(threading.current_thread().name)))
    assert names == {"fetch-1", "fetch-2"}


def test_calls_see_a_copy_of_the_submitters_context():
    with Executor(1) as executor:
        token = VARIABLE.set("mine")
        seen = executor.submit(lambda: (VARIABLE.get(), VARIABLE.set("theirs")))
        assert seen.result()[0] == "mine"
        assert executor.submit(VARIABLE.get).result() == "mine"
        VARIABLE.reset(token)


def test_current_works_in_calls():
    with Executor(1, "fetch") as executor:
        future = executor.submit(lambda: (current().worker, current().item, current().remaining()))
        assert future.result() == ("fetch-1", future, None)
    with pytest.raises(NotInTask):
        current()


def test_a_call_that_waits_for_a_queued_one_runs_it_itself():
    with Executor(1) as executor:

        def outer():
            return executor.submit(threading.get_ident).result(), threading.get_ident()

        inner, mine = executor.submit(outer).result(10)
        assert inner == mine


def test_recursion_on_one_worker():
    with Executor(1) as executor:

        def fibonacci(number):
            if number < 2:
                return number
            one, two = executor.submit(fibonacci, number - 1), executor.submit(fibonacci, number - 2)
            return one.result() + two.result()

        assert executor.submit(fibonacci, 10).result(10) == 55


def test_map_inside_a_call_on_the_only_worker():
    with Executor(1) as executor:
        assert executor.submit(lambda: list(executor.map(abs, [-1, -2]))).result(10) == [1, 2]


def test_submitting_never_waits(gate):
    with Executor(1) as executor:
        futures = [executor.submit(gate.wait, 10) for _ in range(5000)]
        gate.set()
    assert all(future.result() for future in futures)


def test_shutdown_refuses_what_comes_later():
    executor = Executor(1)
    executor.submit(abs, 1)
    executor.shutdown()
    executor.shutdown()
    with pytest.raises(PoolClosed, match="after shutdown"):
        executor.submit(abs, 1)


def test_shutdown_finishes_what_was_submitted(gate):
    executor = Executor(1)
    futures = [executor.submit(gate.wait, 10) for _ in range(20)]
    executor.shutdown(wait=False)
    assert not futures[0].done()
    gate.set()
    executor.shutdown(wait=True)
    assert all(future.result(0) for future in futures)


def test_shutdown_may_cancel_what_has_not_begun(gate):
    begun = threading.Event()
    executor = Executor(1)
    first = executor.submit(lambda: (begun.set(), gate.wait(10)))
    rest = [executor.submit(abs, 1) for _ in range(20)]
    wait_for(begun)
    executor.shutdown(wait=False, cancel_futures=True)
    gate.set()
    executor.shutdown()
    assert first.result(0)
    assert all(future.cancelled() for future in rest)
    assert concurrent.futures.wait(rest, timeout=0).not_done == set()


def test_a_queued_call_can_be_cancelled(gate):
    with Executor(1) as executor:
        executor.submit(gate.wait, 10)
        future = executor.submit(abs, 1)
        assert future.cancel()
        gate.set()
    assert future.cancelled()


def test_the_initializer_runs_once_in_each_thread():
    seen = []
    together = threading.Barrier(3)
    with Executor(3, initializer=lambda word: seen.append((word, threading.get_ident())), initargs=("hello",)) as executor:
        list(executor.map(lambda _: together.wait(10), range(9)))
    assert len(seen) == len(set(seen)) == 3
    assert {word for word, _ in seen} == {"hello"}


def test_an_initializer_that_fails_breaks_the_executor(caplog):
    with Executor(1, initializer=lambda: 1 // 0) as executor:
        future = executor.submit(abs, 1)
        with pytest.raises(concurrent.futures.BrokenExecutor):
            future.result(10)
        with pytest.raises(concurrent.futures.BrokenExecutor):
            executor.submit(abs, 1)


@pytest.mark.parametrize("workers", [0, -1])
def test_workers_are_at_least_one(workers):
    with pytest.raises(ValueError, match="max_workers"):
        Executor(workers)


def test_an_executor_that_is_dropped_finishes_and_leaves():
    executor = Executor(1, "dropped")
    future = executor.submit(abs, -1)
    del executor
    assert future.result(10) == 1


def test_interrupts_of_a_call_are_the_calls_own():
    def call():
        raise SystemExit("from a call")

    with Executor(1) as executor:
        assert isinstance(executor.submit(call).exception(10), SystemExit)
        assert executor.submit(abs, -1).result(10) == 1


def test_a_run_inside_a_call():
    with Executor(1) as executor:
        future = executor.submit(lambda: threadwork.map(abs, [-1, -2]).collect())
        assert future.result(10) == [1, 2]


def test_submitting_from_many_threads_and_shutting_down_loses_no_call():
    for _ in range(20):
        executor = Executor(2)
        start = threading.Barrier(4)

        def submit():
            futures = []
            start.wait(10)
            for number in range(1000):
                try:
                    futures.append((number, executor.submit(abs, -number)))
                except PoolClosed:
                    break
            return futures

        submitters = [Aside(submit) for _ in range(3)]
        start.wait(10)
        executor.shutdown()
        for number, future in [pair for submitter in submitters for pair in submitter.result()]:
            assert future.result(10) == number
