"""What the tests of the engine share."""

import threading
from collections.abc import Iterator

import pytest


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Give an event for tasks to wait at; it is set at the end of the test, so that a failing one leaves no thread behind."""
    event = threading.Event()
    yield event
    event.set()
