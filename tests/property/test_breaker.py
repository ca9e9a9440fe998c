"""`Breaker` under any sequence of attempts that begin, succeed, fail or are lost, at any time."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from threadwork.policies import Breaker

DOWN = ConnectionError("down")
KEYS = "ab"


class BreakerMachine(RuleBasedStateMachine):
    """Keeps, of each key, all that happened since it was last known to be up, and judges the breaker's answers by that."""

    @initialize(failures=st.integers(1, 4), within=st.integers(0, 20), open_for=st.integers(1, 10), probes=st.integers(1, 3))
    def begin(self, failures, within, open_for, probes):
        self.failures, self.within, self.open_for, self.probes = failures, within, open_for, probes
        self.breaker = Breaker(failures, within, open_for=open_for, probes=probes, key=str)
        self.now = 0.0
        self.failed = {key: [] for key in KEYS}  # closed: since the last success
        self.opened = dict.fromkeys(KEYS)  # since when it is open
        self.let_in = {key: [] for key in KEYS}  # half-open: when probes were let in

    @rule(seconds=st.integers(1, 8))
    def wait(self, seconds):
        self.now += seconds

    @rule(key=st.sampled_from(KEYS))
    def ask(self, key):
        wait = self.breaker.refuses(key, self.now)
        if self.opened[key] is None:
            assert wait is None
        elif wait is None:
            assert self.now >= self.opened[key] + self.open_for
            self.let_in[key].append(self.now)
        else:
            assert wait > 0
            assert self._probes_out(key) in (0, self.probes)
            assert self.now + wait == max([self.opened[key], *self.let_in[key]]) + self.open_for

    def _probes_out(self, key):
        """Return how many have been let in, each before the one before it was taken for lost."""
        count, last = 0, -100.0
        for at in self.let_in[key]:
            count, last = (count + 1 if at < last + self.open_for else 1), at
        return count

    @rule(key=st.sampled_from(KEYS))
    def succeed(self, key):
        self.breaker.succeeded(key)
        if self.opened[key] is None or self.let_in[key]:
            self.opened[key] = None
            self.failed[key], self.let_in[key] = [], []

    @rule(key=st.sampled_from(KEYS))
    def fail(self, key):
        self.breaker.failed(key, DOWN, self.now)
        if self.opened[key] is None:
            self.failed[key].append(self.now)
            last = self.failed[key][-self.failures :]
            if len(last) == self.failures and self.now - last[0] <= self.within:
                self.opened[key] = self.now
        elif self.let_in[key]:
            self.opened[key], self.let_in[key] = self.now, []

    @precondition(lambda self: any(at is not None for at in self.opened.values()))
    @rule()
    def wait_until_one_is_tried_again(self):
        since = next(at for at in self.opened.values() if at is not None)
        self.now = max(self.now, since + self.open_for)

    @invariant()
    def no_more_probes_than_asked_for_are_out_at_once(self):
        for let_in in self.let_in.values():
            for at in let_in:
                assert sum(at <= other < at + self.open_for for other in let_in) <= self.probes

    @invariant()
    def it_remembers_only_what_is_held_against_a_key(self):
        known = {key for key in KEYS if self.failed[key] or self.opened[key] is not None}
        assert set(self.breaker._circuits) == known


TestBreaker = BreakerMachine.TestCase
