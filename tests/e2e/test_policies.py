"""``threadwork run`` with retries, limits and time-outs."""

import json
import re

import pytest

FLAKY = """
import threadwork, time

def flaky(n: int):
    if n % 3 == 0 and threadwork.current().attempt < 3:
        raise ConnectionError(f"{n} is not there")
    return n

def slow(n: int):
    if n == 2:
        threadwork.current().sleep(60)
    return n

def host(row):
    return row["host"]

def when(n: int):
    return time.monotonic()
"""

MINE = """
import threadwork

class Flaky(Exception):
    pass

def flaky(text):
    if threadwork.current().attempt < 3:
        raise Flaky(text)
    return text
"""


@pytest.fixture
def tool(run):
    run.write("m.py", FLAKY)
    return run


def values(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_failed_items_are_tried_again(tool):
    done = tool("m.py:flaky", *range(10), "--retries", 2, "--backoff", 0.01)
    assert values(done) == list(range(10))


def test_what_fails_once_too_often_tells_of_its_attempts(tool):
    done = tool("m.py:flaky", *range(3), "--retries", 1, "--backoff", 0, "-v", status=1)
    assert "attempt 2, on" in done.stderr
    assert "attempt 1: ConnectionError: '0 is not there'; tried again after 0 s" in done.stderr


def test_only_some_errors_are_tried_again(tool):
    again = ("m.py:flaky", 0, "--retries", 2, "--backoff", 0, "--retry-on")
    assert values(tool(*again, "ConnectionError")) == [0]
    assert values(tool(*again, "json:JSONDecodeError", status=1)) == []


@pytest.mark.parametrize("name", ["mine.py:Flaky", "mine:Flaky"])
def test_an_error_of_the_users_own_is_tried_again(tool, name):
    tool.write("mine.py", MINE)
    place, _, _ = name.partition(":")
    assert values(tool(f"{place}:flaky", 0, "--retries", 2, "--backoff", 0, "--retry-on", name)) == ["0"]


def test_an_item_that_takes_too_long_fails_alone(tool):
    done = tool("m.py:slow", *range(5), "--task-timeout", 0.2, status=1)
    assert values(done) == [0, 1, 3, 4]
    assert "failed: item 2 '2': TaskTimeout: item 2 took longer than its task_timeout of 0.2 s" in done.stderr
    assert "1 timed out" in done.stderr


def test_a_rate_is_kept(tool):
    times = values(tool("m.py:when", *range(11), "--rate", "50/s", "-j", 8))
    assert max(times) - min(times) >= 5 / 50  # five may begin at once


def test_keys_are_limited(tool):
    tool.write("hosts.csv", "host\n" + "a\nb\n" * 20)
    done = tool("m.py:host", "--csv", "hosts.csv", "--per-key", 1, "--key-field", "host")
    assert values(done) == ["a", "b"] * 20


def test_as_many_threads_as_pay(tool):
    done = tool("m.py:when", *range(300), "-j", "auto")
    assert len(values(done)) == 300
    threads = int(re.search(r"on (\d+) workers?$", done.stderr, re.MULTILINE)[1])
    assert 1 <= threads <= 64


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--rate", "fast"], "'fast' is not a rate like 10/s"),
        (["--rate", "0/s"], "'0/s' is not a rate like 10/s"),
        (["--retry-on", "NoSuchError", "--retries", "1"], "'NoSuchError' is not an exception, like TimeoutError"),
        (["--retry-on", "os:path", "--retries", "1"], "'os:path' is not an exception"),
        (["--retry-on", "nowhere:Error", "--retries", "1"], "there is no module 'nowhere'"),
        (["--retry-on", "OSError"], "--retry-on is about --retries N, which is not there"),
        (["--backoff", "1"], "--backoff is about --retries N, which is not there"),
        (["--per-key", "2"], "--per-key needs --key-field"),
        (["--retries", "-1"], "-1 is not in the range x>=0"),
        (["--task-timeout", "0"], "0.0 is not in the range x>0"),
    ],
)
def test_each_mistake_has_its_message(tool, options, message):
    assert message in tool("m.py:flaky", 1, *options, status=2).stderr
