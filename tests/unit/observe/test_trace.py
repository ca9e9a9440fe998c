import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict

import pytest

import threadwork
from threadwork.engine import RunStatus, WorkerStarted
from threadwork.errors import InvalidOption
from threadwork.observe import Trace


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.json"


@pytest.fixture
def told(story, path):
    """A story that is told to a trace."""
    story.listener = Trace(path)
    return story


def events(path):
    """The events of a trace, after a look at whether viewers can make sense of them."""
    found = json.loads(path.read_text())
    slices, spans = defaultdict(list), defaultdict(list)
    for event in found:
        assert event["ph"] in "XbeCM"
        assert isinstance(event["args"], dict)
        if event["ph"] == "X":
            slices[event["tid"]].append((event["ts"], event["dur"]))
        elif event["ph"] in "be":
            spans[event["cat"], event["id"]].append((event["ph"], event["ts"]))
    for track in slices.values():
        end = 0
        for start, duration in sorted(track):
            assert start >= end - 0.15  # microseconds, rounded to tenths
            assert duration >= 0
            end = start + duration
    for (first, start), (last, end) in spans.values():
        assert (first, last) == ("b", "e")
        assert start <= end + 0.15
    named = {event["tid"] for event in found if event["name"] == "thread_name"}
    assert set(slices) <= named
    return found


def attempts(path):
    return [event for event in events(path) if event["ph"] == "X"]


def spans(path, kind):
    pairs = defaultdict(list)
    for event in events(path):
        if event["ph"] in "be" and event["cat"] == kind:
            pairs[event["id"]].append(event)
    return [(first["args"], first["ts"] / 1e6, last["ts"] / 1e6) for first, last in pairs.values()]


def test_each_thread_is_a_track_and_each_attempt_a_slice(told, path):
    told.begin()
    told.start(0, "hash-1")
    told.start(1, "hash-2", key="b.txt")
    told.wait(0.5)
    told.finish(0, "hash-1")
    told.wait(0.25)
    told.finish(1, "hash-2", key="b.txt", error=ValueError("no\nnumber"))
    told.end()
    names = {event["tid"]: event["args"]["name"] for event in events(path) if event["name"] == "thread_name"}
    first, second = attempts(path)
    assert (names[first["tid"]], names[second["tid"]]) == ("hash-1", "hash-2")
    assert (first["name"], first["ts"], first["dur"]) == ("0", 0, 500_000)
    assert first["args"] == {"index": 0, "key": "0", "attempt": 1, "status": "done"}
    assert (second["name"], second["dur"]) == ("b.txt", 750_000)
    assert second["args"] == {
        "index": 1, "key": "b.txt", "attempt": 1, "status": "failed", "error": "ValueError: no number"
    }  # fmt: skip


def test_the_run_is_a_slice_with_its_summary(told, path):
    told.begin(total=3)
    told.wait(2)
    told.end(done=3)
    ((arguments, start, end),) = spans(path, "run")
    assert (arguments, start, end) == ({"workers": 2, "total": 3}, 0, 2)
    assert any("3 done" in event["args"].get("summary", "") for event in events(path))


def test_waits_and_retries_are_slices_of_their_own(told, path):
    told.begin()
    told.wait(1)
    told.start(0, key="a")
    told.wait(1)
    told.retry(0, OSError("busy"), delay=2)
    told.wait(3)
    told.start(0, attempt=2, key="a")
    told.wait(1)
    told.finish(0, attempts=2, waited=4.5, key="a")
    told.end()
    assert spans(path, "wait") == [({"index": 0, "key": "a"}, 0.5, 1)]
    assert spans(path, "retry delay") == [({"key": "a", "after attempt": 1, "delay": 2, "error": "OSError: busy"}, 2, 5)]
    assert [(slice_["args"]["attempt"], slice_["args"]["status"]) for slice_ in attempts(path)] == [(1, "retried"), (2, "done")]


def test_short_waits_are_not_drawn(told, path):
    told.begin()
    told.item(0, 1, waited=0.0009)
    told.end()
    assert spans(path, "wait") == []


def test_counters_tell_how_many_run_and_wait_for_their_retry(told, path):
    told.begin()
    told.start(0)
    told.wait(1)
    told.start(1, "hash-2")
    told.wait(1)
    told.retry(0)
    told.wait(1)
    told.finish(1, "hash-2")
    told.wait(1)
    told.end(RunStatus.CANCELLED)
    counters = [
        (event["ts"] / 1e6, event["args"]["running"], event["args"]["retrying"]) for event in events(path) if event["ph"] == "C"
    ]
    assert counters == [(0, 1, 0), (1, 2, 0), (2, 1, 1), (3, 0, 1), (4.001, 0, 0)]


def test_many_changes_of_the_counters_at_once_are_one(told, path):
    told.begin()
    for index in range(100):
        told.item(index, 0.00001)
    told.end()
    assert sum(event["ph"] == "C" for event in events(path)) <= 4


def test_what_runs_at_the_end_is_left_behind(told, path):
    told.begin()
    told.start(0)
    told.wait(2)
    told.end(RunStatus.INTERRUPTED)
    (attempt,) = attempts(path)
    assert (attempt["dur"], attempt["args"]["status"]) == (2_000_000, "left behind")


