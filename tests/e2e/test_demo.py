"""The demo runs on what every machine has, and both ways give the same."""

import subprocess
import sys
from pathlib import Path

DEMO = Path(__file__).parents[2] / "examples" / "demo.py"


def test_the_demo_compares_a_loop_and_threads():
    done = subprocess.run([sys.executable, str(DEMO)], capture_output=True, text=True, timeout=18, check=False)
    assert done.returncode == 0, done.stderr
    assert "files read from memory" in done.stdout
    assert "The same results in the same order every time: yes" in done.stdout
    assert "threads took part: hash-" in done.stdout
