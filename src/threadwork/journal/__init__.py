"""The durable memory of outcomes: a run that is killed at any moment goes on where it was."""

from .codec import Codec
from .journal import Journal
from .reading import Overview, compact, overview, records
from .session import STARTED

__all__ = ["STARTED", "Codec", "Journal", "Overview", "compact", "overview", "records"]
