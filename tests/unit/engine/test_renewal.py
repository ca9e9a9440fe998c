"""The option `renew_on`: a worker's resource is left and made anew after a failure that the user names."""

import logging
from contextlib import contextmanager

import pytest

import threadwork
from threadwork import InvalidOption, Pool, Retry, TaskGroup, current


class Lost(ConnectionError):
    """What the resource is made anew for."""


class Connections:
    """A resource that counts; `broken` of them cannot be made, or left."""

    def __init__(self, *, unmakeable=(), unleavable=()):
        self.made, self.left, self.unmakeable, self.unleavable = 0, [], unmakeable, unleavable

    @contextmanager
    def __call__(self):
        self.made += 1
        number = self.made
        if number in self.unmakeable:
            raise OSError(f"cannot connect {number}")
        yield number
        self.left.append(number)
        if number in self.unleavable:
            raise OSError(f"cannot close {number}")


def use(item):
    """Return which connection it was; lose it at every third item."""
    if item % 3 == 2:
        raise Lost(item)
    return current().resource


@pytest.mark.parametrize("batch", [1, 4, "auto"])
def test_it_is_made_anew_before_the_next_attempt_of_that_worker(batch):
    connections = Connections()
    run = threadwork.map(use, range(7), workers=1, batch=batch, resource=connections, renew_on=Lost)
    assert [outcome.value for outcome in run.outcomes()] == [1, 1, None, 2, 2, None, 3]
    assert connections.left == [1, 2, 3]


def test_other_failures_leave_it_as_it_is():
    connections = Connections()
    run = threadwork.map(use, range(7), workers=1, resource=connections, renew_on=(KeyError, ValueError))
    assert [outcome.value for outcome in run.outcomes()] == [1, 1, None, 1, 1, None, 1]


def test_an_attempt_that_is_tried_again_gets_the_new_one():
    connections = Connections()

    def lose_the_first(item):
        if current().resource == 1:
            raise Lost
        return current().resource

    run = threadwork.map(lose_the_first, [0], workers=1, resource=connections, renew_on=Lost, retry=Retry(2, backoff=0))
    assert run.collect() == [2]


def test_where_it_cannot_be_made_the_item_fails_and_the_next_one_tries_again():
    connections = Connections(unmakeable={2})
    run = threadwork.map(use, range(2, 6), workers=1, resource=connections, renew_on=Lost)
    outcomes = list(run.outcomes())
    assert [repr(outcome.error or outcome.value) for outcome in outcomes[:3]] == ["Lost(2)", "OSError('cannot connect 2')", "3"]
    assert connections.left == [1, 3, 4][: len(connections.left)]


def test_what_the_old_one_raises_when_it_is_left_is_logged(caplog):
    connections = Connections(unleavable={1})
    with caplog.at_level(logging.WARNING, "threadwork"):
        run = threadwork.map(use, [2, 1], workers=1, resource=connections, renew_on=Lost)
        assert [outcome.value for outcome in run.outcomes()] == [None, 2]
    assert "left a resource that is made anew" in caplog.text
    assert "cannot close 1" in caplog.text


def test_in_a_pool_and_a_task_group():
    connections = Connections()
    with Pool("p", workers=1, resource=connections, renew_on=Lost) as pool:
        assert [outcome.value for outcome in pool.map(use, [1, 2, 1]).outcomes()] == [1, None, 2]
        with pytest.raises(ExceptionGroup), pool.group(halt="50%") as group:
            group.start(use, 2)
        with pool.group() as group:
            task = group.start(use, 1)
    assert task.result() == 3
    with pytest.raises(ExceptionGroup), TaskGroup(workers=1, resource=connections, renew_on=Lost) as group:
        group.start(use, 2)


def test_a_nested_failure_does_not_take_it_from_the_outer_task():
    connections = Connections()

    def outer(item, pool):
        before = current().resource
        list(pool.map(use, [2, 2, 2]).outcomes())
        return before, current().resource

    with Pool("p", workers=1, resource=connections, renew_on=Lost) as pool:
        assert pool.map(lambda item: outer(item, pool), [0, 0]).collect() == [(1, 1), (2, 2)]


@pytest.mark.parametrize("wrong", [5, "ConnectionError", [ConnectionError], BaseException])
def test_what_is_no_exception_class_is_refused(wrong):
    with pytest.raises(InvalidOption, match="renew_on must be an exception class or a tuple of them"):
        threadwork.map(str, [1], renew_on=wrong, resource=Connections())


def test_it_needs_a_resource():
    with pytest.raises(InvalidOption, match="there is none: give resource"):
        threadwork.map(str, [1], renew_on=Lost)
