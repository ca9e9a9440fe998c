import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest

import threadwork
from tests.support.aside import Aside, wait_until
from threadwork import DeadlineExceeded, Executor, Pool, RunStatus, TaskGroup, current
from threadwork.engine.clock import SYSTEM_CLOCK
from threadwork.engine.options import settings_of
from threadwork.testing import ManualClock, manual_clock, using


@pytest.fixture
def clock() -> Iterator[ManualClock]:
    """Give a clock that what is made in the test uses, and see to it that no real time goes by."""
    began = time.monotonic()
    with using(ManualClock()) as manual:
        yield manual
    assert time.monotonic() - began < 5


def test_a_wait_ends_when_the_clock_passes_its_deadline_and_not_before() -> None:
    clock, lock = ManualClock(jumps=False), threading.Lock()
    lock.acquire()
    waiter = Aside(lambda: clock.acquire(lock, 10))
    clock.wait_for_waiters(1)
    clock.advance(9.9)
    clock.wait_for_waiters(1)
    clock.advance(0.1)
    assert waiter.result() is False
    assert clock.now() == 10


@pytest.mark.parametrize("jumps", [True, False])
def test_a_wait_ends_when_the_lock_is_released(jumps: bool) -> None:
    clock, lock = ManualClock(jumps=jumps), threading.Lock()
    lock.acquire()
    waiter = Aside(lambda: clock.acquire(lock, None))
    clock.wait_for_waiters(1)
    lock.release()
    assert waiter.result() is True
    assert lock.locked()


def test_a_free_lock_is_taken_at_once() -> None:
    lock = threading.Lock()
    assert ManualClock().acquire(lock, 0)
    assert lock.locked()


def test_time_does_not_go_backwards() -> None:
    with pytest.raises(ValueError, match="0 or more, not -1"):
        ManualClock().advance(-1)


def test_waiters_that_do_not_come_are_missed() -> None:
    with pytest.raises(AssertionError, match=r"(?s)0 of 2 threads wait .*MainThread"):
        ManualClock().wait_for_waiters(2, timeout=0.01)


@pytest.mark.parametrize("jumps", [True, False])
def test_many_waiters_are_all_served(jumps: bool) -> None:
    clock = ManualClock(jumps=jumps)
    locks = [threading.Lock() for _ in range(20)]
    for lock in locks:
        lock.acquire()
    waiters = [Aside(lambda lock=lock: clock.acquire(lock, None)) for lock in locks]
    clock.wait_for_waiters(20)
    for lock in locks:
        lock.release()
    assert all(waiter.result() for waiter in waiters)


