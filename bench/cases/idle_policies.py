"""What the rules of a run cost an item when none of them ever has anything to do."""

from collections.abc import Callable
from typing import Any

import threadwork
from harness.case import Case, Findings, at_most, rows_of
from harness.effort import Effort
from harness.rounds import interleave

from .overhead import ITEMS, WALL, WORKERS, read_in_order, same, timed

NONE, ALL = "no policies", "all of them"
MORE = "us more"
MOST = 5.0  # microseconds an item


def policies() -> dict[str, dict[str, Any]]:
    """The options of each contender: none that is ever short of places, tokens, time or successes."""
    places, tokens = threadwork.Limit.concurrency(10**6), threadwork.Limit.rate(10**9)
    return {
        NONE: {},
        "retry": {"retry": 3},
        "task_timeout": {"task_timeout": 60},
        "breaker": {"breaker": threadwork.Breaker()},
        "Limit.concurrency": {"limits": places},
        "Limit.rate": {"limits": tokens},
        ALL: {"retry": 3, "task_timeout": 60, "breaker": threadwork.Breaker(), "limits": [places, tokens]},
    }


def mapping(options: dict[str, Any]) -> Callable[[int], None]:
    """One run with these options."""

    def work(size: int) -> None:
        read_in_order(threadwork.map(same, range(size), workers=WORKERS, **options), size)

    return work


def run(effort: Effort) -> Findings:
    """The same no-op under each rule, and under all."""
    sides = [timed(name, effort.items(ITEMS, 6.0), mapping(options)) for name, options in policies().items()]
    measured = interleave(sides, effort)
    for one in measured.values():
        if one.figures:
            one.figures[MORE] = one.figures[WALL].minus(measured[NONE].figures[WALL])
    promise = at_most(f"all policies, idle: at most {MOST:g} us an item", MOST, measured[ALL].figures.get(MORE), " us")
    return Findings((WALL, MORE), rows_of(measured), [promise])


CASE = Case(
    "idle_policies",
    f"A no-op on {WORKERS} workers, with rules that never have anything to do. Keeps it cheap to have them on.",
    run,
)
