"""What holds for every stress test: one printed seed, a switch of threads at every chance, and no thread that dies."""

import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

pytest.register_assert_rewrite("tests.stress.scenario")

SEED = int(os.environ.get("STRESS_SEED") or random.SystemRandom().randrange(10**9))


@pytest.fixture
def chance(request) -> random.Random:
    """What decides everything that is left to chance. The seed is shown where a test fails."""
    print(f"STRESS_SEED={SEED} draws the same again")
    return random.Random(f"{SEED} {request.node.name}")


@pytest.fixture
def rounds() -> Callable[[float], Iterator[int]]:
    """Count rounds until a number of seconds is over."""

    def count(seconds: float) -> Iterator[int]:
        end, number = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            number += 1
            yield number
        print(f"{number} rounds")

    return count


@pytest.fixture(autouse=True)
def _threads_switch_at_every_chance() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture(autouse=True)
def _no_thread_dies(monkeypatch) -> Iterator[None]:
    died = []

    def note(hook_args: threading.ExceptHookArgs) -> None:
        died.append(f"{hook_args.thread and hook_args.thread.name}: {hook_args.exc_value!r}")
        sys.__excepthook__(hook_args.exc_type, hook_args.exc_value, hook_args.exc_traceback)

    monkeypatch.setattr(threading, "excepthook", note)
    yield
    assert not died
