"""Ctrl-C while 64 workers wait: how long until the process is gone?"""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from children.ctrl_c import GRACE, WORKERS
from harness.case import Case, Findings, Row, at_most, rows_of
from harness.child import ChildFailedError, environment
from harness.effort import Effort
from harness.figures import Spread
from harness.rounds import Contender, interleave
from peers import load

PAUSE, PATIENCE = 0.5, 15.0  # seconds before Ctrl-C; seconds after which a process is said not to end
OURS = {"cooperative": 0.2, "blocking": GRACE + 0.2, "second": 0.2}  # the mode and how long it may take
PEERS = ("ThreadPool.imap", "ThreadPoolExecutor.map", "joblib", "streamable", "mpire")
COLUMN = "s to exit"


def interrupted(name: str, mode: str) -> Mapping[str, float]:
    """Start a child, interrupt it once all its workers wait, and time its end from the last Ctrl-C."""
    command = [sys.executable, "-m", "children.ctrl_c", name, mode]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(), **pipes) as child:  # type: ignore[call-overload]
        try:
            if (said := child.stdout.readline().strip()) != "ready":
                raise ChildFailedError(said or child.stderr.read().strip()[-200:])
            for _ in range(2 if mode == "second" else 1):
                time.sleep(PAUSE)
                child.send_signal(signal.SIGINT)
            asked = time.perf_counter()
            child.communicate(timeout=PATIENCE)
            return {COLUMN: time.perf_counter() - asked, "status": child.returncode}
        except subprocess.TimeoutExpired:
            message = f"did not end within {PATIENCE:g} s of Ctrl-C"
            raise ChildFailedError(message) from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()


def peers_together(rounds: int) -> list[Row]:
    """The peers only sleep, for many seconds, so one round of all of them runs at once: slow exits would take minutes else."""
    names = [name for name in PEERS if name in load()[0]]
    with ThreadPoolExecutor(len(names)) as pool:
        futures = {name: pool.submit(interrupted, name, "blocking") for name in names for _ in range(rounds)}
    rows = []
    for name, future in futures.items():
        if error := future.exception():
            rows.append(Row(name, note=f"FAILED {error}"))
        else:
            rows.append(Row(name, {column: Spread.of([value]) for column, value in future.result().items()}, "blocking, one run"))
    return rows


def run(effort: Effort) -> Findings:
    """Ours in three moods, interleaved; then the peers in blocking waits."""
    sides = [Contender(f"threadwork {mode}", partial(interrupted, "threadwork", mode)) for mode in OURS]
    measured = interleave(sides, effort)
    found = {mode: measured[f"threadwork {mode}"].figures.get(COLUMN) for mode in OURS}
    promises = [
        at_most(f"{WORKERS} cooperative waits: out within 0.2 s", OURS["cooperative"], found["cooperative"], " s", steady=True),
        at_most(
            f"{WORKERS} x sleep(5), grace={GRACE:g}: out within grace (+0.2 s)",
            OURS["blocking"],
            found["blocking"],
            " s",
            steady=True,
        ),
        at_most("second Ctrl-C, grace=60: out at once (0.2 s)", OURS["second"], found["second"], " s", steady=True),
    ]
    rows = rows_of(measured) + (peers_together(1) if effort.all_peers else [])
    return Findings((COLUMN, "status"), rows, promises)


CASE = Case(
    "ctrl_c",
    f"SIGINT {PAUSE} s after all of {WORKERS} workers wait, in a child process; status -2 is a death by SIGINT, "
    "as after any Ctrl-C. Keeps the user in charge.",
    run,
)
