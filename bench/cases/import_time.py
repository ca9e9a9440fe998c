"""What an import adds to a whole process that does nothing else."""

import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, interleave

REPEATS = 7  # interleaved rounds for one of the bench's own rounds: starting a process is noisy
BARE = "pass"
STATEMENTS = (BARE, "import threadwork", "import concurrent.futures.thread", "import multiprocessing.pool", "import streamable", "import joblib",
              "import mpire", "import pebble")  # fmt: skip


def process(statement: str) -> Mapping[str, float]:
    """One process from start to end."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603 - our own interpreter and a constant
    return {"ms": (time.perf_counter() - began) * 1e3}


def installed(statement: str) -> bool:
    """Whether the statement can run here."""
    return statement == BARE or find_spec(statement.split()[1].split(".")[0]) is not None


def run(effort: Effort) -> Findings:
    """All statements in turn, many times."""
    chosen = [statement for statement in STATEMENTS if installed(statement) and (effort.all_peers or statement in STATEMENTS[:3])]
    for statement in chosen:
        process(statement)  # once unmeasured, so that byte code and file cache are there for everybody
    measured = interleave([Contender(statement, partial(process, statement)) for statement in chosen], effort, rounds=REPEATS * effort.rounds)
    bare = measured[BARE].figures["ms"]
    for one in measured.values():
        if one.figures and one.name != BARE:
            one.figures["ms more"] = one.figures["ms"].minus(bare)
    promise = at_most("at most 25 ms more than bare Python", 25, measured["import threadwork"].figures.get("ms more"), " ms")
    return Findings(("ms more", "ms"), rows_of(measured), [promise])


CASE = Case("import_time", "`python -c 'import ...'` over `python -c pass`. Keeps the import light enough for any script.", run)
