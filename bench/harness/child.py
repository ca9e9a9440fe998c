"""A measurement in a process of its own: for memory, start-up, signals, and peers that never end."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BENCH = Path(__file__).resolve().parent.parent


class ChildFailedError(Exception):
    """A child process ended badly, did not end, or said nothing."""


def environment() -> dict[str, str]:
    """The environment of a child: it finds the modules of the bench wherever it is started."""
    paths = [str(BENCH), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def ask(module: str, *words: str, timeout: float = 60.0) -> dict[str, Any]:
    """Run ``python -m module words...`` and return the JSON object on the last line it prints."""
    command = [sys.executable, "-m", module, *words]
    try:
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        message = f"did not end within {timeout:g} s"
        raise ChildFailedError(message) from error
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise ChildFailedError((done.stderr.strip().splitlines() or ["printed nothing"])[-1])
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer
