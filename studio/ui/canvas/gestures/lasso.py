"""Selects with a line drawn around."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from studio.ui.canvas.gestures.base import Gesture, Pointer


class Lasso(Gesture):
    """From empty canvas with Alt: the cards whose middle is inside. Shift adds, Ctrl toggles."""

    cursor = Qt.CursorShape.CrossCursor

    def start(self, at: Pointer) -> None:
        self._line = QPolygonF([QPointF(at.x, at.y)])
        self._first = self.view.session.selection
        if not (at.shift or at.ctrl):
            self.view.session.select(())

    def move(self, at: Pointer) -> None:
        self._line.append(QPointF(at.x, at.y))
        scene = self.view.scene
        box = self._line.boundingRect()
        inside = frozenset(
            name
            for name in scene.ids
            if box.contains(middle := QPointF(*scene.box(name).centre))
            and self._line.containsPoint(middle, Qt.FillRule.OddEvenFill)
        )
        if at.ctrl:
            inside = self._first ^ inside
        elif at.shift:
            inside = self._first | inside
        self.view.session.select(inside)
        self.view.update()

    def cancel(self) -> None:
        self.view.session.select(self._first)

    def paint(self, painter: QPainter) -> None:
        fill = QColor(self.view.look.colour("accent"))
        fill.setAlpha(36)
        painter.setPen(self.view.look.pen("accent", 1 / self.view.camera.scale))
        painter.setBrush(fill)
        painter.drawPolygon(self._line)
