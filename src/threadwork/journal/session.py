"""`Session`: a journal that is open for one run."""

import contextlib
import os
import reprlib
import time
import traceback
from collections.abc import Sequence
from typing import Any, Literal

from ..engine import Outcome, Recalled, ShortLock, Status
from ..errors import DuplicateKey, InDoubt, JournalError, NotJournaled
from .codec import Codec
from .key_filter import KeyFilter
from .keys import key_of
from .store import Row, Store
from .writer import Group, Writer

STARTED = "started"
_MOST_SHOWN = 200  # characters of an item
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _MOST_SHOWN


class Session:
    """Tells of items what is known of them, and keeps what becomes of the others. Safe to use from several threads."""

    def __init__(self, store: Store, codec: Codec, name: str, in_doubt: Literal["hold", "again"] | None) -> None:
        self._store = store
        self._codec = codec
        self._in_doubt = in_doubt
        self._epoch = time.time()
        self._process = os.getpid()
        self._lock = ShortLock()  # Guards: _claims, _filter
        self._filter = KeyFilter()
        self._filter.add(store.keys())
        self._claims: dict[bytes, int] = {}
        """The items of this run that are not, or may not be, in the file yet, and where they are in the input."""
        self._writer = Writer(store, f"{name}-journal", self._forget)

    def recall(self, start: int, identities: Sequence[Any]) -> list[Recalled]:
        """Return what is known of the items from index `start` on, each known by its identity.

        May be asked again for an item. Raises `DuplicateKey` where another item of the run has the same identity, and
        `JournalError` for one that cannot be known by.
        """
        marks = [key_of(identity) for identity in identities]
        with self._lock:
            others = [self._claims.setdefault(mark, index) for index, mark in enumerate(marks, start)]
            looked_for = [mark for mark in marks if self._filter.may_have(mark)]
        for index, other in enumerate(others, start):
            if other != index:
                raise _duplicate(index, other, identities[index - start])
        rows = {row[0]: row for row in self._store.find(looked_for)}
        return [self._recalled(index, mark, rows.get(mark), identities[index - start]) for index, mark in enumerate(marks, start)]

    def begin(self, mark: bytes, index: int, item: Any, attempt: int) -> None:
        """Take note that an attempt at the item begins; with ``in_doubt``, it is durable when this returns."""
        if self._in_doubt is None or attempt > 1:
            return
        row = (mark, self._store.run, index, _shown(item), STARTED, None, None, None, None, attempt, time.time(), 0.0, 0.0, "")
        self._writer.wait(self._writer.add(row))

    def end(self, mark: bytes, outcome: Outcome[Any]) -> int:
        """Keep `outcome`; return the number to `wait` for until it is durable. Raises `NotJournaled`, or what the codec does."""
        row = self._row(mark, outcome)
        if row is None:
            with self._lock:
                self._claims.pop(mark, None)
            return 0
        return self._writer.add(row)

    def see(self, mark: bytes, index: int) -> None:
        """Take note that an item that was done in an earlier run has come in this one."""
        self._writer.see(index, mark)

    def durable(self, number: int) -> bool:
        """Tell whether what has that number is durable. Does not wait."""
        return self._writer.durable >= number

    def wait(self, number: int) -> None:
        """Wait until what has that number is durable. Raises `JournalError` where it never will be."""
        self._writer.wait(number)

    def close(self) -> None:
        """Make everything durable and let go of the file. Raises `JournalError` where that is not possible."""
        if os.getpid() != self._process:  # a forked child has none of the threads, and must not touch SQLite's connections
            return
        try:
            self._writer.close()
        finally:
            self._store.close()

    def _recalled(self, index: int, mark: bytes, row: tuple[Any, ...] | None, identity: Any) -> Recalled:
        if row is None:
            return Recalled(mark)
        _, run, position, status, value, attempts, duration, worker = row
        if run == self._store.run and position != index:
            raise _duplicate(index, position, identity)
        if status == Status.DONE:
            return Recalled(mark, known=True, value=self._decode(value), attempts=attempts, duration=duration, worker=worker)
        if status == STARTED and run != self._store.run and self._in_doubt == "hold":
            return Recalled(mark, error=InDoubt("it had begun in an earlier run, and nobody knows how it ended"))
        return Recalled(mark)

    def _decode(self, data: bytes) -> Any:
        try:
            return self._codec.decode(data)
        except Exception as error:
            raise JournalError(f"the codec of the journal {self._store.path} cannot read a value of it: {error!r}") from error

    def _encode(self, value: Any) -> bytes:
        try:
            return self._codec.encode(value)
        except NotJournaled:
            raise
        except Exception as error:
            raise NotJournaled(f"the codec of the journal cannot keep the value: {error!r}") from error

    def _row(self, mark: bytes, outcome: Outcome[Any]) -> Row | None:
        """Return the record of `outcome`; ``None`` where there is to be none: the item runs again, or stays in doubt."""
        kept = (Status.DONE, Status.FAILED) if self._in_doubt else (Status.DONE, Status.FAILED, Status.TIMED_OUT)
        error = outcome.error
        if outcome.status not in kept or isinstance(error, JournalError):
            return None
        value = self._encode(outcome.value) if outcome.ok else None
        told = (None, None, None) if error is None else _told(error)
        began = self._epoch + outcome.started
        return (
            mark, self._store.run, outcome.index, _shown(outcome.item), str(outcome.status), value, *told, outcome.attempts,
            began, outcome.duration, outcome.waited, outcome.worker,
        )  # fmt: skip

    def _forget(self, group: Group) -> None:
        """Forget the claims of items that are in the file: there they are found."""
        marks = [row[0] for row in group.rows if row[4] != STARTED] + [key for _, key in group.seen]
        with self._lock:
            self._filter.add(marks)
            for mark in marks:
                self._claims.pop(mark, None)


def _duplicate(index: int, other: int, identity: Any) -> DuplicateKey:
    return DuplicateKey(
        f"items {min(index, other)} and {max(index, other)} have the same key, {reprlib.repr(identity)}: a journal cannot tell "
        "them apart; leave one out, or give key=..., a function that makes them different"
    )


def _shown(item: Any) -> str:
    with contextlib.suppress(Exception):  # what cannot be shown must not keep it from being kept
        text = item if isinstance(item, str) else _REPR.repr(item)
        return (text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}...").encode("utf-8", "replace").decode()
    return f"<{type(item).__name__}>"


def _told(error: BaseException) -> tuple[str, str, str]:
    """Return type, message and traceback of `error`."""
    kind = type(error).__qualname__
    try:
        message, trace = str(error), "".join(traceback.format_exception(error))
    except Exception as fault:  # noqa: BLE001 - what cannot be shown must not keep it from being kept
        message = trace = f"whose text raised {type(fault).__name__}"
    return kind, *(text.encode("utf-8", "replace").decode() for text in (message, trace))  # type: ignore[return-value] # two texts
