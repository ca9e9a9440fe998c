"""The parts that several threads touch at once: batches that are cut while they are worked on, signals, scopes."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest

from threadwork.engine.batch import Batch, share_out
from threadwork.engine.cancel import CancelScope
from threadwork.engine.channel import Signal
from threadwork.engine.clock import SYSTEM_CLOCK

SECONDS = 1.0


@pytest.fixture
def other():
    """A second thread to do things on."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


def test_a_batch_is_cut_while_its_worker_takes_items(chance, rounds, other):
    for _ in rounds(SECONDS):
        size = chance.randrange(1, 60)
        batch, begun, taken = Batch(None, 0, deque(range(size)), 0.0), threading.Event(), []

        def work(batch=batch, begun=begun, taken=taken):
            begun.set()
            while batch.items:
                try:
                    taken.append(batch.items.popleft())
                except IndexError:
                    return

        worked = other.submit(work)
        begun.wait()
        parts = share_out(batch, chance.randrange(1, 5))
        worked.result()
        assert taken + [item for part in parts for item in part.items] == list(range(size))
        assert batch.size == len(taken)
        assert all(part.items[0] == part.start and len(part.items) == part.size for part in parts)


def test_a_signal_is_never_lost_and_never_left_over(chance, rounds, other):
    lock = threading.Lock()
    signal = Signal(lock, SYSTEM_CLOCK)
    news = 0

    def bring(delay):
        nonlocal news
        for _ in range(delay):
            pass
        with lock:
            news += 1
            signal.wake()

    for number in rounds(SECONDS):
        brought = other.submit(bring, chance.randrange(300))
        with lock:
            while news < number:
                patience = chance.choice([None, 0.0, 1e-5, 1e-4])
                woken = signal.wait(patience)
                assert woken or patience is not None
                assert not woken or news == number
        brought.result()


def test_a_sleeper_is_woken_by_the_cancelling_at_any_moment(chance, rounds, other):
    for _ in rounds(SECONDS):
        outer = CancelScope(SYSTEM_CLOCK)
        inner = CancelScope(SYSTEM_CLOCK, outer) if chance.random() < 0.5 else outer
        slept = other.submit(inner.sleep, 30)
        for _ in range(chance.randrange(200)):
            pass
        outer.cancel("enough")
        slept.result(5)
        assert (inner.cancelled, inner.reason) == (True, "enough")
