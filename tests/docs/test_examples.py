"""The small programs in examples/ run and say what they promise."""

import subprocess
import sys

from tests.support.source_tree import ROOT


def _run(name: str) -> list[str]:
    """Run an example; return the lines it prints."""
    command = [sys.executable, "-W", "error", f"examples/{name}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=15).stdout.splitlines()


def test_two_threads_tick_five_times_each_or_stop_when_asked() -> None:
    lines = _run("two_threads.py")
    for worker in ("ticker-1", "ticker-2"):
        assert [line for line in lines if worker in line] == [f"  {worker}: {count} of 5" for count in range(1, 6)]
    assert 0 < sum("stopped-" in line for line in lines) < 10
    assert "they ticked [5, 5] times" in lines
    assert lines[-1] == "cancelled: [True, True]"


def test_only_five_of_ten_run_at_once() -> None:
    lines = _run("five_at_a_time.py")
    visits = [line for line in lines if " was visited by visitor-" in line]
    assert [line.split()[0] for line in visits] == ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]
    assert {line.split()[-1] for line in visits} == {f"visitor-{number}" for number in range(1, 6)}
    assert lines[-1] == "at most 5 ran at once"
