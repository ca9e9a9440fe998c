"""Ctrl-C at every moment at which CPython looks for signals in the engine, on the thread that uses it: nothing hangs.

CPython raises ``KeyboardInterrupt`` after calls, so the sweep raises it after the first call of the engine, then after the
second one, and so on, until a run gets through without.
"""

import dis
import itertools
import os
import subprocess
import sys
from collections.abc import Callable

import pytest

import threadwork
from tests.support.aside import Aside
from threadwork import Executor, Pool, TaskGroup

CALLS = {dis.opmap[name] for name in ("CALL", "CALL_KW", "CALL_FUNCTION_EX") if name in dis.opmap}
ENGINE = threadwork.engine.__path__[0]
PATIENCE = 5.0
GRACE = 0.05


class Interrupter:
    """Raises ``KeyboardInterrupt`` after the `number`-th call that the engine makes on this thread."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.place = ""

    def __call__(self, frame, event, arg):  # noqa: ARG002 - what sys.settrace calls
        # Python swallows what finalizers raise, so they are left in peace.
        if not frame.f_code.co_filename.startswith(ENGINE) or frame.f_code.co_name == "__del__":
            return None
        frame.f_trace_opcodes = True
        code = frame.f_code.co_code
        before = -1

        def opcode(frame, event, arg):
            nonlocal before
            if event == "opcode":
                called = before >= 0 and code[before] in CALLS
                before = frame.f_lasti
                if called:
                    self._called(frame)
            return opcode

        return opcode

    def _called(self, frame) -> None:
        self.left -= 1
        if self.left == 0:
            self.place = f"{frame.f_code.co_filename.removeprefix(ENGINE)}:{frame.f_lineno}"
            raise KeyboardInterrupt

    def run(self, use: Callable[[], object]) -> None:
        """Call `use`; a ``KeyboardInterrupt`` is expected."""
        sys.settrace(self)
        try:
            use()
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)


def values():
    for _ in threadwork.map(abs, range(20), workers=2, grace=GRACE):
        pass


def outcomes():
    for _ in threadwork.map(abs, range(20), workers=2, grace=GRACE).outcomes():
        pass


def for_each():
    threadwork.for_each(abs, range(20), workers=2, grace=GRACE)


def group():
    with TaskGroup(workers=2, grace=GRACE) as tasks:
        for number in range(5):
            tasks.start(abs, number)


def pool():
    with Pool("swept", workers=2, grace=GRACE) as threads:
        threads.map(abs, range(20)).collect()


def executor():
    with Executor(2) as threads:
        list(threads.map(abs, range(5)))


WAYS = {way.__name__: way for way in (values, outcomes, for_each, group, pool, executor)}


def sweep(way: str) -> list[str]:
    """Interrupt `way` everywhere; return where it hung or raised something else."""
    faults: list[str] = []
    for number in itertools.count(1):
        interrupter = Interrupter(number)
        swept = Aside(lambda: interrupter.run(WAYS[way]))
        try:
            swept.result(PATIENCE)
        except BaseException as error:
            faults.append(f"{interrupter.place}: {type(error).__name__} {error!s:.200}")
        if not interrupter.place or len(faults) >= 5:
            break
    assert number > 30, "the engine makes more calls than that: nothing was interrupted"
    return faults


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_at_any_moment_hangs_nothing(way):
    # In a process of its own: an interrupted clean-up may leave threads waiting, as long as nobody waits for them.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(
        [sys.executable, __file__, way], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert (child.returncode, child.stdout) == (0, ""), child.stdout + child.stderr


if __name__ == "__main__":
    found = sweep(sys.argv[1])
    print("\n".join(found), end="", flush=True)
    os._exit(bool(found))
