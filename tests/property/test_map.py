"""`map` against the built-in one, whatever the options and whichever items fail; and how far the input runs ahead."""

import builtins
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

import threadwork
from threadwork import Halt, Status

options = st.fixed_dictionaries(
    {
        "workers": st.integers(1, 4),
        "buffersize": st.none() | st.integers(1, 20),
        "batch": st.just("auto") | st.integers(1, 10),
        "ordered": st.booleans(),
        "listeners": st.sampled_from([(), (lambda _: None,)]),
    }
)
sizes = st.integers(0, 80)
failing = st.sets(st.integers(0, 79), max_size=8)


class Input:
    """Gives the numbers below `size`, and watches how far it is ahead of what has come out."""

    def __init__(self, size):
        self.size = size
        self.out = 0
        self.furthest = 0

    def __iter__(self):
        for number in range(self.size):
            self.furthest = max(self.furthest, number + 1 - self.out)
            yield number

    def check(self, buffersize, unseen):
        """Check the bound; of `unseen` items the engine knows already that they are out, and the test not yet."""
        assert self.furthest <= (10_000 if buffersize is None else buffersize) + unseen


def task_failing_at(numbers):
    """Return a task, its calls, and the errors it raises, by item."""
    errors = {number: ValueError(number) for number in numbers}
    calls = []

    def task(number):
        calls.append(number)
        if number in errors:
            raise errors[number]
        return number, str(number)

    return task, calls, errors


def consume(results, source):
    for result in results:
        source.out += 1
        yield result


@given(size=sizes, options=options)
def test_the_values_are_those_of_the_builtin(size, options):
    task, calls, _ = task_failing_at(())
    source = Input(size)
    run = threadwork.map(task, source, **options)
    values = list(consume(run, source))
    assert sorted(calls) == list(range(size))
    assert (values if options["ordered"] else sorted(values)) == list(builtins.map(task, range(size)))
    source.check(options["buffersize"], unseen=1)
    summary = run.stats()
    assert (summary.admitted, summary.done, summary.status) == (size, size, "completed")


@given(size=sizes, options=options, failing=failing)
def test_up_to_the_first_failure_too(size, options, failing):
    task, _, errors = task_failing_at(failing)
    run = threadwork.map(task, range(size), halt=Halt.never(), **options)
    values, raised = [], None
    try:
        values.extend(run)
    except ValueError as error:
        raised = error
    fails = sorted(number for number in failing if number < size)
    numbers = [number for number, _ in values]
    if options["ordered"]:
        assert numbers == list(range(fails[0] if fails else size))
        assert raised is (errors[fails[0]] if fails else None)
    else:
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= set(range(size)) - set(fails)
        assert raised in [errors[number] for number in fails] if fails else raised is None


@given(size=sizes, options=options, failing=failing)
def test_a_failure_halts_it_and_is_raised(size, options, failing):
    task, calls, errors = task_failing_at(failing)
    run = threadwork.map(task, range(size), **options)
    values, raised = [], None
    try:
        values.extend(run)
    except ValueError as error:
        raised = error
    fails = {number for number in failing if number < size}
    assert raised in [errors[number] for number in fails] if fails else raised is None
    numbers = [number for number, _ in values]
    assert sorted(set(numbers)) == (numbers if options["ordered"] else sorted(numbers))
    assert len(set(calls)) == len(calls)
    summary = run.stats()
    assert summary.done + summary.failed == len(calls)
    assert summary.done + summary.failed + summary.cancelled == summary.admitted
    assert (summary.status, summary.failed > 0) == (("failed", True) if fails else ("completed", False))


@given(size=sizes, options=options, failing=failing)
def test_there_is_an_outcome_for_every_item(size, options, failing):
    task, calls, errors = task_failing_at(failing)
    source = Input(size)
    run = threadwork.map(task, source, key=str, **options)
    outcomes = list(consume(run.outcomes(), source))
    if not options["ordered"]:
        outcomes.sort()
    assert [(outcome.index, outcome.key, outcome.item) for outcome in outcomes] == [(n, str(n), n) for n in range(size)]
    for outcome in outcomes:
        assert outcome.error is errors.get(outcome.item)
        assert outcome.status is (Status.FAILED if outcome.error else Status.DONE)
        assert outcome.value == (None if outcome.error else (outcome.item, str(outcome.item)))
    assert sorted(calls) == list(range(size))
    source.check(options["buffersize"], unseen=1)


@given(size=sizes, options=options, failing=failing)
def test_for_each_calls_every_item_once_and_raises_all_errors(size, options, failing):
    task, calls, errors = task_failing_at(failing)
    source, counted = Input(size), threading.Lock()

    def counting(number):
        try:
            return task(number)
        finally:
            with counted:
                source.out += 1

    fails = {number for number in failing if number < size}
    raised = ()
    try:
        summary = threadwork.for_each(counting, source, **options)
        assert (summary.admitted, summary.done) == (size, size)
    except ExceptionGroup as group:
        raised = group.exceptions
    assert sorted(calls) == list(range(size))
    assert sorted(map(id, raised)) == sorted(id(errors[number]) for number in fails)
    source.check(options["buffersize"], unseen=0)


@given(taken=st.integers(1, 80), options=options)
def test_leaving_early_leaves_what_was_taken(taken, options):
    run = threadwork.map(abs, iter(int, 1), **options)
    assert [next(run) for _ in range(taken)] == [0] * taken
    run.close()
    summary = run.stats()
    assert summary.done + summary.cancelled == summary.admitted >= taken
    assert (summary.running, summary.abandoned, summary.status) == (0, (), "cancelled")


@settings(max_examples=5)  # each with more items than the most that work goes on with
@given(workers=st.integers(2, 4), batch=st.just("auto") | st.integers(1, 10), released_at=st.integers(1_000, 9_000))
def test_behind_a_straggler_work_goes_on_up_to_ten_thousand_items(workers, batch, released_at):
    source, enough = Input(12_000), threading.Event()

    def straggle(number):
        if number == released_at:
            enough.set()
        if number == 0:
            assert enough.wait(10)
        return number

    values = list(consume(threadwork.map(straggle, source, workers=workers, batch=batch), source))
    assert values == list(range(12_000))
    assert source.furthest >= released_at
    source.check(None, unseen=1)


@given(first=st.lists(st.integers(), max_size=30), second=st.lists(st.integers(), max_size=30), options=options)
def test_several_inputs_end_with_the_shortest(first, second, options):
    values = threadwork.map(max, first, second, **options).collect()
    expected = list(builtins.map(max, first, second))
    assert (values if options["ordered"] else sorted(values)) == (expected if options["ordered"] else sorted(expected))
