"""Puts nodes in order: automatic layout, alignment, equal gaps, straight wires, pins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.document import edits
from studio.text import tr
from studio.ui.canvas.geometry import Box, snapped
from studio.ui.canvas.placing import arrange

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

Point = tuple[float, float]
_EDGES: dict[str, Callable[[Box, Box], Point]] = {  # a card and the one it is lined up with
    "left": lambda box, to: (to.x, box.y),
    "right": lambda box, to: (to.right - box.width, box.y),
    "top": lambda box, to: (box.x, to.y),
    "bottom": lambda box, to: (box.x, to.bottom - box.height),
    "row": lambda box, to: (box.x, to.centre[1] - box.height / 2),
    "column": lambda box, to: (to.centre[0] - box.width / 2, box.y),
}


class Order:
    """Edits of places in the graph shown; each is one step."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    def auto_layout(self) -> None:
        """Places the selection, or everything, anew; pinned nodes stay. Shown as a short move."""
        view, scene, key = self._view, self._view.scene, self._view.session.graph_key
        chosen = view.commands.chosen
        names = set(chosen) if len(chosen) > 1 else set(scene.ids)
        graph = view.session.document.graph(key)
        part = graph if len(names) == len(scene.ids) else graph.without(*(set(scene.ids) - names))
        if not names:
            return
        places = arrange(part, scene.sizes())
        if part is not graph:  # it stays where it was
            box = scene.bounds(names) or Box(0, 0, 0, 0)
            left, top = min(p[0] for p in places.values()), min(p[1] for p in places.values())
            places = {
                n: (snapped(x - left + box.x), snapped(y - top + box.y)) for n, (x, y) in places.items()
            }
        before = scene.places()
        places = self._around_pins(places)
        if places and view.session.apply(tr("Arrange"), lambda d: edits.move_nodes(d, key, places)):
            view.animate({name: before[name] for name in places}, places)

    def align(self, edge: str) -> None:
        """Lines the selection up: edges "left", "right", "top", "bottom", middles "row", "column"."""
        boxes = {name: self._view.scene.box(name) for name in self._view.commands.chosen}
        if len(boxes) < 2:
            return
        ends: dict[str, Callable[[Box], float]] = {
            "left": lambda box: box.x,
            "right": lambda box: -box.right,
            "top": lambda box: box.y,
            "bottom": lambda box: -box.bottom,
        }
        first = min(boxes.values(), key=ends[edge]) if edge in ends else next(iter(boxes.values()))
        self._view.commands.move_to({name: _EDGES[edge](box, first) for name, box in boxes.items()})

    def distribute(self, axis: str) -> None:
        """Makes the gaps between the selected cards equal, the outer two stay: "across" or "down"."""
        boxes = {name: self._view.scene.box(name) for name in self._view.commands.chosen}
        if len(boxes) < 3:
            return
        across = axis == "across"
        names = sorted(boxes, key=lambda n: boxes[n].x if across else boxes[n].y)
        first, last = boxes[names[0]], boxes[names[-1]]
        room = last.right - first.x if across else last.bottom - first.y
        filled = sum(boxes[n].width if across else boxes[n].height for n in names)
        gap = (room - filled) / (len(names) - 1)
        places, at = {}, first.x if across else first.y
        for name in names:
            box = boxes[name]
            places[name] = (at, box.y) if across else (box.x, at)
            at += (box.width if across else box.height) + gap
        self._view.commands.move_to(places)

    def straighten(self) -> None:
        """Moves the selected nodes up or down until the wires between them are level."""
        view = self._view
        chosen = set(view.commands.chosen)
        places: dict[str, Point] = {}
        boxes = {name: view.scene.box(name) for name in chosen}
        for name in view.session.document.graph(view.session.graph_key).order():
            if name not in chosen:
                continue
            wires = [view.scene.wires[at] for at in view.scene.wiring.of(name)]
            into = next((w for w in wires if w.node == name and w.source.node in places), None)
            if into is None:
                places[name] = (boxes[name].x, boxes[name].y)
                continue
            start, end = view.scene.wiring.heights(into)
            top = places[into.source.node][1] + start
            places[name] = (boxes[name].x, top - end)
        if any(places[n] != (boxes[n].x, boxes[n].y) for n in places):
            view.commands.move_to(places)

    def toggle_pinned(self) -> None:
        """Keeps what is selected where it is when the drawing is arranged, or lets it go."""
        names, key = self._view.commands.chosen, self._view.session.graph_key
        if names:
            marks = self._view.session.document.layout(key).marks
            on = not all(name in marks and marks[name].pinned for name in names)
            label = tr("Pin") if on else tr("Unpin")
            self._view.session.apply(label, lambda d: edits.mark_nodes(d, key, names, pinned=on))

    def _around_pins(self, places: dict[str, Point]) -> dict[str, Point]:
        """``places`` without the pinned nodes, the rest moved so that those would fall on their pins."""
        key = self._view.session.graph_key
        marks = self._view.session.document.layout(key).marks
        pins = {n: self._view.scene.box(n) for n in places if n in marks and marks[n].pinned}
        if not pins:
            return places
        dx = snapped(sum(box.x - places[n][0] for n, box in pins.items()) / len(pins))
        dy = snapped(sum(box.y - places[n][1] for n, box in pins.items()) / len(pins))
        scene = self._view.scene
        taken = [box.grown(12) for box in pins.values()]
        result: dict[str, Point] = {}
        for name in sorted((n for n in places if n not in pins), key=lambda n: (places[n][1], places[n][0])):
            box = scene.box(name)
            x, y = places[name][0] + dx, places[name][1] + dy
            while hit := next((t for t in taken if _meet(t, Box(x, y, box.width, box.height))), None):
                y = snapped(hit.bottom + 8)
            result[name] = (x, y)
            taken.append(Box(x, y, box.width, box.height))
        return result


def _meet(one: Box, other: Box) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom
