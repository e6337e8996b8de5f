"""Every problem with a drawing that has it, and every fix that must make it go away."""

from __future__ import annotations

import pytest

from studio.analysis import Problem, analyze
from studio.analysis.fixes import apply_fix
from studio.document.model import Document
from studio.graph.expression import Expression
from studio.graph.model import BlockParam, GraphError
from tests.analysis.drawings import block, classifier, document, node

N = node
_LOGITS = {"input": "logits", "target": "digits.label"}

CASES: dict[str, tuple[Document, str, str, str]] = {
    "unconnected": (classifier(relu=N("relu", "ReLU")), "unconnected", "relu", "error"),
    "unconnected target": (
        classifier(loss=N("loss", "CrossEntropy", {"input": "logits"})),
        "unconnected",
        "loss",
        "error",
    ),
    "image into linear": (
        classifier(flat=None, hidden=N("hidden", "Linear", {"x": "digits.image"}, out_features=32)),
        "shape",
        "hidden",
        "error",
    ),
    "softmax twice": (
        classifier(
            soft=N("soft", "Softmax", {"x": "logits"}),
            loss=N("loss", "CrossEntropy", {"input": "soft", "target": "digits.label"}),
        ),
        "twice",
        "loss",
        "warning",
    ),
    "too many outputs": (
        classifier(logits=N("logits", "Linear", {"x": "relu"}, out_features=12)),
        "shape",
        "loss",
        "error",
    ),
    "too few outputs": (
        classifier(logits=N("logits", "Linear", {"x": "relu"}, out_features=7)),
        "shape",
        "loss",
        "error",
    ),
    "no loss": (classifier(loss=None, adam=None), "no_loss", "logits", "error"),
    "two losses": (
        classifier(adam=None, second=N("second", "CrossEntropy", _LOGITS)),
        "no_optimizer",
        "",
        "error",
    ),
    "unused": (classifier(lost=N("lost", "Tanh", {"x": "hidden"})), "unused", "lost", "hint"),
    "label in the network": (
        classifier(
            emb=N("emb", "Embedding", {"x": "digits.label"}, embedding_dim=32),
            logits=N("logits", "Linear", {"x": "sum"}, out_features=10),
            sum=N("sum", "Add", {"x": ["relu", "emb"]}),
        ),
        "label",
        "emb",
        "warning",
    ),
    "bad parameter": (
        classifier(hidden=N("hidden", "Linear", {"x": "flat"}, out_features=-3)),
        "parameter",
        "hidden",
        "error",
    ),
    "unknown parameter": (
        classifier(hidden=N("hidden", "Linear", {"x": "flat"}, out_features=3, spin=1)),
        "parameter",
        "hidden",
        "error",
    ),
    "unknown layer": (classifier(relu=N("relu", "Warp9", {"x": "hidden"})), "unknown_layer", "relu", "error"),
    "cycle": (classifier(relu=N("relu", "Add", {"x": ["hidden", "logits"]})), "cycle", "logits", "error"),
    "dangling node": (
        classifier(relu=N("relu", "Add", {"x": ["hidden", "ghost"]})),
        "dangling",
        "relu",
        "error",
    ),
    "dangling port": (
        classifier(relu=N("relu", "Add", {"x": ["hidden", "flat.z"]})),
        "dangling",
        "relu",
        "error",
    ),
    "no such input": (
        classifier(relu=N("relu", "ReLU", {"x": "hidden", "w": "flat"})),
        "no_port",
        "relu",
        "error",
    ),
    "trains nobody": (
        classifier(adam=N("adam", "Optimizer", {"loss": "loss"}, trains=("ghost", "hidden"))),
        "trains",
        "adam",
        "error",
    ),
    "trains nothing": (
        classifier(adam=N("adam", "Optimizer", {"loss": "loss"}, trains=("relu", "hidden"))),
        "trains",
        "adam",
        "warning",
    ),
    "no output": (classifier(prediction=None), "no_output", "logits", "hint"),
    "optimizer without loss": (
        classifier(adam=N("adam", "Optimizer", {"loss": ["loss", "hidden"]})),
        "shape",
        "adam",
        "error",
    ),
    "labels as numbers": (
        classifier(flat=None, hidden=N("hidden", "Linear", {"x": "digits.label"}, out_features=32)),
        "shape",
        "hidden",
        "error",
    ),
    "weight of nobody": (
        classifier(hidden=N("hidden", "Linear", {"x": "flat"}, out_features=32, weight_of="ghost")),
        "tied",
        "hidden",
        "error",
    ),
    "input in the main drawing": (classifier(stray=N("stray", "Input")), "misplaced", "stray", "error"),
}
UNFIXED: dict[str, tuple[Document, str, str, str]] = {
    "no data": (document(N("hidden", "Linear")), "no_data", "", "error"),
    "unknown set": (classifier(digits=N("digits", "Data", set="moon")), "shape", "digits", "error"),
    "two data": (
        classifier(
            more=N("more", "Data", set="fashion-5k", split=(4500, 250, 250)),
            view=N("view", "View", {"x": "more.image"}),
        ),
        "two_data",
        "more",
        "hint",
    ),
    "too large": (
        classifier(
            hidden=N("hidden", "Linear", {"x": "flat"}, out_features=10**6),
            logits=N("logits", "Linear", {"x": "wide"}, out_features=10),
            wide=N("wide", "Linear", {"x": "hidden"}, out_features=10**6),
        ),
        "too_large",
        "wide",
        "error",
    ),
    "huge axis": (
        document(N("c", "Constant", shape=(2**32, 4)), N("r", "ReLU", {"x": "c"})),
        "axis",
        "c",
        "error",
    ),
    "unknown block": (document(N("use", "Block", block="nothing")), "unknown_block", "use", "error"),
    "expression": (
        classifier(hidden=N("hidden", "Linear", {"x": "flat"}, out_features=Expression("2 * width"))),
        "parameter",
        "hidden",
        "error",
    ),
}


