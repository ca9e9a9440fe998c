"""Contenders measured in interleaved rounds: A B C, A B C, A B C; never all of A and then all of B."""

import faulthandler
import gc
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .effort import Effort
from .figures import Spread
from .machine import OtherLoad

HANG_SECONDS = 120.0  # far above any honest measurement here; a contender that hangs ends the run with every stack printed
QUIET_CORES = 0.25  # with `quiet_tries`, a measurement is taken again while others use more than this
OTHERS = "others' cores"  # the figure that says how many they used
SETTLE_SECONDS = 2.0  # how long the threads of a finished contender may take to go before the next one is measured


class WrongResultError(Exception):
    """A contender was fast, but its results are not those of the plain loop."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison: `measure` does the whole work once, checks it and returns its figures."""

    name: str
    measure: Callable[[], Mapping[str, float]]
    note: str = ""


@dataclass(slots=True)
class Measured:
    """What became of one contender over all rounds."""

    name: str
    note: str = ""
    figures: dict[str, Spread] = field(default_factory=dict)
    failure: str = ""


def interleave(contenders: Sequence[Contender], effort: Effort, *, rounds: int | None = None) -> dict[str, Measured]:
    """Measure each contender once a round; one that raises is reported with its error and not asked again."""
    samples: dict[str, list[Mapping[str, float]]] = {contender.name: [] for contender in contenders}
    measured = {contender.name: Measured(contender.name, contender.note) for contender in contenders}
    for _ in range(rounds or effort.rounds):
        for contender in contenders:
            if measured[contender.name].failure:
                continue
            try:
                samples[contender.name].append(_undisturbed(contender, effort.quiet_tries))
            except Exception as error:  # noqa: BLE001 - a broken peer is a finding, not the end of the bench
                measured[contender.name].failure = f"{type(error).__name__}: {error}"
    for name, found in samples.items():
        if found and not measured[name].failure:
            measured[name].figures = {column: Spread.of([sample[column] for sample in found]) for column in found[0]}
    return measured


def _undisturbed(contender: Contender, tries: int) -> Mapping[str, float]:
    """Measure, and again when others used the machine meanwhile; chosen by their load alone, never by the figures."""
    quietest, kept = float("inf"), None
    for _ in range(tries):
        load = OtherLoad()
        figures = _once(contender)
        others = load.cores() or 0.0
        if others < quietest:
            quietest, kept = others, {**figures, OTHERS: others}
        if others <= QUIET_CORES:
            break
    return kept or {}


def _once(contender: Contender) -> Mapping[str, float]:
    threads = threading.active_count()
    gc.collect()
    _show(f"    {contender.name} ...")
    faulthandler.dump_traceback_later(HANG_SECONDS, exit=True)
    try:
        return contender.measure()
    finally:
        faulthandler.cancel_dump_traceback_later()
        _show("")
        deadline = time.perf_counter() + SETTLE_SECONDS
        while threading.active_count() > threads and time.perf_counter() < deadline:
            time.sleep(0.001)


def _show(text: str) -> None:
    """Say on a terminal what is being measured; a file or a pipe gets only the cases."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}", end="\r", file=sys.stderr, flush=True)
