"""Frames and notes: made, named, painted, removed; names of nodes written in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.document import edits
from studio.document.model import Frame
from studio.text import tr
from studio.ui.canvas.geometry import Box, snapped
from studio.ui.canvas.inline import LineInPlace, TextInPlace

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_FRAME_PAD, _FRAME_TITLE = 24.0, 40.0
_NOTE = (224.0, 96.0)


class Notes:
    """Edits of frames, notes and names in the graph shown; each is one step."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    def add_frame(self) -> None:
        """A frame around the selection; its title waits to be written."""
        view, key = self._view, self._view.session.graph_key
        box = view.scene.bounds(view.commands.chosen)
        if box is None or not view.commands.chosen:
            return
        outer = box.grown(_FRAME_PAD)
        top = outer.y - _FRAME_TITLE + _FRAME_PAD
        tall = outer.height + _FRAME_TITLE - _FRAME_PAD
        frame = Frame("frame1", tr("Frame"), outer.x, top, outer.width, tall)
        if view.session.apply(tr("Add frame"), lambda d: edits.add_frame(d, key, frame)):
            view.chosen_frame = view.scene.frames[-1].id

    def add_note(self) -> None:
        """A note at the cursor, open for writing."""
        view, key = self._view, self._view.session.graph_key
        x, y = view.paste_point() or view.seen().centre
        note = Frame("note1", "", snapped(x), snapped(y), *_NOTE, note=True)
        if view.session.apply(tr("Add note"), lambda d: edits.add_frame(d, key, note)):
            view.chosen_frame = view.scene.frames[-1].id
            self.write(view.scene.frames[-1])

    def remove(self, frame: str) -> None:
        """Takes a frame or note away; what stands on it stays."""
        key = self._view.session.graph_key
        self._view.session.apply(tr("Remove frame"), lambda d: edits.remove_frame(d, key, frame))

    def write(self, frame: Frame) -> None:
        """Opens a frame's title, or a note, for writing in place."""
        view = self._view
        height = frame.height if frame.note else 28.0
        place = Box(frame.x + 6, frame.y + 2, frame.width - 12, height - 4)
        box = TextInPlace(view, frame.title) if frame.note else LineInPlace(view, frame.title)
        box.written.connect(lambda text: self._titled(frame.id, text))
        box.open_at(place)

    def rename(self, name: str = "") -> None:
        """Opens the name of the selected node (or frame) for writing in place."""
        view = self._view
        chosen = view.commands.chosen
        frame = next((f for f in view.scene.frames if f.id == view.chosen_frame), None)
        if not chosen and frame is not None:
            self.write(frame)
        elif name or len(chosen) == 1:
            node = name or chosen[0]
            card = view.scene.box(node)
            line = LineInPlace(view, node)
            line.written.connect(lambda text: self._renamed(node, text))
            line.open_at(Box(card.x + 4, card.centre[1] - 22, max(card.width - 8, 120), 24))

    def _titled(self, frame: str, text: str) -> None:
        key = self._view.session.graph_key
        self._view.session.apply(
            tr("Name the frame"), lambda d: edits.edit_frame(d, key, frame, title=text[:2000])
        )

    def _renamed(self, old: str, new: str) -> None:
        session, key = self._view.session, self._view.session.graph_key
        new = new.strip()
        if new and new != old:
            label = tr("Rename {old} to {new}", old=old, new=new)
            if session.apply(label, lambda d: edits.rename_node(d, key, old, new)):
                session.select({new})
