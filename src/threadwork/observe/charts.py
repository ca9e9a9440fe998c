"""Charts as HTML: shapes in SVG that is stretched to the width there is, texts beside it that are not."""

from collections.abc import Iterable, Sequence
from html import escape

from .units import duration, quantity

_HEIGHT = 100.0
_NEAR_THE_END = 0.7  # of the width: there is no room for a text after that


def columns(layers: Sequence[tuple[str, Sequence[float]]], width: float, end: float) -> str:
    """Return stacked columns over time: each layer has a CSS class and amounts per column of `width` seconds."""
    count = max((len(amounts) for _, amounts in layers), default=0)
    totals = [sum(amounts[place] for _, amounts in layers) for place in range(count)]
    highest = max(totals, default=0.0) or 1.0
    shapes = []
    for place in range(count):
        below = 0.0
        told = ", ".join(f"{amounts[place]:,.0f} {name}" for name, amounts in layers if amounts[place])
        shapes.append(f"<g><title>{duration(place * width)} to {duration((place + 1) * width)}: {told or 'nothing'}</title>")
        for name, amounts in layers:
            height = amounts[place] / highest * _HEIGHT
            if height:
                shapes.append(_bar(place, below, height, name))
            below += height
        shapes.append("</g>")
    ticks = [(share, duration(share * end)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    return _framed("".join(shapes), end / width or 1.0, f"{quantity(highest / width)} items/s", ticks)


def histogram(bars: Sequence[tuple[float, float, int]], marks: Iterable[tuple[str, float]]) -> str:
    """Return a histogram of durations; `bars` are lower edge, upper edge (seconds) and count, on a logarithmic axis."""
    highest = max((count for _, _, count in bars), default=0) or 1
    shapes = [
        f"<g><title>{duration(low)} to {duration(high)}: {count:,}</title>"
        f"{_bar(place, 0.0, count / highest * _HEIGHT, 'latency')}</g>"
        for place, (low, high, count) in enumerate(bars)
    ]
    step = max(1, -(-len(bars) // 6))
    ticks = [(place / len(bars), duration(bars[place][0])) for place in range(0, len(bars), step)]
    lines = [(name, _place(bars, seconds)) for name, seconds in marks]
    return _framed("".join(shapes), float(len(bars)) or 1.0, f"{highest:,} items", ticks, lines)


def strip(shares: Sequence[float], columns_in_all: float) -> str:
    """Return a strip that is the darker the larger the shares (0 to 1) are."""
    cells = "".join(
        f'<rect class="busy" x="{place}" y="0" width="1.02" height="1" opacity="{share:.2f}"/>'
        for place, share in enumerate(shares)
        if share >= 0.005
    )
    return f'<svg class="strip" viewBox="0 0 {columns_in_all:.3f} 1" preserveAspectRatio="none" aria-hidden="true">{cells}</svg>'


def _bar(place: int, below: float, height: float, name: str) -> str:
    return f'<rect class="{name}" x="{place + 0.06:.2f}" y="{_HEIGHT - below - height:.2f}" width="0.88" height="{height:.2f}"/>'


def _place(bars: Sequence[tuple[float, float, int]], seconds: float) -> float:
    """Return where a duration lies, as a share of the width."""
    for place, (low, high, _) in enumerate(bars):
        if seconds <= high:
            return (place + max(0.0, min(1.0, (seconds - low) / (high - low)))) / len(bars)
    return 1.0


def _framed(
    shapes: str, width: float, top: str, ticks: Iterable[tuple[float, str]], lines: Iterable[tuple[str, float]] = ()
) -> str:
    below = "".join(f'<span style="left:{share:.2%}">{escape(text)}</span>' for share, text in ticks)
    marks = "".join(
        f'<span class="mark{" end" if share > _NEAR_THE_END else ""}" style="left:{share:.2%}"><b>{escape(name)}</b></span>'
        for name, share in lines
    )
    return (
        f'<div class="chart"><div class="top">{escape(top)}</div><div class="plot">'
        f'<svg viewBox="0 0 {width:.3f} {_HEIGHT:.0f}" preserveAspectRatio="none" role="img">{shapes}</svg>{marks}</div>'
        f'<div class="ticks">{below}</div></div>'
    )
