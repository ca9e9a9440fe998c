"""Looking into the file of a journal, also while a run writes it; and giving space back."""

import contextlib
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import JournalError
from .store import COLUMNS, check_format, clear_errors, lock_file

_HIDDEN = ("key", "value")


@dataclass(frozen=True, slots=True)
class Overview:
    """What a journal is of, and what is in it."""

    meaning: dict[str, str]
    """Task, key, version and how values are kept."""
    runs: list[tuple[int, float, float | None]]
    """Number, and when it began and ended, in seconds since 1970; no end: it is running, or was killed."""
    counts: dict[str, int]
    """How many items ended how."""


def overview(path: str) -> Overview:
    """Return what is in the journal. Raises `JournalError`."""
    with _open(path) as connection:
        return Overview(
            dict(connection.execute("SELECT name, value FROM meaning")),
            connection.execute("SELECT run, began, ended FROM runs ORDER BY run").fetchall(),
            dict(connection.execute("SELECT status, count(*) FROM outcomes GROUP BY status ORDER BY status")),
        )


def records(path: str, statuses: Sequence[str] = (), *, values: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the records of the journal (of those statuses alone, if any are given), in the order of the input, as dicts.

    With `values`, what is kept as JSON is in ``value``. Memory does not grow with their number. Raises `JournalError`.
    """
    names = [name for name in COLUMNS if name not in _HIDDEN]
    where = f"WHERE status IN ({', '.join('?' * len(statuses))})" if statuses else ""
    with _open(path) as connection:
        query = f"SELECT value, {', '.join(names)} FROM outcomes {where} ORDER BY position, id"  # noqa: S608 - names and question marks
        for value, *rest in connection.execute(query, statuses):
            record = dict(zip(names, rest, strict=True))
            yield {**record, "value": _shown(value)} if values else record


def compact(path: str) -> tuple[int, int]:
    """Give space back that is not used any more; return the size in bytes before and after.

    Raises `JournalError`, also where a run has the file.
    """
    with clear_errors(path):
        size = Path(path).stat().st_size
        lock = lock_file(path)
        try:
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
                check_format(connection, path)
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            os.close(lock)
        return size, Path(path).stat().st_size


@contextlib.contextmanager
def _open(path: str) -> Iterator[sqlite3.Connection]:
    """Open the file for reading; nothing is made or changed."""
    if not Path(path).is_file():
        raise JournalError(f"there is no journal {path}")
    with clear_errors(path):
        # Where no run has it open, nothing else is needed beside the file, and the folder need not be one to write in.
        in_use = Path(f"{path}-wal").exists()
        uri = f"{Path(path).resolve().as_uri()}?mode=ro{'' if in_use else '&immutable=1'}"
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            try:
                check_format(connection, path)
            except sqlite3.DatabaseError as error:
                raise JournalError(f"{path} is not a journal: {error}") from error
            yield connection


def _shown(value: bytes | None) -> Any:
    """Return a kept value where it is JSON; a codec of the user's own can be read by that alone."""
    try:
        return json.loads(value) if value else None
    except ValueError:
        return f"<{len(value or b'')} bytes>"
