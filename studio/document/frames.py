"""Edits of frames and notes: the titled rectangles behind nodes."""

from __future__ import annotations

from dataclasses import replace

from studio.document.model import Document, Frame
from studio.document.names import free_name
from studio.document.nodes import with_layout
from studio.graph.model import GraphError
from studio.text import tr


def add_frame(doc: Document, key: str, frame: Frame) -> Document:
    """``doc`` with ``frame`` behind the nodes of graph ``key``; a taken id is counted on."""
    layout = doc.layout(key)
    frame = replace(frame, id=free_name(frame.id or "frame1", {f.id for f in layout.frames}))
    return with_layout(doc, key, replace(layout, frames=(*layout.frames, frame)))


def edit_frame(doc: Document, key: str, frame_id: str, **changes: object) -> Document:
    """``doc`` with a frame changed, as in ``edit_frame(doc, key, "frame1", title="encoder", x=40)``.

    Raises:
        GraphError: there is no such frame.
    """
    layout = doc.layout(key)
    if all(frame.id != frame_id for frame in layout.frames):
        raise GraphError(tr("There is no frame “{name}”: it was removed", name=frame_id))
    frames = tuple(
        replace(frame, **changes) if frame.id == frame_id else frame  # type: ignore[arg-type]
        for frame in layout.frames
    )
    return doc if frames == layout.frames else with_layout(doc, key, replace(layout, frames=frames))


def remove_frame(doc: Document, key: str, frame_id: str) -> Document:
    """``doc`` without a frame; the nodes on it stay."""
    layout = doc.layout(key)
    frames = tuple(frame for frame in layout.frames if frame.id != frame_id)
    return doc if frames == layout.frames else with_layout(doc, key, replace(layout, frames=frames))
