"""What is drawn of one graph: cards, wires and frames beside arrays of their places. Holds no truth of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import is_

import numpy as np
from numpy.typing import NDArray

from studio.analysis import Analysis, Facts, Problem
from studio.analysis.configure import Names, own_names
from studio.document.model import Document, Frame
from studio.document.ports import INSTANCES
from studio.graph.model import Block, Node
from studio.layers.spec import Category
from studio.ui.canvas.cards import PLAIN, Card, make_card
from studio.ui.canvas.geometry import PORT_RADIUS, Box, pill_of, port_y
from studio.ui.canvas.placing import place_missing
from studio.ui.canvas.wires import NEAREST, Route, quick
from studio.ui.canvas.wiring import Wire, Wiring

Floats = NDArray[np.float64]
CATEGORIES = list(Category)


@dataclass(frozen=True, slots=True)
class PortRef:
    """One port on the canvas. ``side`` is "in" or "out"."""

    node: str
    side: str
    index: int
    name: str


class Scene:
    """Arrays and cards of the graph ``key`` of a document; ``sync`` brings it up to date."""

    def __init__(self) -> None:
        self.key = ""
        self.ids: list[str] = []
        self.index: dict[str, int] = {}
        self.cards: list[Card] = []
        self.frames: tuple[Frame, ...] = ()
        self.names: Names = {}  # the values of what expressions in the graph may use
        self.bad: frozenset[tuple[str, str]] = frozenset()  # inputs with an error; port "" is all of a node's
        self.x: Floats = np.zeros(0)
        self.y: Floats = np.zeros(0)
        self.width: Floats = np.zeros(0)
        self.height: Floats = np.zeros(0)
        self.category: NDArray[np.int8] = np.zeros(0, np.int8)
        self.troubled: NDArray[np.int64] = np.zeros(0, np.int64)  # rows of cards with an error
        self.wiring = Wiring()
        self._cache: dict[str, tuple[tuple[object, ...], object, Card]] = {}
        self._placed: dict[str, tuple[float, float]] = {}
        self._shown: tuple[object, ...] = ()  # what the last ``sync`` was given
        self._boxes: Floats | None = None

    def sync(self, document: Document, key: str, analysis: Analysis) -> bool:
        """Takes over what differs; whether anything did."""
        graph = document.graph(key)
        own, marks = document.params, document.layout(key).marks
        meaning = (graph, document.blocks, document.data, own, analysis, key, marks)
        shown: tuple[object, ...] = (*meaning, document.layout(key))
        known = self._shown
        if len(known) == len(shown) and all(map(is_, known, shown)):
            return False
        self._shown, self._boxes = shown, None
        if known and all(map(is_, known, meaning)):  # only moved
            self._place(document, key)
            self.frames = document.layout(key).frames
            self.wiring.place(self.boxes(), titles=self._titles())
            return True
        self._sync_cards(document, key, analysis)
        return True

    def _sync_cards(self, document: Document, key: str, analysis: Analysis) -> None:
        graph = document.graph(key)
        if key != self.key:
            self._cache.clear()
            self._placed.clear()
            self.key = key
        problems = _by_node(analysis.problems, key)
        self.bad = _bad_inputs(problems)
        names = {} if key else own_names(document.params)  # in a block they differ from use to use
        self.names = self.names if names == self.names else names
        prefix = instance_prefix(document, key)
        letters = _shared_letters(graph.nodes)
        self.ids = list(graph.nodes)
        self.index = {name: at for at, name in enumerate(self.ids)}
        self.cards = [
            self._card(
                document, node, analysis.facts.get(prefix + node.id), problems.get(node.id, ()), letters
            )
            for node in graph.nodes.values()
        ]
        for gone in self._cache.keys() - self.index.keys():
            del self._cache[gone]
        self.troubled = np.array([at for at, card in enumerate(self.cards) if card.errors], np.int64)
        self._place(document, key)
        self.frames = document.layout(key).frames
        self.wiring.sync(graph.nodes, self.cards, self.index)
        self.wiring.place(self.boxes(), titles=self._titles())

    def forget(self) -> None:
        """Makes every card anew at the next ``sync``: the language or the fonts changed."""
        self._cache.clear()
        self._shown = ()

    def boxes(self) -> Floats:
        """Rows of x, y, width, height of all cards."""
        if self._boxes is None:
            self._boxes = np.column_stack((self.x, self.y, self.width, self.height))
        return self._boxes

    @property
    def wires(self) -> list[Wire]:
        """All wires."""
        return self.wiring.wires

    def box(self, name: str) -> Box:
        """The card of node ``name``."""
        at = self.index[name]
        return Box(float(self.x[at]), float(self.y[at]), float(self.width[at]), float(self.height[at]))

    def bounds(self, names: Iterable[str] | None = None) -> Box | None:
        """The box around the cards ``names``, or around everything with its frames."""
        chosen = (
            [self.index[n] for n in names if n in self.index] if names is not None else range(len(self.ids))
        )
        rows = np.fromiter(chosen, np.int64)
        boxes = [Box(f.x, f.y, f.width, f.height) for f in self.frames] if names is None else []
        if rows.size:
            left, top = float(self.x[rows].min()), float(self.y[rows].min())
            right = float((self.x[rows] + self.width[rows]).max())
            boxes.append(Box(left, top, right - left, float((self.y[rows] + self.height[rows]).max()) - top))
        if not boxes:
            return None
        whole = boxes[0]
        for box in boxes[1:]:
            whole = whole.joined(box)
        return whole

    def card(self, name: str) -> Card:
        """The card of a node."""
        return self.cards[self.index[name]]

    def inside(self, area: Box, wholly: bool = False) -> NDArray[np.int64]:
        """Indices of the cards that ``area`` touches (or holds), in drawing order."""
        if wholly:
            hit = (self.x >= area.x) & (self.x + self.width <= area.right)
            hit &= (self.y >= area.y) & (self.y + self.height <= area.bottom)
        else:
            hit = (self.x <= area.right) & (self.x + self.width >= area.x)
            hit &= (self.y <= area.bottom) & (self.y + self.height >= area.y)
        return np.nonzero(hit)[0]

    def node_at(self, x: float, y: float) -> str | None:
        """The topmost card at a point."""
        found = self.inside(Box(x, y, 0, 0))
        return self.ids[int(found[-1])] if found.size else None

    def pill_at(self, x: float, y: float) -> str | None:
        """The node whose count of problems is at a point."""
        for at in reversed(self.inside(Box(x, y, 0, 0).grown(24))):
            card = self.cards[int(at)]
            if card.errors or card.warnings:
                left, top, width, height = pill_of(card.width)
                if left <= x - self.x[at] <= left + width and top <= y - self.y[at] <= top + height:
                    return card.id
        return None

    def frame_at(self, x: float, y: float) -> Frame | None:
        """The frame whose title bar is at a point."""
        for frame in reversed(self.frames):
            if frame.x <= x <= frame.x + frame.width and frame.y <= y <= frame.y + 28:
                return frame
        return None

    def note_at(self, x: float, y: float) -> Frame | None:
        """The note at a point, anywhere on it."""
        for frame in reversed(self.frames):
            if (
                frame.note
                and frame.x <= x <= frame.x + frame.width
                and frame.y <= y <= frame.y + frame.height
            ):
                return frame
        return None

    def port_place(self, ref: PortRef) -> tuple[float, float]:
        """The middle of a port."""
        at = self.index[ref.node]
        card = self.cards[at]
        count = len(card.inputs) if ref.side == "in" else len(card.outputs)
        x = self.x[at] if ref.side == "in" else self.x[at] + self.width[at]
        return float(x), float(self.y[at]) + port_y(ref.index, count, card.height)

    def ports(self, name: str, side: str) -> list[PortRef]:
        """The ports on one side of a card."""
        card = self.card(name)
        marks = card.inputs if side == "in" else card.outputs
        return [PortRef(name, side, at, mark.name) for at, mark in enumerate(marks)]

    def port_near(self, x: float, y: float, radius: float, side: str = "") -> PortRef | None:
        """The nearest port within ``radius`` of a point; of both sides unless one is given."""
        best, nearest = None, radius + PORT_RADIUS
        for at in reversed(self.inside(Box(x, y, 0, 0).grown(nearest))):
            for one in (side,) if side else ("out", "in"):
                for ref in self.ports(self.ids[int(at)], one):
                    px, py = self.port_place(ref)
                    distance = float(np.hypot(px - x, py - y))
                    if distance < nearest:
                        best, nearest = ref, distance
        return best

    def wire_at(self, x: float, y: float, radius: float) -> Wire | None:
        """The nearest wire within ``radius`` of a point."""
        return self.wiring.nearest(x, y, radius)

    def route(self, wire: Wire) -> Route:
        """The way of a wire; while an end moves, the quick one."""
        at = self.wiring.row(wire)
        return self.wiring.way(at) if at is not None else quick((0, 0, NEAREST, 0))

    def reach(self, names: Iterable[str]) -> Box | None:
        """The box around cards and all their wires."""
        whole = self.bounds(names := [name for name in names if name in self.index])
        rows = sorted({at for name in names for at in self.wiring.of(name)})
        if whole is None or not rows:
            return whole
        left, top, right, bottom = self.wiring.bounds(rows)
        return whole.joined(Box(left, top, right - left, bottom - top))

    def put(self, places: Mapping[str, tuple[float, float]]) -> None:
        """Shows cards at ``places`` while they are dragged or fly; ``sync`` or ``settle`` ends it."""
        self._shown, self._boxes = (), None
        for name, (x, y) in places.items():
            at = self.index.get(name)
            if at is not None:
                self.x[at], self.y[at] = x, y
        self.wiring.place(self.boxes(), settled=False)

    def settle(self) -> None:
        """Ends a move: wires find their way anew."""
        self.wiring.place(self.boxes(), titles=self._titles())

    def places(self) -> dict[str, tuple[float, float]]:
        """Top left corners of all cards."""
        return {n: (float(self.x[at]), float(self.y[at])) for at, n in enumerate(self.ids)}

    def sizes(self) -> dict[str, tuple[float, float]]:
        """Sizes of all cards."""
        return {n: (float(self.width[at]), float(self.height[at])) for at, n in enumerate(self.ids)}

    def _titles(self) -> list[tuple[float, float, float, float]]:
        """The titles of frames, as boxes that wires keep clear of."""
        return [
            (f.x + 12, f.y + 4, f.x + 12 + min(8.0 * len(f.title), f.width - 24), f.y + 24)
            for f in self.frames
            if f.title and not f.note
        ]

    def _card(
        self,
        document: Document,
        node: Node,
        facts: Facts | None,
        problems: tuple[Problem, ...],
        letters: Mapping[str, str],
    ) -> Card:
        block: Block | None = None
        if node.layer in INSTANCES:
            name = node.params.get("block")
            block = document.blocks.get(name) if isinstance(name, str) else None
        letter, mark = letters.get(node.id, ""), document.layout(self.key).marks.get(node.id, PLAIN)
        same: tuple[object, ...] = (node, block, facts, document.data, mark, self.names)
        known = self._cache.get(node.id)
        if known is not None and known[1] == (problems, letter) and all(map(is_, known[0], same)):
            return known[2]
        card = make_card(document, node, facts, problems, letter, mark, self.names)
        self._cache[node.id] = (same, (problems, letter), card)
        return card

    def _place(self, document: Document, key: str) -> None:
        self.width = np.array([card.width for card in self.cards])
        self.height = np.array([card.height for card in self.cards])
        self.category = np.array([CATEGORIES.index(card.category) for card in self.cards], np.int8)
        known = document.layout(key).positions
        graph = document.graph(key)
        missing = [name for name in self.ids if name not in known]
        if missing and not all(name in self._placed for name in missing):
            self._placed = place_missing(graph, {n: known[n] for n in self.ids if n in known}, self.sizes())
        places = [known.get(name) or self._placed[name] for name in self.ids]
        self.x = np.array([place[0] for place in places], np.float64)
        self.y = np.array([place[1] for place in places], np.float64)


def instance_prefix(document: Document, key: str) -> str:
    """The path of the first use of block ``key``, "head/"; "" for the main graph or an unused block."""
    if not key:
        return ""
    todo, seen = [("", "")], {""}
    while todo:
        graph, path = todo.pop(0)
        for node in document.graph(graph).nodes.values():
            name = node.params.get("block") if node.layer in INSTANCES else None
            if name == key:
                return f"{path}{node.id}/"
            if isinstance(name, str) and name in document.blocks and name not in seen:
                seen.add(name)
                todo.append((name, f"{path}{node.id}/"))
    return ""


def _by_node(problems: Iterable[Problem], key: str) -> dict[str, tuple[Problem, ...]]:
    found: dict[str, tuple[Problem, ...]] = {}
    for problem in problems:
        if problem.graph == key and problem.node:
            found[problem.node] = (*found.get(problem.node, ()), problem)
    return found


def _bad_inputs(problems: Mapping[str, Iterable[Problem]]) -> frozenset[tuple[str, str]]:
    """The inputs at which a shape or dtype does not fit."""
    found = set()
    for name, several in problems.items():
        for problem in several:
            if problem.severity == "error" and problem.code == "shape":
                ports = [fix.action[3] for fix in problem.fixes if fix.action[0] in ("insert", "unplug")]
                found |= {(name, str(port)) for port in ports} or {(name, "")}
    return frozenset(found)


def _shared_letters(nodes: Mapping[str, Node]) -> dict[str, str]:
    """A letter for each group of nodes that share one weight."""
    letters: dict[str, str] = {}
    for node in nodes.values():
        other = node.params.get("weight_of") or node.params.get("weights_of") or node.params.get("of")
        if isinstance(other, str) and other in nodes:
            letter = letters.setdefault(other, chr(ord("A") + len(set(letters.values())) % 26))
            letters[node.id] = letter
    return letters
