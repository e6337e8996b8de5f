"""Typed parameters of blocks and of the whole drawing: declared, set, refused."""

from __future__ import annotations

import pytest

from studio.document.assign import assigned
from studio.document.difference import apply_difference, difference
from studio.document.edits import (
    add_node,
    add_param,
    declare,
    remove_param,
    set_condition,
    set_default,
    set_value,
)
from studio.document.model import Document
from studio.files.project import parse_project, project_bytes
from studio.graph.expression import parse
from studio.graph.model import Block, BlockParam, Node
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


def test_parameters_are_added_one_by_one_changed_and_taken_away() -> None:
    doc = add_param(add_param(Document(), "", WIDTH), "", BlockParam("wide", "int", parse("4*width")))
    doc = add_node(doc, "", Node("a", "Linear", {"out_features": parse("width")}))
    doc = add_node(doc, "", Node("b", "Linear", {"out_features": parse("wide + 1")}))
    with pytest.raises(ValueError, match="called “width”"):
        add_param(doc, "", WIDTH)
    assert [p.default for p in set_default(doc, "", "width", 32).params] == [32, parse("4*width")]
    with pytest.raises(ValueError, match="still uses"):
        remove_param(doc, "", "wide")
    with pytest.raises(ValueError, match="“wide” still uses"):
        remove_param(doc, "", "width")
    doc = set_default(doc, "", "wide", 5)
    left = remove_param(doc, "", "width")
    assert left.main.nodes["a"].params["out_features"] == 8 and [p.name for p in left.params] == ["wide"]
    present = set_condition(doc, "", ["a"], "width > 3")
    with pytest.raises(ValueError, match="still uses"):
        remove_param(present, "", "width")
    with pytest.raises(ValueError, match="no parameter"):
        remove_param(doc, "", "depth")


def test_parameters_of_a_block_change_their_default() -> None:
    doc = add_param(Document(blocks=PersistentMap({"body": Block("body")})), "body", WIDTH)
    assert set_default(doc, "body", "width", 9).blocks["body"].params[0].default == 9
    assert remove_param(doc, "body", "width").blocks["body"].params == ()
    with pytest.raises(ValueError, match="no parameter"):
        set_default(doc, "body", "depth", 9)
