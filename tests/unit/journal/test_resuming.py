"""A run with a journal goes on where the one before was."""

import itertools
import pickle
import sqlite3
import threading

import pytest

import threadwork
from tests.support.aside import wait_until
from threadwork import (
    DuplicateKey,
    Halt,
    InDoubt,
    InvalidOption,
    ItemFinished,
    ItemStarted,
    Journal,
    JournalError,
    Limit,
    NotJournaled,
    Status,
    TaskGroup,
    current,
)
from threadwork.journal import overview, records


class Counted:
    """A task that counts its calls; fails for the items in `failing`."""

    def __init__(self):
        self.calls = []
        self.failing = set()

    def __call__(self, item):
        self.calls.append(item)  # a list's append is documented to be safe
        if item in self.failing:
            raise ValueError(item)
        return [item, str(item)]


@pytest.fixture
def task():
    return Counted()


@pytest.mark.parametrize("batch", ["auto", 1, 7])
@pytest.mark.parametrize("workers", [1, 4])
def test_done_items_are_not_run_again_and_their_values_come_back_in_their_places(path, task, workers, batch):
    options = {"workers": workers, "batch": batch, "journal": path}
    first = threadwork.map(task, range(50), **options).collect()
    changed = [99, *reversed(range(50)), 98]
    run = threadwork.map(task, changed, **options)
    assert run.collect() == [[99, "99"], *reversed(first), [98, "98"]]
    assert sorted(task.calls) == sorted([*range(50), 98, 99])
    summary = run.stats()
    assert (summary.done, summary.from_journal, summary.admitted) == (52, 50, 52)
    assert "52 done (50 before)" in str(summary)


@pytest.mark.parametrize("ordered", [True, False])
def test_outcomes_tell_what_is_from_the_journal(path, task, ordered):
    task.failing = {3}
    list(threadwork.map(task, range(6), journal=path, workers=2, retry=0).outcomes())
    task.failing = set()
    outcomes = list(threadwork.map(task, range(8), journal=path, workers=2, ordered=ordered).outcomes())
    assert {outcome.item for outcome in outcomes if outcome.from_journal} == {0, 1, 2, 4, 5}
    assert all(outcome.ok and outcome.value == [outcome.item, str(outcome.item)] for outcome in outcomes)
    assert all(outcome.attempts == 1 and outcome.worker.startswith("threadwork-") for outcome in outcomes)
    assert {outcome.index for outcome in outcomes} == set(range(8))
    assert task.calls.count(3) == 2


def test_for_each_keeps_everything(path, task):
    threadwork.for_each(task, range(100), journal=path, workers=4)
    assert threadwork.for_each(task, range(100), journal=path, workers=4).from_journal == 100
    assert overview(path).counts == {"done": 100}


def test_a_run_that_fails_at_an_item_goes_on_there(path, task):
    task.failing = {20}
    run = threadwork.map(task, range(40), journal=path, workers=1, batch=1)
    got = []
    with pytest.raises(ValueError, match="20"):
        got.extend(run)
    assert len(got) == 20
    task.failing = set()
    assert len(threadwork.map(task, range(40), journal=path, workers=1, batch=1).collect()) == 40
    assert task.calls.count(20) == 2
    assert all(task.calls.count(item) == 1 for item in range(20))


def test_what_was_yielded_is_in_the_file_already(path, task):
    for number, _ in enumerate(threadwork.map(task, itertools.count(), journal=path, workers=3), 1):
        assert overview(path).counts["done"] >= number
        if number == 30:
            break


def test_known_items_pass_no_limit_and_begin_no_attempt(path, task):
    threadwork.for_each(task, range(200), journal=path)
    events = []
    limit = Limit.rate(1)
    run = threadwork.map(task, range(200), journal=path, limits=limit, listeners=[events.append])
    assert len(run.collect()) == 200
    assert run.stats().elapsed < 5
    assert not any(isinstance(event, ItemStarted) for event in events)
    assert sum(isinstance(event, ItemFinished) and event.outcome.from_journal for event in events) == 200


