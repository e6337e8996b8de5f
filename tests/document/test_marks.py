"""How nodes are shown: marks follow their nodes and leave nothing behind."""

from __future__ import annotations

import pytest

from studio.document import edits
from studio.document.difference import apply_difference, difference
from studio.document.model import MAIN, Document, Mark
from studio.document.plain import layout_from_plain, layout_to_plain
from studio.graph.model import GraphError, Node


def marked() -> Document:
    doc = edits.add_node(Document(), MAIN, Node("conv1", "Conv2d"), (0, 0))
    return edits.mark_nodes(doc, MAIN, ["conv1"], folded=True, colour="red")


def test_marks_are_kept_in_files_and_in_the_journal() -> None:
    doc = marked()
    assert layout_from_plain(layout_to_plain(doc.layout()), "layout") == doc.layout()
    before = edits.mark_nodes(doc, MAIN, ["conv1"], folded=False)
    assert apply_difference(before, difference(before, doc)) == doc


def test_a_mark_follows_its_node() -> None:
    doc = edits.rename_node(marked(), MAIN, "conv1", "stem")
    assert dict(doc.layout().marks) == {"stem": Mark(folded=True, colour="red")}
    assert not edits.remove_nodes(doc, MAIN, ["stem"]).layout().marks


def test_the_usual_leaves_no_mark() -> None:
    doc = edits.mark_nodes(marked(), MAIN, ["conv1"], folded=False, colour="")
    assert not doc.layout().marks
    assert edits.mark_nodes(doc, MAIN, ["conv1"], pinned=False) is doc


def test_unknown_nodes_are_refused() -> None:
    with pytest.raises(GraphError, match="nobody"):
        edits.mark_nodes(marked(), MAIN, ["nobody"], folded=True)
