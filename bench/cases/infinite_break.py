"""An infinite input and a `break`: are all threads gone, and how soon?"""

from functools import partial

from harness.case import Case, Findings, at_most, rows_of
from harness.child import ask
from harness.effort import Effort
from harness.rounds import Contender, interleave
from peers import load


def run(effort: Effort) -> Findings:
    """The peers that can take an infinite input at all, each in a fresh process, and one unbounded pool that returns results."""
    present, _ = load()
    able = [peer for peer in present.values() if peer.bounded or peer.name == "ThreadPool.imap"]
    chosen = [peer for peer in able if effort.all_peers or peer.quick]
    sides = [Contender(peer.name, partial(ask, "children.infinite_break", peer.name, timeout=30)) for peer in chosen]
    measured = interleave(sides, effort)
    found = measured["threadwork"].figures.get("ms to no threads")
    promise = at_most("all threads gone within 50 ms of the break", 50, found, " ms", steady=True)
    return Findings(("ms to no threads", "pulled beyond"), rows_of(measured), [promise])


CASE = Case(
    "infinite_break",
    "An infinite generator on 8 workers: 1,000 results, then `break`. Peers that are not listed never return a result. "
    "Keeps runs lazy and structured.",
    run,
)
