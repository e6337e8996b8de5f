"""The ways of all wires of a drawing: clear of cards, of each other and of the shapes written on them.

Wires that reach their end by a curve come first. The others take, shortest first, the cheapest of a few hundred
ways along the gaps between the cards, where crossing a wire and running through a text cost extra length.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from studio.ui.canvas.wires import IN, NEAREST, OUT, Ends, Floats, Point, Route, crossings, curve, laned

Rect = tuple[float, float, float, float]

_CLEAR = 13.0  # distance of a lane from cards
_LANE = 12.0  # distance of two lanes
_WIDE = 140.0  # a gap this high is open space: its lanes hug the cards
_CARD, _BESIDE, _WIRE, _TEXT = 2000.0, 500.0, 200.0, 600.0  # px of length that each of them is worth
_OUTSIDE = 90.0  # the same, of a lane that leaves the drawing
_TURN = 20.0  # of every corner beyond four: the simpler way wins
_OWN = 0.85  # this share of the length beside a wire of the same value is free: branches leave late
_MOST, _TESTS = 240, 200_000  # ways of a family looked at closely, and how many comparisons that may take
_MONO_PX, _TEXT_PX = 6.8, 13.0  # width of a letter and height of a line of the shapes
_SHIFTS = (0.0, 48.0, -48.0, 96.0, -96.0, 160.0, -160.0)
_STEEP = 210.0  # px up or down: a curve would cut across the drawing
_STRETCHES = 7  # of the longest way
_CHUNK = 24  # ways weighed at a time


def route_all(
    ends: Sequence[Ends],
    texts: Sequence[str],
    boxes: Floats,
    titles: Sequence[Rect] = (),
    ranks: Sequence[int] = (),
    kept: Sequence[Route | None] = (),
) -> list[Route]:
    """The way of each wire.

    Args:
        ends: where each starts and ends.
        texts: the shape written on each.
        boxes: left, top, right, bottom of the cards.
        titles: the same of other texts: titles of frames.
        ranks: which output each starts at; the first of a card carries the main flow and chooses first.
        kept: ways that stay as they are; None is to be found.
    """
    traffic = _Traffic(boxes, titles)
    ways: list[Route | None] = list(kept) if kept else [None] * len(ends)
    for at, way in enumerate(ways):
        if way is not None:
            traffic.note(ends[at][:2], way, texts[at])
    for at, one in enumerate(ends):
        steep = abs(one[3] - one[1]) > _STEEP
        if ways[at] is None and one[2] - one[0] >= NEAREST and not steep:
            direct = curve(one)
            if traffic.free(direct.points):
                ways[at] = direct
                traffic.note(one[:2], direct, texts[at])
    left = [at for at, way in enumerate(ways) if way is None]
    side = ranks or [0] * len(ends)
    for at in sorted(
        left, key=lambda i: (side[i], abs(ends[i][2] - ends[i][0]) + abs(ends[i][3] - ends[i][1]), i)
    ):
        way = laned(_best(ends[at], traffic))
        traffic.note(ends[at][:2], way, texts[at])
        ways[at] = way
    found = [way for way in ways if way is not None]
    return [traffic.labelled(ends[at][:2], way, texts[at]) for at, way in enumerate(found)]


class _Traffic:
    """The cards, and the wires and texts placed so far."""

    def __init__(self, boxes: Floats, titles: Sequence[Rect]) -> None:
        self.boxes = boxes
        self._from: list[Point] = []
        self._to: list[Point] = []
        self._owner: list[Point] = []
        self._gaps: dict[tuple[int, int], list[tuple[float, float]]] = {}
        self._texts: list[Rect] = list(titles)
        self._speakers: list[Point] = [(np.nan, np.nan)] * len(titles)  # whose each text is
        self._arrays: tuple[Floats, Floats, Floats, Floats] | None = None

    def note(self, start: Point, way: Route, text: str) -> None:
        """Another wire is placed."""
        points = way.corners or tuple(map(tuple, way.points[::5].tolist()))
        for a, b in pairwise(points):
            self._from.append(a)
            self._to.append(b)
            self._owner.append(start)
        width = _MONO_PX * len(text)
        if text and width < way.room:
            x, y = way.label[0], way.label[1] - _TEXT_PX / 2
            if way.flat:
                y = float(way.points[:, 1].min()) - 4 - _TEXT_PX
            self._texts.append((x - width / 2 - 3, y, x + width / 2 + 3, y + _TEXT_PX))
            self._speakers.append(start)
        self._arrays = None

    def free(self, points: Floats) -> bool:
        """Whether no card holds one of ``points``."""
        inner, boxes = points[1:-1], self.boxes
        x, y = inner[:, 0, None], inner[:, 1, None]
        hit = (boxes[:, 0] - 2 < x) & (boxes[:, 2] + 2 > x) & (boxes[:, 1] - 3 < y) & (boxes[:, 3] + 3 > y)
        near = (x <= inner[0, 0]) | (x >= inner[-1, 0])
        return not bool((hit & ~near).any())

    def costs(self, start: Point, ways: Floats) -> Floats:
        """What running across and beside other wires and through texts is worth, for each way.

        Args:
            start: where they begin; wires from there carry the same value.
            ways: (ways, corners, 2).
        """
        a, b = ways[:, :-1].reshape(-1, 2), ways[:, 1:].reshape(-1, 2)
        cost: Floats = np.zeros(len(a))
        p, q, owner, texts = self._all()
        if len(p):
            own = (owner == start).all(axis=1)
            cost += _WIRE * crossings(p[~own], q[~own], a, b).sum(axis=0)
            cost += _BESIDE * (_beside(p[~own], q[~own], a, b, _LANE - 1) > 0).sum(axis=0)
            if own.any():
                cost -= _OWN * _beside(p[own], q[own], a, b, 0.5).max(axis=0)
        if self._speakers:
            texts = texts[(np.array(self._speakers) != start).any(axis=1)]
        low, high = np.minimum(a, b), np.maximum(a, b)
        over = (texts[:, None, 0] < high[None, :, 0]) & (texts[:, None, 2] > low[None, :, 0])
        over &= (texts[:, None, 1] < high[None, :, 1]) & (texts[:, None, 3] > low[None, :, 1])
        cost += _TEXT * over.sum(axis=0)
        total: Floats = cost.reshape(len(ways), -1).sum(axis=1)
        return total

    def cards(self, ways: Floats) -> Floats:
        """How many cards each way runs over, the two it joins left out."""
        a, b = ways[:, :-1].reshape(-1, 2), ways[:, 1:].reshape(-1, 2)
        low, high = np.minimum(a, b), np.maximum(a, b)
        boxes = self.boxes[:, None]
        hit = (boxes[..., 0] - 4 < high[:, 0]) & (boxes[..., 2] + 4 > low[:, 0])
        hit &= (boxes[..., 1] - 2 < high[:, 1]) & (boxes[..., 3] + 2 > low[:, 1])
        stretches = ways.shape[1] - 1
        number = np.arange(len(a)) % stretches
        hit &= ~((number == 0) & (boxes[..., 2] <= a[:, 0] + 2))  # the card it leaves
        hit &= ~((b == ways[0, -1]).all(axis=1) & (boxes[..., 0] >= b[:, 0] - 2))  # and the one it enters
        hit &= ~(a == b).all(axis=1)
        result: Floats = hit.sum(axis=0).reshape(len(ways), -1).sum(axis=1).astype(np.float64)
        return result

    def own_length(self, start: Point) -> float:
        """How much beside wires of the same value can be free at most."""
        p, q, owner, _ = self._all()
        if not len(p):
            return 0.0
        own = (owner == start).all(axis=1)
        return _OWN * float(np.abs(p[own] - q[own]).sum())

    def size(self) -> int:
        """How much a way is compared with."""
        return len(self._from) + len(self._texts) + len(self.boxes)

    def labelled(self, start: Point, way: Route, text: str) -> Route:
        """``way`` with its shape moved along the line to where no other wire runs through it."""
        if way.flat or not way.corners or not text:
            return way
        p, q, owner, _ = self._all()
        foreign = (owner != start).any(axis=1)
        low, high = np.minimum(p, q)[foreign], np.maximum(p, q)[foreign]
        width = _MONO_PX * len(text) / 2 + 8
        for shift in _SHIFTS:
            x, y = way.label[0] + shift, way.label[1]
            if abs(shift) + width > way.room / 2:
                break
            hit = (
                (low[:, 0] < x + width)
                & (high[:, 0] > x - width)
                & (low[:, 1] < y + 8)
                & (high[:, 1] > y - 8)
            )
            if not hit.any():
                return replace(way, label=(x, y))
        return way

    def lanes(self, left: float, right: float, middle: float) -> list[float]:
        """Heights to try between two x, from ``middle`` outward."""
        key = (round(left), round(right))
        if key not in self._gaps:
            self._gaps[key] = self.gaps(left, right)
        return _lanes(self._gaps[key], middle)

    def gaps(self, left: float, right: float) -> list[tuple[float, float]]:
        """Heights free of cards between two x, top down; the first and last are open."""
        hit = self.boxes[(self.boxes[:, 0] < right) & (self.boxes[:, 2] > left)]
        spans = sorted(map(tuple, hit[:, [1, 3]].tolist()))
        gaps, floor = [], -np.inf
        for top, bottom in spans:
            if top - floor > _CLEAR:
                gaps.append((floor, top))
            floor = max(floor, bottom)
        return [*gaps, (floor, np.inf)]

    def _all(self) -> tuple[Floats, Floats, Floats, Floats]:
        if self._arrays is None:
            texts = np.array(self._texts, np.float64).reshape(-1, 4)
            rows = (np.array(part, np.float64).reshape(-1, 2) for part in (self._from, self._to, self._owner))
            self._arrays = (*rows, texts)  # type: ignore[assignment]
        assert self._arrays is not None
        return self._arrays


def _beside(p: Floats, q: Floats, a: Floats, b: Floats, near: float) -> Floats:
    """How long two level or two upright stretches run side by side, nearer than ``near``."""
    length: Floats = np.zeros((len(p), len(a)))
    for along, across in ((0, 1), (1, 0)):
        same = (p[:, across] == q[:, across])[:, None] & (a[:, across] == b[:, across])[None]
        same &= np.abs(p[:, None, across] - a[None, :, across]) < near
        low = np.maximum(np.minimum(p, q)[:, None, along], np.minimum(a, b)[None, :, along])
        high = np.minimum(np.maximum(p, q)[:, None, along], np.maximum(a, b)[None, :, along])
        length = np.maximum(length, np.where(same, high - low, 0.0))
    length[length <= 4] = 0.0
    return length


def _best(ends: Ends, traffic: _Traffic) -> list[Point]:
    """The corners of the cheapest way."""
    ways = list(_candidates(ends, traffic))
    corners = np.array([[*way, *[way[-1]] * (_STRETCHES + 1 - len(way))] for way in ways])
    lengths = np.abs(np.diff(corners, axis=1)).sum(axis=(1, 2))
    lengths += [_TURN * max(len(way) - 6, 0) for way in ways]
    top, bottom = traffic.boxes[:, 1].min(), traffic.boxes[:, 3].max()
    lengths += _OUTSIDE * ((corners[..., 1] < top) | (corners[..., 1] > bottom)).any(axis=1)
    lengths += _CARD * traffic.cards(corners)
    most = max(8, min(_MOST, _TESTS // (_STRETCHES * (traffic.size() + 1))))
    simple = np.array([len(way) == 6 for way in ways])
    near = [np.nonzero(one)[0] for one in (simple, ~simple)]  # both families, or the longer never gets a look
    nearest = np.concatenate([rows[np.argsort(lengths[rows], kind="stable")[:most]] for rows in near])
    nearest = nearest[np.argsort(lengths[nearest], kind="stable")]
    spared = traffic.own_length(ends[:2])
    best, cheapest = int(nearest[0]), np.inf
    for first in range(0, len(nearest), _CHUNK):
        rows = nearest[first : first + _CHUNK]
        if lengths[rows[0]] - spared >= cheapest:
            break  # whatever comes is longer than the best costs
        total = lengths[rows] + traffic.costs(ends[:2], corners[rows])
        at = int(np.argmin(total))
        if total[at] < cheapest:
            best, cheapest = int(rows[at]), float(total[at])
    return ways[best]


def _candidates(ends: Ends, traffic: _Traffic) -> Iterable[list[Point]]:
    """Ways with one lane between two turns, and ways that go round outside with two lanes."""
    sx, sy, tx, ty = ends
    boxes = traffic.boxes
    firsts = _turns(sx, OUT, boxes[:, 2], max(sx, tx))
    lasts = _turns(tx, -IN, boxes[:, 0], min(sx, tx))
    for x1 in firsts:
        for x2 in lasts:
            for lane in traffic.lanes(min(x1, x2), max(x1, x2), (sy + ty) / 2):
                yield [(sx, sy), (x1, sy), (x1, lane), (x2, lane), (x2, ty), (tx, ty)]
    x1, x2 = sx + OUT, tx - IN
    for outside in (float(boxes[:, 2].max()) + OUT, float(boxes[:, 0].min()) - IN):
        for step in range(3):
            edge = outside + (step * _LANE * 1.5 if outside > tx else -step * _LANE * 1.5)
            for first in traffic.lanes(min(x1, edge), max(x1, edge), sy)[:4]:
                for second in traffic.lanes(min(x2, edge), max(x2, edge), ty)[:4]:
                    corners = [(sx, sy), (x1, sy), (x1, first), (edge, first)]
                    yield [*corners, (edge, second), (x2, second), (x2, ty), (tx, ty)]


def _turns(x: float, step: float, edges: Floats, far: float) -> list[float]:
    """Where a wire may turn: right at its port, nearer and farther, past the next column, past everything."""
    first = x + step
    own = [first, x + step * 0.5, first + step * 0.4]
    beyond = np.unique(edges[edges > x + 1] if step > 0 else edges[edges < x - 1])
    if not beyond.size:
        return own
    column = float(beyond[0] if step > 0 else beyond[-1]) + step
    last = float(beyond[-1] if step > 0 else beyond[0]) + step
    return list(dict.fromkeys((*own, column, last)))


def _lanes(gaps: list[tuple[float, float]], middle: float) -> list[float]:
    """Heights to try, of the gaps nearest to ``middle``."""
    near = sorted(gaps, key=lambda gap: max(gap[0] - middle, middle - gap[1], 0))[:5]
    found: list[float] = []
    for low, high in near:
        if np.isinf(low) and np.isinf(high):
            found += [middle]
        elif high - low <= _WIDE:
            found += _packed(low, high)
        else:
            edges = [low + _CLEAR + _LANE * at for at in range(4)] if np.isfinite(low) else []
            edges += [high - _CLEAR - _LANE * at for at in range(4)] if np.isfinite(high) else []
            found += [edge for edge in edges if low < edge < high]
            if low + _CLEAR < middle < high - _CLEAR:
                found.append(middle)
    return found


def _packed(low: float, high: float) -> list[float]:
    """The lanes of a narrow gap, from its middle outward."""
    centre = (low + high) / 2
    steps = int((high - low) / 2 / _LANE) if high - low > 4 * _LANE else 1
    return list(dict.fromkeys(centre + sign * _LANE * at for at in range(max(steps, 1)) for sign in (1, -1)))[
        : 2 * steps
    ]
