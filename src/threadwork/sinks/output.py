"""`Output`: records of one format on their way to one destination."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from .csv_rows import CsvRows
from .destination import STANDARD, Destination, open_destination
from .json_lines import JsonLines
from .output_error import OutputError


class RecordFormat(Protocol):
    """How values become records. `encode` runs in the tasks, on many threads; `render` on the one thread that writes."""

    def encode(self, value: object, /) -> Any:
        """Return what `render` needs. Raises `UnwritableValue`."""

    def render(self, record: Any, /) -> bytes:
        """Return the bytes of the record. Raises `OutputError` where it does not fit the ones before."""

    @property
    def codec(self) -> "RecordCodec":
        """How records are kept elsewhere meanwhile."""


class RecordCodec(Protocol):
    """Turns what `RecordFormat.encode` returned into JSON, and back."""

    def encode(self, record: Any, /) -> bytes:
        """Return the record as JSON."""

    def decode(self, data: bytes, /) -> Any:
        """Return the record."""


class Output:
    """A format and a destination. `encode` is safe from several threads, the rest belongs to one.

    Leaving it as a context manager without `commit` keeps what is in it, like `keep`.
    """

    def __init__(self, record_format: RecordFormat, destination: Destination) -> None:
        self.encode = record_format.encode
        self.codec = record_format.codec
        self._render = record_format.render
        self._destination = destination
        self._open = True

    def write(self, record: Any) -> None:
        """Write what `encode` returned. Raises `OutputError`; ``BrokenPipeError`` where nobody reads any more."""
        self._destination.write(self._render(record))

    def commit(self) -> None:
        """All records are in: make them last."""
        self._open = False
        self._destination.commit()

    def keep(self) -> str | None:
        """End early; return the path where the records are kept, if it is one of their own. A second call does nothing."""
        if not self._open:
            return None
        self._open = False
        return self._destination.keep()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.keep()


_FORMATS: dict[str, Callable[[], RecordFormat]] = {"jsonl": JsonLines, "ndjson": JsonLines, "csv": CsvRows}


def open_output(path: str, format_name: str | None = None, standard: int | None = None) -> Output:
    """Open `path` (``-``: the file descriptor `standard`, by default of standard output) in a format.

    The format is that of the suffix where `format_name` is not given, and JSON Lines on a stream. Raises `OutputError`
    where there is no such format, or the file cannot be written.
    """
    suffix = Path(path).suffix.removeprefix(".").lower()
    name = format_name or (suffix if path != STANDARD and not path.startswith("/dev/") else "jsonl")
    if name not in _FORMATS:
        raise OutputError(f"cannot tell the format of {path}: name it .jsonl or .csv, or say --format jsonl or --format csv")
    return Output(_FORMATS[name](), open_destination(path, standard))
