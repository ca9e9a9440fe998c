"""What a case is, what it is asked for and what it hands back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .effort import Effort
from .figures import Spread
from .rounds import OTHERS, Measured

BUSY_CORES = 0.4  # others that used more than this, of two cores, have moved ratios by more than their own spread


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a case's table."""

    name: str
    figures: dict[str, Spread] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A promise of the project and what was measured; `met` is None where this interpreter or mode cannot tell."""

    promise: str
    measured: str
    met: bool | None
    steady: bool = False  # a limit that other programs on the machine cannot make easier to keep, unlike a ratio


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one case found."""

    columns: Sequence[str]
    rows: Sequence[Row]
    targets: Sequence[Target]


@dataclass(frozen=True, slots=True)
class Case:
    """One question about speed, and how to answer it."""

    name: str
    protects: str
    run: Callable[[Effort], Findings]


def rows_of(measured: dict[str, Measured]) -> list[Row]:
    """One row a contender, in the order they were measured; a failed one shows its error."""
    return [Row(one.name, one.figures, f"FAILED {one.failure}" if one.failure else one.note) for one in measured.values()]


def at_most(promise: str, limit: float, found: Spread | None, unit: str = "", *, steady: bool = False) -> Target:
    """A target that is met when the median does not exceed `limit`."""
    return Target(promise, f"{found}{unit}" if found else "not measured", found.median <= limit if found else None, steady)


def at_least(promise: str, limit: float, found: Spread | None, unit: str = "") -> Target:
    """A target that is met when the median is not below `limit`."""
    return Target(promise, f"{found}{unit}" if found else "not measured", found.median >= limit if found else None)


def judged_honestly(findings: Findings) -> Findings:
    """The same findings, without a verdict on what other programs can have tipped: a preempted loop flatters every pool."""
    loads = [row.figures[OTHERS].median for row in findings.rows if OTHERS in row.figures]
    if not loads or max(loads) <= BUSY_CORES:
        return findings
    return replace(findings, targets=[one if one.steady else replace(one, met=None) for one in findings.targets])
