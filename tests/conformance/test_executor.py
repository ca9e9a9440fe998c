"""What CPython's tests ask of a private attribute, asked of `Executor` from outside; and what they do not ask at all."""

import gc
import re
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from threadwork import Executor

LIMIT = 10.0
"""Seconds that anything here may wait; nothing takes more than a moment."""

SOURCES = str(Path(__file__).resolve().parents[2] / "src")


def threads_of(prefix: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith(prefix)]


def run_script(script: str) -> str:
    """Run `script` in a Python of its own, and return all that it wrote."""
    prelude = f"import sys; sys.path.insert(0, {SOURCES!r})\nfrom threadwork import Executor\n"
    command = [sys.executable, "-W", "ignore", "-c", prelude + textwrap.dedent(script)]
    child = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=2 * LIMIT, check=False)
    return child.stdout


# In the place of test_saturation, test_idle_thread_reuse


def test_starts_as_many_threads_as_there_are_calls_up_to_the_limit() -> None:
    gate = threading.Event()
    with Executor(4, "saturated") as executor:
        meeting = threading.Barrier(5)
        for _ in range(4):
            executor.submit(meeting.wait, LIMIT)
        waiting = [executor.submit(gate.wait, LIMIT) for _ in range(60)]
        meeting.wait(LIMIT)
        assert len(threads_of("saturated")) == 4
        gate.set()
        assert all(future.result(LIMIT) for future in waiting)


def test_an_idle_thread_takes_the_next_call() -> None:
    with Executor(100, "reused") as executor:
        used = {executor.submit(threading.get_ident).result(LIMIT) for _ in range(100)}
        assert len(used) < 20


def test_a_call_that_a_thread_was_started_for_is_run_even_if_all_that_wait_are_cancelled_at_once() -> None:
    calls = []
    for _ in range(20):
        executor = Executor(1)
        calls.append(executor.submit(pow, 2, 8))
        executor.shutdown(cancel_futures=True)
    assert [call.cancelled() for call in calls] == [False] * 20


# In the place of test_threads_terminate, test_context_manager_shutdown, test_del_shutdown, test_shutdown_no_wait


def test_shutdown_ends_the_threads() -> None:
    executor = Executor(5, "shut")
    meeting = threading.Barrier(4)
    for _ in range(3):
        executor.submit(meeting.wait, LIMIT)
    meeting.wait(LIMIT)
    assert len(threads_of("shut")) == 3
    executor.shutdown()
    assert threads_of("shut") == []


def test_the_end_of_the_with_ends_the_threads() -> None:
    with Executor(5, "block") as executor:
        assert list(executor.map(abs, range(-5, 5))) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    assert threads_of("block") == []


def test_shutdown_without_waiting_finishes_what_is_queued_and_ends_the_threads() -> None:
    gate = threading.Event()
    executor = Executor(1, "later")
    executor.submit(gate.wait, LIMIT)
    results = executor.map(abs, range(-5, 5))
    executor.shutdown(wait=False)
    threads = threads_of("later")
    gate.set()
    assert list(results) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    for thread in threads:
        thread.join(LIMIT)
    assert threads_of("later") == []


def test_dropping_it_finishes_what_is_queued_and_ends_the_threads() -> None:
    gate = threading.Event()
    executor = Executor(1, "dropped")
    executor.submit(gate.wait, LIMIT)
    results = executor.map(abs, range(-5, 5))
    threads = threads_of("dropped")
    del executor
    gc.collect()
    gate.set()
    assert list(results) == [5, 4, 3, 2, 1, 0, 1, 2, 3, 4]
    for thread in threads:
        thread.join(LIMIT)
    assert threads_of("dropped") == []


# In the place of test_thread_names_assigned, test_thread_names_default


def test_threads_are_named_after_the_prefix_and_numbered_from_one() -> None:
    with Executor(3, "SpecialPool") as executor:
        meeting = threading.Barrier(4)
        for _ in range(3):
            executor.submit(meeting.wait, LIMIT)
        meeting.wait(LIMIT)
        assert sorted(thread.name for thread in threads_of("SpecialPool")) == ["SpecialPool-1", "SpecialPool-2", "SpecialPool-3"]


def test_threads_without_a_prefix_have_a_name_that_no_other_executor_has() -> None:
    def name() -> str:
        return threading.current_thread().name

    with Executor() as one, Executor() as other:
        names = [one.submit(name).result(LIMIT), other.submit(name).result(LIMIT)]
    assert len(set(names)) == 2
    assert all(re.fullmatch(r"Executor-\d+-1", each) for each in names)


# The end of the interpreter: asked by no test of CPython's, and relied on by programs


def test_at_exit_calls_are_finished_before_functions_registered_with_atexit_are_called() -> None:
    script = """
        import atexit, time
        atexit.register(print, "closed", flush=True)
        def work():
            time.sleep(0.2)  # only for a wrong order to show; the right one does not depend on it
            print("worked", flush=True)
        executor = Executor(1)
        executor.submit(work)
    """
    assert run_script(script).split() == ["worked", "closed"]


@pytest.mark.parametrize("executor", ["old", "Executor(1)"])
def test_at_exit_no_call_is_taken_any_more(executor: str) -> None:
    script = f"""
        import atexit
        old = Executor(1)
        def submit_late():
            try:
                {executor}.submit(int)
            except RuntimeError as error:
                print(error)
        atexit.register(submit_late)
    """
    assert run_script(script).strip() == "cannot schedule new futures after interpreter shutdown"


def test_at_exit_a_hung_call_is_left_behind_and_named() -> None:
    script = """
        import threading
        begun = threading.Event()
        def hang():
            begun.set()
            threading.Event().wait()
        executor = Executor(1, "stuck")
        executor.submit(hang)
        begun.wait()
    """
    assert "stuck-1" in run_script(script)


# Forks


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_forked_child_exits_even_if_the_executor_was_busy_at_the_fork() -> None:
    script = """
        import os
        executor = Executor(1)
        executor.submit(int).result()
        busy = executor._crew._lock  # what another thread may hold at the moment of the fork
        busy.acquire()
        child = os.fork()
        if child:
            busy.release()
            print(os.waitpid(child, 0)[1])
        else:
            import faulthandler
            faulthandler.dump_traceback_later(3, exit=True)
    """
    assert run_script(script).strip() == "0"


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_a_forked_child_can_use_an_executor_of_its_own() -> None:
    script = """
        import os, sys
        executor = Executor(1)
        executor.submit(int).result()
        child = os.fork()
        if child:
            print(os.waitpid(child, 0)[1])
        else:
            print(Executor(1).submit(pow, 2, 8).result(5), flush=True)
    """
    assert run_script(script).split() == ["256", "0"]
