"""Where things stand when nodes become a block or come out of one: places, frames, notes and marks go along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from studio.document.model import Document, Frame, Layout, Mark
from studio.document.nodes import Position, with_layout
from studio.graph.persistent import PersistentMap

STEP_X = 248.0  # px at 100 %: the columns of the standard layout
_ROW = 140.0
_CARD = (152.0, 52.0)  # a card of usual size: what a document knows of how large cards are
Ports = tuple[list[str], list[str]]


def split_layout(doc: Document, key: str, block: str, use: str, ids: list[str], ports: Ports) -> Document:
    """``doc`` with the layout of what went from graph ``key`` into ``block``.

    Args:
        use: the node that stands for the block.
        ids: the nodes that went, in the graph's order.
        ports: the names of the block's inputs and outputs.
    """
    layout = doc.layout(key)
    places = layout.positions
    known = {name: places[name] for name in ids if name in places}
    marks = {name: mark for name, mark in layout.marks.items() if name in ids}
    left_marks = {name: mark for name, mark in layout.marks.items() if name not in marks}
    if not known:
        if not marks:
            return doc
        doc = with_layout(doc, key, replace(layout, marks=left_marks))
        return with_layout(doc, block, Layout(marks=marks))
    left, top = min(x for x, _ in known.values()), min(y for _, y in known.values())
    right = max(x for x, _ in known.values())
    inner = {node: (x - left + STEP_X, y - top) for node, (x, y) in known.items()}
    inner |= {port: (0.0, _ROW * row) for row, port in enumerate(ports[0])}
    inner |= {port: (right - left + 2 * STEP_X, _ROW * row) for row, port in enumerate(ports[1])}
    outer = places.without(*known).set(use, known.get(ids[0], (left, top)))
    gone = frames_of(layout.frames, known, (place for name, place in places.items() if name not in known))
    moved = tuple(replace(frame, x=frame.x - left + STEP_X, y=frame.y - top) for frame in gone)
    rest = tuple(frame for frame in layout.frames if frame not in gone)
    doc = with_layout(doc, key, replace(layout, positions=outer, frames=rest, marks=left_marks))
    return with_layout(doc, block, Layout(PersistentMap(inner), moved, marks))


def joined_layout(doc: Document, key: str, block: str, use: str, names: Mapping[str, str]) -> Document:
    """``doc`` with the layout of ``block`` in place of its ``use`` in graph ``key``.

    Args:
        names: what the nodes of the block are called there now.
    """
    layout, inside = doc.layout(key), doc.layout(block)
    at = layout.positions.get(use)
    known = {name: inside.positions[name] for name in names if name in inside.positions}
    positions, frames = layout.positions.without(use), layout.frames
    if at is not None and known:
        dx = at[0] - min(x for x, _ in known.values())
        dy = at[1] - min(y for _, y in known.values())
        positions = positions.update({names[name]: (x + dx, y + dy) for name, (x, y) in known.items()})
        frames = (*frames, *_with_free_ids(inside.frames, frames, dx, dy))
    marks: dict[str, Mark] = {name: mark for name, mark in layout.marks.items() if name != use}
    marks |= {names[name]: mark for name, mark in inside.marks.items() if name in names}
    return with_layout(doc, key, replace(layout, positions=positions, frames=frames, marks=marks))


def frames_of(
    frames: Iterable[Frame], places: Mapping[str, Position], others: Iterable[Position]
) -> tuple[Frame, ...]:
    """The frames and notes that belong to the nodes at ``places``.

    A frame does when it holds some of them and none of the ``others``; a note when it stands among them, or in
    such a frame.
    """
    whole = _around(places.values())
    around, elsewhere = [_middle(place) for place in places.values()], [_middle(place) for place in others]
    held = [
        frame
        for frame in frames
        if not frame.note
        and any(_holds(frame, point) for point in around)
        and not any(_holds(frame, point) for point in elsewhere)
    ]
    notes = [frame for frame in frames if frame.note]
    held += [note for note in notes if any(_holds(area, _centre(note)) for area in (whole, *held))]
    return tuple(frame for frame in frames if frame in held)


def _with_free_ids(frames: Iterable[Frame], known: Iterable[Frame], dx: float, dy: float) -> list[Frame]:
    taken, made = {frame.id for frame in known}, []
    for frame in frames:
        name, number = frame.id, 1
        while name in taken:
            number += 1
            name = f"{frame.id}_{number}"
        taken.add(name)
        made.append(replace(frame, id=name, x=frame.x + dx, y=frame.y + dy))
    return made


def _around(places: Iterable[Position]) -> Frame:
    xs, ys = zip(*places, strict=True)
    width, height = max(xs) - min(xs) + _CARD[0], max(ys) - min(ys) + _CARD[1]
    return Frame("", "", min(xs), min(ys), width, height)


def _middle(place: Position) -> Position:
    return place[0] + _CARD[0] / 2, place[1] + _CARD[1] / 2


def _centre(frame: Frame) -> Position:
    return frame.x + frame.width / 2, frame.y + frame.height / 2


def _holds(frame: Frame, point: Position) -> bool:
    return frame.x <= point[0] <= frame.x + frame.width and frame.y <= point[1] <= frame.y + frame.height
