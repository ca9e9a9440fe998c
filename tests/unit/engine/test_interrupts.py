"""Ctrl-C and exits: raised by a task, and while the consumer waits."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

import threadwork
from threadwork import Halt, Pool, RunStatus, TaskGroup, current
from threadwork.engine import feeder

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


# Raised by a task


def through_a_group(task, items, **options):
    with TaskGroup(**options) as group:
        for item in items:
            group.start(task, item)


def through_a_pool(task, items, workers, **options):
    with Pool(workers=workers, **options) as pool:
        pool.map(task, items).collect()


CONSUMERS = {
    "values": lambda task, items, **options: threadwork.map(task, items, **options).collect(),
    "unordered": lambda task, items, **options: threadwork.map(task, items, ordered=False, **options).collect(),
    "outcomes": lambda task, items, **options: list(threadwork.map(task, items, **options).outcomes()),
    "for_each": lambda task, items, **options: threadwork.for_each(task, items, check=False, **options),
    "group": through_a_group,
    "pool": through_a_pool,
}
every_consumer = pytest.mark.parametrize("consume", CONSUMERS.values(), ids=CONSUMERS)


@every_consumer
@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_of_a_task_leaves_at_once_whatever_else_is_ruled(consume, kind):
    interrupt, stopped = kind("now"), []
    other_waits = threading.Event()

    def work(number):
        if number == 1:
            assert other_waits.wait(PATIENCE)
            raise interrupt
        other_waits.set()
        try:
            current().sleep(60)
        finally:
            stopped.append(number)

    one_by_one = {} if consume is through_a_group else {"batch": 1}
    with pytest.raises(kind) as caught:
        consume(work, [0, 1], workers=2, halt=Halt.never(), **one_by_one)
    assert caught.value is interrupt
    assert stopped == [0]


def test_it_waits_for_what_does_not_stop_no_longer_than_the_grace():
    release, hangs = threading.Event(), threading.Event()

    def work(number):
        if number == 1:
            assert hangs.wait(PATIENCE)
            raise KeyboardInterrupt
        hangs.set()
        release.wait(PATIENCE)

    run = threadwork.map(work, [0, 1], workers=2, batch=1, grace=0.05, name="w")
    try:
        with pytest.raises(KeyboardInterrupt):
            run.collect()
        assert run.stats().abandoned == ("w-1",)
        assert run.stats().status is RunStatus.INTERRUPTED
    finally:
        release.set()


def test_what_follows_an_interrupt_in_the_input_is_not_pulled():
    pulled = []

    def items():
        for number in range(1000):
            pulled.append(number)
            yield number

    def work(number):
        if number == 3:
            raise SystemExit(3)

    with pytest.raises(SystemExit):
        threadwork.for_each(work, items(), workers=1, batch=1, buffersize=10)
    assert len(pulled) <= 20


def test_an_interrupt_of_the_input_is_raised_too():
    def items():
        yield 1
        raise KeyboardInterrupt

    for consume in CONSUMERS.values():
        if consume not in (through_a_group, through_a_pool):
            with pytest.raises(KeyboardInterrupt):
                consume(str, items(), workers=1)


@pytest.mark.parametrize("consume", [threadwork.Run.collect, threadwork.Run.drain, lambda run: list(run.outcomes())])
def test_an_interrupt_that_comes_while_the_run_begins_ends_it_too(consume, monkeypatch):
    def start_and_be_interrupted(*thread):
        start_thread(*thread)
        raise KeyboardInterrupt

    start_thread = feeder.start_thread
    monkeypatch.setattr(feeder, "start_thread", start_and_be_interrupted)
    run = threadwork.map(str, range(1000), workers=2, buffersize=10, name="w")
    with pytest.raises(KeyboardInterrupt):
        consume(run)
    left = [thread for thread in threading.enumerate() if thread.name.startswith("w-")]
    run.cancel()
    run._execution._crew.close()  # so that nothing is left for the other tests
    for thread in left:
        thread.join(PATIENCE)
    assert left == []
    assert run.stats().status is RunStatus.INTERRUPTED


# Ctrl-C while the consumer waits: child processes

CHILD = """
import itertools, os, signal, sys, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the parent had
import threadwork
from threadwork import Cancelled, Pool, TaskGroup, current

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())  # in one piece, whatever other threads print

