"""CSV with a header, which the first record decides."""

import csv
import dataclasses
import io
import json
from collections.abc import Mapping

from .json_lines import json_text, plain_value
from .output_error import OutputError

_SINGLE_COLUMN = "value"


class CsvRows:
    """The format of ``.csv``: a dict or dataclass is a row; any other value is a row with the one column ``value``.

    `encode` is safe from several threads; `render` belongs to the one thread that writes.
    """

    def __init__(self) -> None:
        self._header: list[str] | None = None

    def encode(self, value: object) -> dict[str, str]:
        """Return the cells of the row of `value`. Lists and dicts in a cell are JSON. Raises `UnwritableValue`."""
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            value = plain_value(value)
        row = value if isinstance(value, Mapping) else {_SINGLE_COLUMN: value}
        return {str(name): _cell(cell) for name, cell in row.items()}

    def render(self, record: dict[str, str]) -> bytes:
        """Return the row in the order of the header, with the header before the first row.

        Raises `OutputError` for a row whose columns are not those of the header.
        """
        rows = []
        if self._header is None:
            self._header = list(record)
            rows.append(self._header)
        elif record.keys() != set(self._header):
            raise OutputError(
                f"its columns are {', '.join(record)}; those of the CSV header are {', '.join(self._header)}: "
                "return the same columns for every item, or write JSON Lines"
            )
        rows.append([record[name] for name in self._header])
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue().encode(errors="backslashreplace")

    @property
    def codec(self) -> "RowsAsJson":
        """How rows are kept elsewhere meanwhile."""
        return RowsAsJson()


class RowsAsJson:
    """Keeps a row as an object of texts."""

    name = "CSV"

    def encode(self, row: dict[str, str]) -> bytes:
        """Return the row as JSON."""
        return json.dumps(row).encode()

    def decode(self, data: bytes) -> dict[str, str]:
        """Return the row."""
        row: dict[str, str] = json.loads(data)
        return row


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    text = json_text(value)
    return str(json.loads(text)) if text.startswith('"') else text  # a path, date or time is its text, without quotes
