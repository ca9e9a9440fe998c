"""`InOrder` and `AsCompleted` against a list of the batches, under any sequence of what happens to them."""

from collections import deque

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from threadwork.engine.batch import Batch
from threadwork.engine.delivery import AsCompleted, InOrder

LATE = 0.5
"""Batches begun at 0 are late, those begun at 1 are not."""


class DeliveryMachine(RuleBasedStateMachine):
    """The engine's steps: batches are admitted, begun, cut, worked on and finished in any order; a consumer takes results."""

    def __init__(self):
        super().__init__()
        self.delivery = self.make()
        self.queued, self.running = [], []
        self.expected = []  # the model: batches, in the order in which they are to be delivered
        self.admitted, self.got = 0, []

    @rule(size=st.integers(1, 5))
    def admit(self, size):
        batch = Batch(None, self.admitted, deque(range(self.admitted, self.admitted + size)), 0.0)
        self.admitted += size
        self.delivery.admit(batch)
        self.place_in_model(batch)
        self.queued.append(batch)

    @precondition(lambda self: self.queued)
    @rule(data=st.data(), begun_at=st.sampled_from([0.0, 1.0]))
    def begin(self, data, begun_at):
        batch = data.draw(st.sampled_from(self.queued))
        self.queued.remove(batch)
        batch.begun_at = begun_at
        self.running.append(batch)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), count=st.integers(1, 5))
    def work(self, data, count):
        batch = data.draw(st.sampled_from(self.running))
        for _ in range(min(count, len(batch.items))):
            batch.done.append(batch.items.popleft())

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cut(self, data):
        batch = data.draw(st.sampled_from(self.running))
        rest = batch.cut()
        if rest:
            self.delivery.place_after(batch, rest)
            self.place_in_model(rest, after=batch)
            self.queued.append(rest)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def finish(self, data):
        batch = data.draw(st.sampled_from(self.running))
        self.running.remove(batch)
        batch.done.extend(batch.items)
        batch.items.clear()
        batch.finished = True
        self.delivery.settle(batch)
        self.finished_in_model(batch)

    @rule()
    def take(self):
        batch = self.delivery.next(self.running, LATE)
        assert batch in self.deliverable()
        if batch is None:
            return
        self.got += batch.done
        batch.done.clear()
        if batch.finished:
            self.delivery.remove_next()
            self.expected.remove(batch)

    @invariant()
    def ready_says_whether_a_finished_batch_can_be_taken(self):
        assert self.delivery.ready() == any(batch and batch.finished for batch in self.deliverable())

    def late(self):
        return [batch for batch in self.running if batch.done and batch.begun_at < LATE]

    def teardown(self):
        """Bring everything to its end: nothing is lost."""
        for batch in self.queued + self.running:
            batch.done.extend(batch.items)
            batch.finished = True
            self.delivery.settle(batch)
            self.finished_in_model(batch)
        self.queued, self.running = [], []
        while self.delivery.ready():
            self.take()
        assert self.expected == []
        assert sorted(self.got) == list(range(self.admitted))


class InOrderMachine(DeliveryMachine):
    """The model holds every batch, by the index of its first item."""

    make = InOrder

    def place_in_model(self, batch, after=None):
        self.expected.insert(len(self.expected) if after is None else self.expected.index(after) + 1, batch)

    def finished_in_model(self, batch):
        """Change nothing: its place is that of its items."""

    def deliverable(self):
        first = self.expected[0] if self.expected else None
        return [first if first and (first.finished or first in self.late()) else None]

    @invariant()
    def results_come_in_the_order_of_the_input(self):
        assert self.got == list(range(len(self.got)))


class AsCompletedMachine(DeliveryMachine):
    """The model holds the finished batches, in the order in which they were finished."""

    make = AsCompleted

    def place_in_model(self, batch, after=None):
        """Change nothing: it comes when it is finished."""

    def finished_in_model(self, batch):
        self.expected.append(batch)

    def deliverable(self):
        return self.expected[:1] or self.late() or [None]

    @invariant()
    def nothing_comes_twice(self):
        assert len(set(self.got)) == len(self.got)


TestInOrder = InOrderMachine.TestCase
TestAsCompleted = AsCompletedMachine.TestCase
