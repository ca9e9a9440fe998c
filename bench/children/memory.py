"""How far resident memory grows while many lazy items are consumed one by one: ``PEER SIZE``."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from peers import load

WORKERS = 8
PAGE = os.sysconf("SC_PAGE_SIZE")
SAMPLES = 200  # readings spread evenly over the run
WARM = 10_000  # items after which threads, buffers and allocator arenas have their size


def same(item: int) -> int:
    """The task."""
    return item


def lazily(size: int) -> Iterator[int]:
    """Items that exist only once somebody asks for them."""
    yield from range(size)


def resident() -> int:
    """Bytes of this process that are in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE


def main(name: str, size: int) -> None:
    """Consume `size` results and print the growth over the start of the run and over its warm state, in MB."""
    peer = load()[0][name]
    before = resident()
    warm, highest, total = before, before, 0
    every = max(1, size // SAMPLES)
    for count, value in enumerate(peer.run(same, lazily(size), WORKERS), 1):
        total += value
        if count == WARM:
            warm = resident()
        if not count % every:
            highest = max(highest, resident())
    if total != size * (size - 1) // 2:
        sys.exit("wrong results")
    print(json.dumps({"growth MB": (highest - before) / 1e6, "after warm-up MB": max(0, highest - warm) / 1e6}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
