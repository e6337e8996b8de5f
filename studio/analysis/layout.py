"""Where nodes stand when nobody placed them: columns from left to right, straight chains, nothing overlapping.

Columns follow the longest path; a wire that skips up to twelve columns keeps a free row for itself in each of
them, so that it runs beside the cards and not over them; longer ones (a mask for every layer) say nothing about
rows. Rows are ordered by barycentre sweeps; heights are then fitted, column by column, as near to the neighbours
as the spacing allows. The same drawing always gives the same picture.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from studio.graph.model import Graph

Place = tuple[float, float]
_GAP_X, _GAP_Y = 96.0, 28.0  # px between columns, and between cards of a column
_GRID = 8.0
_SHORT = 12  # columns; longer wires do not pull on the order of rows
_LANE = 16.0  # px that a wire passing a column is given
_ORDER_SWEEPS, _FIT_SWEEPS = 8, 4


class _Card(NamedTuple):
    name: str
    height: float
    column: int
    near: tuple[tuple[str, ...], tuple[str, ...]]  # neighbours left and right of it


def auto_layout(
    graph: Graph, sizes: Mapping[str, Place], pinned: Mapping[str, Place] | None = None
) -> dict[str, Place]:
    """Top left corners for all nodes of ``graph``, on a grid of 8 px.

    Args:
        graph: what to place; cycles are no hindrance.
        sizes: width and height of each card.
        pinned: corners that stay as they are; the rest is shifted to fit them and keeps clear of them.
    """
    if not graph.nodes:
        return {}
    cards, columns = _cards(graph, sizes)
    _order_rows(cards, columns)
    heights = _fit_rows(cards, columns)
    places: dict[str, Place] = {}
    x = 0.0
    for names in columns:
        names = [name for name in names if name in sizes]
        for name in names:
            places[name] = (_snapped(x), _snapped(heights[name] - cards[name].height / 2))
        x += max(sizes[name][0] for name in names) + _GAP_X
    return _around(places, sizes, pinned or {})


def _snapped(value: float) -> float:
    return round(value / _GRID) * _GRID


def _cards(graph: Graph, sizes: Mapping[str, Place]) -> tuple[dict[str, _Card], list[list[str]]]:
    sources = {
        name: tuple(
            dict.fromkeys(s.node for wired in node.inputs.values() for s in wired if s.node in graph.nodes)
        )
        for name, node in graph.nodes.items()
    }
    column = _columns(graph.order(), sources)
    used = {at: rank for rank, at in enumerate(sorted(set(column.values())))}
    column = {name: used[at] for name, at in column.items()}
    left: dict[str, list[str]] = {name: [] for name in column}
    right: dict[str, list[str]] = {name: [] for name in column}
    for name, read in sources.items():
        for source in read:
            if 0 < column[name] - column[source] <= _SHORT:
                _wire(source, name, column, (left, right))
    columns: list[list[str]] = [[] for _ in used]
    cards = {}
    for name, at in column.items():
        height = sizes[name][1] if name in sizes else _LANE
        cards[name] = _Card(name, height, at, (tuple(left[name]), tuple(right[name])))
        columns[at].append(name)
    return cards, columns


def _wire(
    source: str, reader: str, column: dict[str, int], near: tuple[dict[str, list[str]], dict[str, list[str]]]
) -> None:
    """Makes two cards neighbours; in each column between them the wire gets a place of its own."""
    left, right = near
    before = source
    for at in range(column[source] + 1, column[reader]):
        passing = f"{source}\n{at}"  # no name of a node; shared by all that read the source
        if passing not in column:
            column[passing] = at
            left[passing], right[passing] = [before], []
            right[before].append(passing)
        before = passing
    left[reader].append(before)
    right[before].append(reader)


def _columns(order: Iterable[str], sources: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The column of each node: its longest path; what reads nothing stands just before its first reader."""
    column: dict[str, int] = {}
    first: dict[str, int] = {}
    for name in order:
        column[name] = max((column[source] + 1 for source in sources[name] if source in column), default=0)
    for name, read in sources.items():
        for source in read:
            first[source] = min(first.get(source, column[name]), column[name])
    for name, read in sources.items():
        if not read and name in first:
            column[name] = max(first[name] - 1, 0)
    return column


