"""Seeing what a run does."""

from .progress import Display, open_display, summary_json
from .ticker import Ticker
from .trace import Trace

__all__ = ["Display", "Ticker", "Trace", "open_display", "summary_json"]
