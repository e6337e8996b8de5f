"""Muted wires: they stay in the drawing and carry nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.analysis.fixes import apply_fix
from studio.codegen import generate
from studio.document import edits
from studio.document.check import checked_document
from studio.document.difference import apply_difference, difference
from studio.document.errors import FileError
from studio.document.model import Document
from studio.document.plain import node_from_plain, node_to_plain
from studio.files.presets import load_preset
from studio.files.project import project_bytes, read_project
from studio.graph.model import GraphError, Node, Source


def fan() -> Document:
    """Three sources into one Cat, and what reads it."""
    document = Document()
    for name in ("a", "b", "c"):
        document = edits.add_node(document, "", Node(name, "Noise", {"shape": (4,)}))
    cat = Node("cat", "Concat", {"dim": 1}, {"x": (Source("a"), Source("b"), Source("c"))})
    document = edits.add_node(document, "", cat)
    return edits.add_node(document, "", Node("relu", "ReLU", inputs={"x": (Source("cat"),)}))


def muted(document: Document, source: str, on: bool = True) -> Document:
    return edits.mute_wire(document, "", "cat", "x", Source(source), on)


def test_a_muted_wire_carries_nothing_and_comes_back_to_its_place() -> None:
    document = muted(muted(fan(), "b"), "a")
    cat = document.main.nodes["cat"]
    assert cat.inputs["x"] == (Source("c"),)
    assert cat.wires("x") == [(Source("a"), True), (Source("b"), True), (Source("c"), False)]
    assert str(analyze(document).facts["cat"].outputs["y"].shape[1]) == "4"
    assert muted(muted(document, "b", False), "a", False) == fan()
    with pytest.raises(GraphError, match="No wire"):
        muted(document, "nothing")


def test_the_code_is_that_of_the_drawing_without_the_wire() -> None:
    lenet = load_preset("lenet5")
    lenet = edits.add_node(lenet, "", Node("twice", "Add", inputs={"x": (Source("conv2"), Source("conv2"))}))
    lenet = edits.connect(lenet, "", Source("twice"), "tanh2", "x")
    silent = edits.mute_wire(lenet, "", "loss", "input", Source("logits"))
    cut = edits.disconnect(lenet, "", "loss", "input", Source("logits"))
    assert [p.message for p in analyze(silent).problems] == [p.message for p in analyze(cut).problems]
    both = edits.add_node(lenet, "", Node("both", "Add", inputs={"x": (Source("head"), Source("logits"))}))
    assert both.main.nodes["twice"].inputs["x"] == (Source("conv2"), Source("conv2"))
    silent = edits.mute_wire(both, "", "both", "x", Source("logits"))
    cut = edits.disconnect(both, "", "both", "x", Source("logits"))
    assert (
        generate(silent, analyze(silent)).files["model.py"] == generate(cut, analyze(cut)).files["model.py"]
    )


def test_files_journal_and_clipboard_keep_muted_wires(tmp_path: Path) -> None:
    before, document = fan(), muted(fan(), "b")
    node = document.main.nodes["cat"]
    assert node_from_plain(node_to_plain(node), "main") == node
    assert apply_difference(before, difference(before, document)) == document
    path = tmp_path / "fan.json"
    path.write_bytes(project_bytes(document))
    assert read_project(path).main.nodes["cat"] == node
    text = edits.copy_fragment(document, "", ["a", "b", "c", "cat"])
    pasted, names = edits.paste_fragment(document, "", text)
    copy = pasted.main.nodes[names[-1]]
    assert [silent for _, silent in copy.wires("x")] == [False, True, False]


@pytest.mark.parametrize("wires", [[["b"]], [[-1, "b"]], [[0, "no name"]], [[0, 1]], {"0": "b"}])
def test_damaged_files_are_refused(wires: object) -> None:
    plain = {"id": "cat", "layer": "Concat", "muted_inputs": {"x": wires}}
    with pytest.raises(FileError):
        node_from_plain(plain, "main")


def test_dangling_and_cyclic_muted_wires_in_a_file_are_refused() -> None:
    cat = muted(fan(), "b").main.nodes["cat"]
    for source, what in (("nothing", "no node"), ("relu", "cycle")):
        wires = [(Source(name), silent) for name, silent in (("a", False), (source, True))]
        document = fan().with_graph("", fan().main.with_node(cat.with_wires("x", wires)))
        with pytest.raises(FileError, match=what):
            checked_document(document)


def test_no_wire_may_close_a_cycle_with_a_muted_one() -> None:
    with pytest.raises(GraphError, match="cycle"):
        edits.connect(edits.mute_wire(fan(), "", "relu", "x", Source("cat")), "", Source("relu"), "cat", "x")


def test_renaming_removing_and_healing_take_muted_wires_along() -> None:
    document = muted(fan(), "b")
    renamed = edits.rename_node(document, "", "b", "bee")
    assert renamed.main.nodes["cat"].wires("x")[1] == (Source("bee"), True)
    removed = edits.remove_nodes(document, "", ["b"])
    assert removed.main.nodes["cat"].wires("x") == [(Source("a"), False), (Source("c"), False)]
    silent = edits.mute_wire(fan(), "", "relu", "x", Source("cat"))
    healed = edits.remove_nodes(silent, "", ["cat"], heal=True)
    assert healed.main.nodes["relu"].wires("x") == [(Source("a"), True)]
    assert edits.take_out(silent, "", "cat").main.nodes["relu"].wires("x") == [(Source("a"), True)]
    assert edits.connect(silent, "", Source("a"), "relu", "x").main.nodes["relu"].wires("x") == [
        (Source("a"), False)
    ]
    assert edits.disconnect(silent, "", "relu", "x").main.nodes["relu"].wires("x") == []
    assert edits.replace_layer(silent, "", "relu", "GELU").main.nodes["relu"].wires("x") == [
        (Source("cat"), True)
    ]


def test_the_repair_that_wires_an_input_takes_the_muted_wire_away() -> None:
    silent = edits.mute_wire(fan(), "", "relu", "x", Source("cat"))
    fixes = [
        fix for p in analyze(silent).problems for fix in p.fixes if fix.action[:3] == ("connect", "", "relu")
    ]
    (fix,) = fixes
    assert apply_fix(silent, fix).main == fan().main


def test_a_block_keeps_muted_wires_and_ungroup_gives_them_back() -> None:
    document = muted(fan(), "b")
    block = edits.make_block(document, "", ["cat", "relu"], "part")
    inner = block.blocks["part"].graph.nodes["cat"]
    assert [silent for _, silent in inner.wires("x")] == [False, True, False]
    apart, _ = edits.ungroup(block, "", "part")
    assert apart.main.nodes["cat"] == document.main.nodes["cat"]
    inserted = edits.insert_on_wire(document, "", Node("tanh", "Tanh"), ("cat", "x"), Source("b"))
    assert inserted.main.nodes["cat"].wires("x")[1] == (Source("tanh"), True)
