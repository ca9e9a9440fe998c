"""`Store`: the file of a journal: who may use it, what it is of, and how it is read and written. SQLite, in WAL mode.

One connection writes; each thread that reads has one of its own.
"""

import contextlib
import fcntl
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from ..errors import JournalError

_APPLICATION = 0x74687764
_FORMAT = 1
_MAGIC = b"SQLite format 3\x00"
_MOST_TOGETHER = 256
"""Rows of one statement: each statement lets go of the GIL, and may wait milliseconds to have it back."""

COLUMNS = (
    "key", "run", "position", "item", "status", "value", "error", "message", "traceback", "attempts", "began", "duration",
    "waited", "worker",
)  # fmt: skip
T = TypeVar("T")
Row = tuple[bytes, int, int, str, str, bytes | None, str | None, str | None, str | None, int, float, float, float, str]

_SCHEMA = """
    CREATE TABLE meaning (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE runs (run INTEGER PRIMARY KEY, began REAL NOT NULL, ended REAL);
    CREATE TABLE outcomes (
        id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, run INTEGER NOT NULL, position INTEGER NOT NULL, item TEXT NOT NULL,
        status TEXT NOT NULL, value BLOB, error TEXT, message TEXT, traceback TEXT, attempts INTEGER NOT NULL,
        began REAL NOT NULL, duration REAL NOT NULL, waited REAL NOT NULL, worker TEXT NOT NULL);
"""
_UPSERT = (
    f"INSERT INTO outcomes ({', '.join(COLUMNS)}) VALUES {{rows}} "  # noqa: S608 - names of columns
    f"ON CONFLICT (key) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)
_SEEN = "UPDATE outcomes SET run = {run}, position = seen.column1 FROM (VALUES {rows}) AS seen WHERE outcomes.key = seen.column2"
_PLACES = f"({', '.join('?' * len(COLUMNS))})"


class Store:
    """The open file. `find` may be called from any thread; the others by one at a time."""

    def __init__(self, path: str, lock: int) -> None:
        self.path = path
        self.run = 0
        """The number of this run among those that have used the file."""
        self._lock = lock
        self._writer = self._connect()
        self._mine = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._lock_of_readers = threading.Lock()  # Guards: _readers

    @classmethod
    def open(cls, path: str, meaning: Mapping[str, str]) -> Self:
        """Open the file for one run of what `meaning` says; make it if there is none, with mode 0600.

        Raises `JournalError` where somebody else has it open, where it is no journal or damaged, where it cannot be read
        or written, and where it is of something else.
        """
        with clear_errors(path):
            lock = lock_file(path)
            try:
                fresh = _is_fresh(path)
                store = cls(path, lock)
            except BaseException:
                os.close(lock)
                raise
            try:
                store._begin(meaning, fresh=fresh)
            except BaseException:
                store.close()
                raise
            return store

    def keys(self) -> Iterator[bytes]:
        """Yield the keys of all that is in the file."""
        with clear_errors(self.path):
            for (key,) in self._reader().execute("SELECT key FROM outcomes"):
                yield key

    def find(self, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
        """Yield key, run, position, status, value, attempts, duration and worker of those of `keys` that are in the file."""
        for start in range(0, len(keys), _MOST_TOGETHER):
            some = keys[start : start + _MOST_TOGETHER]
            places = ", ".join("?" * len(some))
            query = f"SELECT key, run, position, status, value, attempts, duration, worker FROM outcomes WHERE key IN ({places})"  # noqa: S608 - question marks
            with clear_errors(self.path):
                yield from self._reader().execute(query, some).fetchall()

    def write(self, rows: Sequence[Row], seen: Sequence[tuple[int, bytes]]) -> None:
        """Write rows, and where the items that are `seen` in this run are in its input; durable when this returns."""
        with clear_errors(self.path):
            try:
                self._writer.execute("BEGIN IMMEDIATE")
                for part in _parts(rows):
                    places = ", ".join([_PLACES] * len(part))
                    self._writer.execute(_UPSERT.format(rows=places), [value for row in part for value in row])
                for some in _parts(seen):
                    places = ", ".join(["(?, ?)"] * len(some))
                    self._writer.execute(_SEEN.format(run=self.run, rows=places), [value for pair in some for value in pair])
                self._writer.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):  # it may have been rolled back by itself
                    self._writer.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Let others have the file."""
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute("UPDATE runs SET ended = ? WHERE run = ?", (time.time(), self.run))
        for connection in (*self._readers, self._writer):
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _reader(self) -> sqlite3.Connection:
        """Return the connection that the calling thread reads by: one for all would have them wait for each other."""
        reader: sqlite3.Connection | None = getattr(self._mine, "reader", None)
        if reader is None:
            reader = self._mine.reader = self._connect()
            with self._lock_of_readers:
                self._readers.append(reader)
        return reader

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA cache_size = -4096")  # KiB
            connection.execute("PRAGMA synchronous = FULL")  # durable also where the power fails
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin(self, meaning: Mapping[str, str], *, fresh: bool) -> None:
        writer = self._writer
        writer.execute("PRAGMA journal_mode = WAL")
        if fresh:
            writer.executescript(
                f"PRAGMA application_id = {_APPLICATION}; BEGIN; {_SCHEMA} PRAGMA user_version = {_FORMAT}; COMMIT;"
            )
        check_format(writer, self.path)
        kept = dict(writer.execute("SELECT name, value FROM meaning"))
        for name, given in meaning.items():
            if kept.get(name, given) != given:
                raise JournalError(
                    f"the journal {self.path} is of {name} {kept[name]!r}, and this run is of {name} {given!r}: "
                    "use another file, or remove this one to begin anew"
                )
        writer.executemany("INSERT OR IGNORE INTO meaning VALUES (?, ?)", meaning.items())
        self.run = writer.execute("INSERT INTO runs (began) VALUES (?) RETURNING run", (time.time(),)).fetchone()[0]


def check_format(connection: sqlite3.Connection, path: str) -> None:
    """Raise `JournalError` where the open file is no journal, one of another format, or damaged."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != _APPLICATION:
        raise JournalError(f"{path} is an SQLite database, but not a journal of threadwork: give the path of another file")
    if version != _FORMAT:
        raise JournalError(f"the journal {path} has format {version}, and this threadwork reads format {_FORMAT}")
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise JournalError(f"the journal {path} is damaged ({found}): restore it from a copy, or remove it to begin anew")


@contextlib.contextmanager
def clear_errors(path: str) -> Iterator[None]:
    """Turn what SQLite and the system say of the file into a `JournalError` that names it."""
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"cannot use the journal {path}: {error}") from error
    except OSError as error:
        raise JournalError(f"cannot use the journal {path}: {error.strerror or error}") from error


def lock_file(path: str) -> int:
    """Return the descriptor of the file that says who has the journal, locked: it is free again when that process is gone.

    A file of its own: a process that closes any descriptor of an SQLite file loses SQLite's own locks on it.
    """
    lock = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise JournalError(f"the journal {path} is used by another run: wait for its end, or use another file") from None
    return lock


def _is_fresh(path: str) -> bool:
    """Make the file, where there is none; tell whether it is empty. Raises `JournalError` for what cannot be a journal."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise JournalError(f"the journal {path} must be a regular file")
        beginning = os.read(file, len(_MAGIC))
    finally:
        os.close(file)
    if beginning and beginning != _MAGIC:
        raise JournalError(f"{path} is not a journal: give the path of another file")
    return not beginning


def _parts(rows: Sequence[T]) -> Iterable[Sequence[T]]:
    """Yield `rows` in parts whose sizes are powers of two: of each there is one statement, which is parsed once."""
    start = 0
    while start < len(rows):
        size = min(_MOST_TOGETHER, 1 << (len(rows) - start).bit_length() - 1)
        yield rows[start : start + size]
        start += size
