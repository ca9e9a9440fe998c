import threading

import pytest

from tests.support.sequencer import Sequencer


def test_turns_come_in_the_order_of_their_numbers_whatever_their_threads():
    turn = Sequencer()
    seen: list[int] = []

    def take(numbers):
        for number in numbers:
            with turn(number):
                seen.append(number)

    threads = [threading.Thread(target=take, args=(range(start, 30, 3),)) for start in range(3)]
    for thread in reversed(threads):
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(30))


def test_a_turn_that_never_comes_names_who_is_missing():
    turn = Sequencer(timeout=0.01)
    with pytest.raises(AssertionError, match=r"turn 1 waited 0.01 s: turn 0 has not ended"), turn(1):
        pass


def test_an_error_passes_the_turn_on():
    turn = Sequencer()
    with pytest.raises(ZeroDivisionError), turn(0):
        _ = 1 / 0
    with turn(1):
        pass


def test_a_number_is_used_once():
    turn = Sequencer()
    with turn(0):
        pass
    with pytest.raises(AssertionError, match="taken already"), turn(0):
        pass
