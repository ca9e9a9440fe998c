"""The plug-in for pytest, in sessions of their own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import threadwork
from threadwork import ItemFinished, current
from threadwork.testing import ManualClock, Recorder, Sequencer

_LEAKING = """
import threading, pytest

def _stay():
    thread = threading.Thread(target=threading.Event().wait, args=(4,), name="stays-1", daemon=True)
    thread.start()

{mark}
def test_leaking():
    _stay()
"""


def _pytest(folder: Path, text: str, *options: str) -> tuple[int, str]:
    """Run the tests in `text` in a session of its own that knows nothing of this project's settings."""
    file = folder / "test_it.py"
    file.write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "--disable-plugin-autoload", "-p", "threadwork.testing.plugin"]
    done = subprocess.run(
        [*command, "--rootdir", str(folder), "-p", "no:cacheprovider", *options, str(file)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=15,
    )
    return done.returncode, done.stdout + done.stderr


def test_nothing_is_checked_unless_it_is_asked_for(tmp_path: Path) -> None:
    status, output = _pytest(tmp_path, _LEAKING.format(mark=""), "--strict-markers", "-W", "error")
    assert status == 0, output


@pytest.mark.parametrize(
    ("mark", "options"),
    [("@pytest.mark.no_leaked_threads", []), ("", ["-o", "threadwork_leak_check=true"])],
    ids=["marker", "setting"],
)
def test_a_leaked_thread_is_an_error_where_it_is_asked_for(tmp_path: Path, mark: str, options: list[str]) -> None:
    status, output = _pytest(tmp_path, _LEAKING.format(mark=mark), "--strict-markers", *options)
    assert status == 1, output
    assert "leaked threads: 1" in output
    assert "stays-1:" in output


def test_threads_that_a_fixture_ends_are_no_leak(tmp_path: Path) -> None:
    text = """
import threading, pytest

@pytest.fixture
def server():
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    yield
    leave.set()
    thread.join()

@pytest.fixture(scope="module")
def lasting_server():
    leave = threading.Event()
    thread = threading.Thread(target=leave.wait)
    thread.start()
    yield
    leave.set()
    thread.join()

@pytest.mark.no_leaked_threads
def test_with_servers(server, lasting_server):
    pass
"""
    status, output = _pytest(tmp_path, text)
    assert status == 0, output


def test_a_step_that_has_not_come_fails_the_test(tmp_path: Path) -> None:
    text = """
def test_steps(sequencer):
    step = sequencer("one", "two")
    with step("one"):
        pass
"""
    status, output = _pytest(tmp_path, text)
    assert status == 1
    assert "step 'two' has not come" in output


def test_the_plug_in_loads_neither_the_engine_nor_the_tools() -> None:
    code = "import sys, json, threadwork.testing.plugin; print(json.dumps(list(sys.modules)))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    light = ("", ".errors", ".testing", ".testing.leaks", ".testing.plugin", ".testing.stacks")
    assert {name for name in loaded if name.startswith("threadwork")} == {f"threadwork{part}" for part in light}


def test_the_tools_need_no_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; from threadwork.testing import *; print(ManualClock().now())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "0.0\n"


def test_the_fixtures_work_together(
    manual_clock: ManualClock, sequencer: Callable[..., Sequencer], event_recorder: Recorder
) -> None:
    step = sequencer("sleep", "wake")

    def task(_: int) -> None:
        with step("sleep"):
            current().sleep(100)
        with step("wake"):
            pass

    threadwork.for_each(task, [1], listeners=[event_recorder])
    assert manual_clock.now() == 100
    assert event_recorder.wait_for(ItemFinished).outcome.duration == 100
