import io
import json
import math
import threading

import pytest

from threadwork.engine import RunStatus, Summary
from threadwork.observe import Ticker, open_display


class Terminal(io.StringIO):
    def isatty(self):
        return True


def summary(done=3, failed=1):
    return Summary("hash", RunStatus.RUNNING, 2, 10, done, failed, 0, 0, 0, 2, 2.0)


def test_a_pipe_gets_plain_lines():
    stream = io.StringIO()
    display = open_display("auto", stream, None)
    display.show(summary())
    display.close()
    assert stream.getvalue() == f"{summary()}\n"


def test_a_terminal_gets_a_bar_with_notes_above_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    display = open_display("auto", stream, 10)
    display.show(summary(done=4, failed=1))
    display.note("a note")
    display.close()
    shown = stream.getvalue()
    assert "hash" in shown
    assert "5/10" in shown
    assert "1 failed" in shown
    assert "a note\n" in shown


def test_a_bar_starts_no_thread():
    before = set(threading.enumerate())
    display = open_display("bar", Terminal(), None)
    display.show(summary())
    assert set(threading.enumerate()) == before
    display.close()


def test_a_dumb_terminal_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert open_display("auto", Terminal(), None).seconds == 10


def test_programs_get_json():
    stream = io.StringIO()
    open_display("json", stream, None).show(summary())
    shown = json.loads(stream.getvalue())
    assert (shown["event"], shown["name"], shown["done"], shown["failed"], shown["status"]) == (
        "progress",
        "hash",
        3,
        1,
        "running",
    )


def test_off_shows_no_counts_but_notes():
    stream = io.StringIO()
    display = open_display("off", stream, None)
    assert display.seconds == math.inf
    display.show(summary())
    display.note("a note")
    assert stream.getvalue() == "a note\n"


def test_the_ticker_calls_on_a_named_thread_until_it_is_left():
    ticks, third = [], threading.Event()

    def tick():
        ticks.append(threading.current_thread().name)
        if len(ticks) == 3:
            third.set()

    with Ticker(tick, 0.001, "hash-progress"):
        assert third.wait(5)
    assert set(ticks) == {"hash-progress"}
    assert "hash-progress" not in {thread.name for thread in threading.enumerate()}


def test_a_ticker_that_never_ticks_starts_no_thread():
    before = set(threading.enumerate())
    with Ticker(pytest.fail, math.inf, "never"):
        assert set(threading.enumerate()) == before
