"""`Circuit`: whether what is called under one key counts as down. Arithmetic; no thread, no lock, no clock."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CircuitRule:
    """When a circuit opens, and how it closes again. See `Breaker`."""

    failures: int
    within: float
    open_for: float
    probes: int


@dataclass(frozen=True, slots=True)
class Circuit:
    """One state of a circuit; each method gives the next one. The states are those of Nygard, "Release It!", 2007.

    Closed: `open_until` is ``None``. Open: nothing begins before `open_until`. Half-open: `probing` attempts have been
    let in to see; if nobody tells by `open_until` how they ended, the next ones are, so that a lost probe is no end.
    """

    failed_at: tuple[float, ...] = ()
    """When the failures since the last success were, as far as they count."""
    open_until: float | None = None
    probing: int = 0

    def ask(self, rule: CircuitRule, now: float) -> tuple["Circuit", float | None]:
        """Return the next state, and ``None`` where an attempt may begin, or the seconds until it is worth to ask again."""
        if self.open_until is None:
            return self, None
        if now >= self.open_until:
            return Circuit(open_until=now + rule.open_for, probing=1), None
        if 0 < self.probing < rule.probes:
            return Circuit(open_until=now + rule.open_for, probing=self.probing + 1), None
        return self, self.open_until - now

    def succeed(self) -> "Circuit":
        """Return the state after a success. One that comes while the circuit is open began before that, and tells nothing."""
        return self if self.open_until is not None and not self.probing else CLOSED

    def fail(self, rule: CircuitRule, now: float) -> "Circuit":
        """Return the state after a failure."""
        if self.open_until is not None:
            return Circuit(open_until=now + rule.open_for) if self.probing else self
        failed_at = (*(at for at in self.failed_at if now - at <= rule.within), now)
        if len(failed_at) >= rule.failures:
            return Circuit(open_until=now + rule.open_for)
        return Circuit(failed_at)

    def is_spent(self, rule: CircuitRule, now: float) -> bool:
        """Tell whether there is nothing left to remember: no failure that counts, or open, and nobody has asked for long."""
        last = self.open_until if self.open_until is not None else max(self.failed_at, default=now - rule.within)
        return now - last >= rule.within


CLOSED = Circuit()
"""Nothing is known against it."""
