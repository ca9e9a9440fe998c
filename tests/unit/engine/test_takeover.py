"""Items that wait behind a slow input or a slow item are taken over, also when tasks have only just become slow."""

import threading
import time

import threadwork

PATIENCE = 5.0
"""Seconds after which something that has to happen counts as not happening."""


class Change:
    """An input of tiny tasks, which become slow when it has been decided that the next batch is to be of several items.

    What it needs to know of the run: how many items make a batch, how many the open one has, and whether the consumer waits.
    """

    def __init__(self, after):
        self.slow_begun, self.slow_goes_on, self.first_begun, self.second_begun = (threading.Event() for _ in range(4))
        self.after = after
        self.run = threadwork.map(self.task, self.items(), workers=3)

    @property
    def ledger(self):
        return self.run._execution.flow.ledger

    def task(self, item):
        if item == "slow":
            self.slow_begun.set()
            assert self.slow_goes_on.wait(PATIENCE)
            threadwork.current().sleep(0.02)  # far more than a batch is to take
        elif item == "first":
            self.first_begun.set()
            return self.after(self)
        elif item == "second":
            self.second_begun.set()
        return True

    def items(self):
        while self.ledger.sizer.size < 4:
            yield "tiny"
        yield "slow"
        assert self.slow_begun.wait(PATIENCE)
        while self.ledger.incoming.items or self.ledger.sizer.size < 4:
            yield "tiny"
        self.slow_goes_on.set()
        pause, until = threading.Event(), time.monotonic() + 1
        while not (self.ledger.sizer.size == 1 and self.ledger.ready.waiting) and time.monotonic() < until:
            pause.wait(0.001)
        pause.wait(0.02)  # until a consumer that looks by itself now and then has looked
        yield "first"
        assert len(self.ledger.incoming.items) <= 1  # it is in a batch that is not full
        yield from self.rest()


class Blocks(Change):
    """The input blocks then, until the item it has delivered last begins."""

    def rest(self):
        self.in_time = self.first_begun.wait(2)
        yield "tiny"


class GoesOn(Change):
    """The input delivers a second item for the batch, which the first item waits for."""

    def rest(self):
        yield "second"


def test_an_item_begins_although_the_input_blocks_after_it():
    change = Blocks(after=lambda _: True)
    change.run.collect()
    assert change.in_time


def test_an_item_begins_although_the_one_before_it_in_the_batch_is_slow():
    change = GoesOn(after=lambda change: change.second_begun.wait(2))
    assert all(change.run.collect())
