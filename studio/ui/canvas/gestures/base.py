"""What all gestures share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the mouse is: in the scene and on the screen, with the keys held."""

    x: float
    y: float
    screen_x: float
    screen_y: float
    keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier

    @property
    def shift(self) -> bool:
        """Whether Shift is held."""
        return bool(self.keys & Qt.KeyboardModifier.ShiftModifier)

    @property
    def ctrl(self) -> bool:
        """Whether Ctrl is held."""
        return bool(self.keys & Qt.KeyboardModifier.ControlModifier)

    @property
    def alt(self) -> bool:
        """Whether Alt is held."""
        return bool(self.keys & Qt.KeyboardModifier.AltModifier)


class Gesture:
    """Changes only what shows until ``end``, which makes one edit at most. ``tip`` is said beside the cursor."""

    cursor: Qt.CursorShape | None = None
    tip = ""

    def __init__(self, view: CanvasView) -> None:
        self.view = view

    def start(self, at: Pointer) -> None:
        """The button went down."""

    def move(self, at: Pointer) -> None:
        """The mouse moved."""

    def end(self, at: Pointer) -> None:
        """The button came up."""

    def cancel(self) -> None:
        """Esc: everything as it was."""

    def interrupt(self) -> None:
        """The document changed under the gesture, which ends without an edit of its own."""
        self.cancel()

    def key(self, key: int) -> bool:
        """A key while the gesture goes on; whether it was for the gesture."""
        return False

    def paint(self, painter: QPainter) -> None:
        """What the gesture shows, in scene units, above everything."""
