"""Items that wait behind a slow input or a slow item are taken over, also when tasks have only just become slow."""

import threading
import time

import threadwork
from tests.support.aside import wait_for, wait_until
from threadwork.engine.crew import Crew
from threadwork.engine.notify import Notifier
from threadwork.engine.options import Settings

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


class Occupies:
    """Work that keeps its worker busy."""

    owner = None

    def __init__(self, until):
        self.begun = threading.Event()
        self.until = until

    def execute(self, worker):  # noqa: ARG002 - what a crew calls
        self.begun.set()
        self.until.wait(3 * PATIENCE)

    def refuse(self, error):
        raise AssertionError(error)


class LookedAfter:
    """A run that gives the first worker that looks after it something to do, before anybody else can have it."""

    def __init__(self, crew, work):
        self.crew = crew
        self.work = [work]
        self.looked_again = threading.Event()

    def look(self):
        if self.work:
            self.crew._queue.append(self.work.pop())
        else:
            self.looked_again.set()
        return True


def test_another_idle_worker_looks_when_the_one_that_did_has_got_work():
    first, second = threading.Event(), threading.Event()
    crew = Crew(Settings(workers=2, name="crew"), Notifier(()))
    try:
        for work in [Occupies(first) for _ in range(2)]:
            crew.submit(work)
            wait_for(work.begun)
        first.set()
        wait_until(lambda: len(crew._idle) == 2)
        run = LookedAfter(crew, Occupies(second))
        crew.open_run(run)
        crew.watch()
        wait_for(run.looked_again)
    finally:
        second.set()
        crew.close()
        assert crew.join(None) == ()