def test_the_file_is_whole_after_each_run_and_again_after_the_next(told, path):
    told.begin()
    told.item(0, 1)
    told.end()
    assert len(attempts(path)) == 1
    size = path.stat().st_size
    told.begin()
    told.item(0, 1)
    told.end()
    assert len(attempts(path)) == 2
    assert path.stat().st_size > size
    assert len(spans(path, "run")) == 2


def test_runs_may_overlap(told, path):
    told.begin("one")
    told.begin("two")
    told.start(0)
    told.end(name="one")
    told.wait(1)
    told.finish(0)
    told.end(name="two")
    assert len(attempts(path)) == 1
    assert [end for _, _, end in spans(path, "run")] == [0, 1]


def test_it_can_be_closed_in_the_middle(told, path):
    with told.listener as trace:
        told.begin()
        told.start(0)
        told.wait(1)
    assert [attempt["args"]["status"] for attempt in attempts(path)] == ["still running"]
    size = path.stat().st_size
    told.finish(0)
    told.end()
    told.begin()
    trace.close()
    assert path.stat().st_size == size


def test_only_the_beginning_and_the_newest_are_kept(story, path):
    story.listener = Trace(path, most=100)
    story.begin()
    for index in range(1_000):
        story.item(index, 0.0001)
    story.end()
    found = attempts(path)
    indices = [event["args"]["index"] for event in found]
    assert 90 <= len(found) <= 100
    assert indices[:50] == list(range(50))
    assert indices[-1] == 999
    ((arguments, start, end),) = spans(path, "cut")
    assert arguments["events left out"] >= 900
    before = [event["ts"] / 1e6 for event in found if event["args"]["index"] < 500]
    after = [event["ts"] / 1e6 for event in found if event["args"]["index"] >= 500]
    assert len(before) > 50
    assert abs(start - before[-1]) <= 0.002  # the counters lag by a millisecond
    assert start < end
    assert abs(end - after[0]) <= 0.002


def test_a_cut_trace_takes_more_runs_and_still_keeps_the_newest(story, path):
    story.listener = Trace(path, most=100)
    for run in range(5):
        story.begin()
        for index in range(100):
            story.item(100 * run + index, 0.1)
        story.end()
        assert attempts(path)[-1]["args"]["index"] == 100 * run + 99
        assert len(attempts(path)) <= 100


def test_a_cut_never_takes_the_name_of_a_thread(story, path):
    story.listener = Trace(path, most=10)
    story.begin()
    for index in range(40):
        story.item(index, 0.1, worker=f"hash-{index}")
    story.end()
    assert events(path)


def test_any_key_and_any_error_can_be_shown(told, path):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    told.begin('a "name"\\')
    for index, (key, error) in enumerate(
        [(Odd(), None), ("\0\u2028é\ud800", Mute()), (("x" * 1_000,), None), (10**1_000, None), (b"\xff", KeyError('"'))]
    ):
        told.item(index, 1, key=key, error=error)
    told.end()
    assert len(attempts(path)) == 5
    assert all(len(event["name"]) <= 140 for event in attempts(path))


def test_events_it_does_not_know_and_late_ones_are_ignored(told, path):
    told.start(0)
    told.listener(WorkerStarted("hash-1"))
    told.listener(object())
    told.finish(0)
    told.end()
    assert events(path) == []


def test_a_path_that_cannot_be_written_is_told_at_once(tmp_path):
    with pytest.raises(FileNotFoundError):
        Trace(tmp_path / "none" / "run.json")


def test_too_few_events_are_refused(path):
    with pytest.raises(InvalidOption, match="at least 10"):
        Trace(path, most=9)


def test_a_real_run_with_retries_on_many_threads(path):
    def task(n):
        if n % 5 == 0 and threadwork.current().attempt == 1:
            raise ConnectionError(n)
        return threading.current_thread().name

    trace = Trace(path)
    retry = threadwork.Retry(3, backoff=0.01)
    threads = threadwork.map(task, range(200), workers=4, retry=retry, listeners=[trace]).collect()
    found = attempts(path)
    assert Counter(event["args"]["status"] for event in found) == {"done": 200, "retried": 40}
    assert len(spans(path, "retry delay")) == 40
    tracks = {event["tid"]: event["args"]["name"] for event in events(path) if event["name"] == "thread_name"}
    done = {event["args"]["index"]: tracks[event["tid"]] for event in found if event["args"]["status"] == "done"}
    assert [done[index] for index in range(200)] == threads


KILLED = """
import os, signal, sys, threadwork
def task(n):
    if n == 3_000:
        os.kill(os.getpid(), signal.SIGKILL)
threadwork.for_each(task, range(10_000), workers=2, listeners=[threadwork.Trace(sys.argv[1])])
"""


def test_after_a_sigkill_only_the_end_is_missing(path):
    died = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, timeout=15, env={**os.environ})
    assert died.returncode == -signal.SIGKILL
    found = json.loads(path.read_text() + "]")
    assert sum(event["ph"] == "X" for event in found) >= 2_000


def test_a_counter_shows_what_waits_for_a_limit(tmp_path):
    path = tmp_path / "t.json"
    threadwork.for_each(str, range(4), workers=1, limits=threadwork.Limit.rate(50, burst=1), trace=path)
    counters = [event["args"]["throttled"] for event in json.loads(path.read_text()) if event["ph"] == "C"]
    assert max(counters) == 3
    assert counters[-1] == 0
