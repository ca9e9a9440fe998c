from tests.support.lying_lock import LyingLock


def test_a_lying_lock_is_released_meanwhile_and_still_says_no() -> None:
    lock = LyingLock()
    lying = LyingLock(meanwhile=lambda: lying.release())  # noqa: PLW0108 - the name is bound only afterwards
    assert lock.acquire(timeout=1)
    assert lying.acquire()
    assert not lying.acquire(timeout=5)
    assert not lying.locked()
    assert lying.lies == 1
