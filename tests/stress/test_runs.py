"""Storms of small runs, in which everything happens that may happen to a run, at moments left to chance."""

from threadwork import DeadlineExceeded, RunCancelled

from .scenario import InputBroken, carry_out, check, draw, some

SECONDS = 2.5


def test_runs_that_nothing_happens_to_are_complete(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance)
        scenario.slow_input = some(chance, scenario.size, most=2)
        scenario.stubborn = some(chance, scenario.size, most=2)
        story = carry_out(scenario)
        check(scenario, story)
        assert story.raised is None
        assert sorted(story.called) == list(range(scenario.size))


def test_runs_whose_items_fail(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance)
        scenario.failing = some(chance, scenario.size, most=20)
        scenario.cooperative = some(chance, scenario.size, most=3)
        story = carry_out(scenario)
        check(scenario, story)
        if scenario.keep == "values" and story.summary.failed:
            assert story.raised.args[0] in scenario.failing
        else:
            assert story.raised is None


def test_runs_with_listeners_and_resources(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance)
        scenario.failing = some(chance, scenario.size, most=3)
        scenario.options.update(listen=chance.random() < 0.7, lend=chance.random() < 0.7)
        story = carry_out(scenario)
        check(scenario, story)
        if scenario.options["listen"]:
            assert story.events[-1].summary == story.summary


def test_runs_whose_input_raises(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance)
        scenario.broken_at = chance.randrange(scenario.size + 1)
        scenario.slow_input = some(chance, scenario.size, most=2)
        story = carry_out(scenario)
        check(scenario, story)
        if scenario.broken_at < scenario.size:
            assert isinstance(story.raised, InputBroken)
            assert len(story.done) == scenario.broken_at


def test_runs_that_another_thread_cancels(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance, size=chance.choice([40, 300, 2_000]))
        scenario.meddle = chance.choice([lambda run: run.cancel("enough"), lambda run: run.close(), lambda run: run.dump()])
        scenario.meddle_after = chance.uniform(0, 0.004)
        scenario.cooperative = some(chance, scenario.size, most=3)
        scenario.failing = some(chance, scenario.size, most=2)
        scenario.options["listen"] = chance.random() < 0.3
        story = carry_out(scenario)
        check(scenario, story)
        assert not story.summary.abandoned


def test_runs_that_are_left_early(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance, size=chance.choice([1, 7, 300, 2_000]))
        scenario.leave_after = chance.randrange(1, scenario.size + 1)
        scenario.cooperative = some(chance, scenario.size, most=3)
        scenario.stubborn = some(chance, scenario.size, most=3)
        scenario.options["lend"] = chance.random() < 0.3
        story = carry_out(scenario)
        check(scenario, story)
        assert story.raised is None or scenario.options["halt"] is not None
        assert not story.summary.abandoned


def test_runs_that_take_too_long(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance, size=chance.choice([40, 2_000, 100_000]))
        scenario.options["timeout"] = chance.uniform(0.0, 0.01)
        scenario.cooperative = some(chance, min(300, scenario.size), most=10)
        scenario.slow_input = some(chance, min(300, scenario.size), most=3)
        story = carry_out(scenario)
        check(scenario, story)
        assert isinstance(story.raised, DeadlineExceeded) or story.summary.status == "completed"


def test_runs_that_are_ended_without_grace(chance, rounds):
    for _ in rounds(SECONDS):
        scenario = draw(chance, size=chance.choice([40, 2_000]))
        scenario.options["grace"] = 0
        scenario.stubborn = some(chance, min(300, scenario.size), most=5)
        scenario.failing = some(chance, scenario.size, most=10)
        if chance.random() < 0.5:
            scenario.leave_after = chance.randrange(1, scenario.size + 1)
        else:
            scenario.meddle = lambda run: run.cancel("enough")
            scenario.meddle_after = chance.uniform(0, 0.004)
        story = carry_out(scenario)
        check(scenario, story)
        assert isinstance(story.raised, RunCancelled | ValueError | None)