def found(doc: Document, code: str, name: str) -> list[Problem]:
    """The problems of one kind at one node."""
    return [p for p in analyze(doc).problems if p.code == code and p.node == name]


@pytest.mark.parametrize("case", [*CASES, *UNFIXED])
def test_the_problem_is_found(case: str) -> None:
    doc, code, name, severity = (CASES | UNFIXED)[case]
    problems = found(doc, code, name)
    assert problems, analyze(doc).problems
    assert problems[0].severity == severity
    assert "{" not in problems[0].message
    assert analyze(doc).can_run is not any(p.severity == "error" for p in analyze(doc).problems)


@pytest.mark.parametrize("case", CASES)
def test_its_fix_makes_it_go_away(case: str) -> None:
    doc, code, name, _ = CASES[case]
    problems = found(doc, code, name)
    assert problems
    assert problems[0].fixes, problems[0]
    fix = problems[0].fixes[0]
    assert "{" not in fix.title
    fixed = apply_fix(doc, fix)
    assert fixed is not doc
    left = [p for p in analyze(fixed).problems if p.code == code and p.node == name]
    assert len(left) < len(problems), left


def test_a_correct_drawing_has_no_problems() -> None:
    analysis = analyze(classifier())
    assert analysis.problems == ()
    assert analysis.can_run
    assert analysis.parameters == 784 * 32 + 32 + 320 + 10
    assert analysis.depth == 2
    assert analysis.flops == 2 * (784 * 32 + 320)
    assert [str(size) for size in analysis.outputs["prediction"].shape] == ["N", "10"]


def test_a_network_that_is_told_the_class_and_does_not_guess_it_is_no_mistake() -> None:
    told = document(
        N("digits", "Data", set="digits-8x8"),
        N("which", "Embedding", {"x": "digits.label"}, embedding_dim=8),
        N("pixels", "Linear", {"x": "which"}, out_features=64),
        N("square", "Reshape", {"x": "pixels"}, shape=(1, 8, 8)),
        N("picture", "Output", {"x": "square"}),
        N("loss", "MSE", {"input": "square", "target": "digits.image"}),
    )
    assert analyze(told).problems == ()


def test_a_label_that_only_a_metric_counts_with_is_no_mistake() -> None:
    drawn = classifier(
        one=N("one", "OneHot", {"x": "digits.label"}),
        kind=N("kind", "Cast", {"x": "one"}, dtype="float32"),
        same=N("same", "Accuracy", {"input": "kind", "target": "digits.label"}),
    )
    assert analyze(drawn).problems == ()


def test_an_empty_drawing_says_what_is_missing() -> None:
    analysis = analyze(Document())
    assert {p.code for p in analysis.problems} == {"no_data", "no_loss"}
    assert not analysis.can_run


def test_one_mistake_is_one_problem() -> None:
    doc, _, name, _ = CASES["bad parameter"]
    errors = [p for p in analyze(doc).problems if p.severity == "error"]
    assert [p.node for p in errors] == [name]


def test_inserting_flatten_repairs_the_whole_drawing() -> None:
    doc, code, name, _ = CASES["image into linear"]
    fixed = apply_fix(doc, found(doc, code, name)[0].fixes[0])
    assert analyze(fixed).problems == ()


