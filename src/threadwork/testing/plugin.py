"""The plug-in for pytest: fixtures of the tools in this folder, and a check that tests leave no thread behind.

Loaded by pytest wherever threadwork is installed; does nothing for tests that do not use it.
"""

from collections.abc import Callable, Iterator

import pytest

from .. import testing
from .leaks import no_leaked_threads

_MARKER = "no_leaked_threads"
_INI = "threadwork_leak_check"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the setting."""
    parser.addini(_INI, "fail every test that leaves a thread behind", type="bool", default=False)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", f"{_MARKER}: fail if the test leaves a thread behind")


@pytest.fixture(autouse=True)
def _threadwork_leak_check(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that leaves a thread behind, where that is asked for. It is the first fixture, so the last to end."""
    if request.config.getini(_INI) or request.node.get_closest_marker(_MARKER):
        with no_leaked_threads():
            yield
    else:
        yield


@pytest.fixture
def manual_clock() -> Iterator["testing.ManualClock"]:
    """Give a `ManualClock` that everything made in the test uses."""
    with testing.using(testing.ManualClock()) as clock:
        yield clock


@pytest.fixture
def sequencer() -> Iterator[Callable[..., "testing.Sequencer"]]:
    """Give what makes a `Sequencer`; at the end of the test each one has to have come to its last step."""
    made = []

    def make(*steps: str, timeout: float = 5.0) -> "testing.Sequencer":
        made.append(testing.Sequencer(*steps, timeout=timeout))
        return made[-1]

    yield make
    for each in made:
        each.check_complete()


@pytest.fixture
def event_recorder() -> "testing.Recorder":
    """Give a `Recorder`, to be put among the listeners of a run."""
    return testing.Recorder()
