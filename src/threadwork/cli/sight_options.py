"""The options that show what a run does: a trace, a page about it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from ..engine import Listener
from ..errors import InvalidOption
from ..observe import Dashboard, Report, Trace

_HERE = "127.0.0.1"
_LAST_PORT = 65_535

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class SightFlags:
    """What is to be written about the run."""

    trace: str | None
    report: str | None
    dashboard: str | None

    def live_page(self) -> Dashboard | None:
        """Return the dashboard, if there is to be one. Raises `InvalidOption` for a bad address."""
        if self.dashboard is None:
            return None
        host, _, port = self.dashboard.rpartition(":")
        if not port.isdecimal() or int(port) > _LAST_PORT:
            raise InvalidOption(f"--dashboard takes HOST:PORT, like 127.0.0.1:8080, or nothing, not {self.dashboard!r}")
        return Dashboard(host or _HERE, int(port))

    def listeners(self, settings: dict[str, str]) -> list[Listener]:
        """Return what listens; `settings` is what the page tells of the command. Raises `InvalidOption` for a bad path."""
        listeners: list[Listener] = []
        try:
            if self.trace:
                listeners.append(Trace(self.trace))
            if self.report:
                listeners.append(Report(self.report, settings))
        except OSError as error:
            raise InvalidOption(f"cannot write {error.filename or self.report}: {error.strerror or error}") from error
        return listeners


def sight_options(command: F) -> F:
    """Add the options that show what a run does."""
    for option in (
        click.option(
            "--dashboard",
            is_flag=False,
            flag_value=f"{_HERE}:0",
            metavar="[HOST:PORT]",
            help="Serve a live page, with buttons, on this machine. [127.0.0.1 and a free port]",
        ),
        click.option(
            "--report", metavar="FILE.html", help="Write a page about the run: throughput, durations, threads, failures."
        ),
        click.option("--trace", metavar="FILE.json", help="Write what each thread did, for https://ui.perfetto.dev."),
    ):
        command = option(command)
    return command
