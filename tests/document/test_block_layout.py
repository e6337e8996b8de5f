"""Frames, notes and marks go into a block with their nodes and come out again with them."""

from __future__ import annotations

from studio.document import edits
from studio.document.model import Document, Frame, Mark
from studio.graph.model import Node, Source


def drawing() -> Document:
    """noise -> a -> b -> c, a and b framed with a note, c in a frame of its own and a note far away."""
    document = edits.add_node(Document(), "", Node("noise", "Noise", {"shape": (4,)}), (0, 100))
    before = "noise"
    for at, name in enumerate("abc"):
        node = Node(name, "Tanh", inputs={"x": (Source(before),)})
        document = edits.add_node(document, "", node, (248.0 * (at + 1), 100.0))
        before = name
    for frame in (
        Frame("frame1", "pair", 230, 60, 450, 130, "blue"),
        Frame("frame2", "rest", 480, 40, 500, 170),
        Frame("note1", "why", 300, 70, 100, 20, note=True),
        Frame("note2", "far", 300, 900, 100, 20, note=True),
    ):
        document = edits.add_frame(document, "", frame)
    document = edits.mark_nodes(document, "", ["a"], folded=True)
    return edits.mark_nodes(document, "", ["c"], colour="red")


def test_what_belongs_to_the_nodes_goes_into_the_block() -> None:
    document = edits.make_block(drawing(), "", ["a", "b"], "pair")
    inside, outside = document.layout("pair"), document.layout()
    assert [(f.id, f.x, f.y) for f in inside.frames] == [("frame1", 230, -40), ("note1", 300, -30)]
    assert inside.positions["a"] == (248, 0)  # the frame stands to its nodes as before
    assert [f.id for f in outside.frames] == ["frame2", "note2"]  # frame2 holds b, but c too
    assert inside.marks == {"a": Mark(folded=True)} and outside.marks == {"c": Mark(colour="red")}


def test_ungroup_brings_them_back() -> None:
    first = drawing()
    apart, _ = edits.ungroup(edits.make_block(first, "", ["a", "b"], "pair"), "", "pair")
    layout = apart.layout()
    assert sorted(layout.frames, key=lambda f: f.id) == sorted(first.layout().frames, key=lambda f: f.id)
    assert dict(layout.positions) == dict(first.layout().positions) and layout.marks == first.layout().marks


def test_two_uses_taken_apart_get_frames_with_ids_of_their_own() -> None:
    document = edits.make_block(drawing(), "", ["a", "b"], "pair")
    document, (copy,) = edits.duplicate(document, "", ["pair"])
    document, _ = edits.ungroup(document, "", "pair")
    document, names = edits.ungroup(document, "", copy)
    ids = [frame.id for frame in document.layout().frames]
    assert len(ids) == len(set(ids)) == 6
    assert document.layout().marks[names[0]] == Mark(folded=True)


def test_nodes_without_places_take_their_marks_along() -> None:
    document = edits.add_node(Document(), "", Node("a", "Tanh"))
    document = edits.mark_nodes(document, "", ["a"], pinned=True)
    document = edits.make_block(document, "", ["a"], "one")
    assert document.layout("one").marks == {"a": Mark(pinned=True)} and not document.layout().marks
