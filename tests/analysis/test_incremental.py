"""An analysis that starts from an earlier one must equal one that starts from nothing, whatever the edits."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from studio.analysis import Analysis, analyze
from studio.document.model import Document
from studio.graph.model import Node, Source
from tests.analysis.drawings import block, classifier, node

_LAYERS = [
    "Linear",
    "ReLU",
    "Flatten",
    "Conv2d",
    "Add",
    "Concat",
    "Softmax",
    "Noise",
    "Output",
    "CrossEntropy",
]
_LAYERS += ["Block", "Repeat", "LSTM", "Optimizer", "Nonsense", "Data", "Input"]
_IDS = ["digits", "flat", "hidden", "relu", "logits", "loss", "adam", "prediction", "new1", "new2", "x"]
_PORTS = ["x", "input", "target", "loss", "query", "a"]
_PARAMS = ["out_features", "out_channels", "shape", "set", "block", "times", "dim", "weight_of", "trains"]
_VALUES = [
    0,
    1,
    3,
    8,
    -1,
    2.5,
    "digits-8x8",
    "head",
    "hidden",
    (4,),
    (3, 8, 8),
    ("hidden", "ghost"),
    True,
    None,
]
_EDIT = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(_IDS), st.sampled_from(_LAYERS)),
    st.tuples(st.just("remove"), st.sampled_from(_IDS)),
    st.tuples(st.just("drop"), st.sampled_from(_IDS)),
    st.tuples(
        st.just("wire"), st.sampled_from(_IDS), st.sampled_from(_PORTS), st.sampled_from([*_IDS, "ghost"])
    ),
    st.tuples(st.just("set"), st.sampled_from(_IDS), st.sampled_from(_PARAMS), st.sampled_from(_VALUES)),
    st.tuples(st.just("mute"), st.sampled_from(_IDS)),
    st.tuples(st.just("block"), st.integers(1, 9)),
    st.tuples(st.just("back")),
)


def start() -> Document:
    """The classifier, and a block to place."""
    head = block(
        "head",
        node("x", "Input"),
        node("linear1", "Linear", {"x": "x"}, out_features=10),
        node("y", "Output", {"x": "linear1"}),
    )
    main = classifier().main
    use = Node("new1", "Block", {"block": "head"}, {"x": (Source("relu"),)})
    return replace(Document(main=main.with_node(use)), blocks=Document().blocks.set("head", head))


def edited(doc: Document, edit: tuple) -> Document:
    """``doc`` after a raw edit that no check has seen: wires may dangle, parameters be nonsense."""
    kind, *rest = edit
    nodes = doc.main.nodes
    if kind == "add":
        return doc.with_graph(
            "",
            doc.main.with_node(
                Node(rest[0], rest[1], {"block": "head"} if rest[1] in ("Block", "Repeat") else {})
            ),
        )
    if kind == "block":
        graph = doc.graph("head")
        return doc.with_graph(
            "head", graph.with_node(graph.nodes["linear1"].with_params({"out_features": rest[0]}))
        )
    if kind == "back" or rest[0] not in nodes:
        return doc
    one = nodes[rest[0]]
    if kind == "remove":
        return doc.with_graph("", doc.main.without(rest[0]))
    if kind == "drop":  # leaves its readers dangling
        return doc.with_graph("", type(doc.main)(nodes.without(rest[0])))
    if kind == "wire":
        return doc.with_graph("", doc.main.with_node(one.with_input(rest[1], (Source(rest[2]),))))
    if kind == "mute":
        return doc.with_graph("", doc.main.with_node(replace(one, muted=not one.muted)))
    return doc.with_graph("", doc.main.with_node(one.with_params({rest[1]: rest[2]})))


def summary(analysis: Analysis) -> tuple:
    """All that two analyses of one document must agree in."""
    problems = sorted(
        (p.severity, p.code, p.graph, p.node, p.message, str(p.fixes)) for p in analysis.problems
    )
    facts = {path: analysis.facts[path] for path in analysis.facts}
    totals = (analysis.parameters, analysis.flops, analysis.memory_bytes, analysis.depth, analysis.nodes)
    return totals, dict(analysis.outputs), facts, problems


@settings(max_examples=150, deadline=None)
@given(st.lists(_EDIT, max_size=25))
@example([("remove", "digits"), ("wire", "prediction", "x", "adam"), ("add", "adam", "Linear")])
def test_edit_by_edit_equals_from_scratch(edits: list) -> None:
    doc = start()
    analysis = analyze(doc)
    history = [(doc, analysis)]
    for edit in edits:
        if edit[0] == "back":  # undo: an earlier document, analysed from the present state
            doc = history[len(history) // 2][0]
        else:
            doc = edited(doc, edit)
        analysis = analyze(doc, analysis)
        history.append((doc, analysis))
        assert summary(analysis) == summary(analyze(doc)), edit
    for old, known in history[:3]:
        assert summary(known) == summary(analyze(old))


def test_an_edit_of_one_node_leaves_the_facts_of_others_identical() -> None:
    doc = classifier()
    before = analyze(doc)
    after = analyze(edited(doc, ("set", "logits", "out_features", 12)), before)
    assert after.facts["hidden"] is before.facts["hidden"]
    assert after.facts["logits"] is not before.facts["logits"]


def test_new_schemas_of_own_data_are_looked_at() -> None:
    doc = classifier(digits=node("digits", "Data", set="mine"))
    before = analyze(doc)
    assert not before.can_run
    fields = [
        {"name": "image", "shape": [1, 8, 8], "dtype": "float32", "kind": "image", "axes": "C H W"},
        {"name": "label", "shape": [], "dtype": "int64", "kind": "label", "classes": list("abcdefghij")},
    ]
    after = analyze(replace(doc, data={"mine": {"fields": fields}}), before)
    assert after.can_run
    assert after.facts["hidden"].weights["weight"] == (32, 64)
