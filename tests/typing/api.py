"""What type checkers must make of the API. Checked by `make types`, never run."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import assert_type

import threadwork


def length(text: str) -> int:
    return len(text)


def add(left: int, right: int) -> float:
    return left + right


def a_run_gives_what_the_function_returns(texts: list[str]) -> None:
    run = threadwork.map(length, texts, workers=2, name="length")
    assert_type(run, threadwork.Run[int])
    assert_type(run.collect(), list[int])
    assert_type(next(run), int)
    for value in run:
        assert_type(value, int)
    assert_type(run.outcomes(), Iterator[threadwork.Outcome[int]])
    assert_type(run.stats(), threadwork.Summary)
    with run as opened:
        assert_type(opened, threadwork.Run[int])


def an_outcome_unwraps_to_the_value(outcome: threadwork.Outcome[int]) -> None:
    assert_type(outcome.unwrap(), int)
    assert_type(outcome.value, int | None)
    assert_type(outcome.status, threadwork.Status)
    assert_type(outcome.error, BaseException | None)


def several_iterables_and_starmap(numbers: list[int]) -> None:
    assert_type(threadwork.map(add, numbers, numbers), threadwork.Run[float])
    assert_type(threadwork.starmap(add, zip(numbers, numbers, strict=True)), threadwork.Run[float])
    assert_type(threadwork.for_each(length, ["a"], check=False), threadwork.Summary)


def a_pool_gives_the_same(texts: list[str]) -> None:
    with threadwork.Pool("words", workers=4, grace=1.0) as pool:
        assert_type(pool.map(length, texts, ordered=False), threadwork.Run[int])
        assert_type(pool.for_each(length, texts), threadwork.Summary)
        with pool.group() as group:
            assert_type(group.start(add, 1, right=2), threadwork.Task[float])


def a_group_checks_arguments() -> None:
    with threadwork.TaskGroup(workers=2) as group:
        task = group.start(length, "abc")
        assert_type(task.result(), int)
        group.start(length, 3)  # type: ignore[arg-type] # a number has no length
        group.start(length)  # type: ignore[call-arg] # the text is missing


def an_executor_is_one() -> None:
    executor: ThreadPoolExecutor = threadwork.Executor(max_workers=2)
    assert_type(executor.submit(length, "abc"), Future[int])


def options_are_checked(texts: list[str]) -> None:
    threadwork.map(length, texts, wrokers=2)  # type: ignore[call-arg] # misspelt
    threadwork.map(length, texts, workers="two")  # type: ignore[arg-type] # a number is asked for
    threadwork.map(length, texts, halt=threadwork.Halt("5%"), listeners=[print], timeout=None, batch="auto", context="empty")


def events_tell_apart(event: threadwork.Event) -> None:
    if isinstance(event, threadwork.ItemFinished):
        assert_type(event.outcome.worker, str)
    listener: threadwork.Listener = events_tell_apart
    listener(event)


def a_task_knows_itself() -> None:
    me = threadwork.current()
    assert_type(me, threadwork.TaskContext)
    assert_type(me.remaining(), float | None)
    with me.on_cancel(lambda: None):
        me.sleep(0.1)
