"""Draws a wire from port to port, by mouse or by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from studio.text import tr
from studio.ui.canvas.geometry import SNAP_PX
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.links import Links, Refusal
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.view_types import CLICK_PX
from studio.ui.canvas.wires import loose
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class DragWire(Gesture):
    """From either end. Off an occupied input it takes the wire along: plug it elsewhere, or drop it to remove it.

    Dropped on empty canvas it opens the search, which offers what fits.
    """

    cursor = Qt.CursorShape.CrossCursor

    def __init__(self, view: CanvasView, start: PortRef, taken: Wire | None = None) -> None:
        super().__init__(view)
        self._taken = taken
        self._start = start
        if taken is not None:
            name = self.view.scene.card(taken.source.node).outputs[taken.start].name
            self._start = PortRef(taken.source.node, "out", taken.start, name)

    def start(self, at: Pointer) -> None:
        view = self.view
        self._at, self._first, self._moved = (at.x, at.y), (at.screen_x, at.screen_y), False
        self._bends = 0
        self.links = Links(view.session.document, view.scene, self._start, view.seen())
        view.state.lit, view.state.hidden = self.links.fitting, self._taken

    def move(self, at: Pointer) -> None:
        scene, view = self.view.scene, self.view
        self._at = (at.x, at.y)
        self._moved = (
            self._moved or abs(at.screen_x - self._first[0]) + abs(at.screen_y - self._first[1]) >= CLICK_PX
        )
        side = "in" if self._start.side == "out" else "out"
        near = scene.port_near(at.x, at.y, SNAP_PX / view.camera.scale, side)
        reason = self._reason(near)
        view.state.target = near if near is not None and (reason is None or not reason.hard) else None
        self.tip = reason.text if reason else ""
        view.update()

    def end(self, at: Pointer) -> None:
        self.move(at)
        view, target = self.view, self.view.state.target
        side = "in" if self._start.side == "out" else "out"
        near = view.scene.port_near(at.x, at.y, SNAP_PX / view.camera.scale, side)
        refused = self._reason(near)
        self._clear()
        if not self._moved:
            return
        if target is not None:
            view.commands.connect(self._start, target, self._taken)
        elif near is not None and refused is not None:
            view.session.refused.emit(refused.text)
        elif self._taken is not None:
            view.commands.disconnect(self._taken)
        elif view.scene.node_at(at.x, at.y) is None:
            view.searching.open((at.screen_x, at.screen_y), self._start)

    def cancel(self) -> None:
        self._clear()
        for _ in range(self._bends):
            self.view.session.undo()

    def interrupt(self) -> None:
        self._clear()

    def key(self, key: int) -> bool:
        """D leaves a bend where the cursor is and draws on from it."""
        if key != Qt.Key.Key_D or self._taken is not None or self.view.state.target is not None:
            return False
        with self.view.own_edit():
            made = self.view.structure.bend_loose(self._start, self._at)
        if made is not None:
            side = self._start.side
            self._start = PortRef(made, side, 0, "y" if side == "out" else "x")
            self._bends += 1
            self.links = Links(self.view.session.document, self.view.scene, self._start, self.view.seen())
            self.view.state.lit = self.links.fitting
            self.view.update()
        return True

    def paint(self, painter: QPainter) -> None:
        scene, state = self.view.scene, self.view.state
        x, y = scene.port_place(self._start)
        tx, ty = scene.port_place(state.target) if state.target else self._at
        way = loose((x, y, tx, ty), self._start.side == "in")
        self.view.painter.line(painter, way, "accent", 2.0, state.target is None)

    def _reason(self, ref: PortRef | None) -> Refusal | None:
        if ref is None:
            return None
        return self.links.reasons[ref] if ref in self.links.reasons else self.links.why_not(ref)

    def _clear(self) -> None:
        state = self.view.state
        state.lit = state.target = state.hidden = None


class KeyWire(Gesture):
    """A wire by keys: from the selected node's first output, arrows walk over what fits, Enter plugs it in."""

    def __init__(self, view: CanvasView, start: PortRef) -> None:
        super().__init__(view)
        self._start, self._index = start, 0

    def start(self, at: Pointer) -> None:
        view = self.view
        links = Links(view.session.document, view.scene, self._start, view.seen())
        x, y = view.scene.port_place(self._start)

        def far(ref: PortRef) -> float:
            px, py = view.scene.port_place(ref)
            behind = 10_000 if px < x else 0
            return behind + abs(px - x) + abs(py - y)

        self._targets = sorted(links.fitting, key=far)
        view.state.lit = links.fitting
        self._show()

    def key(self, key: int) -> bool:
        steps = {
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Tab: 1,
        }
        if key in steps and self._targets:
            self._index = (self._index + steps[Qt.Key(key)]) % len(self._targets)
            self._show()
            return True
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            target = self.view.state.target
            self.view.finish_gesture()
            if target is not None:
                self.view.commands.connect(self._start, target)
            return True
        return False

    def end(self, at: Pointer) -> None:
        self.cancel()

    def cancel(self) -> None:
        self.view.state.lit = self.view.state.target = None

    def paint(self, painter: QPainter) -> None:
        scene, target = self.view.scene, self.view.state.target
        if target is not None:
            way = loose((*scene.port_place(self._start), *scene.port_place(target)))
            self.view.painter.line(painter, way, "accent", 2.0)

    def _show(self) -> None:
        self.view.state.target = self._targets[self._index] if self._targets else None
        target = self.view.state.target
        self.tip = f"{target.node}: {target.name}" if target else tr("Nothing here fits")
        self.view.update()
