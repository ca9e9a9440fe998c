"""`Call`: what a worker does for one item."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Call:
    """Turns a text into what the function wants, calls it, and makes a record of what it returned.

    All three are the task: text that is no number, or a value that cannot be written, fails that item and no other, and
    the work of encoding is spread over the workers.
    """

    function: Callable[[Any], Any]
    convert: Callable[[str], Any] | None
    encode: Callable[[object], Any]

    @property
    def __wrapped__(self) -> Callable[[Any], Any]:
        """The user's function, as functools.wraps leaves it: a journal knows the task by that one's name."""
        return self.function

    def __call__(self, item: Any) -> Any:
        """Return the record for `item`."""
        return self.encode(self.function(self.convert(item) if self.convert else item))
