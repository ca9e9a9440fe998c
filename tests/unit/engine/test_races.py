"""Unlucky moments, made to happen always."""

import threading
from types import SimpleNamespace

import pytest

import threadwork
from tests.support.aside import Aside, wait_for, wait_until
from tests.support.lying_lock import LyingLock
from threadwork import Pool, PoolClosed, TaskGroup, current
from threadwork.engine import channel, feeder, worker
from threadwork.engine.cancel import CancelScope
from threadwork.engine.channel import Signal
from threadwork.engine.clock import SYSTEM_CLOCK
from threadwork.testing import ManualClock


class TestSignal:
    """`Signal`: a wake and a time-out at the same moment."""

    def test_a_wake_wakes(self):
        lock = threading.Lock()
        signal = Signal(lock, SYSTEM_CLOCK)

        def wait():
            with lock:
                return signal.wait(10)

        waiter = Aside(wait)
        wait_until(lambda: signal.waiting)
        with lock:
            signal.wake()
        assert waiter.result() is True

    def test_without_a_wake_the_time_runs_out(self):
        lock = threading.Lock()
        with lock:
            assert Signal(lock, SYSTEM_CLOCK).wait(0) is False

    def test_a_wake_for_nobody_is_forgotten(self):
        lock = threading.Lock()
        signal = Signal(lock, SYSTEM_CLOCK)
        with lock:
            signal.wake()
            assert signal.wait(0) is False

    def test_a_wake_after_the_time_ran_out_and_before_the_lock_is_taken_again(self, monkeypatch):
        # 1. The wait times out. 2. Before it has the lock again, somebody wakes it. It was woken, and the wake is used up.
        lock = threading.Lock()

        def wake():
            with lock:
                signal.wake()

        monkeypatch.setattr(channel, "threading", SimpleNamespace(Lock=lambda: LyingLock(wake)))
        signal = Signal(lock, SYSTEM_CLOCK)
        with lock:
            assert signal.wait(5) is True
        monkeypatch.undo()
        wake_again = signal._baton._meanwhile
        assert wake_again is wake
        signal._baton._meanwhile = lambda: None
        with lock:
            assert signal.wait(5) is False


@pytest.mark.parametrize("ordered", [True, False])
def test_a_run_whose_timed_waits_all_lie_is_still_right(monkeypatch, ordered):
    monkeypatch.setattr(channel, "threading", SimpleNamespace(Lock=LyingLock))
    run = threadwork.map(lambda item: item * item, range(3000), workers=3, ordered=ordered)
    assert sorted(Aside(run.collect).result()) == sorted(item * item for item in range(3000))


class TestScope:
    """`CancelScope`: a cancel between any two steps of a sleep."""

    def test_a_cancel_before_the_wait_begins_ends_it(self):
        class Unlucky:
            now = SYSTEM_CLOCK.now

            def acquire(self, lock, timeout):
                scope.cancel("just now")
                return SYSTEM_CLOCK.acquire(lock, timeout)

        scope = CancelScope(Unlucky())
        scope.sleep(60)
        assert (scope.cancelled, scope.reason) == (True, "just now")

    def test_a_listener_that_comes_too_late_is_told_at_once(self):
        calls = []
        listener = SimpleNamespace
        scope = CancelScope(SYSTEM_CLOCK)
        scope.cancel()

        class Late(listener):
            def stop(self):
                calls.append("told")

        scope.tell(Late())
        assert calls == ["told"]

    def test_it_cancels_once_and_tells_once(self):
        calls = []

        class Counting:
            def stop(self):
                calls.append("told")

        counting = Counting()
        scope = CancelScope(SYSTEM_CLOCK)
        scope.tell(counting)
        together = threading.Barrier(4)
        cancels = [Aside(lambda: (together.wait(10), scope.cancel("me"))) for _ in range(4)]
        for cancel in cancels:
            cancel.result()
        assert calls == ["told"]

    def test_it_keeps_nobody_alive(self):
        class Listener:
            def stop(self):
                raise AssertionError("it is gone")

        scope = CancelScope(SYSTEM_CLOCK)
        for _ in range(1000):
            scope.tell(Listener())
        assert len(scope._listeners) < 100
        scope.cancel()

    def test_a_child_made_after_the_cancel_is_cancelled(self):
        parent = CancelScope(ManualClock())
        parent.cancel("all of you")
        child = CancelScope(ManualClock(), parent)
        assert (child.cancelled, child.reason) == (True, "all of you")


def unlucky_pool(method, number, act):
    """Return a pool whose crew calls `act` just before the `number`-th call of `method`."""
    pool = Pool("unlucky", workers=2)
    honest = getattr(pool._crew, method)
    lock = threading.Lock()
    calls = [0]

    def unlucky(*args):
        with lock:
            calls[0] += 1
            now = calls[0] == number
        if now:
            act()
        return honest(*args)

    setattr(pool._crew, method, unlucky)
    return pool


