import queue
import sys
import threading
import time
from collections.abc import Callable

import pytest

from threadwork.testing import Interleave, explore, interleave, no_leaked_threads, turns

_FOREIGN = threading.Lock()  # made before any interleaving


class Counter:
    def __init__(self) -> None:
        self.value = 0
        self.lock = threading.Lock()

    def add(self) -> None:
        self.value += 1

    def add_safely(self) -> None:
        with self.lock:
            self.value += 1


def _two(method: Callable[[Counter], None]) -> Callable[[Interleave], None]:
    def scenario(run: Interleave) -> None:
        counter = Counter()
        run(lambda: method(counter), lambda: method(counter))
        assert counter.value == 2

    return scenario


def _first_seed(scenario: Callable[[Interleave], None]) -> int:
    """Return the first seed that the scenario fails with."""
    for seed in range(1000):
        try:
            explore(scenario, seeds=[seed])
        except AssertionError:
            return seed
    raise LookupError("no seed")


def test_results_come_in_the_order_of_the_functions() -> None:
    assert interleave([lambda: 1, lambda: 2, lambda: 3], seed=5) == [1, 2, 3]
    assert interleave([], seed=5) == []


def test_a_lost_update_in_one_line_is_found_and_its_seed_replays_it() -> None:
    with pytest.raises(AssertionError) as caught:
        explore(_two(Counter.add))
    (note,) = caught.value.__notes__
    seed = int(note.partition("of seed ")[2].partition(":")[0])
    assert note == f"in the interleaving of seed {seed}: explore(..., seeds=[{seed}]) replays it"
    for _ in range(10):
        with pytest.raises(AssertionError):
            explore(_two(Counter.add), seeds=[seed])


def test_with_a_lock_nothing_is_lost() -> None:
    explore(_two(Counter.add_safely))


def test_the_same_seed_gives_the_same_interleaving() -> None:
    def trail(seed: int) -> list[int]:
        seen: list[int] = []

        def scenario(run: Interleave) -> None:
            lock = threading.Lock()

            def walk(me: int) -> None:
                for _ in range(20):
                    seen.append(me)
                    with lock:
                        seen.append(me)

            run(lambda: walk(0), lambda: walk(1), lambda: walk(2))

        explore(scenario, seeds=[seed])
        return seen

    trails = [trail(seed) for seed in range(20)]
    assert trails == [trail(seed) for seed in range(20)]
    assert len({tuple(each) for each in trails}) > 10


def test_one_thread_runs_at_a_time() -> None:
    inside: list[int] = []

    def work() -> None:
        for _ in range(200):
            inside.append(1)
            inside.pop()

    def check(run: Interleave) -> None:
        run(work, work, work)
        assert inside == []

    explore(check, seeds=range(20))


def test_a_check_that_another_thread_makes_stale_is_found() -> None:
    def scenario(run: Interleave) -> None:
        account = {"balance": 100}

        def take() -> None:
            if account["balance"] >= 60:
                account["balance"] -= 60

        run(take, take)
        assert account["balance"] >= 0

    assert _first_seed(scenario) < 100


def test_a_far_run_within_a_short_window_is_found() -> None:
    # The reader's two looks are next to each other; the writer has to go a long way between them.
    def scenario(run: Interleave) -> None:
        state = [0]

        def write() -> None:
            for number in range(50):
                state[0] = number

        def read() -> int:
            return -state[0] + state[0]

        _, ran = run(write, read)
        assert ran is None or ran < 8

    assert _first_seed(scenario) < 1000


