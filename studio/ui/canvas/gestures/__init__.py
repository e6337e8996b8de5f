"""What the mouse does on the canvas, one class a gesture: start, move, end, cancel. Esc always cancels."""

from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.gestures.cut import Cut
from studio.ui.canvas.gestures.frame import MoveFrame
from studio.ui.canvas.gestures.lasso import Lasso
from studio.ui.canvas.gestures.move import Move
from studio.ui.canvas.gestures.number import DragNumber
from studio.ui.canvas.gestures.pan import Pan
from studio.ui.canvas.gestures.place import Place
from studio.ui.canvas.gestures.rubber import Rubber
from studio.ui.canvas.gestures.wire import DragWire, KeyWire

__all__ = [
    "Cut",
    "DragNumber",
    "DragWire",
    "Gesture",
    "KeyWire",
    "Lasso",
    "Move",
    "MoveFrame",
    "Pan",
    "Place",
    "Pointer",
    "Rubber",
]
