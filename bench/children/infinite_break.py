"""Takes 1,000 results of an infinite input, breaks, and waits until every thread is gone: ``PEER``."""

import json
import sys
import threading
import time
from collections.abc import Iterator

from peers import load

WORKERS, WANTED, PATIENCE = 8, 1_000, 10.0


class Endless:
    """Counts up for ever and knows how far it got."""

    def __init__(self) -> None:
        self.pulled = 0

    def __iter__(self) -> Iterator[int]:
        while True:
            self.pulled += 1
            yield self.pulled


def same(item: int) -> int:
    """The task."""
    return item


def main(name: str) -> None:
    """Print the milliseconds from the `break` until this thread is the only one, and the items pulled beyond the results."""
    peer, source, before = load()[0][name], Endless(), threading.active_count()
    taken = 0
    for _ in peer.run(same, source, WORKERS):
        taken += 1
        if taken == WANTED:
            broke = time.perf_counter()
            break
    while threading.active_count() > before and time.perf_counter() - broke < PATIENCE:
        time.sleep(0.0002)
    gone = time.perf_counter() - broke
    if threading.active_count() > before:
        sys.exit(f"threads left after {PATIENCE} s: {', '.join(thread.name for thread in threading.enumerate())}")
    print(json.dumps({"ms to no threads": gone * 1e3, "pulled beyond": source.pulled - taken}))


if __name__ == "__main__":
    main(sys.argv[1])
