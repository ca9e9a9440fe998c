"""What an import adds to a whole process that does nothing else."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec
from tempfile import TemporaryDirectory

from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, interleave

REPEATS = 7  # interleaved rounds for one of the bench's own rounds: starting a process is noisy
BARE = "pass"
MODULES = ("threadwork", "concurrent.futures.thread", "multiprocessing.pool", "streamable", "joblib", "mpire", "pebble")
QUICK = MODULES[:2]  # also measured in a smoke run


def process(statement: str, environment: Mapping[str, str]) -> Mapping[str, float]:
    """One process from start to end, and the processor time it took: the steadier of the two on a busy machine."""
    before, began = children_seconds(), time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], env=environment, check=True)
    return {"ms": (time.perf_counter() - began) * 1e3, "cpu ms": (children_seconds() - before) * 1e3}


def with_byte_code(folder: str) -> dict[str, str]:
    """An environment in which modules are compiled once and then loaded, as installed packages are, whatever is set outside."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": folder}


def children_seconds() -> float:
    """Processor time of all children that have ended, to the microsecond."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def installed(module: str) -> bool:
    """Whether there is anything to import."""
    return find_spec(module.partition(".")[0]) is not None


def run(effort: Effort) -> Findings:
    """All statements in turn, many times."""
    modules = [module for module in (MODULES if effort.all_peers else QUICK) if installed(module)]
    chosen = [BARE, *(f"import {module}" for module in modules)]
    with TemporaryDirectory() as folder:
        environment = with_byte_code(folder)
        for statement in chosen:
            process(statement, environment)  # once unmeasured, so that byte code and file cache are there for everybody
        sides = [Contender(statement, partial(process, statement, environment)) for statement in chosen]
        measured = interleave(sides, effort, rounds=REPEATS * effort.rounds)
    bare = measured[BARE].figures
    for one in measured.values():
        if one.figures and one.name != BARE:
            for column in ("ms", "cpu ms"):
                one.figures[f"{column} more"] = one.figures[column].minus(bare[column])
    figures = measured["import threadwork"].figures
    promises = [
        at_most("at most 25 ms more than bare Python", 25, figures.get("ms more"), " ms"),
        at_most("the same by processor time", 25, figures.get("cpu ms more"), " ms", steady=True),
    ]
    return Findings(("ms more", "cpu ms more", "ms", "cpu ms"), rows_of(measured), promises)


CASE = Case("import_time", "`python -c 'import ...'` over `python -c pass`. Keeps the import light enough for any script.", run)
