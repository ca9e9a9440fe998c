"""`RunState`: the counts of a run, how far its input may run ahead, and when it is over. Arithmetic alone."""

from dataclasses import dataclass

MOST_AHEAD = 10_000  # items admitted and not yielded, without an explicit buffersize, whatever else holds
_LEAST_WINDOW = 64
_ITEMS_A_WORKER = 8
_BATCHES_A_WORKER = 2


@dataclass(slots=True)
class RunState:
    """Counts of items, changed only through its methods, by one caller at a time (`Flow` holds its lock)."""

    workers: int
    buffersize: int | None = None
    admitted: int = 0
    """Items taken from the input."""
    settled: int = 0
    """Items that have ended: done, failed or dropped."""
    yielded: int = 0
    """Items whose results the consumer has got (or that have none for it)."""
    done: int = 0
    failed: int = 0
    timed_out: int = 0
    recalled: int = 0
    """Items that were done in an earlier run."""
    spent: float = 0.0
    """Seconds that workers have spent on items, where that is of interest."""
    squares: float = 0.0
    """The squares of those, in all."""
    retried: int = 0
    """Attempts that were followed by another one."""
    waiting: int = 0
    """Items that wait for their next attempt, or for a limit: others may overtake them."""
    input_open: bool = True
    stopped: bool = False
    """No more items are admitted, and none that has not begun is begun."""
    consumer_waits: bool = False

    def window(self, batch: int) -> int:
        """Return how many items may be ahead of a busy consumer, where workers take `batch` items at once."""
        if self.buffersize is not None:
            return self.buffersize
        widest = max(_LEAST_WINDOW, _ITEMS_A_WORKER * self.workers, _BATCHES_A_WORKER * self.workers * batch)
        return min(MOST_AHEAD, widest)

    def room(self, batch: int) -> int:
        """Return how many items may be admitted now.

        With a ``buffersize``, admitted minus yielded never exceeds it. Without one, what counts while the consumer is
        busy is what it has not taken yet; while it waits (for a straggler, in input order), what has not ended yet.
        """
        if self.stopped:
            return 0
        ahead = self.admitted - self.yielded
        if self.buffersize is not None:
            return self.buffersize - ahead
        if self.consumer_waits:
            return min(2 * self.window(batch) - (self.admitted - self.settled - self.waiting), MOST_AHEAD - ahead)
        return min(self.window(batch) - (ahead - self.waiting), MOST_AHEAD - ahead)

    def portion(self, batch: int) -> int:
        """Return how many items to admit now: a whole batch, or none yet; or what is left of the buffer, at a straggler."""
        room = self.room(batch)
        return batch if room >= batch else max(0, room) if self._buffer_is_waited_for() else 0

    def refill(self, batch: int) -> int:
        """Return how much room it takes to wake a waiting input: much at once, as long as no worker starves meanwhile."""
        if self._buffer_is_waited_for():
            return 1
        return max(batch, (self.window(batch) - _BATCHES_A_WORKER * self.workers) // 2)

    def _buffer_is_waited_for(self) -> bool:
        return self.consumer_waits and self.buffersize is not None

    def took(self, items: int, seconds: float) -> None:
        """Take note that a worker has spent `seconds` on so many `items`."""
        self.spent += seconds
        self.squares += seconds * seconds / max(1, items)

    def lump(self) -> int:
        """Return how many results it takes to wake a waiting consumer before it looks by itself, where tasks are tiny."""
        return MOST_AHEAD // 4 if self.buffersize is None else self.buffersize // 2

    def largest_batch(self) -> int:
        """Return the most items that one worker may take at once, so that every worker can have two batches."""
        return max(1, self.window(MOST_AHEAD) // (_BATCHES_A_WORKER * self.workers))

    @property
    def ended(self) -> int:
        """Items that were run to an end."""
        return self.done + self.failed + self.timed_out

    @property
    def over(self) -> bool:
        """Whether every item has ended and no further one will come."""
        return (not self.input_open or self.stopped) and self.settled == self.admitted

    @property
    def dropped(self) -> int:
        """Items that ended without having been run to an end."""
        return self.settled - self.ended
