"""`Breaker`: when it opens and closes, what counts as a failure, keys, and what it refuses."""

import math
import pickle
import threading

import pytest

from tests.support.aside import Aside
from threadwork import Cancelled, CircuitOpen, InvalidOption
from threadwork.policies import Breaker

DOWN = ConnectionError("down")


def broken(now=0.0, **options):
    """Return a breaker whose only circuit has just opened."""
    breaker = Breaker(2, open_for=10.0, **options)
    breaker.failed(None, DOWN, now)
    breaker.failed(None, DOWN, now)
    return breaker


def test_it_opens_after_so_many_failures_one_after_the_other():
    breaker = Breaker(3, open_for=30.0)
    for now in (0.0, 1.0):
        breaker.failed(None, DOWN, now)
        assert breaker.refuses(None, now) is None
    breaker.failed(None, DOWN, 2.0)
    assert breaker.refuses(None, 2.0) == 30.0
    assert breaker.refuses(None, 31.0) == 1.0


def test_a_success_in_between_starts_the_count_again():
    breaker = Breaker(2)
    for now in range(10):
        breaker.failed(None, DOWN, float(now))
        breaker.succeeded(None)
        assert breaker.refuses(None, float(now)) is None


def test_failures_that_are_too_far_apart_do_not_count_together():
    breaker = Breaker(3, 10.0)
    for now in (0.0, 6.0, 12.0, 18.0, 24.0):
        breaker.failed(None, DOWN, now)
        assert breaker.refuses(None, now) is None
    breaker.failed(None, DOWN, 25.0)
    assert breaker.refuses(None, 25.0) == 30.0


def test_after_its_time_one_probe_is_let_in():
    breaker = broken()
    assert breaker.refuses(None, 9.5) == 0.5
    assert breaker.refuses(None, 10.0) is None
    assert breaker.refuses(None, 12.0) == 8.0


def test_a_probe_that_succeeds_closes_it():
    breaker = broken()
    assert breaker.refuses(None, 10.0) is None
    breaker.succeeded(None)
    assert [breaker.refuses(None, 10.0) for _ in range(5)] == [None] * 5
    breaker.failed(None, DOWN, 10.0)
    assert breaker.refuses(None, 10.0) is None  # and the count begins at nothing


def test_a_probe_that_fails_opens_it_again():
    breaker = broken()
    assert breaker.refuses(None, 10.0) is None
    breaker.failed(None, DOWN, 13.0)
    assert breaker.refuses(None, 13.0) == 10.0
    assert breaker.refuses(None, 23.0) is None


def test_there_may_be_several_probes():
    breaker = broken(probes=3)
    assert [breaker.refuses(None, 10.0 + number) for number in range(4)] == [None, None, None, 9.0]
    breaker.failed(None, DOWN, 14.0)
    breaker.failed(None, DOWN, 15.0)  # the second probe that fails has nothing to add
    assert breaker.refuses(None, 15.0) == 9.0


def test_a_probe_that_nobody_tells_of_is_followed_by_another():
    breaker = broken()
    assert breaker.refuses(None, 10.0) is None
    breaker.failed(None, Cancelled(), 11.0)
    assert breaker.refuses(None, 19.0) == 1.0
    assert breaker.refuses(None, 20.0) is None


def test_what_began_before_it_opened_changes_nothing():
    breaker = broken()
    breaker.succeeded(None)
    breaker.failed(None, DOWN, 5.0)
    assert breaker.refuses(None, 5.0) == 5.0


def test_another_exception_is_an_answer():
    breaker = Breaker(2, open_for=10.0, on=ConnectionError)
    breaker.failed(None, DOWN, 0.0)
    breaker.failed(None, ValueError("404"), 1.0)
    breaker.failed(None, DOWN, 2.0)
    assert breaker.refuses(None, 2.0) is None
    breaker.failed(None, ConnectionResetError(), 3.0)
    assert breaker.refuses(None, 3.0) == 10.0
    assert breaker.refuses(None, 13.0) is None
    breaker.failed(None, ValueError("404"), 13.0)
    assert breaker.refuses(None, 13.0) is None


@pytest.mark.parametrize("error", [Cancelled(), KeyboardInterrupt(), SystemExit(), CircuitOpen("a", 3)])
def test_what_says_nothing_about_the_other_side_does_not_count(error):
    breaker = Breaker(1)
    breaker.failed(None, error, 0.0)
    assert breaker.refuses(None, 0.0) is None
    breaker = Breaker(2)
    breaker.failed(None, DOWN, 0.0)
    breaker.failed(None, error, 0.0)
    breaker.failed(None, DOWN, 0.0)
    assert breaker.refuses(None, 0.0) == 30.0


def test_each_key_has_its_own():
    breaker = Breaker(1, key=lambda item: item["host"])
    assert breaker.key_of({"host": "a"}) == "a"
    breaker.failed("a", DOWN, 0.0)
    assert breaker.refuses("a", 0.0) == 30.0
    assert breaker.refuses("b", 0.0) is None
    assert Breaker().key_of({"host": "a"}) is None


def test_keys_are_forgotten():
    breaker = Breaker(2, 1.0, open_for=1.0, key=str)
    for number in range(20_000):
        breaker.failed(number, DOWN, number / 100)
        if number % 2:
            breaker.failed(number, DOWN, number / 100)
        breaker.succeeded(-number)
    assert len(breaker._circuits) <= 1024 + 2 * 300


def test_of_many_threads_that_ask_at_once_one_is_the_probe():
    breaker, start = broken(), threading.Barrier(8)

    def ask():
        start.wait(5)
        return breaker.refuses(None, 10.0)

    answers = [aside.result() for aside in [Aside(ask) for _ in range(8)]]
    assert sorted(answers, key=str) == [*[10.0] * 7, None]


def test_the_error_names_the_key_and_the_time():
    error = CircuitOpen("a.example", 12.345)
    assert str(error) == "'a.example' has failed too often; it is tried again in 12.3 s"
    assert str(CircuitOpen(None, 1)) == "what is called has failed too often; it is tried again in 1 s"
    copied = pickle.loads(pickle.dumps(error))
    assert (copied.key, copied.seconds, str(copied)) == ("a.example", 12.345, str(error))


@pytest.mark.parametrize(
    "wrong",
    [
        {"failures": 0},
        {"failures": 1.5},
        {"within": -1},
        {"within": math.inf},
        {"open_for": 0},
        {"open_for": "30"},
        {"probes": 0},
        {"key": "host"},
        {"on": ()},
        {"on": Cancelled},
    ],
)
def test_what_cannot_be_used_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(InvalidOption, match=rf"Breaker\({name}="):
        Breaker(**wrong)
