"""Typed parameters of blocks and of the whole drawing: declared, set, refused."""

from __future__ import annotations

import pytest

from studio.document.assign import assigned
from studio.document.difference import apply_difference, difference
from studio.document.edits import declare, set_value
from studio.document.model import Document
from studio.files.project import parse_project, project_bytes
from studio.graph.model import Block, BlockParam
from studio.graph.persistent import PersistentMap

WIDTH = BlockParam("width", "int", 8, "Channels of the first stage.")
DEPTHS = BlockParam("depths", "ints", (2, 2))


def test_a_drawing_declares_and_sets_parameters_of_its_own() -> None:
    doc = declare(Document(), "", (WIDTH, DEPTHS))
    doc = set_value(doc, "depths", (3, 4, 6, 3))
    doc = assigned(doc, "params.width=16")
    assert [param.default for param in doc.params] == [16, (3, 4, 6, 3)]
    assert parse_project(project_bytes(doc)).document == doc
    assert apply_difference(Document(), difference(Document(), doc)) == doc


def test_a_block_declares_parameters() -> None:
    doc = Document(blocks=PersistentMap({"body": Block("body")}))
    assert declare(doc, "body", (WIDTH,)).blocks["body"].params == (WIDTH,)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ((WIDTH, WIDTH), "Two parameters"),
        ((BlockParam("1a", "int", 1),), "no name"),
        ((BlockParam("a", "int", "b"),), "kind int"),
        ((BlockParam("a", "ints", (1, "b")),), "kind ints"),
        ((BlockParam("a", "bool", 1),), "kind bool"),
    ],
)
def test_what_no_parameter_can_be_is_refused(params: tuple[BlockParam, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        declare(Document(), "", params)
    with pytest.raises(ValueError, match="no parameter"):
        set_value(Document(), "width", 3)
