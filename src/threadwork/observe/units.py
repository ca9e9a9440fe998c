"""Numbers with their units, for people."""


def duration(seconds: float) -> str:
    """Return `seconds` with three significant digits in a fitting unit: ``850 µs``, ``3.71 ms``, ``12.4 s``, ``5 min 03 s``."""
    if not seconds:
        return "0 s"
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 99.95:
        return f"{seconds:.3g} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def rate(per_second: float) -> str:
    """Return how much there is in a second; where that is little, in a minute or an hour."""
    unit, factor = next(((unit, factor) for unit, factor in (("s", 1), ("min", 60)) if per_second * factor >= 1), ("h", 3600))
    return f"{quantity(per_second * factor)}/{unit}"


def quantity(number: float) -> str:
    """Return `number` with three significant digits, or all that are before the point."""
    return f"{number:,.0f}" if number >= 99.95 else f"{number:.3g}"
