"""Ten named items of which only five run at once, each on a thread that has a name too."""

import threading

import threadwork

ITEMS = ["ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay"]
AT_ONCE = 5


class Gauge:
    """Counts how many tasks run now, and the most that ever did."""

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self._lock = threading.Lock()  # Guards: both counts

    def __enter__(self) -> None:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.now -= 1


def main() -> None:
    """Run the ten and show who ran where."""
    running = Gauge()

    def visit(animal: str) -> str:
        with running:
            threadwork.current().sleep(0.3)
            return f"{animal} was visited by {threadwork.current().worker}"

    run = threadwork.map(visit, ITEMS, workers=AT_ONCE, name="visitor")
    for line in run:
        print(line)
    print(run.stats())
    print(f"at most {running.most} ran at once")


if __name__ == "__main__":
    main()
