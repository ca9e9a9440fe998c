"""The arithmetic of what a run is condensed to: sums are kept, quantiles are close, memory is bounded."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from threadwork.observe.failure_groups import MOST_SHOWN, FailureGroup, FailureGroups, kind_of, shape_of
from threadwork.observe.histogram import Histogram
from threadwork.observe.series import COLUMNS, FINEST, Series
from threadwork.observe.units import duration, quantity, rate

DURATIONS = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=200)


@given(DURATIONS, st.floats(0, 1))
def test_a_quantile_is_close_to_the_one_of_the_sorted_durations(durations, share):
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    exact = sorted(durations)[max(math.ceil(share * len(durations)), 1) - 1]
    assert abs(math.log2(histogram.quantile(share) / exact)) <= 1 / 16 + 1e-9
    assert (histogram.count, histogram.least, histogram.most) == (len(durations), min(durations), max(durations))


@given(DURATIONS)
def test_the_bars_hold_every_duration_once_and_lie_side_by_side(durations):
    histogram = Histogram()
    for seconds in durations:
        histogram.add(seconds)
    bars = histogram.bars()
    assert sum(count for _, _, count in bars) == len(durations)
    assert all(before[1] == after[0] for before, after in itertools.pairwise(bars))
    assert 8 <= len(bars) <= 42
    assert bars[0][0] <= min(durations) * (1 + 1e-9)
    assert max(durations) <= bars[-1][1] * (1 + 1e-9)


def test_an_empty_histogram():
    assert (Histogram().quantile(0.5), Histogram().bars()) == (0.0, [])


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 100)), max_size=100))
def test_a_series_keeps_the_sum_and_puts_each_amount_into_the_column_of_its_moment(amounts):
    series = Series()
    for at, amount in amounts:
        series.add(at, amount)
    values = series.values()
    assert len(values) == COLUMNS
    assert math.isclose(sum(values), sum(amount for _, amount in amounts), abs_tol=1e-6)
    assert math.log2(series.width / FINEST) % 1 == 0
    assert all(int(at / series.width) < COLUMNS for at, _ in amounts)
    assert math.isclose(sum(series.values(series.width * 4)), sum(values), abs_tol=1e-6)


@given(st.lists(st.tuples(st.floats(0, 1000), st.floats(0, 50)), max_size=60))
def test_spans_are_spread_over_the_columns_they_cover(spans):
    series = Series()
    for start, length in spans:
        series.spread(start, start + length)
    assert math.isclose(sum(series.values()), sum(length for _, length in spans), rel_tol=1e-6, abs_tol=1e-6)
    assert all(value >= -1e-9 for value in series.values())


def a_failure(kind, shape, at=0.0):
    return FailureGroup(kind, shape, 1, at, at, 0, "item", "message", "")


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 400)), max_size=600))
def test_every_failure_is_counted_in_a_group_or_among_the_others(failures):
    groups = FailureGroups()
    for at, (kind, shape) in enumerate(failures):
        groups.add(a_failure(kind, str(shape), float(at)))
    largest, others = groups.largest()
    assert sum(group.count for group in largest) + others == len(failures)
    assert len(largest) <= MOST_SHOWN
    assert [group.count for group in largest] == sorted((group.count for group in largest), reverse=True)


def test_a_shape_leaves_out_what_varies():
    assert shape_of("HTTP 503 for https://example.org/a?b=1 after 3.5 s") == "HTTP N for URL after N s"
    assert shape_of("no file 'x.txt' (0xdeadbeef)") == "no file '…' (ID)"
    assert shape_of("user 123e4567-e89b-12d3-a456-426614174000 is gone") == "user ID is gone"
    assert shape_of("I can't read 'x.txt' for b'y'") == "I can't read '…' for b'…'"


def test_long_messages_that_differ_in_what_varies_have_one_shape():
    def refused(host, number):
        return OSError(
            f"pool(host='{host}', port=443): no more tries with url: /p/{number} (caused by Error('<Connection object at "
            f"0x{number:x}>: failed to establish a new connection: [Errno 111] the other side has refused it'))"
        )

    assert len({kind_of(refused("h" * (number % 90 + 1), number**3)) for number in range(200)}) == 1


def test_an_error_without_a_text_has_a_kind():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError

    assert kind_of(Mute())[0].endswith("Mute whose text raised RuntimeError")
    assert kind_of(KeyError()) == ("KeyError", "")


@pytest.mark.parametrize("part", ["a.", "a-", "'", '"', "aa'", "0x", "1.", "f", "://", "\n ", "123e4567-"])
def test_the_shape_of_a_huge_message_is_short_and_soon_there(part):
    assert len(shape_of(part * 1_000_000)) <= 130  # with all of it, and steps back for each character, it would take minutes


@given(st.floats(1e-6, 1e6))
def test_durations_have_a_unit_and_are_short(seconds):
    text = duration(seconds)
    assert len(text) <= 12
    assert text.split()[-1] in ("µs", "ms", "s", "min")


def test_numbers_for_people():
    assert [duration(seconds) for seconds in (0, 0.00085, 0.00371, 12.4, 99.94, 303, 7_500)] == [
        "0 s", "850 µs", "3.71 ms", "12.4 s", "99.9 s", "5 min 03 s", "2 h 05 min",
    ]  # fmt: skip
    assert [rate(number) for number in (1234.4, 2.5, 0.5, 0.001)] == ["1,234/s", "2.5/s", "30/min", "3.6/h"]
    assert quantity(99.96) == "100"
