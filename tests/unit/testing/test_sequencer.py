import threading

import pytest

from tests.support.aside import Aside, wait_until
from threadwork.testing import Sequencer


def test_steps_come_in_their_order_whatever_their_threads() -> None:
    names = [f"step {number}" for number in range(30)]
    step = Sequencer(*names)
    seen: list[str] = []

    def take(mine: list[str]) -> None:
        for name in mine:
            with step(name):
                seen.append(name)

    takers = [Aside(lambda start=start: take(names[start::3])) for start in (2, 1, 0)]
    for taker in takers:
        taker.result()
    assert seen == names
    step.check_complete()


def test_a_step_that_never_comes_is_named_with_who_waits_for_what() -> None:
    step = Sequencer("load", "check", "use", timeout=0.02)

    def take(name: str) -> None:
        with step(name):
            pass

    use = Aside(lambda: take("use"), name="user")
    wait_until(lambda: step._waiting)
    with pytest.raises(AssertionError, match=r"step 'load' has not come\n  user waits for its step 'use'"):
        use.result()
    with pytest.raises(AssertionError, match="step 'load' has not come"):
        take("check")


def test_a_step_that_does_not_end_is_named_with_its_thread() -> None:
    step = Sequencer("load", "use", timeout=0.02)
    with (
        step("load"),
        pytest.raises(AssertionError, match=r"step 'load' has begun on MainThread and has not ended\n  .* 'use'"),
        step("use"),
    ):
        pass


def test_all_who_wait_fail_with_the_first_one() -> None:
    step = Sequencer("never", "soon", "late", timeout=10)
    step._timeout = 10
    late = Aside(lambda: step("late").__enter__())
    wait_until(lambda: step._waiting)
    step._timeout = 0.01
    with pytest.raises(AssertionError, match="'never' has not come"), step("soon"):
        pass
    with pytest.raises(AssertionError, match="'never' has not come"):
        late.result()


def test_an_error_passes_the_turn_on() -> None:
    step = Sequencer("bad", "good")
    with pytest.raises(ZeroDivisionError), step("bad"):
        _ = 1 / 0
    with step("good"):
        pass
    step.check_complete()


def test_a_step_is_taken_once() -> None:
    step = Sequencer("one", "two")
    with step("one"), pytest.raises(AssertionError, match="taken already"), step("one"):
        pass
    with pytest.raises(AssertionError, match="'one' has been taken already; MainThread wants it again"), step("one"):
        pass
    with pytest.raises(AssertionError, match="step 'two' has not come"):
        step.check_complete()


def test_names_are_checked() -> None:
    with pytest.raises(ValueError, match="give 'a' two names"):
        Sequencer("a", "b", "a")
    with pytest.raises(ValueError, match="no step 'c'; the steps are: a, b"), Sequencer("a", "b")("c"):
        pass


def test_a_waiting_step_taken_by_another_thread_too() -> None:
    step = Sequencer("first", "second")
    go = threading.Event()

    def take() -> None:
        with step("second"):
            go.set()

    waiter = Aside(take)
    wait_until(lambda: step._waiting)
    with pytest.raises(AssertionError, match="taken already"), step("second"):
        pass
    with step("first"):
        assert not go.is_set()
    waiter.result()