def _order_rows(cards: Mapping[str, _Card], columns: list[list[str]]) -> None:
    """Sorts each column by the mean row of its neighbours, back and forth; the best order seen stays."""
    best, fewest = [list(names) for names in columns], _crossings(cards, columns)
    for sweep in range(_ORDER_SWEEPS):
        if not fewest:
            break
        side = sweep % 2
        row = {name: at / max(len(names), 1) for names in columns for at, name in enumerate(names)}
        for names in columns if not side else reversed(columns):
            names.sort(key=lambda name: _mean([row[near] for near in cards[name].near[side]], row[name]))
            row.update({name: at / len(names) for at, name in enumerate(names)})
        count = _crossings(cards, columns)
        if count < fewest:
            best, fewest = [list(names) for names in columns], count
    columns[:] = best


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(cards: Mapping[str, _Card], columns: list[list[str]]) -> int:
    """Pairs of wires between neighbouring columns that cross."""
    total = 0
    for left, right in zip(columns, columns[1:], strict=False):
        row = {name: at for at, name in enumerate(right)}
        ends: list[int] = []
        for name in left:
            own = sorted(row[reader] for reader in cards[name].near[1] if reader in row)
            total += sum(before > end for end in own for before in ends[-200:])
            ends += own
    return total


def _fit_rows(cards: Mapping[str, _Card], columns: list[list[str]]) -> dict[str, float]:
    """The middle of each card: as near to the mean of its neighbours as order and spacing allow."""
    middle: dict[str, float] = {}
    for names in columns:
        y = -sum(cards[name].height + _GAP_Y for name in names) / 2
        for name in names:
            middle[name] = y + cards[name].height / 2
            y += cards[name].height + _GAP_Y
    heights = [[cards[name].height for name in names] for names in columns]
    for sweep in range(_FIT_SWEEPS):
        order = range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1)
        side = sweep % 2
        for at in order:
            names = columns[at]
            wanted = []
            for name in names:
                near = cards[name].near[side]
                if len(near) == 1:
                    wanted.append(middle[near[0]])
                else:
                    wanted.append(_mean([middle[other] for other in near], middle[name]))
            if len(names) > 1:
                wanted = _spaced(wanted, heights[at])
            middle.update(zip(names, wanted, strict=True))
    return middle


def _spaced(wanted: list[float], heights: list[float]) -> list[float]:
    """The values nearest to ``wanted`` (least squares) whose distances leave room for the cards.

    With the needed distances taken off it is isotonic regression: neighbours in wrong order are averaged.
    """
    if all(
        below - above >= (high + low) / 2 + _GAP_Y
        for above, below, high, low in zip(wanted, wanted[1:], heights, heights[1:], strict=False)
    ):
        return wanted
    offsets = [0.0]
    for above, below in zip(heights, heights[1:], strict=False):
        offsets.append(offsets[-1] + (above + below) / 2 + _GAP_Y)
    groups: list[tuple[float, int]] = []  # mean, count
    for value, offset in zip(wanted, offsets, strict=True):
        mean, count = value - offset, 1
        while groups and groups[-1][0] > mean:
            before, many = groups.pop()
            mean = (mean * count + before * many) / (count + many)
            count += many
        groups.append((mean, count))
    means = [mean for mean, count in groups for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _around(
    places: dict[str, Place], sizes: Mapping[str, Place], pinned: Mapping[str, Place]
) -> dict[str, Place]:
    """``places`` moved to where the pinned nodes are; who would stand on a pinned card goes below it."""
    fixed = {name: place for name, place in pinned.items() if name in places}
    if not fixed:
        top = min(y for _, y in places.values())
        return {name: (x, y - top) for name, (x, y) in places.items()}
    dx, dy = (_snapped(sum(fixed[n][i] - places[n][i] for n in fixed) / len(fixed)) for i in (0, 1))
    result = dict(fixed)
    taken = [(place, sizes[name]) for name, place in fixed.items()]
    for name in sorted((n for n in places if n not in fixed), key=lambda n: (places[n][1], places[n][0])):
        x, y = places[name][0] + dx, places[name][1] + dy
        while (hit := _hit((x, y), sizes[name], taken)) is not None:
            y = -(-(hit + _GAP_Y) // _GRID) * _GRID
        result[name] = (x, y)
        taken.append(((x, y), sizes[name]))
    return result


def _hit(place: Place, size: Place, taken: list[tuple[Place, Place]]) -> float | None:
    """The lower edge of a card that one at ``place`` would overlap."""
    for (x, y), (width, height) in taken:
        if (
            x < place[0] + size[0]
            and place[0] < x + width
            and y < place[1] + size[1]
            and place[1] < y + height
        ):
            return y + height
    return None
