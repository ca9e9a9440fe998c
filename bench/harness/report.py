"""The findings as Markdown for people and as JSON for machines."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .case import Case, Findings, Row, Target
from .rounds import OTHERS

VERDICTS = {True: "met", False: "**missed**", None: "not judged"}


@dataclass(frozen=True, slots=True)
class Finished:
    """A case, what it found, how long it took and how many cores everybody else used meanwhile."""

    case: Case
    findings: Findings
    seconds: float
    others: float | None


def heading(machine: Mapping[str, object], mode: str) -> str:
    """The first lines of a report."""
    state = "GIL on" if machine["gil_enabled"] else "GIL off"
    return (
        f"# threadwork bench, {mode}: CPython {machine['python']}, {state}\n\n"
        f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}. Figures are `median (smallest-largest)` of the rounds."
    )


def section(finished: Finished) -> str:
    """One case: what it protects, its table and its targets."""
    case, findings = finished.case, finished.findings
    busy = "" if finished.others is None else f", others used {finished.others:.1f} cores"
    lines = [f"## {case.name} ({finished.seconds:.0f} s{busy})", "", case.protects, ""]
    columns = [*findings.columns, OTHERS]
    lines += table(["contender", *columns, "note"], (cells(row, columns) for row in findings.rows))
    if findings.targets:
        verdicts = ([target.promise, target.measured, VERDICTS[target.met]] for target in findings.targets)
        lines += ["", *table(["target", "measured", "verdict"], verdicts)]
    return "\n".join(lines)


def cells(row: Row, columns: Iterable[str]) -> list[str]:
    """The cells of a row; what a contender has no figure for stays empty."""
    return [row.name, *(str(row.figures[column]) if column in row.figures else "" for column in columns), row.note]


def table(head: list[str], body: Iterable[list[str]]) -> list[str]:
    """A Markdown table that is also readable as text."""
    rows = [head, *body]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def as_json(finished: Finished) -> dict[str, object]:
    """One case with every single measurement in it."""
    return {
        "case": finished.case.name,
        "seconds": round(finished.seconds, 2),
        "others_cores": None if finished.others is None else round(finished.others, 2),
        "rows": [
            {"contender": row.name, "note": row.note, "figures": {name: spread.values for name, spread in row.figures.items()}}
            for row in finished.findings.rows
        ],
        "targets": [_target(target) for target in finished.findings.targets],
    }


def _target(target: Target) -> dict[str, object]:
    return {"promise": target.promise, "measured": target.measured, "met": target.met}
