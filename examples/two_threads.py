"""Two named threads that each do a thing five times, and stop early when a flag is set.

Ctrl-C sets the same flag: both threads stop at their next `sleep`, and nothing is left behind.
"""

import time

import threadwork

TIMES = 5


def tick(delay: float) -> int:
    """Say who ticks, five times, `delay` seconds apart; return how many times."""
    me = threadwork.current()
    for count in range(1, TIMES + 1):
        me.sleep(delay)  # sees the flag: raises `Cancelled` as soon as the task is asked to stop
        print(f"  {me.worker}: {count} of {TIMES}\n", end="", flush=True)  # one write: the other thread prints too
    return TIMES


def main() -> None:
    """Let two threads run to their end; then start two more and stop them half-way."""
    print("two threads, to the end:")
    with threadwork.TaskGroup(name="ticker", workers=2) as group:
        tasks = [group.start(tick, delay) for delay in (0.1, 0.15)]
    print(f"they ticked {[task.result() for task in tasks]} times")

    print("two threads, stopped after half a second:")
    with threadwork.TaskGroup(name="stopped", workers=2) as group:
        tasks = [group.start(tick, delay) for delay in (0.2, 0.3)]
        time.sleep(0.5)
        group.cancel()
    print(f"cancelled: {[task.cancelled() for task in tasks]}")


if __name__ == "__main__":
    main()
