"""Moves a frame with what stands on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from studio.document import edits
from studio.document.model import Document, Frame
from studio.text import tr
from studio.ui.canvas.geometry import Box, snapped
from studio.ui.canvas.gestures.base import Gesture, Pointer
from studio.ui.canvas.view_types import CLICK_PX

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class MoveFrame(Gesture):
    """Drags a frame by its title."""

    def __init__(self, view: CanvasView, frame: Frame) -> None:
        super().__init__(view)
        self._frame = frame

    def start(self, at: Pointer) -> None:
        scene, frame = self.view.scene, self._frame
        inside = scene.inside(Box(frame.x, frame.y, frame.width, frame.height), wholly=True)
        self._names = [scene.ids[int(index)] for index in inside]
        self._from, self._first = (at.x, at.y), (at.screen_x, at.screen_y)
        self._places = {name: (scene.box(name).x, scene.box(name).y) for name in self._names}
        self._shift, self._frames = (0.0, 0.0), scene.frames

    def move(self, at: Pointer) -> None:
        if abs(at.screen_x - self._first[0]) + abs(at.screen_y - self._first[1]) < CLICK_PX:
            return
        dx, dy = snapped(at.x - self._from[0]), snapped(at.y - self._from[1])
        self._shift = (dx, dy)
        scene = self.view.scene
        scene.put({name: (x + dx, y + dy) for name, (x, y) in self._places.items()})
        moved = replace(self._frame, x=self._frame.x + dx, y=self._frame.y + dy)
        scene.frames = tuple(moved if frame.id == moved.id else frame for frame in self._frames)
        self.view.update()

    def end(self, at: Pointer) -> None:
        dx, dy = self._shift
        if (dx, dy) == (0.0, 0.0):
            self.view.session.select(self._names)
            return
        key, frame = self.view.session.graph_key, self._frame
        places = {name: (x + dx, y + dy) for name, (x, y) in self._places.items()}

        def edit(document: Document) -> Document:
            document = edits.edit_frame(document, key, frame.id, x=frame.x + dx, y=frame.y + dy)
            return edits.move_nodes(document, key, places) if places else document

        self.view.session.apply(tr("Move frame"), edit)

    def cancel(self) -> None:
        self.view.refresh()
