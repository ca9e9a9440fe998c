"""`Report`: writes a page about a run when it is over."""

import os
from pathlib import Path

from ..engine import Event, RunFinished
from .figures import Figures
from .page import page
from .statistics import Statistics


class Report:
    """A listener that writes one HTML page: ``threadwork.map(f, items, listeners=[Report("run.html")])``.

    It shows throughput over time, durations, what each thread did, failures by kind, the slowest items, retries, and
    `settings`, where they are given. It is written at the end of each run, also of one that failed or was interrupted,
    and replaces what was there; it needs no network. May be called from any thread and be given to several runs, whose
    figures it adds up. Memory is bounded. An item costs about 5 us.
    """

    def __init__(self, path: str | os.PathLike[str], settings: dict[str, str] | None = None) -> None:
        self._path = Path(path).absolute()
        if not self._path.parent.is_dir():
            raise FileNotFoundError(f"there is no folder {self._path.parent} for the report {self._path.name}")
        self._statistics = Statistics(settings)

    def __call__(self, event: Event, /) -> None:
        """Count what `event` tells; at the end of a run, write the page. Raises ``OSError`` where that is not possible."""
        self._statistics(event)
        if isinstance(event, RunFinished):
            write_page(self._statistics.figures(), self._path)


def write_page(figures: Figures, path: Path) -> None:
    """Write the page about `figures` beside `path`, and move it there when it is whole. Raises ``OSError``."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        beside.write_text(page(figures), "utf-8", errors="replace")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