def begin():
    # Say so once the main thread waits for the run.
    while not (waits() or current().cancelled):
        time.sleep(0.001)
    say("begun")

def cooperative(number):
    begin()
    try:
        current().sleep(60)
    finally:
        say("stopped")

def busy(number):
    begin()
    time.sleep(0.4)
    say("finished")

def hung(number):
    begin()
    time.sleep(60)

tasks = []
consumer_waits = lambda: run._execution.flow.ledger.ready.waiting

def report(run):
    say("status", run.stats().status, "done", run.stats().done, "left", *run.stats().abandoned)
"""


class Child:
    """A Python process that is told what to do, and heard."""

    def __init__(self, code):
        self.process = subprocess.Popen(
            [sys.executable, "-c", CHILD + textwrap.dedent(code)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_until_begun(self, count):
        for _ in range(count):
            assert self.process.stdout.readline() == "begun\n"

    def interrupt(self):
        """Press Ctrl-C, and return the time."""
        self.process.send_signal(signal.SIGINT)
        return time.monotonic()

    def ended(self, since):
        """Wait for the end; return what was printed, and how many seconds after `since` that was."""
        out, err = self.process.communicate(timeout=8)
        return out.splitlines(), err, time.monotonic() - since


@pytest.fixture
def child():
    """Start children; none of them outlives the test."""
    children = []

    def start(code):
        children.append(Child(code))
        return children[-1]

    yield start
    for each in children:
        if each.process.poll() is None:
            os.killpg(each.process.pid, signal.SIGKILL)
            each.process.wait(PATIENCE)
        each.process.stdout.close()
        each.process.stderr.close()


WAITING = {
    "values": """
        run = threadwork.map(TASK, itertools.count(), workers=2, batch=1, grace=GRACE, name="w")
        call, waits = run.collect, consumer_waits
    """,
    "outcomes": """
        run = threadwork.map(TASK, itertools.count(), workers=2, batch=1, grace=GRACE, name="w")
        call, waits = lambda: list(run.outcomes()), consumer_waits
    """,
    "nothing": """
        run = threadwork.map(TASK, itertools.count(), workers=2, batch=1, grace=GRACE, name="w")
        call, waits = run.drain, consumer_waits
    """,
    "a group's end": """
        run = TaskGroup(workers=2, grace=GRACE, name="w")
        def call():
            with run:
                for _ in range(5):
                    run.start(TASK, 1)
        waits = consumer_waits
    """,
    "a group's start": """
        run = TaskGroup(workers=2, buffersize=2, grace=GRACE, name="w")
        def call():
            with run:
                while True:
                    run.start(TASK, 1)
        waits = lambda: run._execution.flow.ledger.room.waiting
    """,
    "a group's task": """
        run = TaskGroup(workers=2, grace=GRACE, name="w")
        def call():
            with run:
                tasks.extend(run.start(TASK, 1) for _ in range(2))
                tasks[0].result()
        waits = lambda: tasks and tasks[0]._condition._waiters
    """,
}
CATCH = """
try:
    call()
except KeyboardInterrupt:
    say("interrupted")
    report(run)
