"""64 workers in long waits; says ``ready`` once all of them wait, and then expects Ctrl-C: ``PEER MODE``."""

import signal
import sys
import threading
import time

import threadwork
from peers import load

WORKERS = 64
GRACE = 1.0  # shorter than a blocking task, so that "within grace" can be told from "when the task ended"


class Roll:
    """Counts the workers that have begun to wait, and speaks up when all have."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting = 0

    def call(self) -> None:
        """One more worker is about to wait."""
        with self._lock:
            self._waiting += 1
            complete = self._waiting == WORKERS
        if complete:
            print("ready", flush=True)


ROLL = Roll()


def blocking(item: int) -> int:
    """A wait that nobody can end."""
    ROLL.call()
    time.sleep(5)
    return item


def cooperative(item: int) -> int:
    """A wait that ends when the run is asked to stop."""
    ROLL.call()
    threadwork.current().sleep(60)
    return item


def main(name: str, mode: str) -> None:
    """Run until interrupted; a process that was started in the background must first be made to heed Ctrl-C again."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    items = range(10 * WORKERS)
    if name != "threadwork":
        for _ in load()[0][name].run(blocking, items, WORKERS):
            pass
    elif mode == "second":
        threadwork.map(blocking, items, workers=WORKERS, grace=60).collect()
    else:
        threadwork.map(cooperative if mode == "cooperative" else blocking, items, workers=WORKERS, grace=GRACE).collect()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
