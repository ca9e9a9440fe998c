"""`Histogram`: how often something took how long, in buckets of equal ratio."""

import math

_PER_DOUBLING = 8
_LEAST, _MOST = -20, 20  # powers of two: 1 microsecond to 12 days; what is shorter or longer counts as that
_BUCKETS = (_MOST - _LEAST) * _PER_DOUBLING
_LEAST_BARS, _MOST_BARS = 16, 40


class Histogram:
    """Counts durations in 320 buckets, each 9% wider than the one before. Plain arithmetic; guarded by its owner.

    A `quantile` is off by at most 4.5%: half a bucket (2 to the power of 1/16). Prometheus' native histograms work like that.
    """

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        """Sum of all durations, in seconds."""
        self.least = math.inf
        self.most = 0.0
        self._counts = [0] * _BUCKETS

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.count += 1
        self.total += seconds
        self.least = min(self.least, seconds)
        self.most = max(self.most, seconds)
        place = int((math.log2(seconds) - _LEAST) * _PER_DOUBLING) if seconds > 0 else 0
        self._counts[min(max(place, 0), _BUCKETS - 1)] += 1

    def copy(self) -> "Histogram":
        """Return one with the same counts."""
        other = Histogram()
        other.count, other.total, other.least, other.most = self.count, self.total, self.least, self.most
        other._counts = list(self._counts)
        return other

    def since(self, before: "Histogram") -> "Histogram":
        """Return what was added since it was like `before`; the least and the most are those of all."""
        other = self.copy()
        other.count -= before.count
        other.total -= before.total
        other._counts = [now - then for now, then in zip(self._counts, before._counts, strict=True)]  # noqa: SLF001 - of its own kind
        return other

    def quantile(self, share: float) -> float:
        """Return what that `share` (0 to 1) of the durations do not exceed, in seconds; 0 where there are none."""
        rank = max(math.ceil(share * self.count), 1)
        for place, count in enumerate(self._counts):
            rank -= count
            if rank <= 0:
                return min(max(_edge(place + 0.5), self.least), self.most)
        return 0.0

    def bars(self) -> list[tuple[float, float, int]]:
        """Return lower edge, upper edge (seconds) and count of 16 to 40 or so bars, from below the least to above the most.

        They are as wide as that takes: an eighth of a doubling, or two, four, eight or 32 times that.
        """
        filled = [place for place, count in enumerate(self._counts) if count]
        if not filled:
            return []
        size = next(size for size in (1, 2, 4, 8, 32) if filled[-1] - filled[0] < _MOST_BARS * size)
        first, last = filled[0] // size, filled[-1] // size
        missing = max(0, _LEAST_BARS - (last - first + 1))
        first, last = max(0, first - missing // 2), min(_BUCKETS // size - 1, last + (missing + 1) // 2)
        return [
            (_edge(place * size), _edge((place + 1) * size), sum(self._counts[place * size : (place + 1) * size]))
            for place in range(first, last + 1)
        ]


def _edge(place: float) -> float:
    return float(2.0 ** (_LEAST + place / _PER_DOUBLING))