def test_items_that_wait_for_a_limit_or_for_a_retry_are_kept_once(path):
    def flaky(item):
        if item % 3 == 0 and current().attempt == 1:
            raise ConnectionError
        return item

    options = {"retry": threadwork.Retry(backoff=0), "limits": Limit.concurrency(2), "workers": 4, "journal": path}
    assert threadwork.map(flaky, range(60), **options).collect() == list(range(60))
    found = list(records(path))
    assert [record["position"] for record in found] == list(range(60))
    assert [record["attempts"] for record in found] == [2 if item % 3 == 0 else 1 for item in range(60)]


def test_an_item_that_the_task_changes_is_known_by_what_it_was(path):
    def change(item):
        item["seen"] = True
        if current().attempt == 1:
            raise ConnectionError
        return item["n"]

    def items():
        return [{"n": number} for number in range(5)]

    options = {"retry": threadwork.Retry(backoff=0), "journal": path}
    threadwork.map(change, items(), **options).collect()
    run = threadwork.map(change, items(), **options)
    assert run.collect() == list(range(5))
    assert run.stats().from_journal == 5


def test_several_inputs_and_starmap(path):
    assert threadwork.map(pow, [2, 3], [4, 5], journal=path).collect() == [16, 243]
    run = threadwork.starmap(pow, [(3, 5), (2, 4)], journal=path)
    assert run.collect() == [243, 16]
    assert run.stats().from_journal == 2


def test_a_key_makes_items_known(path):
    def name(item):
        return item["id"]

    def value(item):
        return item["value"]

    threadwork.map(value, [{"id": 1, "value": 10}], key=name, journal=path).collect()
    outcome = next(threadwork.map(value, [{"id": 1, "value": 20}], key=name, journal=path).outcomes())
    assert (outcome.key, outcome.value, outcome.from_journal) == (1, 10, True)


