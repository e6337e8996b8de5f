"""Blocks: shapes inside instances, expressions, repeats, recursion."""

from __future__ import annotations

from studio.analysis import analyze
from studio.document.model import Document
from studio.graph.expression import Expression
from studio.graph.model import BlockParam
from tests.analysis.drawings import block, classifier, document, node

N = node


def residual(out: object = 16) -> Document:
    """A Repeat of a block x + Linear(x)."""
    inner = block(
        "step",
        N("x", "Input", axes="N F"),
        N("linear1", "Linear", {"x": "x"}, out_features=out),
        N("sum", "Add", {"x": ["x", "linear1"]}),
        N("y", "Output", {"x": "sum"}),
    )
    return document(
        N("noise", "Noise", shape=(16,)),
        N("stack", "Repeat", {"x": "noise"}, block="step", times=12),
        N("end", "Output", {"x": "stack"}),
        blocks={"step": inner},
    )


def test_a_repeat_counts_every_turn() -> None:
    analysis = analyze(residual())
    assert analysis.parameters == 12 * (16 * 16 + 16)
    assert analysis.depth == 12
    assert analysis.facts["stack"].parameters == analysis.parameters
    assert analysis.facts["stack/linear1"].weights == {"weight": (16, 16), "bias": (16,)}
    assert analysis.facts["stack[11]/linear1"] == analysis.facts["stack/linear1"]
    assert analysis.nodes == 3 + 4
    assert "stack/sum" in set(analysis.facts)
    assert str(analysis.outputs["end"]) == "float32[N, 16]"


def test_a_repeat_may_use_its_index() -> None:
    inner = block(
        "step",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=Expression("width * (i + 1)")),
        N("y", "Output", {"x": "linear"}),
        params=(BlockParam("width", "int", 4),),
    )
    doc = document(
        N("noise", "Noise", shape=(2,)),
        N("grow", "Repeat", {"x": "noise"}, block="step", times=3, arguments={"width": 8}),
        blocks={"step": inner},
    )
    analysis = analyze(doc)
    assert analysis.facts["grow"].outputs["y"].shape[1] == 24
    assert analysis.facts["grow/linear"].weights["weight"] == (8, 2)
    assert analysis.facts["grow[2]/linear"].weights["weight"] == (24, 16)
    assert [path for path in analysis.facts if "[2]" in path]


def test_shapes_that_change_from_turn_to_turn_are_followed() -> None:
    inner = block(
        "half", N("x", "Input"), N("pool", "MaxPool2d", {"x": "x"}), N("y", "Output", {"x": "pool"})
    )
    doc = document(
        N("noise", "Noise", shape=(3, 64, 64)),
        N("down", "Repeat", {"x": "noise"}, block="half", times=4),
        blocks={"half": inner},
    )
    assert analyze(doc).facts["down"].outputs["y"].shape[2:] == (4, 4)
    too_often = doc.with_graph("", doc.main.with_node(doc.main.nodes["down"].with_params({"times": 8})))
    assert [p.node for p in analyze(too_often, analyze(doc)).problems if p.code == "shape"] == ["pool"]


def test_blocks_nest_and_arguments_pass_down() -> None:
    inner = block(
        "inner",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=Expression("width")),
        N("y", "Output", {"x": "linear"}),
        params=(BlockParam("width", "int", 4),),
    )
    outer = block(
        "outer",
        N("x", "Input"),
        N("use", "Block", {"x": "x"}, block="inner", arguments={"width": Expression("2 * size")}),
        N("y", "Output", {"x": "use"}),
        params=(BlockParam("size", "int", 1),),
    )
    doc = document(
        N("noise", "Noise", shape=(2,)),
        N("top", "Block", {"x": "noise"}, block="outer", arguments={"size": 5}),
        blocks={"inner": inner, "outer": outer},
    )
    before = analyze(doc)
    assert before.facts["top/use/linear"].weights["weight"] == (10, 2)
    wider = doc.with_graph("inner", inner.graph.with_node(N("linear", "Linear", {"x": "x"}, out_features=3)))
    after = analyze(wider, before)
    assert after.facts["top"].outputs["y"].shape[1] == 3
    assert before.facts["top"].outputs["y"].shape[1] == 10


def test_a_block_that_contains_itself_is_refused() -> None:
    one = block(
        "one", N("x", "Input"), N("use", "Block", {"x": "x"}, block="two"), N("y", "Output", {"x": "use"})
    )
    two = block(
        "two", N("x", "Input"), N("use", "Block", {"x": "x"}, block="one"), N("y", "Output", {"x": "use"})
    )
    doc = document(
        N("noise", "Noise"), N("top", "Block", {"x": "noise"}, block="one"), blocks={"one": one, "two": two}
    )
    assert "recursion" in {p.code for p in analyze(doc).problems}


def test_very_deep_nesting_ends() -> None:
    blocks = {
        f"b{at}": block(
            f"b{at}",
            N("x", "Input"),
            N("left", "Block", {"x": "x"}, block=f"b{at + 1}"),
            N("right", "Block", {"x": "x"}, block=f"b{at + 1}"),
            N("y", "Output", {"x": "left"}),
        )
        for at in range(200)
    }
    doc = document(N("noise", "Noise"), N("top", "Block", {"x": "noise"}, block="b0"), blocks=blocks)
    assert "recursion" in {p.code for p in analyze(doc).problems}


def test_exponentially_many_instances_are_counted_by_arithmetic() -> None:
    leaf = block(
        "b12", N("x", "Input"), N("l", "Linear", {"x": "x"}, out_features=4), N("y", "Output", {"x": "l"})
    )
    blocks = {"b12": leaf} | {
        f"b{at}": block(
            f"b{at}",
            N("x", "Input"),
            N("left", "Block", {"x": "x"}, block=f"b{at + 1}"),
            N("right", "Block", {"x": "left"}, block=f"b{at + 1}"),
            N("y", "Output", {"x": "right"}),
        )
        for at in range(12)
    }
    doc = document(
        N("noise", "Noise", shape=(4,)), N("top", "Block", {"x": "noise"}, block="b0"), blocks=blocks
    )
    analysis = analyze(doc)
    assert analysis.parameters == 2**12 * 20
    assert analysis.depth == 2**12


def test_a_muted_layer_passes_its_input_on() -> None:
    doc = document(
        N("noise", "Noise", shape=(4,)),
        N("linear", "Linear", {"x": "noise"}, out_features=9, muted=True),
        N("end", "Output", {"x": "linear"}),
    )
    analysis = analyze(doc)
    assert analysis.parameters == 0
    assert analysis.outputs["end"].shape[1] == 4


def test_a_muted_block_passes_its_input_on_and_a_muted_loss_is_not_there() -> None:
    doc = residual()
    muted = doc.with_graph(
        "", doc.main.with_node(node("stack", "Repeat", {"x": "noise"}, block="step", times=12, muted=True))
    )
    analysis = analyze(muted, analyze(doc))
    assert analysis.parameters == 0
    assert str(analysis.outputs["end"]) == "float32[N, 16]"
    loss = node("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}, muted=True)
    problems = analyze(classifier(loss=loss)).problems
    assert [p.code for p in problems if p.severity == "error"] == ["no_loss", "no_loss_wired"]
    assert "muted" in problems[1].message
