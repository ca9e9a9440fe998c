"""`EventFile`: a JSON array in a file, written while it grows, that keeps its beginning and its newest elements."""

import os
import time
from collections import deque
from io import FileIO
from itertools import chain

_MOST_BUFFERED = 500  # elements, about 64 KiB; a guess
_LONGEST_BUFFERED = 1.0  # seconds: what is lost of a process that is killed


class EventFile:
    """Holds at most `most` elements, and those that are always kept. Memory stays flat. Guarded by whoever owns it.

    The first nine tenths go to the file as they come; the newest of what follows are held in memory, and are in the file
    once it is finished. What is between is counted in `dropped`. The file is whole at once and whenever it is finished;
    of a process that was killed meanwhile it is an array without its end. Raises ``OSError`` where it cannot be written.
    """

    def __init__(self, path: str, most: int) -> None:
        self._path = os.path.abspath(path)  # noqa: PTH100 - `resolve` would follow links
        self._head_left = most - most // 10
        self._head: list[str] = []
        self._tail: deque[str] = deque(maxlen=max(most // 10, 1))
        self._kept: list[str] = []
        self._last_of_head = ""
        self._written_at = time.monotonic()
        self._end = 0  # of what is in the file to stay
        self._file: FileIO | None = FileIO(self._path, "w")
        self.dropped = 0
        """Elements that are neither in the file nor will be."""
        self.finish()

    def add(self, element: str) -> None:
        """Add one element, a JSON text (or several, with commas between, that are dropped together)."""
        if self._head_left <= 0:
            self.dropped += len(self._tail) == self._tail.maxlen
            self._tail.append(element)
            return
        self._head_left -= 1
        if self._head_left <= 0:
            self._last_of_head = element
        self._head.append(element)
        if len(self._head) >= _MOST_BUFFERED or time.monotonic() - self._written_at >= _LONGEST_BUFFERED:
            self._flush()

    def keep(self, element: str) -> None:
        """Add one element that is not dropped, wherever it comes."""
        (self._kept if self._head_left <= 0 else self._head).append(element)

    def gap(self) -> tuple[str, str] | None:
        """Return the elements before and after what was dropped, if anything was."""
        return (self._last_of_head, self._tail[0]) if self.dropped else None

    def finish(self, *closing: str) -> None:
        """Make the file whole, with the `closing` elements after all others. What is added later takes their place."""
        self._flush()
        end = "".join(",\n" + element for element in chain(self._kept, self._tail, closing))
        self._write(f"{end}\n]\n" if self._end else f"[{end[1:]}\n]\n")
        if self._file:
            self._file.close()
            self._file = None

    def _flush(self) -> None:
        if self._head:
            text = ",\n".join(self._head)
            self._end += self._write(f",\n{text}" if self._end else f"[\n{text}")
            self._head.clear()
        self._written_at = time.monotonic()

    def _write(self, text: str) -> int:
        """Write `text` where the file ends that is to stay, and return its size."""
        if self._file is None:
            self._file = FileIO(self._path, "r+")
            self._file.truncate(self._end)
        self._file.seek(self._end)
        left = memoryview(text.encode("ascii"))
        while left:
            left = left[self._file.write(left) or 0 :]
        return len(text)
