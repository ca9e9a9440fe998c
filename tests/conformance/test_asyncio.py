"""`Executor` as the default executor of an asyncio event loop."""

import asyncio
import contextvars
import socket
import sys
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

import threadwork

LIMIT = 10.0
"""Seconds that anything here may wait; nothing takes more than a moment."""


def thread_name() -> str:
    return threading.current_thread().name


def is_alive(name: str) -> bool:
    return any(thread.name == name for thread in threading.enumerate())


def run_with_executor(body: Callable[[threadwork.Executor], Coroutine[Any, Any, None]], workers: int = 4) -> None:
    """Run `body` in a loop whose default executor is ours; ``asyncio.run`` then shuts it down, as it does its own."""

    async def with_executor() -> None:
        executor = threadwork.Executor(workers, "loop")
        asyncio.get_running_loop().set_default_executor(executor)
        await asyncio.wait_for(body(executor), LIMIT)

    asyncio.run(with_executor())


def test_run_in_executor_and_to_thread_use_its_threads() -> None:
    async def body(_: threadwork.Executor) -> None:
        loop = asyncio.get_running_loop()
        assert (await loop.run_in_executor(None, thread_name)).startswith("loop")
        assert (await asyncio.to_thread(thread_name)).startswith("loop")
        assert await asyncio.to_thread(int, "11", base=2) == 3

    run_with_executor(body)


def test_calls_run_at_the_same_time() -> None:
    meeting = threading.Barrier(4)

    async def body(_: threadwork.Executor) -> None:
        arrivals = await asyncio.gather(*(asyncio.to_thread(meeting.wait, LIMIT) for _ in range(4)))
        assert sorted(arrivals) == [0, 1, 2, 3]

    run_with_executor(body)


def test_to_thread_sees_the_context_of_the_caller_and_cannot_change_it() -> None:
    request = contextvars.ContextVar("request", default="none")

    def change() -> str:
        before = request.get()
        request.set("changed in the thread")
        return before

    async def body(_: threadwork.Executor) -> None:
        request.set("mine")
        assert await asyncio.to_thread(change) == "mine"
        assert request.get() == "mine"

    run_with_executor(body)


def test_the_very_exception_arrives() -> None:
    error = LookupError("no such page")

    def fail() -> None:
        raise error

    async def body(_: threadwork.Executor) -> None:
        with pytest.raises(LookupError) as caught:
            await asyncio.to_thread(fail)
        assert caught.value is error

    run_with_executor(body)


def test_a_cancelled_call_that_waits_in_the_queue_never_begins() -> None:
    began: list[str] = []
    gate = threading.Event()

    async def body(executor: threadwork.Executor) -> None:
        loop = asyncio.get_running_loop()
        busy = loop.run_in_executor(None, gate.wait, LIMIT)
        queued = loop.run_in_executor(None, began.append, "queued")
        queued.cancel()
        await asyncio.sleep(0)  # one turn of the loop, in which it tells the executor
        with pytest.raises(asyncio.CancelledError):
            await queued
        gate.set()
        assert await busy
        await loop.run_in_executor(executor, began.append, "after")
        assert began == ["after"]

    run_with_executor(body, workers=1)


def test_cancelling_the_wait_for_a_running_call_returns_at_once_and_the_call_ends_by_itself() -> None:
    started, gate, ended = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        started.set()
        gate.wait(LIMIT)
        ended.set()

    async def body(_: threadwork.Executor) -> None:
        waiting = asyncio.create_task(asyncio.to_thread(call))
        await asyncio.to_thread(started.wait, LIMIT)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert not ended.is_set()
        gate.set()

    run_with_executor(body)
    assert ended.is_set(), "the end of the loop waits for the call"


def test_shutdown_of_the_default_executor_waits_for_calls_and_ends_the_threads() -> None:
    async def body(_: threadwork.Executor) -> None:
        loop = asyncio.get_running_loop()
        name = await asyncio.to_thread(thread_name)
        pending = [loop.run_in_executor(None, pow, number, 2) for number in range(100)]
        await loop.shutdown_default_executor()
        assert await asyncio.gather(*pending) == [number**2 for number in range(100)]
        assert not is_alive(name)
        with pytest.raises(RuntimeError, match="shutdown"):
            await asyncio.to_thread(int)

    run_with_executor(body)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="shutdown_default_executor has a timeout since Python 3.12")
def test_shutdown_of_the_default_executor_gives_up_on_a_hung_call_in_time() -> None:
    gate = threading.Event()

    async def body(_: threadwork.Executor) -> None:
        loop: Any = asyncio.get_running_loop()
        hung = loop.run_in_executor(None, gate.wait, LIMIT)
        with pytest.warns(RuntimeWarning, match="did not finish"):
            await loop.shutdown_default_executor(timeout=0.01)
        gate.set()
        assert await hung

    run_with_executor(body)


def test_the_end_of_the_loop_ends_the_threads() -> None:
    names: list[str] = []

    async def body(_: threadwork.Executor) -> None:
        names.append(await asyncio.to_thread(thread_name))

    run_with_executor(body)
    assert not is_alive(names[0])


def test_name_look_ups_of_the_loop_run_on_it() -> None:
    async def body(_: threadwork.Executor) -> None:
        found = await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        assert found[0][4] == ("127.0.0.1", 80)
        assert any(thread.name.startswith("loop") for thread in threading.enumerate())

    run_with_executor(body)


def test_a_submitted_future_can_be_awaited() -> None:
    async def body(executor: threadwork.Executor) -> None:
        assert await asyncio.wrap_future(executor.submit(pow, 2, 8)) == 256

    run_with_executor(body)


def test_code_in_a_thread_can_hand_work_back_to_the_loop() -> None:
    async def double(number: int) -> int:
        return 2 * number

    async def body(_: threadwork.Executor) -> None:
        loop = asyncio.get_running_loop()
        assert await asyncio.to_thread(lambda: asyncio.run_coroutine_threadsafe(double(21), loop).result(LIMIT)) == 42

    run_with_executor(body)
