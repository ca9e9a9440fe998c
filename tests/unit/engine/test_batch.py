from collections import deque

import pytest

from threadwork.engine.batch import TARGET_SECONDS, Batch, BatchSizer, share_out


def batch_of(items, start=0):
    return Batch(None, start, deque(items), 0.0)


def test_a_batch_knows_which_item_is_running():
    batch = batch_of("abc", start=10)
    batch.items.popleft()
    assert batch.position() == 10
    batch.items.popleft()
    assert batch.position() == 11


def test_cut_takes_what_has_not_begun():
    batch = batch_of("abcde", start=10)
    batch.items.popleft()
    rest = batch.cut()
    assert list(rest.items) == list("bcde")
    assert (rest.start, rest.size) == (11, 4)
    assert (batch.start, batch.size, list(batch.items)) == (10, 1, [])
    assert batch.position() == 10


def test_nothing_is_cut_from_a_batch_that_has_begun_all_its_items():
    batch = batch_of("a")
    batch.items.popleft()
    assert batch.cut() is None
    assert batch.size == 1


def test_split_off_takes_the_first_items():
    batch = batch_of("abcde", start=3)
    first = batch.split_off(2)
    assert (list(first.items), first.start, first.size) == (["a", "b"], 3, 2)
    assert (list(batch.items), batch.start, batch.size) == (["c", "d", "e"], 5, 3)


def test_shares_are_equal_and_in_order():
    batch = batch_of(range(11))
    batch.items.popleft()
    shares = share_out(batch, 3)
    assert [list(share.items) for share in shares] == [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]
    assert [share.start for share in shares] == [1, 5, 9]


def test_more_shares_than_items_are_single_items():
    batch = batch_of(range(3))
    assert [list(share.items) for share in share_out(batch, 8)] == [[0], [1], [2]]


def test_tiny_tasks_double_the_batch_up_to_the_largest():
    sizer = BatchSizer(largest=100)
    sizes = []
    for _ in range(9):
        sizer.measured(sizer.size, TARGET_SECONDS / 10)
        sizes.append(sizer.size)
    assert sizes == [2, 4, 8, 16, 32, 64, 100, 100, 100]


def test_a_batch_that_takes_too_long_halves_the_size():
    sizer = BatchSizer(size=64, largest=100)
    sizer.measured(64, 3 * TARGET_SECONDS)
    assert sizer.size == 32


def test_tasks_as_long_as_a_batch_should_be_go_one_by_one():
    sizer = BatchSizer(size=64, largest=100)
    sizer.measured(64, 64 * TARGET_SECONDS)
    assert sizer.size == 1


def test_a_batch_of_the_right_length_is_left_alone():
    sizer = BatchSizer(size=64, largest=100)
    sizer.measured(64, TARGET_SECONDS)
    assert sizer.size == 64


def test_a_short_last_batch_says_nothing_about_full_ones():
    sizer = BatchSizer(size=64, largest=100)
    sizer.measured(3, TARGET_SECONDS / 10)
    assert sizer.size == 64


@pytest.mark.parametrize("seconds", [0.0, TARGET_SECONDS, 100.0])
def test_a_fixed_size_stays(seconds):
    sizer = BatchSizer(size=7, largest=100, fixed=True)
    sizer.measured(7, seconds)
    assert sizer.size == 7
