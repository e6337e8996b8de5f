"""Moves the view."""

from __future__ import annotations

from PySide6.QtCore import Qt

from studio.ui.canvas.gestures.base import Gesture, Pointer


class Pan(Gesture):
    """Middle button, or Space and the left button."""

    cursor = Qt.CursorShape.ClosedHandCursor

    def start(self, at: Pointer) -> None:
        self._first = self.view.camera.state()
        self._last = (at.screen_x, at.screen_y)

    def move(self, at: Pointer) -> None:
        self.view.pan(at.screen_x - self._last[0], at.screen_y - self._last[1])
        self._last = (at.screen_x, at.screen_y)

    def cancel(self) -> None:
        self.view.camera.restore(self._first)
        self.view.camera_changed()
