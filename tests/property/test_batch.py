"""`Batch`: however it is cut, every item is there once, in order, and knows its index."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from threadwork.engine.batch import Batch, share_out

starts = st.integers(0, 1_000)
sizes = st.integers(0, 60)


def batch_of(start, size):
    """Return a batch whose items are their own indexes."""
    return Batch(None, start, deque(range(start, start + size)), 0.0)


def begin(batch, count):
    """Take up to `count` items from the batch, as its worker does; check the position at each and return them."""
    taken = []
    while len(taken) < count and batch.items:
        taken.append(batch.items.popleft())
        assert batch.position() == taken[-1]
    return taken


def pieces_in_order(batches):
    """Return all items, having checked that each batch says where its own begin and how many they are."""
    for batch in batches:
        assert list(batch.items) == list(range(batch.start, batch.start + batch.size))
    return [item for batch in batches for item in batch.items]


@given(start=starts, size=sizes, begun=sizes)
def test_a_cut_takes_all_that_has_not_begun(start, size, begun):
    batch = batch_of(start, size)
    taken = begin(batch, begun)
    rest = batch.cut()
    assert (batch.size, list(batch.items)) == (len(taken), [])
    assert [*taken, *(pieces_in_order([rest]) if rest else [])] == list(range(start, start + size))
    assert (rest is None) == (begun >= size)
    assert batch.cut() is None


@given(start=starts, sizes=st.lists(st.integers(0, 20), min_size=1, max_size=8))
def test_what_is_split_off_comes_before_what_stays(start, sizes):
    batch = batch_of(start, sum(sizes))
    parts = [batch.split_off(size) for size in sizes[:-1]]
    assert [part.size for part in [*parts, batch]] == sizes
    assert pieces_in_order([*parts, batch]) == list(range(start, start + sum(sizes)))


@given(start=starts, size=sizes, begun=sizes, shares=st.integers(1, 12))
def test_shares_are_equal_in_order_and_no_more_than_asked_for(start, size, begun, shares):
    batch = batch_of(start, size)
    taken = begin(batch, begun)
    parts = share_out(batch, shares)
    left = size - len(taken)
    assert taken + pieces_in_order(parts) == list(range(start, start + size))
    assert len(parts) <= min(shares, left)
    assert all(part.size == -(-left // shares) for part in parts[:-1])
    assert all(0 < part.size <= -(-left // shares) for part in parts)


@given(
    size=st.integers(1, 60),
    steps=st.lists(st.tuples(st.sampled_from(["begin", "cut", "split", "share"]), st.integers(0, 30), st.integers(1, 6))),
)
def test_any_sequence_of_cuts_keeps_every_item_once_and_in_order(size, steps):
    batches, taken = [batch_of(0, size)], []
    for what, count, at in steps:
        place = at % len(batches)
        batch = batches[place]
        if what == "begin":
            taken += begin(batch, count)
        elif what == "cut":
            batches[place + 1 : place + 1] = [rest] if (rest := batch.cut()) else []
        elif what == "share":
            batches[place + 1 : place + 1] = share_out(batch, at)
        elif batch.size == len(batch.items):
            batches.insert(place, batch.split_off(min(count, batch.size)))
    left = [item for batch in batches for item in batch.items]
    assert left == sorted(left)
    assert sorted(taken + left) == list(range(size))
    assert sum(batch.size for batch in batches) == size
