import threading

import pytest

from threadwork.testing import no_leaked_threads


def test_a_thread_that_stays_is_named_with_its_stack() -> None:
    leave = threading.Event()
    stuck = threading.Thread(target=leave.wait, args=(10,), name="stuck-1")
    with pytest.raises(AssertionError, match=r"(?s)leaked threads: 1\nstuck-1:.*in wait"), no_leaked_threads(patience=0.05):
        stuck.start()
    leave.set()
    stuck.join()


def test_a_thread_that_is_just_ending_is_waited_for() -> None:
    leave = threading.Event()
    with no_leaked_threads():
        threading.Thread(target=leave.wait, args=(10,)).start()
        threading.Timer(0.02, leave.set).start()


def test_threads_of_before_are_not_blamed() -> None:
    leave = threading.Event()
    older = threading.Thread(target=leave.wait, args=(10,))
    older.start()
    with no_leaked_threads(patience=0):
        pass
    leave.set()
    older.join()


def test_an_error_in_the_block_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError), no_leaked_threads():
        _ = 1 / 0