class TestInterrupts:
    """An interrupt (Ctrl-C) in a wait."""

    def test_the_wait_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, lock = ManualClock(jumps=False), threading.Lock()
        lock.acquire()

        def interrupt(self: threading.Condition, timeout: float | None = None) -> bool:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(threading.Condition, "wait", interrupt)
            clock.acquire(lock, 10)
        waiter = Aside(lambda: clock.acquire(lock, 10))
        clock.wait_for_waiters(1)
        lock.release()
        assert waiter.result() is True

    def test_a_lock_that_was_just_taken_is_given_back(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, lock = ManualClock(jumps=False), threading.Lock()
        lock.acquire()

        def release_and_interrupt(self: threading.Condition, timeout: float | None = None) -> bool:
            lock.release()
            clock.advance(0)
            assert lock.locked()
            raise KeyboardInterrupt

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(threading.Condition, "wait", release_and_interrupt)
            clock.acquire(lock, 10)
        assert not lock.locked()


class TestUsing:
    """`using`: who gets the clock."""

    def test_it_holds_inside_the_with_and_in_its_context_alone(self) -> None:
        clock = ManualClock()
        with using(clock) as given:
            assert given is clock
            assert settings_of({}).clock is clock
            assert Executor()._settings.clock is clock
        assert settings_of({}).clock is SYSTEM_CLOCK

    def test_runs_inside_tasks_have_it_too(self, clock: ManualClock) -> None:
        def outer(item: int) -> list[None]:
            return threadwork.map(lambda _: current().sleep(3600), [1], name="inner").collect()

        assert threadwork.map(outer, [1], name="outer").collect() == [[None]]
        assert clock.now() == 3600


class TestJumps:
    """Time jumps when everybody waits."""

    def test_sleeping_takes_no_time(self, clock: ManualClock) -> None:
        run = threadwork.map(lambda seconds: current().sleep(seconds), [3600, 1800, 7200], workers=3, batch=1)
        run.collect()
        assert clock.now() == 7200
        assert run.stats().elapsed == 7200

    def test_one_worker_sleeps_one_after_the_other(self, clock: ManualClock) -> None:
        threadwork.for_each(lambda seconds: current().sleep(seconds), [1.0] * 100, workers=1, batch=1)
        assert clock.now() == 100

    def test_time_waits_for_the_body_of_the_consumers_loop(self, clock: ManualClock) -> None:
        run = threadwork.map(lambda _: current().sleep(10), range(5), workers=1, batch=1, buffersize=1)
        assert [clock.now() for _ in run] == [10, 20, 30, 40, 50]

    def test_equal_sleeps_in_a_row_are_no_polls(self, clock: ManualClock) -> None:
        woken: dict[str, list[float]] = {"fast": [], "slow": []}

        def task(job: tuple[str, float, int]) -> None:
            name, seconds, count = job
            for _ in range(count):
                current().sleep(seconds)
                woken[name].append(clock.now())

        threadwork.for_each(task, [("fast", 1.0, 10), ("slow", 2.5, 4)], workers=2, batch=1)
        assert woken == {"fast": [*range(1, 11)], "slow": [2.5, 5.0, 7.5, 10.0]}

    @pytest.mark.parametrize("batch", [1, 10, "auto"])
    def test_a_month_behind_polls_takes_no_time(self, clock: ManualClock, batch: int) -> None:
        month = 30 * 24 * 3600.0
        task: Callable[[int], None] = lambda item: current().sleep(month) if item == 150 else None  # noqa: E731
        threadwork.for_each(task, range(300), workers=3, batch=batch)
        assert month <= clock.now() < month + 1

    def test_a_poll_goes_on_when_something_has_happened(self) -> None:
        clock, tick, gate = ManualClock(), threading.Lock(), threading.Lock()
        tick.acquire()
        gate.acquire()
        looks = []

        def poll() -> None:
            while not clock.acquire(tick, 0.005):
                looks.append(gate.locked())

        poller = Aside(poll)
        wait_until(lambda: len(looks) == 2)
        opener = Aside(lambda: clock.acquire(gate, None))
        clock.wait_for_waiters(2)
        wait_until(lambda: len(looks) > 2)
        clock.wait_for_waiters(2)
        before = len(looks)
        gate.release()
        opener.result()
        wait_until(lambda: len(looks) > before)
        tick.release()
        poller.result()

    def test_idle_workers_take_over_at_their_time(self, clock: ManualClock) -> None:
        threadwork.for_each(lambda _: current().sleep(10), range(8), workers=2, batch=4)
        assert 40 <= clock.now() < 41

    def test_the_deadline_of_a_run(self, clock: ManualClock) -> None:
        run = threadwork.map(lambda _: current().sleep(3600), range(10), workers=2, timeout=60)
        with pytest.raises(DeadlineExceeded):
            run.collect()
        assert run.stats().status is RunStatus.DEADLINE
        assert clock.now() == 60

    def test_a_task_that_ends_before_the_deadline(self, clock: ManualClock) -> None:
        assert threadwork.map(lambda _: current().sleep(59.9), [1], timeout=60).collect() == [None]
        assert clock.now() == 59.9

    def test_an_executor(self, clock: ManualClock) -> None:
        with Executor(max_workers=2) as executor:
            executor.submit(lambda: current().sleep(3600)).result(timeout=10)
        assert clock.now() == 3600

    def test_a_group_and_a_pool(self, clock: ManualClock) -> None:
        with Pool("long", workers=2) as pool:
            with pool.group() as group:
                for _ in range(4):
                    group.start(lambda: current().sleep(100))
            assert clock.now() == 200
            pool.for_each(lambda _: current().sleep(100), range(2))
        assert clock.now() == 300

    def test_a_thread_that_has_left_does_not_hold_the_time(self, clock: ManualClock) -> None:
        with TaskGroup() as group:
            task = group.start(lambda: current().sleep(3600))
            clock.leave()
            task.result(timeout=10)
        assert clock.now() == 3600

    def test_a_thread_that_works_holds_the_time_and_is_named(
        self, clock: ManualClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(manual_clock, "_STANDSTILL", 0.01)
        told = threading.Event()

        def tell(record: logging.LogRecord) -> bool:
            told.set()
            return True

        caplog.handler.addFilter(tell)
        jobs: list[Callable[[], object]] = [lambda: current().sleep(10), lambda: told.wait(10)]
        threadwork.for_each(lambda job: job(), jobs, workers=2, batch=1, name="held")
        assert clock.now() == 10
        assert "stands still at 0.0 s: " in caplog.text
        assert "told.wait(10)" in caplog.text

    def test_a_thread_that_ends_holds_the_time_no_more(self) -> None:
        clock, lock, leave = ManualClock(), threading.Lock(), threading.Event()
        lock.acquire()
        other = Aside(lambda: (clock.now(), leave.wait(10)))
        waiter = Aside(lambda: clock.acquire(lock, 10))
        clock.wait_for_waiters(1)
        leave.set()
        other.result()
        assert waiter.result() is False
