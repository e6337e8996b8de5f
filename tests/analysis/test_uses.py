"""Uses of blocks: repeats that look at their turn, scans over time, shared weights, averages, conditions."""

from __future__ import annotations

from typing import Any

from studio.analysis import analyze
from studio.document.edits import declare, set_condition, set_frozen, set_value
from studio.document.model import Document
from studio.graph.expression import Expression
from studio.graph.model import BlockParam
from tests.analysis.drawings import block, classifier, document, node

N = node
CELL = block(
    "cell",
    N("x", "Input"),
    N("h", "Input"),
    N("wx", "Linear", {"x": "x"}, out_features=32),
    N("wh", "Linear", {"x": "h"}, out_features=32),
    N("sum", "Add", {"x": ["wx", "wh"]}),
    N("tanh", "Tanh", {"x": "sum"}),
    N("next", "Output", {"x": "tanh"}),
)
LAYER = block(
    "layer",
    N("x", "Input"),
    N("linear", "Linear", {"x": "x"}, out_features=Expression("width")),
    N("relu", "ReLU", {"x": "linear"}),
    N("y", "Output", {"x": "relu"}),
    params=(BlockParam("width", "int", 8),),
)


def scanned(**params: Any) -> Document:
    """A cell over a sequence of 12 rows of 5."""
    return document(
        N("noise", "Noise", shape=(12, 5)),
        N("scan", "Scan", {"x": "noise"}, block="cell", **{"state_shape": (32,)} | params),
        N("end", "Output", {"x": "scan"}),
        blocks={"cell": CELL},
    )


def codes(doc: Document) -> list[str]:
    """The codes of the errors."""
    return [problem.code for problem in analyze(doc).problems if problem.severity == "error"]


def test_a_scan_gives_every_step_or_the_last() -> None:
    found = analyze(scanned())
    assert found.outputs["end"].shape[1:] == (12, 32)
    assert found.parameters == 5 * 32 + 32 + 32 * 32 + 32
    assert found.facts["scan/wh"].outputs["y"].shape[1:] == (32,)
    assert analyze(scanned(output="last")).outputs["end"].shape[1:] == (32,)
    once = analyze(scanned()).facts["scan/wx"].flops
    assert found.facts["scan"].flops > 12 * once


def test_a_state_must_come_out_as_it_went_in() -> None:
    assert codes(scanned(state_shape=(16,))) == ["state", *codes(scanned(state_shape=(16,)))[1:]]
    assert "state" in codes(scanned(states=3))
    flat = document(
        N("noise", "Noise", shape=()),
        N("scan", "Scan", {"x": "noise"}, block="cell", state_shape=(32,)),
        blocks={"cell": CELL},
    )
    assert "shape" in codes(flat)


def stacked(times: int = 3, **params: Any) -> Document:
    """A Repeat whose turns have widths of their own."""
    return document(
        N("noise", "Noise", shape=(4,)),
        N(
            "stack",
            "Repeat",
            {"x": "noise"},
            block="layer",
            times=times,
            arguments={"width": Expression("widths[i]")},
            **params,
        ),
        N("end", "Output", {"x": "stack"}),
        blocks={"layer": LAYER},
        params=(BlockParam("widths", "ints", (8, 16, 32)),),
    )


def test_arguments_of_a_repeat_look_at_the_turn() -> None:
    found = analyze(stacked())
    assert found.parameters == 4 * 8 + 8 + 8 * 16 + 16 + 16 * 32 + 32
    assert found.outputs["end"].shape[1] == 32
    assert "argument" in codes(stacked(times=4))
    wider = set_value(stacked(), "widths", (8, 16, 64))
    assert analyze(wider, found).outputs["end"].shape[1] == 64


def test_no_turn_lets_the_input_through() -> None:
    found = analyze(stacked(times=0))
    assert found.parameters == 0 and found.outputs["end"].shape[1] == 4


def test_one_set_of_weights_for_all_turns() -> None:
    assert "shared" in codes(stacked(shared=True))
    same = set_value(stacked(shared=True), "widths", (4, 4, 4))
    assert analyze(same).parameters == 4 * 4 + 4


def test_a_node_may_be_present_only_where_an_expression_holds() -> None:
    doc = set_condition(stacked(), "layer", ["linear"], "i != 1")
    assert analyze(doc).parameters == 4 * 8 + 8 + 8 * 32 + 32
    assert "condition" in codes(set_condition(stacked(), "layer", ["relu"], "j > 0"))
    gone = set_condition(stacked(), "", ["stack"], "False_ > 0")
    assert "condition" in codes(gone)
    deep = BlockParam("deep", "bool", False)
    off = declare(set_condition(stacked(), "", ["stack"], "deep"), "", (*stacked().params, deep))
    assert analyze(off).outputs["end"].shape[1] == 4


def shared(**params: Any) -> Document:
    """Two uses of a block with one set of weights, and an average of them."""
    return document(
        N("a", "Noise", shape=(8,)),
        N("first", "Block", {"x": "a"}, block="layer"),
        N("second", "Block", {"x": "first"}, **{"block": "layer", "weights_of": "first"} | params),
        N("slow", "EMA", block="layer", of="first"),
        blocks={"layer": LAYER},
    )


def test_shared_weights_count_once() -> None:
    found = analyze(shared())
    assert found.parameters == 8 * 8 + 8
    assert "sharing" not in codes(shared())
    for wrong in ({"weights_of": "a"}, {"weights_of": "slow"}, {"arguments": {"width": 16}}):
        assert "sharing" in codes(shared(**wrong))


def test_freezing_borrowed_weights_is_told_to_do_nothing() -> None:
    doc = set_frozen(shared(), "", ["second"])
    assert [p.severity for p in analyze(doc).problems if p.code == "sharing"] == ["warning"]


def test_an_average_may_stay_unwired_and_must_follow_a_use() -> None:
    assert "unconnected" not in codes(shared())
    lost = shared()
    lost = lost.with_graph("", lost.main.with_node(lost.main.nodes["slow"].with_params({"of": "second"})))
    assert "sharing" in codes(lost)


def test_an_optimizer_must_train_what_its_losses_depend_on() -> None:
    doc = classifier(
        other=node("other", "Linear", {"x": "flat"}, out_features=3),
        adam=node("adam", "Optimizer", {"loss": "loss"}, trains=("other",)),
    )
    assert "trains" in codes(doc)
    right = classifier(adam=node("adam", "Optimizer", {"loss": "loss"}, trains=("logits",)))
    assert codes(right) == []


def test_a_parameter_may_choose_the_block() -> None:
    outer = block(
        "outer",
        N("x", "Input"),
        N("part", "Block", {"x": "x"}, block=Expression("kind")),
        N("y", "Output", {"x": "part"}),
        params=(BlockParam("kind", "text", "layer"),),
    )
    doc = document(
        N("noise", "Noise", shape=(4,)),
        N("whole", "Block", {"x": "noise"}, block="outer"),
        N("end", "Output", {"x": "whole"}),
        blocks={"layer": LAYER, "outer": outer},
    )
    assert analyze(doc).outputs["end"].shape[1] == 8
    wrong = doc.with_graph(
        "", doc.main.with_node(N("whole", "Block", {"x": "noise"}, block="outer", arguments={"kind": "lost"}))
    )
    assert "unknown_block" in codes(wrong)
