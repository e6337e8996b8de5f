"""What a repair would do to the drawing: shown on the canvas while the mouse is on the repair, before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from studio.graph.model import Node
from studio.graph.persistent import PersistentMap
from studio.ui.canvas.geometry import OVERVIEW, Box
from studio.ui.canvas.look import Look
from studio.ui.canvas.scene import Scene
from studio.ui.canvas.wires import Route
from studio.ui.canvas.wiring import Wire

_REACH = 5.0  # px that an outline stands off its card
_SIGN = 18.0


@dataclass(frozen=True, slots=True)
class Shown:
    """What a change touches in a scene before it: nodes, and where their cards and wires are."""

    nodes: Mapping[str, Node]
    boxes: Mapping[str, Box]
    ways: Mapping[Wire, Route]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be new, other and gone. ``gone`` holds the cards and ways as they were."""

    new: frozenset[str]
    changed: frozenset[str]
    gone: tuple[Box, ...]
    new_wires: frozenset[Wire]
    gone_wires: tuple[Route, ...]


def shown(scene: Scene, nodes: PersistentMap[Node], after: PersistentMap[Node]) -> Shown:
    """What ``scene`` shows of those of ``nodes`` that are not the same in ``after``."""
    touched = {name: nodes[name] for name in nodes.changed(after) if name in scene.index}
    ways = {scene.wires[at]: scene.wiring.way(at) for name in touched for at in scene.wiring.of(name)}
    return Shown(touched, {name: scene.box(name) for name in touched}, ways)


def proposal(before: Shown, scene: Scene, old: PersistentMap[Node], nodes: PersistentMap[Node]) -> Proposal:
    """What differs between ``before`` and what ``scene`` shows of ``nodes`` now."""
    other = {name for name in old.changed(nodes) if name in nodes and old.get(name) != nodes[name]}
    wires = {scene.wires[at] for name in other | before.nodes.keys() for at in scene.wiring.of(name)}
    known, there = {_ends(wire) for wire in before.ways}, {_ends(wire) for wire in wires}
    return Proposal(
        new=frozenset(name for name in other if name not in old),
        changed=frozenset(name for name in other if name in old),
        gone=tuple(box for name, box in before.boxes.items() if name not in nodes),
        new_wires=frozenset(wire for wire in wires if _ends(wire) not in known),
        gone_wires=tuple(way for wire, way in before.ways.items() if _ends(wire) not in there),
    )


def paint_proposal(painter: QPainter, look: Look, scene: Scene, made: Proposal, scale: float) -> None:
    """Outlines with + for what is new, ● for what is other, ✕ for what goes; in scene units."""
    scale = max(scale, OVERVIEW / 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(look.pen("error", 1.6 / scale, Qt.PenStyle.DashLine))
    for way in made.gone_wires:
        painter.drawPath(way.path)
    painter.setPen(look.pen("accent", 2.4 / scale))
    for wire in made.new_wires:
        painter.drawPath(scene.route(wire).path)
    for box in made.gone:
        _outline(painter, look, box, "error", "✕", scale)
    for names, sign in ((made.changed, "●"), (made.new, "+")):
        for name in names:
            _outline(painter, look, scene.box(name), "accent", sign, scale)


def _outline(painter: QPainter, look: Look, box: Box, ink: str, sign: str, scale: float) -> None:
    edge = QRectF(box.x, box.y, box.width, box.height).adjusted(-_REACH, -_REACH, _REACH, _REACH)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(look.pen(ink, 2.0 / scale, Qt.PenStyle.DashLine))
    painter.drawRoundedRect(edge, 11, 11)
    place = QRectF(edge.left() - _SIGN / 2, edge.top() - _SIGN / 2, _SIGN, _SIGN)
    painter.setPen(look.pen(ink, 1.5))
    painter.setBrush(look.brush("panel"))
    painter.drawEllipse(place)
    painter.setPen(look.colour("text"))
    painter.setFont(look.heading)
    painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), sign)


def _ends(wire: Wire) -> tuple[object, ...]:
    return (str(wire.source), wire.node, wire.port, wire.muted)
