"""The runner of CPython's tests finds what is wrong with an executor, in its own process and in children."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).with_name("run.py")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("test") is None or importlib.util.find_spec("test.test_concurrent_futures") is None,
    reason="this Python comes without test.test_concurrent_futures",
)


def run(executor: str, word: str) -> tuple[int, str]:
    """Run the tests with `word` in their name on `executor`; return the exit status and the closing line."""
    command = [sys.executable, str(RUNNER), "--executor", executor, "-k", word]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return child.returncode, child.stdout.splitlines()[-1]


@pytest.mark.parametrize("executor", ["concurrent.futures:ThreadPoolExecutor", "impostors:Faithful"])
@pytest.mark.parametrize("word", ["test_map_exception", "test_interpreter_shutdown"])
def test_passes_what_is_right(executor: str, word: str) -> None:
    assert run(executor, word) == (0, "1 passed, 0 failed, 0 skipped")


@pytest.mark.parametrize(
    ("executor", "word"),
    [
        ("impostors:Miscounting", "test_map_exception"),
        ("impostors:Deserting", "test_interpreter_shutdown"),
        ("impostors:Leaking", "test_map_exception"),
    ],
)
def test_fails_what_is_wrong(executor: str, word: str) -> None:
    assert run(executor, word) == (1, "0 passed, 1 failed, 0 skipped")


def test_running_nothing_is_a_failure() -> None:
    assert run("impostors:Faithful", "no_such_test") == (1, "0 passed, 0 failed, 0 skipped")
