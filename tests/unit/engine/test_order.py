"""Guarantee 2: input order by default, as completed on request."""

import threading

import pytest

import threadwork
from tests.support.aside import Aside, wait_for


@pytest.mark.parametrize("batch", [1, 3, 50, "auto"])
@pytest.mark.parametrize("workers", [1, 2, 9])
def test_values_come_in_input_order(workers, batch):
    assert threadwork.map(lambda item: item * 2, range(2000), workers=workers, batch=batch).collect() == list(range(0, 4000, 2))


@pytest.mark.parametrize("batch", [1, 3, 50, "auto"])
def test_outcomes_come_in_input_order_with_their_index(batch):
    outcomes = list(threadwork.map(lambda item: -item, range(500), workers=4, batch=batch).outcomes())
    assert [outcome.index for outcome in outcomes] == list(range(500))
    assert [outcome.item for outcome in outcomes] == list(range(500))
    assert [outcome.value for outcome in outcomes] == [-item for item in range(500)]


@pytest.mark.parametrize("batch", [1, 3, 50, "auto"])
def test_as_completed_gives_everything_once(batch):
    values = threadwork.map(lambda item: item, range(2000), workers=4, batch=batch, ordered=False).collect()
    assert sorted(values) == list(range(2000))


def test_the_order_is_that_of_the_input_when_tasks_end_the_other_way_round():
    events = [threading.Event() for _ in range(8)]
    events[-1].set()

    def task(item):
        wait_for(events[item])
        if item:
            events[item - 1].set()
        return item

    assert threadwork.map(task, range(8), workers=8, batch=1).collect() == list(range(8))


def test_as_completed_is_the_order_of_completion():
    events = [threading.Event() for _ in range(8)]
    events[-1].set()

    def task(item):
        wait_for(events[item])
        return item

    received = []
    for value in threadwork.map(task, range(8), workers=8, batch=1, ordered=False):
        received.append(value)
        if value:
            events[value - 1].set()
    assert received == list(range(7, -1, -1))


def test_a_result_in_order_does_not_wait_for_later_ones(gate):
    def task(item):
        if item == 3:
            gate.wait(10)
        return item

    results = iter(threadwork.map(task, range(6), workers=6, batch=1))
    assert Aside(lambda: [next(results) for _ in range(3)]).result() == [0, 1, 2]
    gate.set()
    assert list(results) == [3, 4, 5]


def test_failed_items_keep_their_place():
    outcomes = threadwork.map(lambda item: 10 // (item % 5), range(100), workers=4, batch=7).outcomes()
    assert [outcome.index for outcome in outcomes if not outcome.ok] == list(range(0, 100, 5))
