"""Fields that open on the drawing itself: names, titles, notes, numbers. Enter keeps, Esc leaves all as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit

from studio.text import tr
from studio.ui.canvas.geometry import Box

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_LEAST = (96, 24)


class LineInPlace(QLineEdit):
    """One line. ``written(text)`` comes once, when it is kept."""

    written = Signal(str)

    def __init__(self, view: CanvasView, text: str) -> None:
        super().__init__(text, view)
        self._view, self._open = view, True
        self.setAccessibleName(tr("Write in place"))

    def open_at(self, place: Box) -> None:
        """Shows itself over a part of the scene, all text selected."""
        self.setGeometry(_rect(self._view, place))
        self.show()
        self.selectAll()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._close(False)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab):
            self._close(True)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.ActiveWindowFocusReason:
            self._close(True)

    def _close(self, keep: bool) -> None:
        if not self._open:
            return
        self._open = False
        text = self.text()
        self.hide()
        self._view.setFocus()
        if keep:
            self.written.emit(text)
        self.deleteLater()


class TextInPlace(QPlainTextEdit):
    """Several lines; Ctrl+Enter or a click elsewhere keeps them. ``written(text)`` comes once."""

    written = Signal(str)

    def __init__(self, view: CanvasView, text: str) -> None:
        super().__init__(text, view)
        self._view, self._open = view, True
        self.setAccessibleName(tr("Write in place"))
        self.setPlaceholderText(tr("Write a note; Ctrl+Enter keeps it"))

    def open_at(self, place: Box) -> None:
        """Shows itself over a part of the scene."""
        self.setGeometry(_rect(self._view, place))
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Escape:
            self._close(False)
        elif ctrl and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._close(True)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self._close(True)

    def _close(self, keep: bool) -> None:
        if not self._open:
            return
        self._open = False
        text = self.toPlainText()
        self.hide()
        self._view.setFocus()
        if keep:
            self.written.emit(text)
        self.deleteLater()


def _rect(view: CanvasView, place: Box) -> QRect:
    (x, y), scale = view.camera.to_screen(place.x, place.y), view.camera.scale
    wide, high = max(place.width * scale, _LEAST[0]), max(place.height * scale, _LEAST[1])
    return QRectF(x, y, wide, high).toAlignedRect()
