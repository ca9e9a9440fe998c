"""`LogEvents`: records that know their item, attempt and thread."""

import logging

import pytest

import threadwork
from threadwork import LogEvents, Retry, current


def work(item):
    if item == 1 and current().attempt == 1:
        raise ConnectionError("host 1")
    if item == 2:
        raise ValueError("bad")
    return item


@pytest.fixture
def records(caplog):
    caplog.set_level(logging.DEBUG, "threadwork.run")
    options = {
        "workers": 1,
        "name": "logged",
        "key": lambda item: f"key-{item}",
        "retry": Retry(2, on=ConnectionError, backoff=0),
    }
    list(threadwork.map(work, range(3), listeners=[LogEvents()], **options).outcomes())
    return caplog.records


def test_what_is_logged_at_which_level(records):
    told = [(record.levelname, record.getMessage()) for record in records]
    assert told[0] == ("INFO", "run logged begins (workers: 1)")
    assert ("DEBUG", "item key-0 begins") in told
    assert any(level == "DEBUG" and text.startswith("item key-0 is done, ") for level, text in told)
    assert ("INFO", "item 1 failed, tried again in 0 s: ConnectionError: host 1") in told
    assert ("WARNING", "item key-2 failed: ValueError: bad") in told
    assert told[-1][0] == "INFO"
    assert told[-1][1].startswith("logged: 2 done, 1 failed in ")


def test_a_record_knows_its_item_attempt_and_thread(records):
    (warning,) = (record for record in records if record.levelno == logging.WARNING)
    assert (warning.run, warning.item_index, warning.item_key, warning.attempt, warning.worker) == (
        "logged", 2, "key-2", 1, "logged-1",
    )  # fmt: skip
    assert warning.exc_info[0] is ValueError


def test_what_nobody_wants_is_not_made(caplog):
    class Loud:
        def __repr__(self):
            raise AssertionError

    caplog.set_level(logging.ERROR, "threadwork.run")
    threadwork.for_each(lambda _: None, [Loud()], key=lambda item: item, listeners=[LogEvents()])
    assert caplog.records == []


def test_another_logger(caplog):
    with caplog.at_level(logging.INFO, "mine"):
        threadwork.for_each(str, [1], listeners=[LogEvents(logging.getLogger("mine"))])
    assert {record.name for record in caplog.records} == {"mine"}
