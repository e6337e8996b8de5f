"""Selects with a rectangle."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from studio.ui.canvas.geometry import Box, between
from studio.ui.canvas.gestures.base import Gesture, Pointer


class Rubber(Gesture):
    """From empty canvas. Shift adds, Ctrl toggles; a click alone clears the selection."""

    def start(self, at: Pointer) -> None:
        self._corner = (at.x, at.y)
        self._box: Box | None = None
        self._first = self.view.session.selection
        if not (at.shift or at.ctrl):
            self.view.session.select(())

    def move(self, at: Pointer) -> None:
        self._box = between(self._corner, (at.x, at.y))
        scene = self.view.scene
        touched = frozenset(scene.ids[int(index)] for index in scene.inside(self._box))
        if at.ctrl:
            touched = self._first ^ touched
        elif at.shift:
            touched = self._first | touched
        self.view.session.select(touched)
        self.view.update()

    def cancel(self) -> None:
        self.view.session.select(self._first)

    def paint(self, painter: QPainter) -> None:
        if self._box is None:
            return
        fill = QColor(self.view.look.colour("accent"))
        fill.setAlpha(36)
        painter.setPen(self.view.look.pen("accent", 1 / self.view.camera.scale))
        painter.setBrush(fill)
        painter.drawRect(QRectF(self._box.x, self._box.y, self._box.width, self._box.height))
