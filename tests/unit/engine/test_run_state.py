import pytest

from threadwork.engine.run_state import MOST_AHEAD, RunState


def test_the_window_is_the_buffersize_whatever_the_batches():
    state = RunState(workers=8, buffersize=5)
    assert [state.window(batch) for batch in (1, 50, 1000)] == [5, 5, 5]


@pytest.mark.parametrize(
    ("workers", "batch", "window"), [(1, 1, 64), (8, 1, 64), (32, 1, 256), (4, 100, 800), (32, 5000, MOST_AHEAD)]
)
def test_the_default_window_fits_the_workers_and_their_batches(workers, batch, window):
    assert RunState(workers=workers).window(batch) == window


def test_room_shrinks_with_what_is_admitted_and_grows_with_what_is_yielded():
    state = RunState(workers=2, buffersize=10)
    assert state.room(1) == 10
    state.admitted = 7
    assert state.room(1) == 3
    state.yielded = 4
    assert state.room(1) == 7


def test_a_waiting_consumer_with_a_buffersize_gets_no_extra_room():
    state = RunState(workers=2, buffersize=10, admitted=10, settled=9, consumer_waits=True)
    assert state.room(1) == 0


def test_a_waiting_consumer_lets_work_go_on_up_to_the_most_ahead():
    state = RunState(workers=2, admitted=1000, settled=999, consumer_waits=True)
    assert state.room(1) > 0
    state.admitted, state.settled = MOST_AHEAD, MOST_AHEAD - 1
    assert state.room(1) == 0


def test_a_busy_consumer_holds_the_input_at_the_window():
    state = RunState(workers=2, admitted=64, settled=63)
    assert state.room(1) == 0


def test_a_stopped_run_has_no_room():
    assert RunState(workers=2, stopped=True).room(1) == 0


def test_it_is_over_when_the_input_is_closed_and_everything_has_ended():
    state = RunState(workers=1, admitted=3, settled=2)
    assert not state.over
    state.settled = 3
    assert not state.over
    state.input_open = False
    assert state.over


def test_a_stopped_run_is_over_without_the_end_of_the_input():
    assert RunState(workers=1, admitted=3, settled=3, stopped=True).over
    assert not RunState(workers=1, admitted=3, settled=2, stopped=True).over


def test_what_was_neither_done_nor_failed_was_dropped():
    assert RunState(workers=1, admitted=9, settled=9, done=4, failed=2).dropped == 3


@pytest.mark.parametrize(("workers", "buffersize"), [(1, 1), (8, 1), (2, 10), (4, 1000)])
def test_every_worker_can_have_two_batches_within_the_buffersize(workers, buffersize):
    largest = RunState(workers=workers, buffersize=buffersize).largest_batch()
    assert largest >= 1
    assert largest == 1 or 2 * workers * largest <= buffersize


def test_the_largest_batches_fit_the_most_ahead():
    assert 2 * 8 * RunState(workers=8).largest_batch() <= MOST_AHEAD
