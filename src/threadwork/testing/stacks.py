"""What threads do right now, for the messages of failing tests."""

import threading
import traceback
from collections.abc import Iterable


def describe_threads(threads: Iterable[threading.Thread]) -> str:
    """Return the name and the stack of each thread, for people."""
    from ..engine import frames_of_threads  # noqa: PLC0415 - the pytest plug-in loads this in every session

    frames = frames_of_threads()
    parts = []
    for thread in threads:
        frame = frames.get(thread.ident or 0)
        parts.append(f"{thread.name}:\n" + "".join(traceback.format_stack(frame) if frame else ["  (starting or ending)\n"]))
    return "\n".join(parts)