def accounted(run, consumer):
    """Check that every admitted item has exactly one outcome."""
    outcomes = consumer.result()
    counts = run.stats()
    assert sorted(outcome.index for outcome in outcomes) == list(range(counts.admitted))
    assert counts.done + counts.failed + counts.cancelled == counts.admitted
    assert counts.done == sum(outcome.ok for outcome in outcomes)
    assert counts.running == 0


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("batch", [1, 10])
@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("method", ["submit", "take", "withdraw", "free"])
def test_a_cancel_at_any_hand_over_loses_and_doubles_nothing(method, number, batch, ordered):
    with unlucky_pool(method, number, lambda: run.cancel()) as pool:  # noqa: PLW0108 - the run is made later
        run = pool.map(abs, range(100), batch=batch, ordered=ordered)
        accounted(run, Aside(lambda: list(run.outcomes())))


@pytest.mark.parametrize("number", range(1, 7))
def test_a_failure_that_halts_at_any_hand_over_loses_and_doubles_nothing(number):
    failing = threading.Event()
    with unlucky_pool("submit", number, failing.set) as pool:
        run = pool.map(lambda item: 1 // 0 if failing.is_set() else item, range(200), batch=4, halt=threadwork.Halt(1))
        accounted(run, Aside(lambda: list(run.outcomes())))


@pytest.mark.parametrize("number", range(1, 7))
def test_items_taken_over_at_the_moment_of_a_cancel_are_accounted_for(gate, number):
    # Item 0 is slow, and the idle worker is given what waits behind it, piece by piece; the cancel comes in between.
    begun = threading.Event()

    def task(item):
        if item == 0:
            begun.set()
            with current().on_cancel(gate.set):
                gate.wait(10)
        return item

    def cancel():
        if begun.is_set():
            run.cancel()

    with unlucky_pool("submit", number, cancel) as pool:
        run = pool.map(task, range(60), batch=20, buffersize=100)
        consumer = Aside(lambda: list(run.outcomes()))
        wait_for(begun)
        wait_until(lambda: gate.is_set() or run.stats().done == 59)
        gate.set()
        accounted(run, consumer)


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("mode", ["values", "outcomes", "for_each", "group"])
def test_a_pool_that_is_closed_at_any_hand_over_ends_its_runs(mode, number):
    pool = unlucky_pool("submit", number, lambda: pool._crew.close())  # noqa: PLW0108 - the pool is made later

    def use():
        if mode == "values":
            return pool.map(abs, range(1000), batch=3).collect()
        if mode == "outcomes":
            return list(pool.map(abs, range(1000), batch=3).outcomes())
        if mode == "for_each":
            return pool.for_each(abs, range(1000), batch=3)
        with pool.group() as group:
            for _ in range(100):
                group.start(abs, 1)
        return None

    try:
        with pytest.raises((PoolClosed, ExceptionGroup)):
            Aside(use).result()
    finally:
        pool.close()


def test_a_dump_while_a_worker_starts(monkeypatch):
    # 1. The worker's thread runs and begins its first task. 2. Whoever started it has not come back from that yet.
    dumped = threading.Event()
    start = worker.start_thread

    def start_slowly(*thread):
        thread = start(*thread)
        wait_for(dumped)
        return thread

    def task(item):
        try:
            return run.dump()
        finally:
            dumped.set()

    monkeypatch.setattr(worker, "start_thread", start_slowly)
    run = threadwork.map(task, ["the item"], workers=1)
    assert "the item" in Aside(run.collect).result()[0]


def test_results_are_not_lost_when_the_consumer_comes_late_to_a_burst():
    # Everything has ended before the consumer asks for the second result.
    run = threadwork.map(abs, range(50), workers=4, batch=1)
    assert next(run) == 0
    wait_until(lambda: run.stats().done == 50)
    assert list(run) == list(range(1, 50))


@pytest.mark.parametrize("mode", ["values", "outcomes", "for_each"])
def test_an_interrupt_while_the_input_thread_is_being_started_leaves_nothing_running(monkeypatch, mode):
    # Starting a thread waits until it runs: a moment like any other for Ctrl-C.
    start = feeder.start_thread
    begun = threading.Event()

    def start_interrupted(*thread):
        start(*thread)
        wait_for(begun)
        raise KeyboardInterrupt

    def task(item):
        begun.set()
        return item

    monkeypatch.setattr(feeder, "start_thread", start_interrupted)
    run = threadwork.map(task, range(100), workers=2, name="begun")
    use = {"values": run.collect, "outcomes": lambda: list(run.outcomes()), "for_each": run.drain}[mode]
    with pytest.raises(KeyboardInterrupt):
        Aside(use).result()
    wait_until(lambda: not any(thread.name.startswith("begun-") for thread in threading.enumerate()), 2)


def test_an_interrupt_while_a_worker_is_being_started_does_not_hang_a_group(monkeypatch):
    start = worker.start_thread

    def start_interrupted(*thread):
        start(*thread)
        raise KeyboardInterrupt

    def use():
        with TaskGroup(workers=1, grace=0.05) as group:
            group.start(abs, 1)

    monkeypatch.setattr(worker, "start_thread", start_interrupted)
    with pytest.raises(KeyboardInterrupt):
        Aside(use).result()
