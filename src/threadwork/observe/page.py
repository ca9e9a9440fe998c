"""`page`: the figures of a run as one HTML page that needs nothing else: no network, no script."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from importlib import resources

from .charts import columns, histogram, strip
from .failure_groups import FailureGroup
from .figures import Figures
from .units import duration, rate


def page(figures: Figures) -> str:
    """Return the page. Everything that comes from items and errors is escaped."""
    name = escape(figures.run.name or "run")
    style = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    parts = [_head(figures), _tiles(figures), _throughput(figures), _latency(figures), _threads(figures)]
    parts += [_groups("Failures", figures.failures, figures.other_failures), _slowest(figures)]
    if figures.retries:
        parts.append(_groups("Retries", figures.retries, figures.other_retries))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{name} - threadwork</title><style>\n{style}</style></head>\n<body><main>\n"
        + "\n".join([*parts, _settings(figures)])
        + "\n<footer>made by threadwork</footer></main></body></html>\n"
    )


def _head(figures: Figures) -> str:
    run = figures.run
    began = f"{run.began:%-d %B %Y, %H:%M:%S} UTC" if run.began else "not begun"
    ended = f" to {run.began + timedelta(seconds=run.elapsed):%H:%M:%S}" if run.began else ""
    status = escape(str(run.status))
    return (
        f'<h1>{escape(run.name or "run")} <span class="pill {status.split()[0]}">{status}</span></h1>'
        f'<p class="sub">{began}{ended} &middot; {duration(run.elapsed)} &middot; {_count(run.workers, "worker")}</p>'
    )


def _tiles(figures: Figures) -> str:
    latency, run = figures.latency, figures.run
    known_total = run.total is not None and run.total != figures.done
    tiles = [
        ("good", f"{figures.done:,}", f"done of {run.total:,}" if known_total else "done"),
        ("", f"{figures.from_journal:,}" if figures.from_journal else "", "of them before (journal)"),
        ("bad", f"{figures.failed:,}" if figures.failed else "", "failed"),
        ("bad", f"{figures.timed_out:,}" if figures.timed_out else "", "timed out"),
        ("wait", f"{figures.cancelled:,}" if figures.cancelled else "", "cancelled"),
        ("wait", f"{figures.retried:,}" if figures.retried else "", "attempts tried again"),
        ("wait", f"{figures.throttled:,}" if figures.throttled else "", "attempts kept by a limit"),
        ("", f"{figures.recovered:,}" if figures.recovered else "", "items saved by a retry"),
        ("", rate(figures.finished / run.elapsed) if run.elapsed and figures.finished else "", "items finished"),
        *((("", duration(latency.quantile(share)), told) for share, told in _QUANTILES) if latency.count else ()),
        ("", duration(figures.waited / figures.finished) if figures.finished else "", "waited, mean"),
    ]
    shown = "".join(f'<div class="tile {kind}"><b>{value}</b><span>{told}</span></div>' for kind, value, told in tiles if value)
    return f'<div class="tiles">{shown}</div>'


_QUANTILES = ((0.5, "median duration"), (0.9, "90% within"), (0.99, "99% within"))


def _throughput(figures: Figures) -> str:
    layers = [
        ("done", figures.done_over_time),
        ("failed", figures.failed_over_time),
        ("retried", figures.retried_over_time),
    ]
    layers = [(name, amounts) for name, amounts in layers if any(amounts)]
    legend = "".join(f'<i class="{name}"></i>{name}' for name, _ in layers)
    chart = columns(layers, figures.width, figures.run.elapsed) if layers else '<p class="none">Nothing was finished.</p>'
    return _section(
        "Throughput", f"{chart}<div class='legend'>{legend}</div>", f"items a second, {duration(figures.width)} a column"
    )


def _latency(figures: Figures) -> str:
    latency = figures.latency
    if not latency.count:
        return ""
    marks = [(f"{told} {duration(latency.quantile(share))}", latency.quantile(share)) for share, told in _MARKS]
    return _section("Duration of an attempt", histogram(latency.bars(), marks), "on a logarithmic axis")


_MARKS = ((0.5, "50%"), (0.9, "90%"), (0.99, "99%"))


def _threads(figures: Figures) -> str:
    if not figures.threads:
        return ""
    wide, elapsed = max(1.0, figures.run.elapsed / figures.width), figures.run.elapsed or 1.0
    rows = "".join(
        f'<div class="thread"><span class="name">{escape(thread.name)}</span>{strip(thread.busy, wide)}'
        f'<span class="note">{thread.seconds / elapsed:.0%} busy, {_count(thread.attempts, "attempt")}'
        f"{f', {thread.failed:,} failed' if thread.failed else ''}</span></div>"
        for thread in sorted(figures.threads, key=lambda thread: _natural(thread.name))
    )
    others = f'<p class="none">and {_count(figures.other_threads, "other thread")}</p>' if figures.other_threads else ""
    left = figures.run.abandoned
    others += f'<p class="none">Left behind, as they did not stop: {escape(", ".join(left))}</p>' if left else ""
    return _section("Threads", f"{rows}{others}", f"busy over {duration(figures.run.elapsed)}")


def _groups(title: str, groups: Sequence[FailureGroup], others: int) -> str:
    if not groups:
        return _section(title, '<p class="none">None.</p>')
    rows = "".join(
        f'<tr><td class="n">{group.count:,}</td><td class="text"><b>{escape(group.kind)}</b> {escape(group.shape)}'
        f"<details><summary>item {group.index}: {escape(group.item)}</summary>"
        f"<pre>{escape(group.traceback or group.message)}</pre></details></td>"
        f'<td class="n">{duration(group.first_at)}</td><td class="n">{duration(group.last_at)}</td></tr>'
        for group in groups
    )
    rest = f'<p class="none">and {others:,} of rarer kinds</p>' if others else ""
    head = '<th class="n">count</th><th>error</th><th class="n">first at</th><th class="n">last at</th>'
    return _section(title, f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>{rest}')


def _slowest(figures: Figures) -> str:
    if not figures.slowest:
        return ""
    rows = "".join(
        f'<tr><td class="n">{duration(slow.duration)}</td><td class="n">{slow.index:,}</td>'
        f'<td class="text"><code>{escape(slow.item)}</code></td>'
        f'<td class="keep">{escape(str(slow.status))}</td><td class="n">{slow.attempts}</td>'
        f'<td class="keep">{escape(slow.worker)}</td>'
        f'<td class="n">{duration(slow.at)}</td></tr>'
        for slow in figures.slowest
    )
    head = (
        '<th class="n">took</th><th class="n">index</th><th>item</th><th>status</th><th class="n">attempts</th><th>thread</th>'
        '<th class="n">ended at</th>'
    )
    return _section("Slowest items", f'<div class="scroll"><table><tr>{head}</tr>{rows}</table></div>')


def _settings(figures: Figures) -> str:
    if not figures.run.settings:
        return ""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in figures.run.settings.items())
    return _section("Settings", f"<dl>{rows}</dl>")


def _section(title: str, content: str, note: str = "") -> str:
    small = f" <small>{escape(note)}</small>" if note else ""
    return f"<section><h2>{title}{small}</h2>{content}</section>"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _natural(name: str) -> tuple[str, int]:
    """Return a key that sorts name-10 after name-9."""
    stem, _, number = name.rpartition("-")
    return (stem, int(number)) if number.isdecimal() else (name, 0)
