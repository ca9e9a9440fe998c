"""Item 500 of 100,000 raises: when does the caller know, and how much more was begun?"""

import time
from array import array
from collections.abc import Mapping
from functools import partial

from harness.case import Case, Findings, at_least, at_most, rows_of
from harness.effort import Effort
from harness.rounds import Contender, WrongResultError, interleave
from peers import Peer, load

WORKERS, ITEMS, BAD, SECONDS = 8, 100_000, 500, 0.0002
SETTLE_SECONDS = 0.1  # how long the count of begun items goes on after the caller has seen the error
HANGS = ("pebble", "mpire", "mpire chunk 64")  # pebble hangs on an error; mpire's 0.1-0.5 s are spent in its own shutdown


class BadItemError(Exception):
    """What the task raises."""


def failing(peer: Peer, size: int) -> Mapping[str, float]:
    """Run until the error arrives; count the items that began after it was raised, also a little later."""
    begun, raised = array("d", bytes(8 * size)), [0.0]

    def task(item: int) -> int:
        begun[item] = time.perf_counter()
        time.sleep(SECONDS)
        if item == BAD:
            raised[0] = time.perf_counter()
            raise BadItemError
        return item

    try:
        for _ in peer.run(task, range(size), WORKERS):
            pass
    except BadItemError as error:
        seen = time.perf_counter()
        named = any(str(BAD) in note for note in getattr(error, "__notes__", ()))
    else:
        message = "the error never arrived"
        raise WrongResultError(message)
    time.sleep(SETTLE_SECONDS)
    further = sum(1 for moment in begun if moment > raised[0])
    return {"ms to caller": (seen - raised[0]) * 1e3, "further items": further, "names the item": float(named)}


def run(effort: Effort) -> Findings:
    """Everybody whose error arrives at all."""
    size = max(10_000, int(ITEMS * effort.scale))
    present, _ = load()
    chosen = [peer for peer in present.values() if (effort.all_peers or peer.quick) and peer.name not in HANGS]
    measured = interleave([Contender(peer.name, partial(failing, peer, size)) for peer in chosen], effort)
    figures = measured["threadwork"].figures
    promises = [
        at_most("the caller sees it within 5 ms", 5, figures.get("ms to caller"), " ms", steady=True),
        at_most("at most 2 x workers further items begin", 2 * WORKERS, figures.get("further items"), steady=True),
        at_least("the error names the item", 1, figures.get("names the item")),
    ]
    return Findings(("ms to caller", "further items", "names the item"), rows_of(measured), promises)


CASE = Case(
    "error_latency",
    f"Item {BAD} of {ITEMS:,} raises; tasks of {SECONDS * 1e3:g} ms, {WORKERS} workers. "
    "A peer's own shutdown counts, as its caller waits for it. Keeps failures prompt.",
    run,
)
