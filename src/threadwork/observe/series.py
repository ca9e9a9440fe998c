"""`Series`: amounts over time in a fixed number of columns, which get wider as time goes on."""

COLUMNS = 120
FINEST = 0.01
"""Seconds: the width of the columns at first; it doubles whenever they are too few."""


class Series:
    """Sums of amounts in `COLUMNS` columns of equal width, from second 0 on. Plain arithmetic; guarded by its owner."""

    def __init__(self) -> None:
        self.width = FINEST
        """Seconds that a column spans: `FINEST`, times a power of two."""
        self._values = [0.0] * COLUMNS

    def add(self, at: float, amount: float = 1.0) -> None:
        """Add `amount` to the column of the moment `at`."""
        column = self._column(at)  # first: this may make other columns
        self._values[column] += amount

    def spread(self, start: float, end: float) -> None:
        """Add to each column how many seconds of it lie between `start` and `end`."""
        start = max(start, 0.0)
        last, width = self._column(end), self.width
        first = min(int(start / width), last)
        if first == last:
            self._values[first] += max(end - start, 0.0)
            return
        self._values[first] += (first + 1) * width - start
        for column in range(first + 1, last):
            self._values[column] += width
        self._values[last] += end - last * width

    def values(self, width: float | None = None) -> list[float]:
        """Return the sums of columns that are `width` wide, at least as wide as they are (by default just so)."""
        values, own = self._values, self.width
        while width is not None and own < width:
            values, own = _halved(values), own * 2
        return list(values)

    def _column(self, at: float) -> int:
        """Return the column of the moment `at`, after having made them wide enough for it."""
        column = int(at / self.width)
        while column >= COLUMNS:
            self._values = _halved(self._values)
            self.width *= 2
            column = int(at / self.width)
        return max(column, 0)


def _halved(values: list[float]) -> list[float]:
    """Return the sums of pairs, and as many columns without anything after them."""
    return [a + b for a, b in zip(values[::2], values[1::2], strict=True)] + [0.0] * (COLUMNS // 2)
