"""`progress=True` and its kin: how far a run is, told by events alone."""

import io
import json
import sys

import pytest

import threadwork
from threadwork import InvalidOption, Pool, Retry, TaskGroup, current
from threadwork.observe import Progress
from threadwork.testing import ManualClock, using


class Terminal(io.StringIO):
    def isatty(self):
        return True


def flaky(item):
    if item == 1 and current().attempt == 1:
        raise ConnectionError
    if item == 2:
        raise ValueError
    return item


def run(items=range(5), **options):
    options = {"workers": 2, "name": "shown", "retry": Retry(2, on=ConnectionError, backoff=0), "check": False, **options}
    return threadwork.for_each(flaky, items, **options)


def test_lines_where_there_is_no_terminal(capsys):
    run(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("shown: 4 done, 1 failed in ")
    assert err.count("\n") == 1


def test_a_bar_in_a_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm")
    run(progress=True)
    assert "/5" in terminal.getvalue()
    assert terminal.getvalue().split("\r")[-1].startswith("shown: 4 done, 1 failed in ")


def test_json_for_programs(capsys):
    run(progress="json")
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["event"] == "summary"


def test_counts_as_they_are_now(story):
    listener = story.listener = Progress("plain", io.StringIO())
    story.begin(total=5)
    story.start(0)
    story.start(1, worker="hash-2")
    assert (listener.summary().running, listener.summary().admitted) == (2, 2)
    story.retry(0)
    assert (listener.summary().running, listener.summary().waiting) == (1, 1)
    story.start(0, attempt=2)
    assert (listener.summary().running, listener.summary().waiting) == (2, 0)
    story.finish(0, attempts=2)
    story.finish(1, worker="hash-2", error=ValueError())
    summary = listener.summary()
    assert (summary.done, summary.failed, summary.running, summary.admitted) == (1, 1, 0, 2)
    story.end(done=1, failed=1)


def test_items_of_a_journal_and_dropped_ones(tmp_path, capsys):
    path = str(tmp_path / "j.db")
    run(journal=path)
    run(journal=path, progress=True)
    assert "4 done (4 before), 1 failed" in capsys.readouterr().err


def test_for_a_pool_it_is_an_option_of_its_runs(tmp_path, capsys):
    with Pool("p", workers=1) as pool:
        pool.for_each(str, range(3), progress=True, trace=tmp_path / "t.json")
    assert "p: 3 done" in capsys.readouterr().err
    assert json.loads((tmp_path / "t.json").read_text())


def test_for_a_group(capsys):
    with TaskGroup(progress="plain", name="g") as group:
        group.start(str, 1)
    assert "g: 1 done" in capsys.readouterr().err


def test_a_trace_by_its_path(tmp_path):
    run(trace=str(tmp_path / "t.json"))
    names = {event["name"] for event in json.loads((tmp_path / "t.json").read_text())}
    assert {"run shown", "thread_name"} <= names


def test_a_clock_of_the_tests_own(capsys):
    with using(ManualClock()):
        threadwork.for_each(str, range(3), progress=True)
    assert "3 done" in capsys.readouterr().err


@pytest.mark.parametrize("progress", ["loud", 5, None, ["bar"]])
def test_what_is_no_style_is_refused(progress):
    with pytest.raises(InvalidOption, match="progress must be True or False, 'bar', 'plain' or 'json'"):
        threadwork.map(str, [1], progress=progress)


def test_what_is_no_path_is_refused():
    with pytest.raises(InvalidOption, match="trace must be the path of a file"):
        threadwork.map(str, [1], trace=5)
