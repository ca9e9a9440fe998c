import threading

from tests.support.lying_lock import LyingLock
from tests.support.manual_clock import ManualClock


def _in_thread(call):
    results = []
    thread = threading.Thread(target=lambda: results.append(call()))
    thread.start()
    return thread, results


def test_a_wait_ends_when_the_clock_passes_its_deadline_and_not_before():
    clock, lock = ManualClock(), threading.Lock()
    lock.acquire()
    thread, results = _in_thread(lambda: clock.acquire(lock, 10))
    clock.wait_for_waiters(1)
    clock.advance(9.9)
    thread.join(0.02)
    assert thread.is_alive()
    clock.advance(0.1)
    thread.join()
    assert results == [False]
    assert clock.now() == 10


def test_a_wait_ends_when_the_lock_is_released():
    clock, lock = ManualClock(), threading.Lock()
    lock.acquire()
    thread, results = _in_thread(lambda: clock.acquire(lock, None))
    clock.wait_for_waiters(1)
    lock.release()
    thread.join()
    assert results == [True]
    assert lock.locked()


def test_a_lying_lock_is_released_meanwhile_and_still_says_no():
    lock = LyingLock()
    lying = LyingLock(meanwhile=lambda: lying.release())
    assert lock.acquire(timeout=1)
    assert lying.acquire()
    assert not lying.acquire(timeout=5)
    assert not lying.locked()
    assert lying.lies == 1
