"""`Journal`: which file remembers the outcomes of a run, and how."""

import os
from dataclasses import dataclass
from typing import Literal

from ..engine import Identity
from ..errors import InvalidOption
from .codec import Codec, JsonCodec, NoValues
from .session import Session
from .store import Store


@dataclass(frozen=True, slots=True)
class Journal:
    """A file that remembers what became of each item, so that the same run goes on where it was, however it ended.

    Items that were done are not run again, and their values come back in their places; all others run. An item is known by
    its content, or by what ``key=`` makes of it. One run at a time has the file. See docs/reference/journal.md for what is
    durable, and when.
    """

    path: str | os.PathLike[str]
    version: str = ""
    """Of the task: another one means other results, and is refused."""
    codec: Codec | Literal["json"] = "json"
    """How values are kept: as JSON, which refuses what it would change, or by an object with ``encode`` and ``decode``."""
    values: bool = True
    """Whether values are kept at all; without, an item that was done comes back as ``None``."""
    in_doubt: Literal["hold", "again"] | None = None
    """For effects that must not happen twice: note durably that an item begins, before it does. After a crash, those that have
    begun and not ended fail with `InDoubt` (``"hold"``), or are run again (``"again"``)."""

    def __post_init__(self) -> None:
        """Raise `InvalidOption` for what cannot be used."""
        if not isinstance(self.path, str | os.PathLike) or not os.fspath(self.path):
            raise InvalidOption(f"Journal(path) must be the path of a file, not {self.path!r}")
        if not isinstance(self.version, str):
            raise InvalidOption(f"Journal(version=...) must be a text, not {self.version!r}")
        if self.codec != "json" and not (hasattr(self.codec, "encode") and hasattr(self.codec, "decode")):
            raise InvalidOption(f"Journal(codec=...) must be 'json' or an object with encode and decode, not {self.codec!r}")
        if not isinstance(self.values, bool):
            raise InvalidOption(f"Journal(values=...) must be True or False, not {self.values!r}")
        if self.in_doubt not in (None, "hold", "again"):
            raise InvalidOption(f"Journal(in_doubt=...) must be 'hold', 'again' or None, not {self.in_doubt!r}")

    def open(self, identity: Identity, name: str) -> Session:
        """Open the file for a run, on behalf of whose thread called `name` it is written; make it, if there is none.

        Raises `JournalError` where it cannot be used, or is of another task.
        """
        codec: Codec = NoValues() if not self.values else JsonCodec() if self.codec == "json" else self.codec
        kept = (
            "nothing"
            if not self.values
            else "json"
            if self.codec == "json"
            else getattr(self.codec, "name", type(self.codec).__qualname__)
        )
        meaning = {"task": identity.task, "key": identity.key, "version": self.version, "values": kept}
        return Session(Store.open(os.fspath(self.path), meaning), codec, name, self.in_doubt)
