"""Seeing what a run does."""

from .dashboard import Dashboard
from .figures import Figures
from .log_events import LogEvents
from .past import figures_of_past
from .progress import Display, open_display, summary_json
from .progress_listener import Progress
from .report import Report, write_page
from .statistics import Statistics
from .ticker import Ticker
from .trace import Trace

__all__ = [
    "Dashboard",
    "Display",
    "Figures",
    "LogEvents",
    "Progress",
    "Report",
    "Statistics",
    "Ticker",
    "Trace",
    "figures_of_past",
    "open_display",
    "summary_json",
    "write_page",
]
