"""How much a run of the bench may spend."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a run of the bench may spend; the same cases, only smaller, make the smoke run."""

    rounds: int
    scale: float
    seconds: float  # what one slow contender may take in one round
    all_peers: bool
    quiet_tries: int = 1  # how often a measurement is taken anew when somebody else used the machine meanwhile

    def items(self, wanted: int, cost_us: float) -> int:
        """How many of `wanted` items a contender gets that needs about `cost_us` an item; at least 1,000."""
        affordable = int(self.seconds * 1e6 / cost_us) // 1000 * 1000
        return max(1000, min(int(wanted * self.scale), affordable))


FULL = Effort(rounds=3, scale=1.0, seconds=1.5, all_peers=True)
SMOKE = Effort(rounds=1, scale=0.1, seconds=0.15, all_peers=False)
