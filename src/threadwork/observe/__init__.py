"""Seeing what a run does."""

from .progress import Display, open_display, summary_json
from .ticker import Ticker

__all__ = ["Display", "Ticker", "open_display", "summary_json"]
