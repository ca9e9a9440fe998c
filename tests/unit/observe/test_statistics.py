"""`Statistics`: what is told of a run, condensed."""

import threading

import pytest

import threadwork
from threadwork import ItemFinished, Outcome, Retry, RunStatus, Statistics, Status, current
from threadwork.observe.tally import MOST_SLOWEST, MOST_THREADS


@pytest.fixture
def statistics(story):
    story.listener = Statistics({"command": "run"})
    return story.listener


def test_nothing_has_begun(statistics):
    figures = statistics.figures()
    assert (figures.run.status, figures.finished, figures.run.began) == (RunStatus.PENDING, 0, None)


def test_counts_durations_and_moments(story, statistics):
    story.begin(total=4)
    story.item(0, 1.0)
    story.item(1, 3.0, waited=0.5)
    story.item(2, 0.5, error=ValueError("bad 7"), worker="hash-2")
    story.wait(0.5)
    story.end(done=2, failed=1)
    story.wait(100)
    figures = statistics.figures()
    assert (figures.done, figures.failed, figures.finished) == (2, 1, 3)
    assert (figures.run.name, figures.run.total, figures.run.elapsed) == ("hash", 4, 5.0)
    assert figures.run.status is RunStatus.COMPLETED
    assert figures.run.settings == {"command": "run"}
    assert figures.waited == 0.5
    assert [slow.index for slow in figures.slowest] == [1, 0, 2]
    assert figures.slowest[0].duration == 3.0
    assert sum(figures.done_over_time) == 2
    assert figures.done_over_time[int(1.0 / figures.width)] == 1
    assert figures.failed_over_time[int(4.5 / figures.width)] == 1
    first, second = figures.threads
    assert (first.name, first.attempts, first.failed, first.seconds) == ("hash-1", 2, 0, 4.0)
    assert (second.attempts, second.failed, second.seconds) == (1, 1, 0.5)
    assert sum(first.busy) * figures.width == pytest.approx(4.0)
    (group,) = figures.failures
    assert (group.kind, group.shape, group.count, group.index) == ("ValueError", "bad N", 1, 2)


def test_retries_are_attempts_and_groups_of_their_own(story, statistics):
    story.begin()
    story.start(0)
    story.wait(1)
    story.retry(0, ConnectionError("host 5"))
    story.wait(1)
    story.start(0, attempt=2)
    story.wait(1)
    story.finish(0, attempts=2)
    story.end(done=1)
    figures = statistics.figures()
    assert (figures.done, figures.failed, figures.retried, figures.recovered) == (1, 0, 1, 1)
    assert figures.threads[0].attempts == 2
    assert figures.threads[0].seconds == 2.0
    assert [(group.kind, group.shape) for group in figures.retries] == [("ConnectionError", "host N")]
    assert sum(figures.retried_over_time) == 1


def test_memory_is_bounded(story, statistics):
    story.begin()
    for index in range(2 * MOST_THREADS):
        story.item(index, 0.001 * (index % 50 + 1), worker=f"hash-{index}", error=ValueError(chr(65 + index)))
    figures = statistics.figures()
    assert (len(figures.threads), figures.other_threads) == (MOST_THREADS, MOST_THREADS)
    assert len(figures.slowest) == MOST_SLOWEST
    assert len(figures.done_over_time) <= 120
    assert sum(group.count for group in figures.failures) + figures.other_failures == 2 * MOST_THREADS


def test_items_of_the_journal_and_cancelled_ones_have_no_duration(story, statistics):
    story.begin()
    for status, known in ((Status.DONE, True), (Status.CANCELLED, False)):
        statistics(ItemFinished(Outcome(0, 0, "x", status, None, None, 1, 0.0, 9.0, 0.0, "", known)))
    figures = statistics.figures()
    assert (figures.done, figures.from_journal, figures.cancelled, figures.latency.count) == (1, 1, 1, 0)


def test_a_real_run_on_many_threads():
    statistics, gate = Statistics(), threading.Barrier(8)

    def work(item):
        if item < 8 and current().attempt == 1:
            gate.wait(10)
        if item % 10 == 3 and current().attempt == 1:
            raise ConnectionError(f"host {item}")
        if item % 10 == 7:
            raise ValueError(item)
        return item

    retry = Retry(2, on=ConnectionError, backoff=0)
    list(threadwork.map(work, range(400), workers=8, retry=retry, listeners=[statistics], batch=1).outcomes())
    figures = statistics.figures()
    assert (figures.done, figures.failed, figures.retried, figures.recovered) == (360, 40, 40, 40)
    assert sum(thread.attempts for thread in figures.threads) == 440
    assert len(figures.threads) == 8
    assert figures.failures[0].traceback.endswith("7, attempt 1, on " + figures.failures[0].traceback.rsplit("on ", 1)[1])


def test_an_error_that_cannot_be_shown_is_counted(story, statistics):
    class MuteError(Exception):
        def __str__(self):
            raise RuntimeError

    story.begin()
    story.item(0, 0.1, error=MuteError(), item=object())
    assert "MuteError whose text raised RuntimeError" in statistics.figures().failures[0].kind


def test_what_a_limit_keeps_waiting_is_counted():
    statistics = Statistics()
    threadwork.for_each(str, range(4), workers=1, limits=threadwork.Limit.rate(100, burst=1), listeners=[statistics])
    assert statistics.figures().throttled == 3
