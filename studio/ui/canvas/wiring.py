"""The wires of a scene as arrays: where each starts and ends, its way, and which are in view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.graph.model import Node, Source
from studio.ui.canvas.cards import Card
from studio.ui.canvas.geometry import Box, port_y
from studio.ui.canvas.routing import Rect, route_all
from studio.ui.canvas.wires import IN, NEAREST, OUT, TURN, Floats, Route, quick

_ROUTE_AROUND = 300  # wires; beyond that they run straight through, so that a move stays quick
_SLACK = 2.0


@dataclass(frozen=True, slots=True)
class Wire:
    """An edge: from output ``source`` to input ``port`` of ``node``."""

    source: Source
    node: str
    port: str
    start: int  # index of the output port on its card
    end: int
    muted: bool = False


class Wiring:
    """All wires of one graph. ``origin`` and ``target`` are rows of the scene's cards."""

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.origin: NDArray[np.int64] = np.zeros(0, np.int64)
        self.target: NDArray[np.int64] = np.zeros(0, np.int64)
        self.kinds: dict[tuple[str, int], str] = {}  # of inputs that take any numbers: what is fed
        self._rows: dict[Wire, int] | None = None
        self._of_node: dict[str, list[int]] | None = None
        self._texts: list[str] = []
        self._low: Floats = np.zeros(0)  # how far below its card's top each wire starts
        self._high: Floats = np.zeros(0)
        self._ends: Floats = np.zeros((0, 4))
        self._boxes: Floats = np.zeros((0, 4))  # left, top, right, bottom of each way
        self._ways: list[Route | None] = []
        self._cards: Floats = np.zeros((0, 4))
        self._rest: tuple[object, ...] = ()
        self._settled: Floats = np.zeros((0, 4))  # the cards when all ways were found
        self._known: dict[Wire, tuple[tuple[float, ...], Route | None]] = {}  # ends and ways then

    def sync(self, nodes: Mapping[str, Node], cards: Sequence[Card], index: Mapping[str, int]) -> None:
        """Takes over the edges of a graph; ``place`` must follow."""
        self.wires, self.kinds, self._texts = [], {}, []
        starts, ends, low, high = [], [], [], []
        for row, node in enumerate(nodes.values()):
            card = cards[row]
            for port in (*node.inputs, *(p for p in node.muted_inputs if p not in node.inputs)):
                end = _at(card.inputs, port)
                down = port_y(end, len(card.inputs), card.height)
                takes_any = end < len(card.inputs) and card.inputs[end].port.dtype == "any"
                for source, muted in node.wires(port):
                    origin = index.get(source.node)
                    if origin is None:
                        continue
                    outputs = cards[origin].outputs
                    start = _at(outputs, source.port) if source.port else 0
                    self.wires.append(Wire(source, node.id, port, start, end, muted))
                    if takes_any and start < len(outputs) and not muted:
                        self.kinds[node.id, end] = outputs[start].kind
                    self._texts.append(outputs[start].text if start < len(outputs) and not muted else "")
                    starts.append(origin)
                    ends.append(row)
                    low.append(port_y(start, len(outputs), cards[origin].height))
                    high.append(down)
        self.origin, self.target = np.array(starts, np.int64), np.array(ends, np.int64)
        self._low, self._high = np.array(low, np.float64), np.array(high, np.float64)
        self._rows = self._of_node = None
        self._ends = np.full((len(self.wires), 4), np.nan)
        self._ways = [None] * len(self.wires)

    def place(self, boxes: Floats, settled: bool = True, titles: Sequence[Rect] = ()) -> None:
        """Cards stand at ``boxes`` (x, y, width, height), other texts at ``titles`` (left, top, right, bottom).

        While some are dragged nothing is routed round.
        """
        a, b = self.origin, self.target
        ends = np.column_stack(
            (boxes[a, 0] + boxes[a, 2], boxes[a, 1] + self._low, boxes[b, 0], boxes[b, 1] + self._high)
        )
        around = len(self.wires) <= _ROUTE_AROUND
        edges = np.column_stack(
            (boxes[:, 0], boxes[:, 1], boxes[:, 0] + boxes[:, 2], boxes[:, 1] + boxes[:, 3])
        )
        if settled and around:
            rest = (tuple(self._texts), tuple(titles))
            same = np.array_equal(ends, self._ends) and np.array_equal(edges, self._cards)
            if not same or rest != self._rest:
                self._cards, self._rest = edges, rest
                rows = [tuple(row) for row in ends.tolist()]
                ranks = [wire.start for wire in self.wires]
                kept = self._still_right(ends, edges)
                self._settled = edges
                self._ways = list(route_all(rows, self._texts, edges, titles, ranks, kept))
                self._ends = ends
                self._known = dict(zip(self.wires, zip(rows, self._ways, strict=True), strict=True))
                self._boxes = np.array([way.box() for way in self._ways if way]).reshape(-1, 4)
            return
        moved = np.nonzero((ends != self._ends).any(axis=1))[0]
        for at in moved.tolist():
            self._ways[at] = None
        self._ends, self._cards = ends, np.zeros((0, 4))
        self._boxes = _estimated(ends) if len(moved) > 64 or len(self._boxes) != len(ends) else self._boxes
        self._boxes[moved] = _estimated(ends[moved])

    def _still_right(self, ends: Floats, edges: Floats) -> list[Route | None]:
        """The ways from before that no change touches; none when much is different."""
        before = {tuple(row) for row in self._settled.tolist()}
        new = np.array([row for row in edges.tolist() if tuple(row) not in before]).reshape(-1, 4)
        if len(new) > len(edges) // 2:
            return [None] * len(ends)
        kept: list[Route | None] = []
        for wire, row in zip(self.wires, ends.tolist(), strict=True):
            known = self._known.get(wire)
            way = known[1] if known is not None and known[0] == tuple(row) else None
            kept.append(way if way is not None and not _over(way, new) else None)
        return kept

    def way(self, at: int) -> Route:
        """The way of wire number ``at``."""
        found = self._ways[at]
        if found is None:
            found = self._ways[at] = quick(tuple(self._ends[at].tolist()))
        return found

    def row(self, wire: Wire) -> int | None:
        """The number of a wire; None when it is gone."""
        if self._rows is None:
            self._rows = {one: at for at, one in enumerate(self.wires)}
        return self._rows.get(wire)

    def of(self, name: str) -> list[int]:
        """The wires that start or end at a node."""
        if self._of_node is None:
            self._of_node = {}
            for at, wire in enumerate(self.wires):
                self._of_node.setdefault(wire.node, []).append(at)
                self._of_node.setdefault(wire.source.node, []).append(at)
        return self._of_node.get(name, [])

    def heights(self, wire: Wire) -> tuple[float, float]:
        """How far below the tops of its two cards a wire starts and ends."""
        at = self.row(wire)
        return (float(self._low[at]), float(self._high[at])) if at is not None else (0.0, 0.0)

    def inside(self, area: Box) -> list[int]:
        """The wires whose box touches ``area``."""
        boxes = self._boxes
        hit = (boxes[:, 0] <= area.right) & (boxes[:, 2] >= area.x)
        hit &= (boxes[:, 1] <= area.bottom) & (boxes[:, 3] >= area.y)
        found: list[int] = np.nonzero(hit)[0].tolist()
        return found

    def bounds(self, rows: Sequence[int]) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of several wires."""
        boxes = self._boxes[list(rows)]
        return (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist())

    def nearest(
        self, x: float, y: float, radius: float, but: Callable[[Wire], bool] | None = None
    ) -> Wire | None:
        """The nearest wire within ``radius`` of a point, those that ``but`` names left out."""
        best, nearest = None, radius
        for at in self.inside(Box(x, y, 0, 0).grown(radius)):
            if but is not None and but(self.wires[at]):
                continue
            distance = self.way(at).distance(x, y)
            if distance < nearest:
                best, nearest = self.wires[at], distance
        return best

    def straight(self, boxes: Floats, area: Box) -> Floats:
        """Rows of x1, y1, x2, y2: the wires that meet ``area``, from card to card without ports."""
        a, b = self.origin, self.target
        x1, y1 = boxes[a, 0] + boxes[a, 2], boxes[a, 1] + boxes[a, 3] / 2
        x2, y2 = boxes[b, 0], boxes[b, 1] + boxes[b, 3] / 2
        shown = (np.minimum(x1, x2) <= area.right) & (np.maximum(x1, x2) >= area.x)
        shown &= (np.minimum(y1, y2) <= area.bottom) & (np.maximum(y1, y2) >= area.y)
        found: Floats = np.column_stack((x1, y1, x2, y2))[shown]
        return found


def _at(marks: Sequence[object], name: str) -> int:
    return next((at for at, mark in enumerate(marks) if mark.name == name), 0)  # type: ignore[attr-defined]


def _over(way: Route, cards: Floats) -> bool:
    """Whether a way runs over one of some cards."""
    if not len(cards):
        return False
    points = np.array(way.corners) if way.corners else way.points
    low, high = np.minimum(points[:-1], points[1:]), np.maximum(points[:-1], points[1:])
    low[0, 0], high[-1, 0] = low[0, 0] + 6, high[-1, 0] - 6  # not the cards it joins
    hit = (cards[:, None, 0] < high[:, 0]) & (cards[:, None, 2] > low[:, 0])
    hit &= (cards[:, None, 1] < high[:, 1]) & (cards[:, None, 3] > low[:, 1])
    return bool(hit.any())


def _estimated(ends: Floats) -> Floats:
    """A box around each way that is not worked out yet: of a curve, or of a quick way back."""
    back = ends[:, 2] - ends[:, 0] < NEAREST
    low, high = np.minimum(ends[:, :2], ends[:, 2:]), np.maximum(ends[:, :2], ends[:, 2:])
    low[back] -= (IN + _SLACK, 0)
    high[back] += (OUT + _SLACK, 2 * TURN + _SLACK)
    return np.hstack((low, high))
