"""What the records of an `InputStream` mean: plain lines, JSON values, CSV rows.

All are lazy, read UTF-8 (a byte order mark at the start is skipped), and raise `InputError` with the line number at the
first record that is malformed; what came before it has been yielded.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .input_error import InputError
from .input_stream import InputStream


def lines(stream: InputStream, end: bytes = b"\n") -> Iterator[str]:
    r"""Yield each line as text, without its end (``\n`` or ``\r\n``); empty lines are items too."""
    for _, text in _numbered_text(stream, end):
        yield text.removesuffix("\r") if end == b"\n" else text


def json_values(stream: InputStream) -> Iterator[Any]:
    """Yield the JSON value of each line; blank lines are skipped."""
    for number, text in _numbered_text(stream):
        if text and not text.isspace():
            try:
                yield json.loads(text)
            except json.JSONDecodeError as error:
                raise InputError(f"{stream.name}:{number}: not JSON: {error.msg}, at column {error.colno}") from error
            except RecursionError as error:
                raise InputError(f"{stream.name}:{number}: this JSON is nested too deeply") from error


def csv_rows(stream: InputStream) -> Iterator[dict[str, str]]:
    """Yield each row as a dict from the column names of the first row; blank rows are skipped.

    A row that is longer or shorter than the header is an `InputError`, as is a header that is missing or names a column
    twice: nothing is filled in or cut off.
    """
    rows = csv.reader((f"{text}\n" for _, text in _numbered_text(stream)), strict=True)
    header: list[str] = []
    try:
        for row in rows:
            if not row:
                continue
            if not header:
                header = _checked_header(row, f"{stream.name}:{rows.line_num}")
                continue
            if len(row) != len(header):
                raise InputError(f"{stream.name}:{rows.line_num}: {_fields(row)} where the header has {len(header)}")
            yield dict(zip(header, row, strict=True))
    except csv.Error as error:
        raise InputError(f"{stream.name}:{rows.line_num}: not CSV: {error}") from error
    if not header:
        raise InputError(f"{stream.name}: empty; the first row must name the columns")


def _numbered_text(stream: InputStream, end: bytes = b"\n") -> Iterator[tuple[int, str]]:
    encoding = "utf-8-sig"  # for the first record alone: a byte order mark elsewhere is text
    for number, record in enumerate(stream.records(end), start=1):
        try:
            yield number, record.decode(encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{stream.name}:{number}: not UTF-8: byte 0x{record[error.start]:02x} at place {error.start + 1} of the line"
            ) from error
        encoding = "utf-8"


def _checked_header(row: list[str], place: str) -> list[str]:
    twice = [name for name, count in Counter(row).items() if count > 1]
    if twice:
        raise InputError(f"{place}: the header names the column {twice[0]!r} twice")
    return row


def _fields(row: list[str]) -> str:
    return f"{len(row)} field{'' if len(row) == 1 else 's'}"
