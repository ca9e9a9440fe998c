"""Tells threads that take turns of every bytecode they come to, where it is not the standard library's."""

import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from .turns import here

_STANDARD_LIBRARY = sysconfig.get_path("stdlib")
_THIS_FOLDER = __file__.removesuffix("bytecodes.py")
_TOOL = 3  # of the numbers for `sys.monitoring`, one that is set aside for nobody


def _is_not_ours(file: str) -> bool:
    """Tell whether code in `file` is not to be interrupted: it is the standard library's, or this package's."""
    if file.startswith((_THIS_FOLDER, "<frozen ")):
        return True
    return file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file


if sys.version_info >= (3, 12):
    # Not `sys.settrace`: on 3.13 and 3.14 it leaves out bytecodes of code that is run for the first time, so that the first
    # interleaving of a seed is another than its second; and 3.12.1 crashes when two threads are traced that way.

    @contextmanager
    def bytecodes_told() -> Iterator[None]:
        """Tell all threads that take turns, as long as this is entered."""
        monitoring, instruction = sys.monitoring, sys.monitoring.events.INSTRUCTION
        monitoring.use_tool_id(_TOOL, "threadwork.testing")
        monitoring.register_callback(_TOOL, instruction, _instruction)
        monitoring.set_events(_TOOL, instruction)
        try:
            yield
        finally:
            monitoring.set_events(_TOOL, 0)
            monitoring.register_callback(_TOOL, instruction, None)
            monitoring.free_tool_id(_TOOL)

    @contextmanager
    def told_here() -> Iterator[None]:
        """Tell the calling thread: `bytecodes_told` does it."""
        yield

    def _instruction(code: CodeType, _: int) -> Any:
        if _is_not_ours(code.co_filename):
            return sys.monitoring.DISABLE
        if here.turns is not None:
            here.turns.step(here.number)
        return None

else:

    @contextmanager
    def bytecodes_told() -> Iterator[None]:
        """Tell nobody: each thread has to be in `told_here`."""
        yield

    @contextmanager
    def told_here() -> Iterator[None]:
        """Tell the calling thread, as long as this is entered."""
        sys.settrace(_trace)
        try:
            yield
        finally:
            sys.settrace(None)

    def _trace(frame: FrameType, event: str, _: Any) -> Any:
        if event == "call":
            if _is_not_ours(frame.f_code.co_filename):
                return None
            frame.f_trace_opcodes = True
            frame.f_trace_lines = False
        elif event == "opcode" and here.turns is not None:
            here.turns.step(here.number)
        return _trace
