"""`Retry`: its arithmetic, what it tries again, what it counts, and what it refuses."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import threadwork
from threadwork import BadResult, InvalidOption, Retry, RetryAfter, current
from threadwork.policies import retry_after

SURE = Retry(attempts=5, backoff=1.0, jitter="none", budget=None)


def delays(rule, error=None, attempts=6):
    retries = rule.for_run(random.Random(1))
    return [retries.delay_after(attempt, error or OSError(), attempt) for attempt in range(1, attempts)]


def test_waits_grow_by_the_factor_up_to_the_most():
    assert delays(SURE) == [1.0, 2.0, 4.0, 8.0, None]
    assert delays(Retry(9, backoff=1.0, factor=10.0, max_delay=50.0, jitter="none")) == [1.0, 10.0, 50.0, 50.0, 50.0]
    assert Retry(2000, max_delay=7.0, jitter="none").delay(1999) == 7.0


def test_full_jitter_takes_any_part_of_the_wait():
    drawn = [Retry(2, backoff=8.0).for_run(random.Random(seed)).delay_after(1, OSError(), 1) for seed in range(300)]
    assert 0 <= min(drawn) < 0.5
    assert 7.5 < max(drawn) <= 8.0
    assert 3.5 < sum(drawn) / len(drawn) < 4.5


def test_only_what_is_worth_it_is_tried_again():
    rule = Retry(on=(OSError, KeyError), retry_if=lambda error: "fatal" not in str(error))
    assert rule.worth(ConnectionError("reset"))
    assert rule.worth(KeyError("x"))
    assert not rule.worth(ConnectionError("fatal"))
    assert not rule.worth(ValueError("x"))
    assert Retry(on=OSError).worth(TimeoutError())
    assert Retry(on=OSError).worth(RetryAfter(3))


def test_an_int_says_how_many_times_an_item_is_tried_again():
    assert Retry.of(0).attempts == 1
    assert Retry.of(3).attempts == 4
    assert Retry.of(SURE) is SURE


def test_the_budget_stops_a_storm():
    retries = Retry(attempts=100, budget=0.2).for_run()
    granted = [retries.delay_after(1, OSError(), begun) is not None for begun in range(1000)]
    # Ten are free, and then one of five: everything fails, and yet there are hardly more calls than items.
    assert 200 <= sum(granted) <= 211
    assert all(granted[:10])


class Response:
    def __init__(self, value):
        self.headers = {"Retry-After": value} if value is not None else {}


class HttpError(Exception):
    def __init__(self, value):
        super().__init__("429")
        self.response = Response(value)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7.0), (" 120 ", 120.0), (None, None), ("soon", None), ("-3", None), ("0", 0.0)]
)
def test_a_retry_after_in_seconds_is_found(value, seconds):
    assert retry_after(HttpError(value)) == seconds


def test_a_retry_after_as_a_date_is_found():
    late = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    assert 97 < retry_after(HttpError(late)) <= 100
    assert retry_after(HttpError("Wed, 21 Oct 2015 07:28:00 GMT")) == 0.0


def test_it_is_found_on_the_error_itself():
    assert retry_after(RetryAfter(2.5)) == 2.5
    error = OSError()
    error.headers = {"Retry-After": "4"}
    assert retry_after(error) == 4.0
    assert retry_after(ValueError()) is None


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_the_name_of_the_header_may_be_written_in_any_case(name):
    error = OSError()
    error.headers = {"Date": "today", name: "4"}
    assert retry_after(error) == 4.0


def test_headers_of_another_kind_have_none():
    error = OSError()
    error.headers = [("Retry-After", "4")]
    assert retry_after(error) is None


def test_the_other_side_is_waited_for_but_not_for_ever():
    assert delays(SURE, RetryAfter(5))[:4] == [5, 5, 5, 8.0]
    assert delays(SURE, HttpError("599"))[0] == 599.0
    assert delays(SURE, HttpError("601"))[0] is None
    assert delays(Retry(jitter="none", wait_from=lambda _: 3.0))[0] == 3.0


def test_keys_pause_no_longer_than_an_item_would_wait():
    retries = SURE.for_run()
    assert retries.asked_wait(HttpError("599")) == 599.0
    assert retries.asked_wait(HttpError("99999999")) == 600.0
    assert retries.asked_wait(HttpError("9" * 400)) == 600.0
    assert retries.asked_wait(ValueError()) is None


def test_a_bad_result_is_tried_again_whatever_the_exceptions_are():
    rule = Retry(on=ConnectionError, retry_if=lambda _: False, bad_result=lambda value: value is None)
    assert rule.worth(BadResult(None))
    assert not Retry(on=ConnectionError).worth(BadResult(None))
    rule = Retry(on=ConnectionError, backoff=0.0, bad_result=lambda value: value is None)
    assert threadwork.map(lambda _: None if current().attempt < 3 else "good", [1], retry=rule).collect() == ["good"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": 1.5},
        {"attempts": True},
        {"on": "OSError"},
        {"on": ()},
        {"on": (OSError, 3)},
        {"on": KeyboardInterrupt},
        {"backoff": -1},
        {"factor": 0.5},
        {"max_delay": float("inf")},
        {"jitter": "some"},
        {"budget": 1.5},
        {"retry_if": 3},
        {"bad_result": "x"},
        {"wait_from": 1},
    ],
)
def test_what_cannot_be_used_is_refused(wrong):
    (name,) = wrong
    with pytest.raises(InvalidOption, match=rf"Retry\({name}="):
        Retry(**wrong)


@pytest.mark.parametrize("wrong", [-1, True, "3", 1.5])
def test_what_is_no_number_of_retries_is_refused(wrong):
    with pytest.raises(InvalidOption, match="retry must be"):
        threadwork.map(abs, [], retry=wrong)


def test_in_a_run():
    failures = iter([OSError(), OSError()])

    def task(item):
        if item == 2 and (error := next(failures, None)):
            raise error
        return item

    rule = Retry(attempts=3, backoff=0.001)
    assert threadwork.map(task, range(5), workers=2, retry=rule).collect() == list(range(5))


def test_a_task_says_when_to_come_back():
    def task(item):
        if current().attempt == 1:
            current().retry_after(0.01)
        return item, current().attempt

    assert threadwork.map(task, range(3), workers=2, retry=1).collect() == [(0, 2), (1, 2), (2, 2)]
    with pytest.raises(RetryAfter, match="again in 0.01 s"):
        threadwork.map(task, range(1)).collect()
