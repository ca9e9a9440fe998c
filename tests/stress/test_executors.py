"""Executors that are shut down, waited on and cancelled at moments left to chance."""

import threading
from collections import Counter
from concurrent.futures import wait

from threadwork import Executor

SECONDS = 2.0


def test_shutdown_ends_every_future_once(chance, rounds):
    for _ in rounds(SECONDS):
        executor, futures, called, called_back = Executor(chance.choice([1, 2, 8])), [], [], []

        def submit_until_closed(executor=executor, futures=futures, called=called, called_back=called_back):
            for number in range(200):
                try:
                    future = executor.submit(called.append, number)
                except RuntimeError:
                    return
                futures.append(future)
                future.add_done_callback(called_back.append)

        submitter = threading.Timer(0, submit_until_closed)
        submitter.start()
        for _ in range(chance.randrange(300)):
            pass
        cancel = chance.random() < 0.5
        executor.shutdown(wait=chance.random() < 0.5, cancel_futures=cancel)
        submitter.join()
        executor.shutdown()
        assert wait(futures, timeout=5).not_done == set()
        ended = Counter("cancelled" if future.cancelled() else "done" for future in futures)
        assert ended["done"] == len(called)
        assert cancel or not ended["cancelled"]
        assert sorted(map(id, called_back)) == sorted(map(id, futures))
        assert called == sorted(called) or executor._max_workers > 1


def test_futures_are_cancelled_while_they_are_begun(chance, rounds):
    with Executor(2) as executor:
        for _ in rounds(SECONDS):
            called = []
            futures = [executor.submit(called.append, number) for number in range(30)]
            cancelled = {number for number in range(0, 30, chance.randrange(1, 4)) if futures[number].cancel()}
            wait(futures)
            assert sorted([*called, *cancelled]) == list(range(30))


def test_calls_that_wait_for_each_other(chance, rounds):
    for _ in rounds(SECONDS):
        with Executor(chance.choice([1, 2, 3])) as executor:

            def fibonacci(n, executor=executor):
                if n < 2:
                    return n
                before = executor.submit(fibonacci, n - 2)
                return fibonacci(n - 1) + before.result()

            assert executor.submit(fibonacci, 8).result(timeout=10) == 21


def test_executors_that_are_forgotten(rounds):
    for _ in rounds(SECONDS / 2):
        futures = [Executor(2).submit(abs, -number) for number in range(5)]
        assert [future.result(timeout=5) for future in futures] == list(range(5))
