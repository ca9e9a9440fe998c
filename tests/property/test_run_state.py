"""`RunState` against a list of the items themselves, under any sequence of what input, workers and consumer do."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from threadwork.engine.run_state import MOST_AHEAD, RunState


class RunStateMachine(RuleBasedStateMachine):
    """Items go from waiting to done, failed or dropped; those that have ended are yielded from the front."""

    @initialize(workers=st.integers(1, 40), buffersize=st.none() | st.integers(1, 60))
    def begin(self, workers, buffersize):
        self.state = RunState(workers, buffersize)
        self.items = []
        self.yielded = 0

    @rule(asked=st.integers(1, MOST_AHEAD), chance=st.floats(0, 1))
    def admit(self, asked, chance):
        size = min(asked, self.state.largest_batch())
        if self.state.input_open and self.state.room(size) >= size:
            count = 1 + int(chance * (size - 1))
            self.state.admitted += count
            self.items += ["waiting"] * count

    @precondition(lambda self: "waiting" in self.items)
    @rule(chance=st.floats(0, 1), first=st.booleans(), end=st.sampled_from(["done", "failed"]))
    def settle(self, chance, first, end):
        waiting = [place for place, stage in enumerate(self.items) if stage == "waiting"]
        count = 1 + int(chance * (len(waiting) - 1))
        for place in waiting[:count] if first else waiting[-count:]:
            self.items[place] = end
        self.state.settled += count
        setattr(self.state, end, getattr(self.state, end) + count)

    @rule(chance=st.floats(0, 1))
    def give_to_consumer(self, chance):
        count = int(chance * (self._ended() - self.yielded))
        self.state.yielded += count
        self.yielded += count

    @rule(waits=st.booleans())
    def consumer_waits(self, waits):
        self.state.consumer_waits = waits

    @rule()
    def end_the_input(self):
        self.state.input_open = False

    @precondition(lambda self: self.yielded > 10)  # not too early: a stopped run has little more to show
    @rule()
    def stop(self):
        self.state.stopped = True
        self.state.settled += self.items.count("waiting")
        self.items = ["dropped" if stage == "waiting" else stage for stage in self.items]

    def _ended(self):
        return len(self.items) - self.items.count("waiting")

    @invariant()
    def the_input_is_never_too_far_ahead(self):
        ahead = len(self.items) - self.yielded
        assert ahead <= (MOST_AHEAD if self.state.buffersize is None else self.state.buffersize)

    @invariant()
    def there_is_room_where_the_consumer_has_got_everything(self):
        batch = self.state.largest_batch()
        if self.yielded == len(self.items) and not self.state.stopped:
            assert self.state.room(batch) >= max(batch, self.state.refill(batch))

    @invariant()
    def nothing_is_admitted_after_a_stop(self):
        if self.state.stopped:
            assert self.state.room(1) == 0

    @invariant()
    def the_counts_are_those_of_the_items(self):
        stages = Counter(self.items)
        assert (self.state.admitted, self.state.settled) == (len(self.items), self._ended())
        assert (self.state.done, self.state.failed, self.state.dropped) == (stages["done"], stages["failed"], stages["dropped"])

    @invariant()
    def it_is_over_exactly_when_all_have_ended_and_none_will_come(self):
        none_will_come = not self.state.input_open or self.state.stopped
        assert self.state.over == (none_will_come and "waiting" not in self.items)

    @invariant()
    def every_worker_can_have_two_batches(self):
        batch = self.state.largest_batch()
        assert batch >= 1
        if batch > 1:
            assert 2 * self.state.workers * batch <= self.state.window(batch) <= MOST_AHEAD


TestRunState = RunStateMachine.TestCase


@given(workers=st.integers(1, 40), batch=st.integers(1, MOST_AHEAD))
def test_behind_a_straggler_the_input_goes_on_up_to_the_most_ahead(workers, batch):
    state = RunState(workers, consumer_waits=True)
    size = min(batch, state.largest_batch())
    while state.room(size) >= size:
        state.admitted += size
        state.settled = state.admitted - 1  # all but the first
    assert MOST_AHEAD - size < state.admitted <= MOST_AHEAD
