"""The machine's clock: what it waits for, and that the main thread hears of signals meanwhile."""

import threading

import pytest

from tests.support.aside import Aside
from threadwork.engine.clock import SYSTEM_CLOCK


class Recording:
    """A lock that is free at the third asking; notes how it was asked."""

    def __init__(self):
        self.asked = []

    def acquire(self, blocking=True, timeout=-1):
        self.asked.append((blocking, timeout))
        return len(self.asked) == 3 or timeout == -1

    def release(self):
        """Do nothing."""


def test_on_the_main_thread_a_wait_without_end_ends_now_and_again():
    lock = Recording()
    assert SYSTEM_CLOCK.acquire(lock, None)
    assert lock.asked == [(True, 1.0)] * 3


def test_on_other_threads_it_does_not():
    lock = Recording()
    assert Aside(lambda: SYSTEM_CLOCK.acquire(lock, None)).result()
    assert lock.asked == [(True, -1)]


@pytest.mark.parametrize(("timeout", "asked"), [(0.5, 0.5), (-1.0, 0.0), (1e300, threading.TIMEOUT_MAX)])
def test_a_timeout_is_one_that_a_lock_takes(timeout, asked):
    lock = Recording()
    SYSTEM_CLOCK.acquire(lock, timeout)
    assert lock.asked == [(True, asked)]
