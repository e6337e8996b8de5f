"""Numbers as people read them: 61,706 · 416 k · 18.8 kB · 0:02."""

from __future__ import annotations

from studio.graph.spec import TensorSpec


def count_text(count: float) -> str:
    """A count, exact below 100,000, then with k, M, G, T."""
    if abs(count) < 100_000:
        return f"{count:,.0f}"
    for unit, scale in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(count) >= scale:
            return f"{count / scale:.3g} {unit}"
    return f"{count:,.0f}"


def size_text(size_bytes: float) -> str:
    """A size in bytes, kB, MB or GB (powers of 1000)."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size_bytes >= scale:
            return f"{size_bytes / scale:.3g} {unit}"
    return f"{size_bytes:.0f} B"


def time_text(seconds: float) -> str:
    """Minutes and seconds, with hours when there are any."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def percent_text(share: float) -> str:
    """A share of 1 as per cent with one decimal."""
    return f"{100 * share:.1f} %"


def shape_text(spec: object) -> str:
    """A spec's shape as on the wires: N 6 28 28, with the dtype when it is not float32."""
    if not isinstance(spec, TensorSpec):
        return "?"
    shape = " ".join(str(size) for size in spec.shape) or "scalar"
    return shape if spec.dtype == "float32" else f"{shape}  {spec.dtype}"
