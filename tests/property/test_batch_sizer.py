"""`BatchSizer`: never out of bounds, and it settles where a batch is about a millisecond of work."""

from hypothesis import given
from hypothesis import strategies as st

from threadwork.engine.batch import TARGET_SECONDS, BatchSizer

largest = st.integers(1, 10_000)
measures = st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 10)), max_size=50)


@given(largest=largest, measures=measures)
def test_it_stays_between_one_and_the_largest(largest, measures):
    sizer = BatchSizer(largest=largest)
    for count, seconds in measures:
        sizer.measured(count, seconds)
        assert 1 <= sizer.size <= largest


@given(largest=largest, measures=measures, seconds=st.floats(1e-7, 0.1))
def test_tasks_of_constant_length_bring_it_to_a_size_where_it_stays(largest, measures, seconds):
    sizer = BatchSizer(largest=largest)
    for measure in measures:
        sizer.measured(*measure)
    for _ in range(15):  # 2 ** 14 is more than the largest
        sizer.measured(sizer.size, sizer.size * seconds)
    settled = sizer.size
    sizer.measured(settled, settled * seconds)
    assert sizer.size == settled
    assert settled == 1 or settled * seconds <= 2 * TARGET_SECONDS
    assert settled == largest or settled * seconds >= TARGET_SECONDS / 2


@given(largest=largest, count=st.integers(1, 10_000), seconds=st.floats(0, 10))
def test_a_batch_that_was_cut_short_does_not_make_it_grow(largest, count, seconds):
    sizer = BatchSizer(size=largest, largest=10_000)
    sizer.measured(min(count, largest - 1), seconds)
    assert sizer.size <= largest


@given(count=st.integers(1, 10_000), seconds=st.floats(TARGET_SECONDS, 10))
def test_tasks_as_long_as_a_whole_batch_should_be_get_a_batch_each(count, seconds):
    sizer = BatchSizer(size=count, largest=10_000)
    sizer.measured(count, count * seconds)
    assert sizer.size == 1


@given(size=st.integers(1, 10_000), measures=measures)
def test_a_size_that_was_asked_for_stays(size, measures):
    sizer = BatchSizer(size=size, largest=10_000, fixed=True)
    for measure in measures:
        sizer.measured(*measure)
    assert sizer.size == size
