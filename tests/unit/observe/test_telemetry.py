"""`Telemetry` with the real SDK, and the metrics as Prometheus reads them."""

import urllib.request

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

import threadwork
from threadwork import Retry, current
from threadwork.observe.telemetry import PrometheusEndpoint, Telemetry


def work(item):
    if item == 1 and current().attempt == 1:
        raise ConnectionError("host 1")
    if item == 2:
        raise ValueError("bad")
    return item


def run(telemetry, **options):
    options = {"workers": 2, "name": "told", "retry": Retry(2, on=ConnectionError, backoff=0), "check": False, **options}
    return threadwork.for_each(work, range(4), listeners=[telemetry], **options)


@pytest.fixture
def spans():
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    run(Telemetry(provider))
    yield exporter.get_finished_spans()
    provider.shutdown()


def test_each_attempt_is_a_span_in_that_of_the_run(spans):
    *attempts, whole = spans
    assert whole.name == "run told"
    assert len(attempts) == 5
    assert {span.parent.span_id for span in attempts} == {whole.context.span_id}
    told = sorted((span.attributes["threadwork.item.index"], span.attributes["threadwork.attempt"]) for span in attempts)
    assert told == [(0, 1), (1, 1), (1, 2), (2, 1), (3, 1)]
    assert all(span.attributes["thread.name"].startswith("told-") for span in attempts)
    assert whole.start_time <= min(span.start_time for span in attempts)
    assert whole.attributes["threadwork.status"] == "completed"


def test_a_failed_attempt_has_its_exception(spans):
    by_status = {span.attributes["threadwork.status"]: span for span in spans[:-1]}
    assert by_status["failed"].events[0].attributes["exception.message"] == "bad"
    assert by_status["retried"].events[0].attributes["exception.type"] == "ConnectionError"
    assert not by_status["failed"].status.is_ok
    assert by_status["done"].events == ()


def test_metrics():
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    run(Telemetry(meter_provider=provider))
    found = {
        metric.name: metric.data.data_points
        for resource in reader.get_metrics_data().resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    assert {(point.attributes["status"], point.value) for point in found["threadwork.items"]} == {("done", 3), ("failed", 1)}
    assert [point.value for point in found["threadwork.retries"]] == [1]
    assert [point.count for point in found["threadwork.item.duration"]] == [4]
    assert [point.value for point in found["threadwork.items.running"]] == [0]
    assert [point.value for point in found["threadwork.workers"]] == [0]
    assert found["threadwork.items"][0].attributes["run"] == "told"
    provider.shutdown()


def test_prometheus_reads_them():
    with PrometheusEndpoint(port=0) as endpoint:
        assert endpoint.url.startswith("http://127.0.0.1:")
        run(Telemetry(meter_provider=endpoint.provider))
        with urllib.request.urlopen(endpoint.url, timeout=5) as answer:
            families = {family.name: family for family in text_string_to_metric_families(answer.read().decode())}
    samples = {
        sample.labels["status"]: sample.value for sample in families["threadwork_items"].samples if "status" in sample.labels
    }
    assert samples == {"done": 3.0, "failed": 1.0}
    assert families["threadwork_item_duration_seconds"].type == "histogram"


def test_items_of_a_journal_have_no_span(tmp_path):
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    path = str(tmp_path / "run.db")
    run(Telemetry(provider), journal=path)
    exporter.clear()
    run(Telemetry(provider), journal=path)
    assert [span.attributes.get("threadwork.item.index") for span in exporter.get_finished_spans()] == [2, None]
    provider.shutdown()
