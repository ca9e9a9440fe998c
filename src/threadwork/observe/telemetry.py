"""`Telemetry`: spans and metrics of OpenTelemetry; and `PrometheusEndpoint`, where Prometheus can fetch the metrics."""

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ..engine import Event, ItemFinished, ItemRetried, ItemStarted, Outcome, RunFinished, RunStarted, WorkerExited, WorkerStarted
from ..errors import MissingExtra
from .shown import shown

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import Span, TracerProvider

try:
    from opentelemetry import metrics, trace
    from opentelemetry.trace import StatusCode
except ModuleNotFoundError as error:
    raise MissingExtra(f'telemetry needs the package {error.name}: pip install "threadwork[otel]"') from error

_SCOPE = "threadwork"


class Telemetry:
    """A listener: a span for each run, in it one for each attempt, and metrics. By default with the global providers.

    Spans have index, key, attempt, thread and status, and the exception of an attempt that failed. Metrics, each with the
    attribute ``run``: ``threadwork.items`` (with ``status``), ``threadwork.retries``, ``threadwork.item.duration`` and
    ``threadwork.item.waited`` (seconds), ``threadwork.items.running``, ``threadwork.workers``. May be called from any thread
    and be given to several runs, one after the other.
    """

    def __init__(self, tracer_provider: "TracerProvider | None" = None, meter_provider: "MeterProvider | None" = None) -> None:
        self._tracer = trace.get_tracer(_SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(_SCOPE, meter_provider=meter_provider)
        self._items = meter.create_counter("threadwork.items", "{item}", "Items that have ended, by status.")
        self._retries = meter.create_counter("threadwork.retries", "{attempt}", "Attempts that are followed by another one.")
        self._duration = meter.create_histogram("threadwork.item.duration", "s", "How long the last attempt at an item took.")
        self._waited = meter.create_histogram("threadwork.item.waited", "s", "From an item's admission to its last attempt.")
        self._running = meter.create_up_down_counter("threadwork.items.running", "{item}", "Items that run.")
        self._workers = meter.create_up_down_counter("threadwork.workers", "{thread}", "Worker threads.")
        self._lock = threading.Lock()  # Guards: _attempts
        self._attempts: dict[tuple[str, int], Span] = {}
        self._run: Span | None = None
        self._about: dict[str, Any] = {"run": ""}

    def __call__(self, event: Event, /) -> None:
        """Take note of `event`."""
        match event:
            case ItemStarted():
                self._item_started(event)
            case ItemFinished(outcome):
                self._item_finished(outcome)
            case ItemRetried():
                self._retries.add(1, self._about)
                self._end_attempt(event.worker, event.index, "retried", event.error)
            case RunStarted():
                self._about = {"run": event.name}
                attributes: dict[str, str | int] = {"threadwork.run": event.name, "threadwork.workers": event.workers}
                self._run = self._tracer.start_span(f"run {event.name}", attributes=attributes)
            case RunFinished(summary):
                self._run_finished(str(summary.status), ok=summary.ok)
            case WorkerStarted():
                self._workers.add(1, self._about)
            case WorkerExited():
                self._workers.add(-1, self._about)
            case _:
                pass

    def _item_started(self, event: ItemStarted) -> None:
        context = trace.set_span_in_context(self._run) if self._run else None
        attributes: dict[str, str | int] = {
            "threadwork.item.index": event.index,
            "threadwork.item.key": shown(event.key),
            "threadwork.attempt": event.attempt,
            "thread.name": event.worker,
        }
        span = self._tracer.start_span(str(self._about["run"]), context, attributes=attributes)
        self._running.add(1, self._about)
        with self._lock:
            self._attempts[event.worker, event.index] = span

    def _item_finished(self, outcome: Outcome[Any]) -> None:
        status = "from journal" if outcome.from_journal else str(outcome.status)
        self._items.add(1, {**self._about, "status": status})
        if self._end_attempt(outcome.worker, outcome.index, status, outcome.error):
            self._duration.record(outcome.duration, self._about)
            self._waited.record(max(0.0, outcome.waited), self._about)

    def _end_attempt(self, worker: str, index: int, status: str, error: BaseException | None) -> bool:
        """End the span of an attempt; tell whether there was one."""
        with self._lock:
            span = self._attempts.pop((worker, index), None)
        if span is None:
            return False
        self._running.add(-1, self._about)
        _end(span, status, error)
        return True

    def _run_finished(self, status: str, *, ok: bool) -> None:
        with self._lock:
            left, self._attempts = self._attempts, {}
        for span in left.values():
            self._running.add(-1, self._about)
            _end(span, "left behind", None)
        if self._run:
            self._run.set_attribute("threadwork.status", status)
            self._run.set_status(StatusCode.OK if ok else StatusCode.ERROR, None if ok else status)
            self._run.end()
            self._run = None


def _end(span: "Span", status: str, error: BaseException | None) -> None:
    span.set_attribute("threadwork.status", status)
    if error is not None:
        span.record_exception(error)
        span.set_status(StatusCode.ERROR, type(error).__qualname__)
    span.end()


class PrometheusEndpoint:
    """Serves metrics as text while it is entered: ``Telemetry(meter_provider=endpoint.provider)``; Prometheus fetches `url`.

    By default on a loopback address; give another `host` for a Prometheus on another machine: there is no password.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 9464) -> None:
        """Take note of where to listen; 0 is any port that is free. Raises `MissingExtra`."""
        try:
            from opentelemetry.exporter.prometheus import PrometheusMetricReader  # noqa: PLC0415 - spans do without
            from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
            from prometheus_client import CollectorRegistry  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtra(f'metrics need the package {error.name}: pip install "threadwork[otel]"') from error
        self._address = host, port
        self._registry = CollectorRegistry()
        self.provider = MeterProvider([PrometheusMetricReader(registry=self._registry)])
        self.url = ""
        """Where the metrics are while it is entered."""

    def __enter__(self) -> Self:
        """Open the port. Raises ``OSError`` where it is in use."""
        from prometheus_client import start_http_server  # noqa: PLC0415 - see above

        host, port = self._address
        self._server, self._thread = start_http_server(port, host, self._registry)
        self.url = f"http://{host}:{self._server.server_port}/metrics"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.provider.shutdown()
