"""The options that show what a run does: a trace, a page about it."""

import contextlib
from collections.abc import Callable, Iterator
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
    metrics: str | None

    def live_page(self) -> Dashboard | None:
        """Return the dashboard, if there is to be one. Raises `InvalidOption` for a bad address."""
        return None if self.dashboard is None else Dashboard(*_address("--dashboard", self.dashboard))

    @contextlib.contextmanager
    def metrics_endpoint(self) -> Iterator[tuple[list[Listener], str]]:
        """Serve metrics meanwhile, if they are asked for; yield what listens, and the URL or an empty text."""
        if self.metrics is None:
            yield [], ""
            return
        from ..observe.telemetry import PrometheusEndpoint, Telemetry  # noqa: PLC0415 - needs the extra otel, and half a second

        with contextlib.ExitStack() as stack:
            try:
                endpoint = stack.enter_context(PrometheusEndpoint(*_address("--metrics", self.metrics)))
            except OSError as error:
                raise InvalidOption(f"cannot serve metrics at {self.metrics}: {error.strerror or error}") from error
            yield [Telemetry(meter_provider=endpoint.provider)], endpoint.url

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


def _address(option: str, text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > _LAST_PORT:
        raise InvalidOption(f"{option} takes HOST:PORT, like 127.0.0.1:8080, or nothing, not {text!r}")
    return host or _HERE, int(port)


def sight_options(command: F) -> F:
    """Add the options that show what a run does."""
    for option in (
        click.option(
            "--metrics",
            is_flag=False,
            flag_value=f"{_HERE}:9464",
            metavar="[HOST:PORT]",
            help="Serve metrics for Prometheus. [127.0.0.1:9464]",
        ),
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