def test_an_item_whose_key_fails_fails_alone(path):
    outcomes = list(threadwork.map(str, [1, 0, 2], key=lambda item: 1 // item, journal=path).outcomes())
    assert [outcome.status for outcome in outcomes][1] is Status.FAILED
    assert isinstance(outcomes[1].error, ZeroDivisionError)


@pytest.mark.parametrize("distance", [1, 5, 3_000])
def test_two_items_with_the_same_key_end_the_run_before_the_second_is_run(path, task, distance):
    items = [*range(distance), 0, *range(distance, distance + 10)]
    with pytest.raises(DuplicateKey, match=f"items 0 and {distance} have the same key, 0"):
        threadwork.for_each(task, items, journal=path, workers=2)
    assert task.calls.count(0) == 1


def test_two_items_with_the_same_key_are_found_in_a_later_run_too(path, task):
    threadwork.for_each(task, range(10), journal=path)
    with pytest.raises(DuplicateKey, match="items 3 and 2000 have the same key, 3"):
        threadwork.for_each(task, [*range(2000), 3], journal=path)


def test_a_codec_keeps_what_json_does_not(path):
    class Pickled:
        encode = staticmethod(pickle.dumps)
        decode = staticmethod(pickle.loads)

    journal = Journal(path, codec=Pickled())
    first = threadwork.map(lambda n: {n, (n, 2)}, range(3), journal=journal).collect()
    second = threadwork.map(lambda n: {n, (n, 2)}, range(3), journal=path).collect
    with pytest.raises(JournalError, match=r"of values 'test_a_codec_.*Pickled', and this run is of values 'json'"):
        second()
    del second
    assert first[1] == {1, (1, 2)}


@pytest.mark.parametrize("value", [(1, 2), {1}, float("nan"), float("inf"), {1: 2}, b"x", [1, (2,)], {"a": {"b": object()}}])
def test_a_value_that_json_would_change_fails_its_item_and_is_not_retried(path, value):
    calls = []

    def task(item):
        calls.append(item)
        return value if item == 1 else item

    outcomes = list(threadwork.map(task, range(3), journal=path, retry=3).outcomes())
    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    assert isinstance(outcomes[1].error, NotJournaled)
    assert "while processing item 1" in outcomes[1].error.__notes__[0]
    assert outcomes[1].value is None
    assert len(calls) == 3


def test_without_values_done_items_come_back_as_none(path):
    journal = Journal(path, values=False)
    assert threadwork.map(lambda n: {n}, range(3), journal=journal).collect() == [{0}, {1}, {2}]
    same = threadwork.map(lambda n: {n}, range(3), journal=journal)
    with pytest.raises(JournalError, match="task"):  # another lambda may be another task: names are all there is
        threadwork.map(str, range(3), journal=journal).collect()
    assert same.collect() == [None] * 3


def test_an_item_in_doubt_is_held_back_or_run_again(path):
    def effect(item):
        if item == 2 and crash:
            current().sleep(60)
        return item

    crash = True
    run = threadwork.map(effect, range(5), workers=5, batch=1, journal=Journal(path, in_doubt="hold"), grace=0.1)
    threading.Thread(target=lambda: (wait_until(lambda: run.stats().done == 4), run.cancel())).start()
    list(run.outcomes())
    assert overview(path).counts == {"done": 4, "started": 1}
    assert [record["item"] for record in records(path, ("started",))] == ["2"]
    crash = False
    outcomes = list(threadwork.map(effect, range(5), journal=Journal(path, in_doubt="hold"), retry=2).outcomes())
    assert isinstance(outcomes[2].error, InDoubt)
    assert [outcome.from_journal for outcome in outcomes] == [True, True, False, True, True]
    assert overview(path).counts == {"done": 4, "started": 1}
    assert threadwork.map(effect, range(5), journal=Journal(path, in_doubt="again")).collect() == list(range(5))
    assert overview(path).counts == {"done": 5}


def test_with_in_doubt_an_item_is_noted_before_it_begins(path):
    def look(item):
        return [record["item"] for record in records(path, ("started",))]

    assert threadwork.map(look, [1, 2], workers=1, journal=Journal(path, in_doubt="again")).collect() == [["1"], ["2"]]


@pytest.mark.parametrize(("mode", "kept"), [(None, {"done": 2, "timed out": 1}), ("hold", {"done": 2, "started": 1})])
def test_an_item_that_took_too_long(path, mode, kept):
    def slow(item):
        if item == 1:
            current().sleep(30)
        return item

    journal = Journal(path, in_doubt=mode)
    list(threadwork.map(slow, range(3), workers=3, batch=1, task_timeout=0.1, journal=journal).outcomes())
    assert overview(path).counts == kept


def test_what_a_thread_that_was_left_behind_does_later_harms_nobody(path):
    gate = threading.Event()

    def hang(item):
        if item == 0:
            gate.wait(20)
        return item

    run = threadwork.map(hang, range(3), workers=3, batch=1, task_timeout=0.05, grace=0.05, journal=path, halt=Halt.never())
    assert [outcome.status for outcome in run.outcomes()] == [Status.TIMED_OUT, Status.DONE, Status.DONE]
    threads = [thread for thread in threading.enumerate() if thread.name in run.stats().abandoned]
    gate.set()
    for thread in threads:
        thread.join(10)
    assert overview(path).counts == {"done": 2}


def test_failures_are_kept_with_message_and_traceback(path, task):
    task.failing = {1}
    list(threadwork.map(task, range(3), journal=path, name="n").outcomes())
    (record,) = records(path, (Status.FAILED,))
    assert (record["error"], record["message"], record["item"], record["position"]) == ("ValueError", "1", "1", 1)
    assert "raise ValueError(item)" in record["traceback"]
    assert record["worker"].startswith("n-")


@pytest.mark.parametrize("journal", [5, object(), b"x"])
def test_what_is_no_journal_is_refused(journal):
    with pytest.raises(InvalidOption, match="journal must be a Journal or the path of one"):
        threadwork.map(str, [1], journal=journal)


def test_a_group_has_no_journal(path):
    with pytest.raises(InvalidOption, match="journal has no meaning for a TaskGroup"):
        TaskGroup(journal=path)


def test_a_pool_passes_it_to_its_runs(path, task):
    with threadwork.Pool("p", workers=2) as pool:
        pool.map(task, range(5), journal=path).collect()
        assert pool.for_each(task, range(5), journal=path).from_journal == 5


def test_an_interrupt_in_a_task_keeps_what_was_done(path, task):
    def interrupt(item):
        if item == 5:
            raise KeyboardInterrupt
        return item

    got = []
    with pytest.raises(KeyboardInterrupt):
        got.extend(threadwork.map(interrupt, range(10), workers=1, journal=path))
    assert overview(path).counts["done"] == 5
    con = sqlite3.connect(path)
    assert con.execute("SELECT count(*) FROM runs WHERE ended IS NOT NULL").fetchone() == (1,)
    con.close()