class TestWaiting:
    """Threads that wait for each other, in every way that rests on `threading`'s locks."""

    def test_conditions_events_and_reentrant_locks(self) -> None:
        def scenario(run: Interleave) -> None:
            items: list[int] = []
            condition, done, lock = threading.Condition(), threading.Event(), threading.RLock()

            def produce() -> None:
                for number in range(5):
                    with condition, lock, lock:
                        items.append(number)
                        condition.notify()
                assert done.wait()

            def consume() -> int:
                total = 0
                for _ in range(5):
                    with condition:
                        condition.wait_for(lambda: items)
                        with lock:
                            total += items.pop()
                done.set()
                return total

            assert run(produce, consume) == [None, 10]

        explore(scenario)

    def test_who_waits_may_go_on_as_soon_as_the_lock_is_released(self, monkeypatch: pytest.MonkeyPatch) -> None:
        trail: list[str] = []
        trails = set()
        wait_for_lock = turns.Turns.wait_for_lock

        def tell_and_wait(self: turns.Turns, me: int, *, limited: bool) -> bool:
            trail.append("waits")
            return wait_for_lock(self, me, limited=limited)

        def scenario(run: Interleave) -> None:
            lock = threading.Lock()
            trail.clear()

            def hold() -> None:
                with lock:
                    trail.append("held")
                for _ in range(20):
                    pass
                trail.append("ended")

            def take() -> None:
                with lock:
                    trail.append("went in")

            run(hold, take)
            trails.add(tuple(trail))

        monkeypatch.setattr(turns.Turns, "wait_for_lock", tell_and_wait)
        explore(scenario)
        assert ("waits", "held", "went in", "ended") in trails

    def test_queues_and_semaphores(self) -> None:
        def scenario(run: Interleave) -> None:
            channel: queue.Queue[int] = queue.Queue(1)
            room = threading.BoundedSemaphore(1)

            def give() -> None:
                for number in range(5):
                    channel.put(number)
                    with room:
                        pass

            def take() -> list[int]:
                with room:
                    first = channel.get()
                return [first, *(channel.get() for _ in range(4))]

            assert run(give, take) == [None, [0, 1, 2, 3, 4]]

        explore(scenario, seeds=range(30))

    def test_a_timed_wait_is_over_when_nobody_else_can_go_on(self) -> None:
        def scenario(run: Interleave) -> None:
            never = threading.Event()
            order: list[str] = []

            def wait() -> bool:
                answer = never.wait(3600)
                order.append("waited")
                return answer

            def work() -> None:
                for _ in range(10):
                    order.append("worked")  # noqa: PERF401 - each is a step

            assert run(wait, work) == [False, None]
            assert order == ["worked"] * 10 + ["waited"]

        explore(scenario, seeds=range(30))

    def test_a_deadlock_is_found_and_told_with_its_stacks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(turns, "_PATIENCE", 0.2)

        def scenario(run: Interleave) -> None:
            one, other = threading.Lock(), threading.Lock()

            def forth() -> None:
                with one, other:
                    pass

            def back() -> None:
                with other, one:
                    pass

            run(forth, back)

        with (
            no_leaked_threads(),
            pytest.raises(AssertionError, match=r"(?s)wait for each other.*interleaved-0:.*interleaved-1:") as caught,
        ):
            explore(scenario)
        assert "seeds=[" in caught.value.__notes__[0]

    def test_a_lock_of_before_is_passed_over(self) -> None:
        def hold() -> str:
            with _FOREIGN:
                for _ in range(100):
                    pass
            return "held"

        for seed in range(5):
            assert interleave([hold, hold], seed=seed) == ["held", "held"]

    def test_a_lock_that_a_thread_from_outside_releases(self) -> None:
        def scenario(run: Interleave) -> None:
            lock = threading.Lock()
            lock.acquire()
            timer = threading.Timer(0.01, lock.release)
            timer.start()

            def take() -> bool:
                with lock:
                    return True

            assert run(take, take) == [True, True]
            timer.join()

        explore(scenario, seeds=range(3))

    def test_a_long_call_into_c_is_passed_over(self) -> None:
        assert interleave([lambda: time.sleep(0.25), lambda: 2], seed=1) == [None, 2]


class TestErrors:
    """What the functions raise."""

    def test_one_error_is_raised_with_the_seed(self) -> None:
        with pytest.raises(ZeroDivisionError) as caught:
            interleave([lambda: 1 // 0, lambda: 1], seed=17)
        assert caught.value.__notes__ == ["in the interleaving of seed 17: interleave(..., seed=17) replays it"]

    def test_several_are_a_group(self) -> None:
        with pytest.raises(ExceptionGroup, match="2 of 3 functions failed") as caught:
            interleave([lambda: 1 // 0, lambda: int("x"), lambda: 1], seed=0)
        assert [type(error) for error in caught.value.exceptions] == [ZeroDivisionError, ValueError]

    def test_the_error_of_a_thread_that_held_a_lock_does_not_hang_the_others(self) -> None:
        def scenario(run: Interleave) -> None:
            lock = threading.Lock()

            def fail() -> None:
                with lock:
                    raise LookupError

            def take() -> None:
                with lock:
                    pass

            with pytest.raises(LookupError):
                run(fail, take)

        explore(scenario, seeds=range(30))


def test_locks_are_real_ones_again_afterwards() -> None:
    before = threading.Lock, threading.RLock, vars(threading)["_allocate_lock"]
    with pytest.raises(ZeroDivisionError):
        explore(lambda run: 1 // 0)
    assert (threading.Lock, threading.RLock, vars(threading)["_allocate_lock"]) == before


def test_a_lock_made_meanwhile_works_afterwards() -> None:
    kept: list[threading.Lock] = []
    explore(lambda run: kept.append(threading.Lock()), seeds=[0])
    (lock,) = kept
    with lock:
        assert lock.locked()
        assert not lock.acquire(timeout=0.01)
    assert not lock.locked()


def test_nothing_is_traced_on_the_callers_thread() -> None:
    before = sys.gettrace()
    interleave([lambda: 1], seed=0)
    assert sys.gettrace() is before
