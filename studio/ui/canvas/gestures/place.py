"""A layer dragged in from the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from studio.layers import find
from studio.text import tr
from studio.ui.canvas.geometry import CARD_HEIGHT, CARD_MIN, RADIUS, snapped
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.placing import DROP_REACH
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class Place(Gesture):
    """Shows where the layer will stand; over a wire it will be put into it (not while Alt is held)."""

    def __init__(self, view: CanvasView, layer: str) -> None:
        super().__init__(view)
        self._layer = layer
        self._onto: Wire | None = None

    def start(self, at: Pointer) -> None:
        self.move(at)

    def move(self, at: Pointer) -> None:
        self._at = (snapped(at.x - CARD_MIN / 2), snapped(at.y - CARD_HEIGHT / 2))
        spec = find(self._layer)
        through = spec is not None and bool(spec.inputs) and bool(spec.outputs)
        self._onto = self.view.scene.wire_at(at.x, at.y, DROP_REACH) if through and not at.alt else None
        self.view.state.hot_wire = self._onto
        self.tip = tr("Insert into the wire") if self._onto else ""
        self.view.update()

    def end(self, at: Pointer) -> None:
        self.move(at)
        self.view.state.hot_wire = None
        self.view.commands.place(self._layer, self._at, self._onto)

    def cancel(self) -> None:
        self.view.state.hot_wire = None

    def paint(self, painter: QPainter) -> None:
        look = self.view.look
        painter.setPen(look.pen("accent", 1.5, Qt.PenStyle.DashLine))
        painter.setBrush(look.brush("card"))
        box = QRectF(*self._at, CARD_MIN, CARD_HEIGHT)
        painter.setOpacity(0.8)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.setPen(look.colour("text"))
        painter.setFont(look.title)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._layer)
        painter.setOpacity(1.0)
