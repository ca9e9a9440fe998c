"""`Output`: records of one format on their way to one destination."""

from typing import Any, Protocol

from .destination import Destination


class RecordFormat(Protocol):
    """How values become records. `encode` runs in the tasks, on many threads; `render` on the one thread that writes."""

    def encode(self, value: object, /) -> Any:
        """Return what `render` needs. Raises `UnwritableValue`."""

    def render(self, record: Any, /) -> bytes:
        """Return the bytes of the record. Raises `OutputError` where it does not fit the ones before."""


class Output:
    """A format and a destination. `encode` is safe from several threads, the rest belongs to one."""

    def __init__(self, record_format: RecordFormat, destination: Destination) -> None:
        self.destination = destination
        self.encode = record_format.encode
        self._render = record_format.render

    def write(self, record: Any) -> None:
        """Write what `encode` returned."""
        self.destination.write(self._render(record))
