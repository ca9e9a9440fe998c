from dataclasses import FrozenInstanceError

import pytest

from threadwork import Cancelled, Outcome, RunCancelled, RunStatus, Status, Summary


def outcome(status=Status.DONE, value=None, error=None, attempts=1):
    return Outcome(3, "k", "item", status, value, error, attempts, 0.5, 0.25, 0.125, "hash-1")


def summary(**changes):
    counts = {"admitted": 0, "done": 0, "failed": 0, "timed_out": 0, "cancelled": 0, "waiting": 0, "running": 0, "elapsed": 0.0}
    return Summary(**{"name": "hash", "status": RunStatus.COMPLETED, "workers": 8, **counts, **changes})


def test_a_done_outcome_gives_its_value():
    assert outcome(value=None).ok
    assert outcome(value=None).unwrap() is None
    assert outcome(value=7).unwrap() == 7


def test_a_failed_outcome_raises_its_own_error():
    error = ValueError("x")
    failed = outcome(Status.FAILED, error=error)
    assert not failed.ok
    with pytest.raises(ValueError, match="x") as raised:
        failed.unwrap()
    assert raised.value is error


def test_an_outcome_that_never_began_has_no_value_to_give():
    never = outcome(Status.CANCELLED, attempts=0)
    assert not never.ok
    with pytest.raises((RunCancelled, Cancelled)):
        never.unwrap()


def test_an_outcome_cannot_be_changed():
    with pytest.raises(AttributeError):
        outcome().value = 3


def test_its_fields_are_named():
    assert Outcome._fields == (
        "index", "key", "item", "status", "value", "error", "attempts", "started", "duration", "waited", "worker", "from_journal",
    )  # fmt: skip
    assert outcome().from_journal is False


def test_the_words_of_a_status():
    assert [str(status) for status in Status] == ["done", "failed", "timed out", "cancelled"]


def test_a_summary_is_one_line_for_people():
    told = str(summary(admitted=1003, done=1000, failed=3, elapsed=2.1))
    assert told == "hash: 1,000 done, 3 failed in 2.10 s (478/s) on 8 workers"


def test_a_summary_tells_what_there_is_and_nothing_else():
    assert str(summary()) == "hash: 0 done in 0.00 s on 8 workers"
    assert str(summary(workers=1, admitted=1, done=1, elapsed=1.0)) == "hash: 1 done in 1.00 s (1/s) on 1 worker"
    told = str(
        summary(
            status=RunStatus.CANCELLED,
            admitted=9,
            done=4,
            timed_out=1,
            cancelled=3,
            running=1,
            elapsed=1.0,
            abandoned=("hash-2",),
        )
    )
    assert (
        told == "hash: 4 done, 1 timed out, 3 cancelled, 1 running in 1.00 s (5/s) on 8 workers; cancelled; left behind: hash-2"
    )


@pytest.mark.parametrize(
    ("changes", "ok"),
    [
        ({"admitted": 2, "done": 2}, True),
        ({}, True),
        ({"admitted": 2, "done": 1, "failed": 1}, False),
        ({"admitted": 2, "done": 2, "status": RunStatus.RUNNING}, False),
        ({"admitted": 2, "done": 2, "status": RunStatus.CANCELLED}, False),
    ],
)
def test_a_summary_is_ok_when_all_was_done_to_the_end(changes, ok):
    assert summary(**changes).ok is ok


def test_a_summary_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        summary().done = 3