"""


def waiting(where, task, grace):
    """Return a program whose main thread waits for a run of `task`."""
    return textwrap.dedent(WAITING[where]).replace("TASK", task).replace("GRACE", str(grace)) + CATCH


every_place = pytest.mark.parametrize("where", WAITING)


@every_place
def test_ctrl_c_asks_tasks_to_stop_and_is_raised_when_they_have(child, where):
    waits = child(waiting(where, "cooperative", 10))
    waits.wait_until_begun(2)
    out, err, seconds = waits.ended(waits.interrupt())
    assert out == ["stopped", "stopped", "interrupted", "status interrupted done 0 left"], err
    assert seconds < 2


@every_place
def test_ctrl_c_lets_what_is_running_come_to_its_end_within_the_grace(child, where):
    waits = child(waiting(where, "busy", 10))
    waits.wait_until_begun(2)
    out, err, _ = waits.ended(waits.interrupt())
    assert out == ["finished", "finished", "interrupted", "status interrupted done 2 left"], err


@every_place
def test_ctrl_c_leaves_hung_tasks_behind_after_the_grace(child, where):
    waits = child(waiting(where, "hung", 0.2))
    waits.wait_until_begun(2)
    out, err, seconds = waits.ended(waits.interrupt())
    assert out[0] == "interrupted", err
    assert out[1].startswith("status interrupted done 0 left ")
    assert sorted(out[1].split()[-2:]) == ["w-1", "w-2"]
    assert 0.15 < seconds < 3


@every_place
def test_the_second_ctrl_c_leaves_at_once(child, where):
    waits = child(waiting(where, "hung", 30) + "os._exit(0)  # what follows would wait for the grace once more\n")
    waits.wait_until_begun(2)
    waits.interrupt()
    with pytest.raises(subprocess.TimeoutExpired):
        waits.process.wait(0.3)  # it does give the tasks their grace
    out, err, seconds = waits.ended(waits.interrupt())
    assert out[0] == "interrupted", err
    assert seconds < 2


def test_after_the_second_ctrl_c_the_process_ends_at_once_too(child):
    waits = child(waiting("values", "hung", 30))
    waits.wait_until_begun(2)
    waits.interrupt()
    with pytest.raises(subprocess.TimeoutExpired):
        waits.process.wait(0.3)
    out, err, seconds = waits.ended(waits.interrupt())
    assert out[0] == "interrupted", err
    assert seconds < 2


def test_ctrl_c_in_the_loop_that_consumes_ends_the_run_with_the_with(child):
    consumes = child("""
        try:
            with threadwork.map(str, itertools.count(), workers=2, name="w") as run:
                for value in run:
                    if value == "10":
                        say("begun")
                    if int(value) >= 10:
                        time.sleep(0.01)
        except KeyboardInterrupt:
            say("interrupted")
            say("threads", *[thread.name for thread in threading.enumerate() if thread.name.startswith("w-")])
    """)
    consumes.wait_until_begun(1)
    out, err, seconds = consumes.ended(consumes.interrupt())
    assert out == ["interrupted", "threads"], err
    assert seconds < 2


def test_ctrl_c_while_a_run_on_a_pool_is_awaited_ends_the_pool_in_order(child):
    waits = child("""
        try:
            with Pool("w", workers=2) as pool:
                run = pool.map(cooperative, range(2), batch=1)
                waits = consumer_waits
                run.collect()
        except KeyboardInterrupt:
            say("interrupted")
            say("threads", *[thread.name for thread in threading.enumerate() if thread.name.startswith("w-")])
    """)
    waits.wait_until_begun(2)
    out, err, seconds = waits.ended(waits.interrupt())
    assert out == ["stopped", "stopped", "interrupted", "threads"], err
    assert seconds < 2


def test_ctrl_c_that_nobody_catches_ends_the_process_as_ever(child):
    waits = child("""
        run, waits = threadwork.map(cooperative, range(2), workers=2, batch=1), consumer_waits
        run.collect()
    """)
    waits.wait_until_begun(2)
    out, err, seconds = waits.ended(waits.interrupt())
    assert out == ["stopped", "stopped"]
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in err
    assert waits.process.returncode == -signal.SIGINT
    assert seconds < 2


def test_an_exit_in_a_task_is_that_of_the_process(child):
    leaves = child("threadwork.for_each(sys.exit, [7], workers=2)")
    out, err, _ = leaves.ended(time.monotonic())
    assert (out, err, leaves.process.returncode) == ([], "", 7)
