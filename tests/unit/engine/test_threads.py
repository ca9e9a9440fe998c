"""The threads of a run: their names, their number, and what happens when the system has none left."""

import gc
import sys
import threading
import warnings

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import Pool, RunFinished, RunStarted, TaskGroup
from threadwork.engine import feeder, frames_of_threads, timer, worker

NO_MORE = "can't start new thread"


def allow_threads(monkeypatch, module, count):
    """Let `module` start `count` threads and no more."""
    start, started = module.start_thread, []

    def start_thread(*thread):
        if len(started) >= count:
            raise RuntimeError(NO_MORE)
        started.append(thread)
        return start(*thread)

    monkeypatch.setattr(module, "start_thread", start_thread)


def worker_names(count, use):
    """Return the names of the threads that ran `count` tasks, all at once."""
    together = threading.Barrier(count)
    names = set()

    def task(item):
        together.wait(10)
        names.add(threading.current_thread().name)

    use(task)
    return names


def test_workers_are_numbered_from_one():
    names = worker_names(3, lambda task: threadwork.for_each(task, range(3), workers=3, batch=1, name="crawl"))
    assert names == {"crawl-1", "crawl-2", "crawl-3"}


def test_the_default_name():
    assert worker_names(1, lambda task: threadwork.for_each(task, [1], workers=1)) == {"threadwork-1"}


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_never_more_tasks_run_at_once_than_workers(workers):
    lock = threading.Lock()
    now = [0]
    most = [0]
    pause = threading.Event()

    def task(item):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        pause.wait(0.0001)
        with lock:
            now[0] -= 1

    threadwork.for_each(task, range(300), workers=workers, batch=1)
    assert most[0] <= workers


def test_the_threads_of_a_run_do_not_keep_the_interpreter_alive():
    def task(item):
        return threading.current_thread().daemon

    assert threadwork.map(task, [1]).collect() == [True]


class TestNoThreadLeft:
    """The system refuses to start a thread."""

    def test_no_worker_at_all(self, monkeypatch):
        allow_threads(monkeypatch, worker, 0)
        for use in (
            lambda: threadwork.map(abs, range(10)).collect(),
            lambda: list(threadwork.map(abs, range(10)).outcomes()),
            lambda: threadwork.for_each(abs, range(10)),
        ):
            with pytest.raises(RuntimeError, match=NO_MORE):
                Aside(use).result()

    def test_some_workers_do_the_work(self, monkeypatch, recwarn):
        warnings.simplefilter("always")
        allow_threads(monkeypatch, worker, 2)
        together = threading.Barrier(2)
        run = threadwork.map(lambda item: together.wait(10) * 0 + item, range(20), workers=5, batch=1)
        assert Aside(run.collect).result() == list(range(20))
        assert run.stats().workers == 2
        assert any("going on with 2 of 5 workers" in str(warning.message) for warning in recwarn)

    def test_where_warnings_are_errors_nothing_hangs(self, monkeypatch):
        allow_threads(monkeypatch, worker, 1)
        run = threadwork.map(abs, range(100), workers=5, batch=1)
        try:
            assert Aside(run.collect).result() == list(range(100))
        except RuntimeWarning:
            assert run.stats().running == 0

    def test_no_input_thread(self, monkeypatch):
        allow_threads(monkeypatch, feeder, 0)
        events = []
        run = threadwork.map(abs, range(10), timeout=60, listeners=[events.append])
        with pytest.raises(RuntimeError, match=NO_MORE):
            Aside(run.collect).result()
        assert [type(event) for event in events] == [RunStarted, RunFinished]

    def test_no_thread_for_the_alarm(self, monkeypatch):
        allow_threads(monkeypatch, timer, 0)
        events = []
        run = threadwork.map(abs, range(10), timeout=60, listeners=[events.append])
        with pytest.raises(RuntimeError, match=NO_MORE):
            Aside(run.collect).result()
        assert run.stats().status != "running"
        assert [type(event) for event in events] in ([], [RunStarted, RunFinished])

    def test_in_a_group(self, monkeypatch):
        allow_threads(monkeypatch, worker, 0)

        def use():
            with TaskGroup() as group:
                group.start(abs, 1)

        with pytest.raises((RuntimeError, ExceptionGroup)):
            Aside(use).result()

    def test_in_a_pool(self, monkeypatch):
        allow_threads(monkeypatch, worker, 0)
        with Pool("none") as pool, pytest.raises(RuntimeError, match=NO_MORE):
            Aside(pool.map(abs, [1]).collect).result()

    def test_in_an_executor(self, monkeypatch):
        allow_threads(monkeypatch, worker, 0)

        def use():
            with threadwork.Executor(2) as executor:
                return executor.submit(abs, 1).result(10)

        with pytest.raises(RuntimeError):
            Aside(use).result()


def test_a_pool_keeps_its_threads_between_runs():
    with Pool("kept", workers=1) as pool:
        one = pool.map(lambda _: threading.get_ident(), [1]).collect()
        two = pool.map(lambda _: threading.get_ident(), [1]).collect()
        assert one == two
    wait_until(lambda: not any(thread.name.startswith("kept") for thread in threading.enumerate()))


def test_the_garbage_collector_does_not_run_while_the_frames_are_taken(monkeypatch):
    """It may deadlock then, on Python 3.11."""
    take, enabled = sys._current_frames, []
    monkeypatch.setattr(sys, "_current_frames", lambda: enabled.append(gc.isenabled()) or take())
    assert threading.get_ident() in frames_of_threads()
    assert enabled == [False]
    assert gc.isenabled()


def test_where_the_garbage_collector_is_off_it_stays_off():
    gc.disable()
    try:
        frames_of_threads()
        assert not gc.isenabled()
    finally:
        gc.enable()
