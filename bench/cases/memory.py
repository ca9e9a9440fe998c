"""Millions of lazy items, consumed one by one: does memory stay flat? Each contender in a fresh process."""

from collections.abc import Mapping
from functools import partial

from harness.case import Case, Findings, at_most, rows_of
from harness.child import ask
from harness.effort import Effort
from harness.rounds import Contender, interleave
from peers import load

ITEMS = 5_000_000
# Peers that are worth the time: the plain loop of memory (unbounded executor), the cheapest pool, and the bounded ones.
PEERS = ("threadwork", "threadwork unordered", "ThreadPoolExecutor.map", "ThreadPool.imap", "streamable", "joblib")
PATIENCE = 3  # a process of its own may take this many times as long as a contender in a round


def grown(name: str, size: int) -> Mapping[str, float]:
    """What one process says about itself."""
    return ask("children.memory", name, str(size), timeout=110)


def run(effort: Effort) -> Findings:
    """Growth while the run went on; peers that are slow get fewer items, which is said beside them."""
    present, _ = load()
    sides = []
    for name in PEERS:
        if (peer := present.get(name)) and (effort.all_peers or peer.quick):
            size = int(ITEMS * effort.scale) if peer.cost < 1 else effort.items(ITEMS, peer.cost / PATIENCE)
            sides.append(Contender(name, partial(grown, name, size), f"{size:,} items"))
    measured = interleave(sides, effort)
    figures = measured["threadwork"].figures
    promise = at_most(f"{sides[0].note}: grows by at most 5 MB", 5, figures.get("growth MB"), " MB", steady=True)
    return Findings(("growth MB", "after warm-up MB"), rows_of(measured), [promise])


CASE = Case(
    "memory",
    f"{ITEMS / 1e6:g} M lazy items on 8 workers, resident memory read all along. Keeps memory independent of their number.",
    run,
)
