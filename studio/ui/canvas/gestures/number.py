"""Drags a number on a card: right makes it larger, left smaller; every shape follows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from studio.document import edits
from studio.layers.params import ParamError
from studio.text import tr
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.gestures.move import Move
from studio.ui.canvas.spots import Spot, stepped
from studio.ui.canvas.view_types import CLICK_PX

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_STEP_PX = 8.0


class DragNumber(Gesture):
    """From a number of the second line, sideways. Ctrl ten times as far, Shift a tenth; up or down moves the card."""

    cursor = Qt.CursorShape.SizeHorCursor
    _count = 0

    def __init__(self, view: CanvasView, spot: Spot) -> None:
        super().__init__(view)
        self._spot = spot
        DragNumber._count += 1
        self._merge = f"drag number {DragNumber._count}"

    def start(self, at: Pointer) -> None:
        self._first, self._at = (at.screen_x, at.screen_y), at
        self._changed, self._dragging = False, False
        self._chosen_before = self.view.session.selection

    def move(self, at: Pointer) -> None:
        across, down = at.screen_x - self._first[0], at.screen_y - self._first[1]
        if not self._dragging:
            if abs(across) + abs(down) < CLICK_PX:
                return
            if abs(down) > abs(across):  # it was the card that was meant
                self.view.hand_over(Move(self.view, self._spot.node), self._at, at)
                return
            self._dragging = True
            self.view.session.select({self._spot.node})
        step = _STEP_PX / 10 if at.ctrl else _STEP_PX * 10 if at.shift else _STEP_PX
        value = stepped(self._spot, round(across / step), at.shift)
        session, key, spot = self.view.session, self.view.session.graph_key, self._spot
        try:
            spot.param.check(value)
        except (ParamError, ValueError):
            return
        before = session.document
        with self.view.own_edit():
            session.apply(
                tr("Set {param} of {node}", param=spot.param.name, node=spot.node),
                lambda d: edits.set_param(d, key, spot.node, spot.param.name, value),
                self._merge,
            )
        self._changed = self._changed or session.document is not before
        self.tip = f"{spot.param.name} {value}"
        self.view.update()

    def end(self, at: Pointer) -> None:
        if not self._dragging:
            self.view.session.select({self._spot.node})

    def cancel(self) -> None:
        if self._changed:
            self.view.session.undo()
        self.view.session.select(self._chosen_before)

    def interrupt(self) -> None:
        """What was dragged so far stays."""