def test_the_classes_fix_sets_the_layer_before_an_activation() -> None:
    doc = classifier(
        logits=N("logits", "Linear", {"x": "relu"}, out_features=12),
        act=N("act", "Tanh", {"x": "logits"}),
        loss=N("loss", "CrossEntropy", {"input": "act", "target": "digits.label"}),
    )
    fix = found(doc, "shape", "loss")[0].fixes[0]
    assert fix.action == ("set", "", "logits", "out_features", 10)
    assert analyze(apply_fix(doc, fix)).can_run


def test_a_fix_that_came_too_late_changes_nothing() -> None:
    doc, code, name, _ = CASES["image into linear"]
    fix = found(doc, code, name)[0].fixes[0]
    with pytest.raises(GraphError, match="no longer fits"):
        apply_fix(document(), fix)


def test_a_new_node_gets_a_free_place() -> None:
    doc, code, name, _ = CASES["image into linear"]
    layout = doc.layout()
    positions = layout.positions.update({"digits": (0.0, 0.0), "hidden": (220.0, 0.0)})
    placed = Document(main=doc.main, layouts=doc.layouts.set("", type(layout)(positions)))
    fixed = apply_fix(placed, found(placed, code, name)[0].fixes[0])
    assert fixed.layout().positions["flatten1"] == (220.0, 120.0)


def test_problems_inside_a_block_name_the_block_once() -> None:
    inner = block(
        "head",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=0),
        N("y", "Output", {"x": "linear"}),
    )
    doc = document(
        N("noise", "Noise", shape=(8,)),
        N("a", "Block", {"x": "noise"}, block="head"),
        N("b", "Block", {"x": "noise"}, block="head"),
        blocks={"head": inner},
    )
    wrong = [p for p in analyze(doc).problems if p.code == "parameter"]
    assert [(p.graph, p.node) for p in wrong] == [("head", "linear")]
    fixed = apply_fix(doc, wrong[0].fixes[0])
    assert not [p for p in analyze(fixed).problems if p.code == "parameter"]


def test_an_argument_must_be_of_its_kind() -> None:
    inner = block(
        "head", N("x", "Input"), N("y", "Output", {"x": "x"}), params=(BlockParam("width", "int", 4),)
    )
    doc = document(
        N("noise", "Noise"),
        N("a", "Block", {"x": "noise"}, block="head", arguments={"width": "wide", "height": 2}),
        blocks={"head": inner},
    )
    assert len(found(doc, "argument", "a")) == 2


def test_an_unused_block_is_named() -> None:
    inner = block("head", N("x", "Input"), N("y", "Output", {"x": "x"}))
    problems = analyze(
        Document(main=classifier().main, blocks=document(blocks={"head": inner}).blocks)
    ).problems
    assert [(p.code, p.graph) for p in problems] == [("unused_block", "head")]


def test_a_weight_outside_the_exported_network_is_no_weight_to_share() -> None:
    """The network's class has no such module: model.py would end in an AttributeError."""
    drawing = classifier(
        aside=N("aside", "Linear", {"x": "hidden"}, out_features=10),
        logits=N("logits", "Linear", {"x": "relu"}, out_features=10, weight_of="aside"),
        side=N("side", "CrossEntropy", {"input": "aside", "target": "digits.label"}),
        adam=N("adam", "Optimizer", {"loss": ["loss", "side"]}),
        out=N("out", "Output", {"x": "logits"}),
    )
    found = [problem for problem in analyze(drawing).problems if problem.code == "tied"]
    assert [(one.severity, one.node) for one in found] == [("error", "logits")]
    mended = drawing.with_graph("", drawing.main.with_node(N("out2", "Output", {"x": "aside"})))
    assert not [problem for problem in analyze(mended).problems if problem.code == "tied"]


def test_a_parameter_that_onnx_lacks_is_told_before_training() -> None:
    drawing = classifier(
        flat=None,
        pool=N("pool", "AvgPool2d", {"x": "digits.image"}, divisor_override=3),
        flat2=N("flat2", "Flatten", {"x": "pool"}),
        hidden=N("hidden", "Linear", {"x": "flat2"}, out_features=32),
        out=N("out", "Output", {"x": "logits"}),
    )
    found = [problem for problem in analyze(drawing).problems if problem.code == "not_exported"]
    assert [(one.node, one.values["param"]) for one in found] == [("pool", "divisor_override")]
    assert not [
        p for p in analyze(apply_fix(drawing, found[0].fixes[0])).problems if p.code == "not_exported"
    ]
