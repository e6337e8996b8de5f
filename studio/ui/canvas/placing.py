"""Where nodes stand that nobody placed: columns as the layout finds them, long chains folded into bands."""

from __future__ import annotations

import math
from collections.abc import Mapping

from studio.analysis.layout import auto_layout
from studio.graph.model import Graph

Sizes = Mapping[str, tuple[float, float]]
Places = dict[str, tuple[float, float]]

_GAP_X, _GAP_Y, _BAND = 96.0, 28.0, 88.0  # between columns, between cards, between bands
_WIDEST = 8  # columns before a drawing is folded at all
_ASPECT = 1.7  # width to height that a folded drawing aims at
_EDGE = 48.0  # where the first card stands, from the top and from the left
DROP_REACH = 26.0  # px at 100 %: how near a wire must be to take up a node


def arrange(graph: Graph, sizes: Sizes) -> Places:
    """A place for every node: top left corners, in reading order, no two overlapping."""
    flat = auto_layout(graph, sizes)
    if not flat:
        return {}
    columns: dict[float, list[str]] = {}
    for name, (x, _) in flat.items():
        columns.setdefault(x, []).append(name)
    rows = [columns[x] for x in sorted(columns)]
    spans = [(min(flat[n][1] for n in names), max(flat[n][1] + sizes[n][1] for n in names)) for names in rows]
    widest = max(size[0] for size in sizes.values())
    per_band = _per_band(widest, [low - high for high, low in spans])
    places: Places = {}
    top = _EDGE
    for first in range(0, len(rows), per_band):
        band = range(first, min(first + per_band, len(rows)))
        highest, lowest = min(spans[at][0] for at in band), max(spans[at][1] for at in band)
        x = _EDGE
        for at in band:
            places |= {name: (x, top + flat[name][1] - highest) for name in rows[at]}
            wide = widest if len(rows) > per_band else max(sizes[name][0] for name in rows[at])
            x += -(-(wide + _GAP_X) // 8) * 8.0
        top += lowest - highest + _BAND
    return {name: (round(x / 8) * 8.0, round(y / 8) * 8.0) for name, (x, y) in places.items()}


def place_missing(graph: Graph, known: Mapping[str, tuple[float, float]], sizes: Sizes) -> Places:
    """Places for the nodes that ``known`` lacks: right of what they read, below what stands there."""
    missing = [name for name in graph.order() if name not in known]
    if len(missing) == len(graph.nodes):
        return arrange(graph, sizes)
    places: Places = dict(known)
    for name in missing:
        fed = [s.node for sources in graph.nodes[name].inputs.values() for s in sources if s.node in places]
        if fed:
            x = max(places[n][0] + sizes[n][0] for n in fed) + _GAP_X
            y = places[fed[0]][1]
        else:
            x = min((p[0] for p in places.values()), default=48.0)
            y = max((places[n][1] + sizes[n][1] for n in places if n in sizes), default=0.0) + _BAND / 2
        places[name] = free_spot(x, y, sizes[name], places, sizes)
    return {name: places[name] for name in missing}


def free_spot(
    x: float, y: float, size: tuple[float, float], places: Places, sizes: Sizes
) -> tuple[float, float]:
    """The nearest spot at or below (x, y) that overlaps no card."""
    for _ in range(200):
        hit = next(
            (n for n, at in places.items() if n in sizes and _overlap((x, y), size, at, sizes[n])), None
        )
        if hit is None:
            break
        y = places[hit][1] + sizes[hit][1] + _GAP_Y
    return x, y


def _overlap(
    a: tuple[float, float], size: tuple[float, float], b: tuple[float, float], other: tuple[float, float]
) -> bool:
    gap = 12.0
    return (
        a[0] < b[0] + other[0] + gap
        and b[0] < a[0] + size[0] + gap
        and a[1] < b[1] + other[1] + gap
        and b[1] < a[1] + size[1] + gap
    )


def _per_band(widest: float, heights: list[float]) -> int:
    count = len(heights)
    if count <= _WIDEST:
        return count
    width, height = widest + _GAP_X, sum(heights) / count + _BAND
    return max(4, min(count, round(math.sqrt(_ASPECT * count * height / width))))
