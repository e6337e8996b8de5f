"""Uses of blocks: copies of their own, repeats, shared weights, parameters on the face."""

from __future__ import annotations

import pytest

from studio.analysis import analyze
from studio.document import edits
from studio.document.model import MAIN, Document
from studio.graph.expression import Expression
from studio.graph.model import GraphError, Node, Source


def two_uses() -> Document:
    """noise -> head (a block of one Linear) -> head1 (the same block)."""
    doc = edits.add_node(Document(), MAIN, Node("noise", "Noise", {"shape": (8,)}), (0, 0))
    linear = Node("linear", "Linear", {"out_features": 8}, {"x": (Source("noise"),)})
    doc = edits.add_node(doc, MAIN, linear, (248, 0))
    doc = edits.make_block(doc, MAIN, ["linear"], "head")
    use = Node("head1", "Block", {"block": "head"}, {"x": (Source("head"),)})
    return edits.add_node(doc, MAIN, use, (496, 0))


def test_a_detached_use_has_a_block_of_its_own() -> None:
    doc = edits.detach_block(two_uses(), MAIN, "head1")
    assert doc.main.nodes["head1"].params["block"] == "head2"
    doc = edits.set_param(doc, "head2", "linear", "out_features", 4)
    assert doc.blocks["head"].graph.nodes["linear"].params["out_features"] == 8
    assert analyze(doc).facts["head1"].outputs["y"].shape[-1] == 4


def test_repeat_and_back() -> None:
    doc = edits.repeat_block(two_uses(), MAIN, "head", 12)
    assert (doc.main.nodes["head"].layer, doc.main.nodes["head"].params["times"]) == ("Repeat", 12)
    assert analyze(doc).facts["head"].parameters == 12 * (8 * 8 + 8)
    assert edits.repeat_block(doc, MAIN, "head", 1) == two_uses()
    for wrong in (0, -1, 10_001):
        with pytest.raises(GraphError, match="10000"):
            edits.repeat_block(doc, MAIN, "head", wrong)


def test_shared_weights_count_once_and_come_apart_again() -> None:
    doc = edits.share_weights(two_uses(), MAIN, ["head", "head1"])
    assert analyze(doc).parameters == 8 * 8 + 8
    assert edits.share_weights(doc, MAIN, ["head", "head1"]) == two_uses()
    with pytest.raises(GraphError, match="same block"):
        edits.share_weights(two_uses(), MAIN, ["head"])


def test_an_exposed_parameter_is_set_by_each_use() -> None:
    doc = edits.expose_param(two_uses(), "head", "linear", "out_features", "width")
    assert doc.blocks["head"].graph.nodes["linear"].params["out_features"] == Expression("width")
    assert doc.blocks["head"].params[0].default == 8
    doc = edits.set_argument(doc, MAIN, "head1", "width", 3)
    facts = analyze(doc).facts
    assert (facts["head"].outputs["y"].shape[-1], facts["head1"].outputs["y"].shape[-1]) == (8, 3)
    back = edits.remove_block_param(doc, "head", "width")
    assert back.blocks["head"].params == ()
    assert back.main.nodes["head1"].arguments == {}
    assert back.blocks["head"].graph.nodes["linear"].params["out_features"] == 8


def test_what_is_no_use_is_refused() -> None:
    for edit in (
        lambda d: edits.detach_block(d, MAIN, "noise"),
        lambda d: edits.repeat_block(d, MAIN, "noise", 3),
        lambda d: edits.expose_param(d, "head", "linear", "no_such"),
        lambda d: edits.expose_param(d, "no_block", "linear", "bias"),
        lambda d: edits.remove_block_param(d, "head", "no_such"),
    ):
        with pytest.raises(GraphError):
            edit(two_uses())
