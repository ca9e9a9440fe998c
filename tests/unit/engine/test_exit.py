"""The end of the interpreter while something is still open: child processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

CHILD = """
import itertools, os, sys, threading, time
import threadwork
from threadwork import Executor, Pool, TaskGroup, current

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

begun = threading.Event()

def cooperative(number):
    begun.set()
    try:
        current().sleep(60)
    finally:
        say("stopped")

def hung(number):
    begun.set()
    time.sleep(60)
"""


class Ended:
    """What a child process has left: its output, and how long it took from its last line to its end."""

    def __init__(self, code, status=0):
        program = CHILD + textwrap.dedent(code) + "\nsay(time.monotonic())\n"
        child = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        try:
            out, self.err = child.communicate(timeout=10)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.communicate()
        lines = out.splitlines()
        times = [line for line in lines if line.replace(".", "").isdigit()]
        self.seconds = time.monotonic() - float(times[-1]) if times else None
        self.out = [line for line in lines if line not in times]
        assert child.returncode == status, self.err


def quiet(ended, within=2.0):
    """Check that nothing was complained about and that the end came soon."""
    assert ended.err == ""
    assert ended.seconds < within


# Runs


@pytest.mark.parametrize("results", ["iter(run)", "run.outcomes()", "run"])
def test_a_half_consumed_run_is_no_hindrance(results):
    quiet(Ended(f"run = threadwork.map(str, itertools.count(), workers=4); results = {results}; next(results)"))


def test_tasks_of_an_open_run_are_asked_to_stop_and_waited_for():
    ended = Ended("""
        run = threadwork.map(lambda n: n and cooperative(n), itertools.count(), workers=1, batch=1)
        assert next(run) == 0
        begun.wait(5)
    """)
    assert ended.out == ["stopped"]
    quiet(ended)


def test_tasks_of_an_open_run_on_an_open_pool_are_asked_to_stop_and_waited_for():
    ended = Ended("""
        pool = Pool("p", workers=1)
        run = pool.map(lambda n: n and cooperative(n), itertools.count(), batch=1)
        assert next(run) == 0
        begun.wait(5)
    """)
    assert ended.out == ["stopped"]
    quiet(ended)


def test_a_group_that_another_thread_has_open_is_ended():
    ended = Ended("""
        def work():
            try:
                with TaskGroup(workers=1) as group:
                    group.start(cooperative, 1)
            except BaseException as error:
                say(type(error).__name__)

        threading.Thread(target=work, daemon=True).start()
        begun.wait(5)
    """)
    assert ended.out[0] == "stopped"
    assert ended.err == ""
    assert ended.seconds < 2


def test_a_hung_task_is_left_behind_after_the_grace_and_named():
    ended = Ended("""
        run = threadwork.map(lambda n: n and hung(n), itertools.count(), workers=1, batch=1, grace=0.3, name="slow")
        assert next(run) == 0
        begun.wait(5)
    """)
    assert ended.err == "threadwork: left behind at exit, still busy: slow-1\n"
    assert 0.2 < ended.seconds < 3


def test_a_task_that_was_left_behind_already_is_not_waited_for_again():
    ended = Ended("""
        group = TaskGroup(workers=1, grace=2, name="slow")
        with group:
            group.start(hung, 1)
            begun.wait(5)
            group.cancel()
        assert group.stats().abandoned == ("slow-1",)
    """)
    assert ended.seconds < 1.5


def test_a_hung_input_is_no_hindrance():
    ended = Ended("""
        def items():
            yield 1
            begun.set()
            time.sleep(60)

        run = threadwork.map(str, items(), grace=0.3, name="slow")
        assert next(run) == "1"
        begun.wait(5)
    """)
    assert ended.seconds < 3


def test_an_error_that_nobody_catches_is_told_as_ever():
    ended = Ended("for value in threadwork.map(lambda n: 1 // (5 - n), itertools.count()): pass", status=1)
    assert ended.err.count("Traceback (most recent call last)") == 1
    assert "ZeroDivisionError" in ended.err
    assert "while processing item 5 (key 5): 5, attempt 1, on threadwork-" in ended.err.splitlines()[-1]


def test_an_exit_in_the_loop_that_consumes_is_that_of_the_process():
    ended = Ended("for value in threadwork.map(str, itertools.count()): sys.exit(7)", status=7)
    assert ended.err == ""


def test_a_run_that_is_begun_at_exit_does_not_hang():
    ended = Ended("""
        import atexit
        def late():
            try:
                say(threadwork.map(str, range(3)).collect())
            except RuntimeError as error:
                say("refused")
        atexit.register(late)
    """)
    assert ended.out in (["['0',", "'1',", "'2']"], ["['0', '1', '2']"], ["refused"])
    assert ended.err == ""
    assert ended.seconds < 2


# Pools and executors


def test_an_idle_pool_that_is_never_closed_is_no_hindrance():
    quiet(Ended("pool = Pool(workers=4); assert pool.map(str, range(100)).collect()[99] == '99'"))


def test_calls_of_an_executor_are_finished():
    ended = Ended("""
        def work(number):
            time.sleep(0.001)
            say("done", number)

        executor = Executor(max_workers=2)
        futures = [executor.submit(work, number) for number in range(50)]
    """)
    assert sorted(ended.out) == sorted(f"done {number}" for number in range(50))
    assert ended.err == ""


def test_calls_of_an_executor_that_was_dropped_are_finished():
    ended = Ended("""
        def work(number):
            time.sleep(0.001)
            say("done", number)

        executor = Executor(max_workers=1)
        for number in range(20):
            executor.submit(work, number)
        del executor
    """)
    assert ended.out == [f"done {number}" for number in range(20)]
    assert ended.err == ""


def test_a_hung_call_of_an_executor_is_left_behind_and_named():
    ended = Ended("""
        executor = Executor(max_workers=1, thread_name_prefix="slow")
        executor.submit(hung, 1)
        begun.wait(5)
    """)
    assert ended.err == "threadwork: left behind at exit, still busy: slow-1\n"
    assert 4 < ended.seconds < 9  # an executor gives its calls five seconds


def test_nothing_is_submitted_any_more_at_exit():
    ended = Ended("""
        import atexit
        executor = Executor(max_workers=1)
        executor.submit(str, 1).result()
        def late():
            try:
                executor.submit(str, 2)
            except RuntimeError as error:
                say(error)
        atexit.register(late)
    """)
    assert ended.out == ["cannot schedule new futures after interpreter shutdown"]
    quiet(ended)


# After a fork

FORK = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # that other threads run at the fork is the point
pid = os.fork()
if pid:
    _, status = os.waitpid(pid, 0)
    say("child ended with", os.waitstatus_to_exitcode(status))
else:
    CHILD
    sys.exit(5)
"""


