"""Figures that come in rounds: the median is what is read, the smallest and largest say how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Spread:
    """One figure, measured once a round."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """The spread of these values, in the order of their rounds."""
        return cls(tuple(values))

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    def over(self, other: "Spread") -> "Spread":
        """This figure as a multiple of another one, round by round, so that both sides of a ratio saw the same machine."""
        return Spread(tuple(mine / theirs for mine, theirs in zip(self.values, other.values, strict=False)))

    def scaled(self, factor: float) -> "Spread":
        """The same figure in another unit, or as a multiple of a constant."""
        return Spread(tuple(value * factor for value in self.values))

    def minus(self, other: "Spread") -> "Spread":
        """What this figure adds to another one, round by round."""
        return Spread(tuple(mine - theirs for mine, theirs in zip(self.values, other.values, strict=False)))

    def __str__(self) -> str:
        """``median (smallest-largest)`` with three significant digits."""
        if len(self.values) == 1:
            return short(self.median)
        return f"{short(self.median)} ({short(min(self.values))}-{short(max(self.values))})"


def short(value: float) -> str:
    """A number with three significant digits, and none of them an exponent."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 or value == 0 else f"{value:.4f}"
