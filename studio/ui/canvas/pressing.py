"""What lies under the mouse decides: which gesture a press begins, what a double click opens, how the cursor looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from studio.document import edits
from studio.document.model import Document
from studio.graph.expression import Expression
from studio.text import tr
from studio.ui.canvas.cards import shown_value
from studio.ui.canvas.geometry import HIT_PX, OVERVIEW, QUIET, WIRE_PX
from studio.ui.canvas.gestures import (
    Cut,
    DragNumber,
    DragWire,
    Gesture,
    Lasso,
    Move,
    MoveFrame,
    Pan,
    Pointer,
    Rubber,
)
from studio.ui.canvas.inline import LineInPlace
from studio.ui.canvas.menu import open_fixes, open_menu
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.spots import Spot, spot_at, typed
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_CHOOSING = Qt.KeyboardModifier.AltModifier  # on a number it means the card


def gesture_for(view: CanvasView, button: Qt.MouseButton, at: Pointer) -> Gesture | None:
    """What a press begins; None when it did something at once, or nothing."""
    left = button == Qt.MouseButton.LeftButton
    if button == Qt.MouseButton.MiddleButton or (left and Qt.Key.Key_Space in view.held):
        view.space_used = True
        return Pan(view)
    if button == Qt.MouseButton.RightButton:
        if at.ctrl:
            return Cut(view)
        view.show_menu(open_menu(view, at))
        return None
    if button in (Qt.MouseButton.BackButton, Qt.MouseButton.ForwardButton):
        (view.looking.back if button == Qt.MouseButton.BackButton else view.looking.forward)()
        return None
    if not left:
        return None
    return Cut(view) if Qt.Key.Key_Y in view.held else _of_left(view, at)


def _of_left(view: CanvasView, at: Pointer) -> Gesture | None:
    scene = view.scene
    view.chosen_frame = ""
    troubled = _troubled(view, at)
    if troubled is not None:
        view.show_menu(open_fixes(view, troubled, at))
        return None
    name = scene.node_at(at.x, at.y)
    on_dot = name is not None and scene.card(name).dot and _in_middle(view, name, at)
    ref = None if on_dot else scene.port_near(at.x, at.y, HIT_PX / view.camera.scale)
    if ref is not None:
        return DragWire(view, ref, _wire_into(view, ref) if ref.side == "in" else None)
    if name is not None:
        spot = None if at.keys & _CHOOSING else spot_under(view, name, at)
        return DragNumber(view, spot) if spot is not None else Move(view, name)
    return _on_nothing(view, at)


def _on_nothing(view: CanvasView, at: Pointer) -> Gesture | None:
    """What a press beside the cards begins."""
    wire = view.scene.wire_at(at.x, at.y, WIRE_PX / view.camera.scale) if at.alt else None
    made = view.structure.bend(wire, (at.x, at.y)) if wire is not None else None
    if made is not None:
        return Move(view, made, may_copy=False)
    frame = view.scene.frame_at(at.x, at.y) or view.scene.note_at(at.x, at.y)
    if frame is not None:
        view.chosen_frame = frame.id
        return MoveFrame(view, frame)
    return Lasso(view) if at.alt else Rubber(view)


def open_what_is_at(view: CanvasView, at: Pointer) -> None:
    """A double click: a number is typed, a node opened (with Ctrl in a tab), a wire bent, a frame named."""
    scene = view.scene
    name = scene.node_at(at.x, at.y)
    wire = scene.wire_at(at.x, at.y, WIRE_PX / view.camera.scale) if name is None else None
    frame = scene.frame_at(at.x, at.y) or scene.note_at(at.x, at.y)
    spot = spot_under(view, name, at) if name is not None else None
    if name is not None and at.ctrl and scene.card(name).block:
        view.tab_wanted.emit(scene.card(name).block)
    elif spot is not None:
        type_number(view, spot)
    elif name is not None:
        view.open_node(name)
    elif wire is not None:
        view.structure.bend(wire, (at.x, at.y))
    elif frame is not None:
        view.notes.write(frame)
    else:
        view.searching.open((at.screen_x, at.screen_y))


def hover(view: CanvasView, at: Pointer) -> None:
    """Lights what the mouse is on and gives the cursor its shape."""
    scene, reach = view.scene, 1 / view.camera.scale
    port = scene.port_near(at.x, at.y, HIT_PX * reach)
    name = scene.node_at(at.x, at.y)
    over = port is not None or name is not None
    view.state.hot_node = name or ""
    view.looking.show_path()
    wire = None if over else scene.wire_at(at.x, at.y, WIRE_PX * reach)
    if wire != view.state.hot_wire:
        view.state.hot_wire = wire
        view.update()
    if _troubled(view, at) is not None:
        view.setCursor(Qt.CursorShape.PointingHandCursor)
    elif port is not None:
        view.setCursor(Qt.CursorShape.CrossCursor)
    elif name is not None and spot_under(view, name, at) is not None:
        view.setCursor(Qt.CursorShape.SizeHorCursor)
    else:
        view.unsetCursor()


def spot_under(view: CanvasView, name: str, at: Pointer) -> Spot | None:
    """The number under the mouse, while cards are large enough to read."""
    if view.camera.scale < QUIET:
        return None
    return spot_at(view.session.document, view.scene, name, view.look.small_metrics, (at.x, at.y))


def type_number(view: CanvasView, spot: Spot) -> None:
    """A field for a number on a card; an expression begins with =."""
    written_as = "=" if isinstance(spot.value, Expression) else ""
    line = LineInPlace(view, written_as + shown_value(spot.value))
    key = view.session.graph_key

    def written(text: str) -> None:
        def edit(document: Document) -> Document:
            return edits.set_param(document, key, spot.node, spot.param.name, typed(text, spot.param))

        label = tr("Set {param} of {node}", param=spot.param.name, node=spot.node)
        view.session.apply(label, edit)

    line.written.connect(written)
    line.open_at(spot.box)


def _troubled(view: CanvasView, at: Pointer) -> str | None:
    return view.scene.pill_at(at.x, at.y) if view.camera.scale >= OVERVIEW else None


def _wire_into(view: CanvasView, ref: PortRef) -> Wire | None:
    scene = view.scene
    wires = (scene.wires[at] for at in scene.wiring.of(ref.node))
    return next((wire for wire in wires if wire.node == ref.node and wire.port == ref.name), None)


def _in_middle(view: CanvasView, name: str, at: Pointer) -> bool:
    x, y = view.scene.box(name).centre
    return abs(at.x - x) <= 5 and abs(at.y - y) <= 8