def forked(before, in_the_child):
    """Return a program that does `before`, forks, and does something `in_the_child`, which then exits with status 5."""
    return textwrap.dedent(before) + FORK.replace("CHILD", textwrap.indent(textwrap.dedent(in_the_child), "    ").strip())


OPEN = """
executor = Executor(max_workers=2)
executor.submit(str, 1).result()
pool = Pool(workers=2)
pool.map(str, range(3)).collect()
run = threadwork.map(str, itertools.count(), workers=2)
next(run)
"""


def test_a_forked_child_does_not_wait_at_exit_for_threads_it_has_not():
    ended = Ended(forked(OPEN, "pass"))
    assert ended.out == ["child ended with 5"]
    quiet(ended, within=3)


def test_a_forked_child_makes_runs_of_its_own():
    ended = Ended(forked(OPEN, "say(*threadwork.map(str, range(5), workers=2))"))
    assert ended.out == ["0 1 2 3 4", "child ended with 5"]
    quiet(ended, within=3)


def test_a_task_may_fork():
    ended = Ended("""
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)

        def fork(number):
            pid = os.fork()
            if not pid:
                os._exit(sum(threadwork.map(int, range(number + 2), workers=2)))
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        say(*threadwork.map(fork, range(3), workers=2, batch=1))
    """)
    assert ended.out == ["1 3 6"]
    quiet(ended)
