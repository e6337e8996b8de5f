"""Every edit: what it changes, what it leaves alone, and what it refuses."""

from __future__ import annotations

import pytest

from studio.document import edits
from studio.document.assign import assigned
from studio.document.errors import FileError
from studio.document.model import MAIN, Document, Frame
from studio.graph.expression import parse
from studio.graph.model import Block, BlockParam, Graph, GraphError, Node, Source
from studio.graph.persistent import PersistentMap

CHAIN = ("conv1", "tanh1", "pool1", "lin")


def chain() -> Document:
    """conv1 -> tanh1 -> pool1 -> lin, on a row of cards."""
    doc = Document(title="chain")
    for column, (name, layer) in enumerate(
        zip(CHAIN, ("Conv2d", "Tanh", "AvgPool2d", "Linear"), strict=True)
    ):
        doc = edits.add_node(doc, MAIN, Node(name, layer), (248.0 * column, 0.0))
        if column:
            doc = edits.connect(doc, MAIN, Source(CHAIN[column - 1]), name, "x")
    return doc


def sources(doc: Document, name: str, port: str = "x") -> list[str]:
    return [str(source) for source in doc.main.nodes[name].inputs.get(port, ())]


def test_an_edit_leaves_the_old_document_and_the_other_nodes_alone() -> None:
    before = chain()
    after = edits.set_param(before, MAIN, "conv1", "out_channels", 6)
    assert "out_channels" not in before.main.nodes["conv1"].params
    assert after.main.nodes["conv1"].params["out_channels"] == 6
    assert all(after.main.nodes[name] is before.main.nodes[name] for name in CHAIN[1:])
    assert after.layouts is before.layouts


def test_parameters_are_stored_in_one_form_and_defaults_leave_nothing_behind() -> None:
    doc = edits.set_param(chain(), MAIN, "conv1", "kernel_size", 5)
    assert doc.main.nodes["conv1"].params == {"kernel_size": (5, 5)}
    assert edits.set_param(doc, MAIN, "conv1", "kernel_size", (3, 3)).main.nodes["conv1"].params == {}
    doc = edits.set_param(doc, MAIN, "lin", "out_features", parse("4*width"))
    assert str(doc.main.nodes["lin"].params["out_features"]) == "4*width"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda d: edits.add_node(d, MAIN, Node("conv1", "Tanh")), "already"),
        (lambda d: edits.add_node(d, MAIN, Node("a b", "Tanh")), "no name"),
        (lambda d: edits.add_node(d, MAIN, Node("a", "os.system")), "no layer"),
        (lambda d: edits.add_node(d, MAIN, Node("a", "Tanh", inputs={"x": (Source("b"),)})), "no node"),
        (lambda d: edits.connect(d, MAIN, Source("lin"), "conv1", "x"), "cycle"),
        (lambda d: edits.connect(d, MAIN, Source("lin"), "lin", "x"), "itself"),
        (lambda d: edits.connect(d, MAIN, Source("gone"), "lin", "x"), "no node"),
        (lambda d: edits.connect(d, MAIN, Source("conv1", "z"), "lin", "x"), "no output"),
        (lambda d: edits.connect(d, MAIN, Source("conv1"), "lin", "z"), "no input"),
        (lambda d: edits.set_param(d, MAIN, "conv1", "out_channels", 0), "at least"),
        (lambda d: edits.set_param(d, MAIN, "conv1", "colour", 1), "no parameter"),
        (lambda d: edits.set_argument(d, MAIN, "conv1", "width", 1), "no parameter"),
        (lambda d: edits.rename_node(d, MAIN, "conv1", "lin"), "already"),
        (lambda d: edits.rename_node(d, MAIN, "conv1", "1st"), "no name"),
        (lambda d: edits.move_nodes(d, MAIN, {"gone": (0.0, 0.0)}), "no node"),
        (lambda d: edits.set_run(d, colour=1), "no run setting"),
        (lambda d: edits.edit_frame(d, MAIN, "frame1", title="x"), "no frame"),
        (lambda d: edits.make_block(d, MAIN, [], "b"), "Select"),
        (lambda d: edits.make_block(d, MAIN, ["conv1", "pool1"], "b"), "tanh1|pool1"),
        (lambda d: edits.make_block(d, MAIN, ["conv1"], "main"), "already"),
        (lambda d: edits.ungroup(d, MAIN, "conv1"), "no single block"),
        (lambda d: edits.insert_on_wire(d, MAIN, Node("t", "Tanh"), ("conv1", "x")), "No wire"),
        (lambda d: edits.replace_layer(d, MAIN, "conv1", "Conv9d"), "no layer"),
        (lambda d: edits.add_node(d, "nowhere", Node("t", "Tanh")), "no block"),
        (lambda d: assigned(d, "conv1"), "node.param=value"),
        (lambda d: assigned(d, "run.colour=1"), "no run setting"),
    ],
)
def test_what_can_not_be_done_says_why(edit, words) -> None:
    with pytest.raises(GraphError) as caught:
        edit(chain())
    assert any(word in str(caught.value) for word in words.split("|"))


def test_connect_replaces_the_old_wire_and_a_variadic_port_takes_one_more() -> None:
    doc = edits.connect(chain(), MAIN, Source("conv1"), "lin", "x")
    assert sources(doc, "lin") == ["conv1"]
    doc = edits.add_node(doc, MAIN, Node("add1", "Add"))
    doc = edits.connect(doc, MAIN, Source("conv1", "y"), "add1", "x")  # the first output loses its name
    doc = edits.connect(doc, MAIN, Source("tanh1"), "add1", "x")
    assert sources(doc, "add1") == ["conv1", "tanh1"]
    assert edits.connect(doc, MAIN, Source("tanh1"), "add1", "x") is doc
    assert sources(edits.disconnect(doc, MAIN, "add1", "x", Source("conv1")), "add1") == ["tanh1"]
    assert sources(edits.disconnect(doc, MAIN, "add1", "x"), "add1") == []


def test_remove_unplugs_or_heals() -> None:
    doc = edits.remove_nodes(chain(), MAIN, ["tanh1"])
    assert sources(doc, "pool1") == [] and "tanh1" not in doc.layout().positions
    doc = edits.remove_nodes(chain(), MAIN, ["tanh1", "pool1"], heal=True)
    assert sources(doc, "lin") == ["conv1"]


def test_rename_follows_wires_references_and_layout() -> None:
    doc = edits.add_node(chain(), MAIN, Node("adam", "Optimizer", {"trains": ("conv1", "lin")}))
    doc = edits.set_param(doc, MAIN, "lin", "weight_of", "conv1")
    doc = edits.rename_node(doc, MAIN, "conv1", "first")
    assert list(doc.main.nodes)[0] == "first" and sources(doc, "tanh1") == ["first"]
    assert doc.main.nodes["adam"].params["trains"] == ("first", "lin")
    assert doc.main.nodes["lin"].params["weight_of"] == "first"
    assert doc.layout().positions["first"] == (0.0, 0.0) and "conv1" not in doc.layout().positions
    gone = edits.remove_nodes(doc, MAIN, ["first"])
    assert gone.main.nodes["adam"].params["trains"] == ("lin",)


def test_insert_on_wire_runs_the_wire_through() -> None:
    doc = edits.insert_on_wire(chain(), MAIN, Node("relu1", "ReLU"), ("lin", "x"), position=(9.0, 9.0))
    assert sources(doc, "relu1") == ["pool1"] and sources(doc, "lin") == ["relu1"]
    assert doc.layout().positions["relu1"] == (9.0, 9.0)


def test_unique_names_count_on() -> None:
    doc = chain()
    assert edits.unique_name(doc, MAIN, "Conv2d") == "conv2"
    assert edits.unique_name(doc, MAIN, "ReLU") == "relu1"
    assert edits.unique_name(doc, MAIN, "CrossEntropy") == "crossentropy"
    assert edits.unique_name(doc, MAIN, "lin") == "lin2"
    assert edits.unique_name(doc, MAIN, "畳み込み") == "畳み込み"
    assert edits.unique_name(doc, MAIN, "<img>").isidentifier()


def test_mute_freeze_replace_and_title() -> None:
    doc = edits.set_frozen(edits.set_muted(chain(), MAIN, ["conv1"]), MAIN, ["lin"])
    assert doc.main.nodes["conv1"].muted and doc.main.nodes["lin"].frozen
    doc = edits.set_param(doc, MAIN, "pool1", "kernel_size", 4)
    doc = edits.replace_layer(doc, MAIN, "pool1", "MaxPool2d")
    assert doc.main.nodes["pool1"].layer == "MaxPool2d" and sources(doc, "pool1") == ["tanh1"]
    assert doc.main.nodes["pool1"].params == {"kernel_size": (4, 4)}
    assert edits.set_title(doc, "new").title == "new"


def test_frames_come_change_and_go() -> None:
    doc = edits.add_frame(chain(), MAIN, Frame("frame1", "first", 0, 0, 100, 100))
    doc = edits.add_frame(doc, MAIN, Frame("frame1", "second", 0, 0, 100, 100))
    assert [frame.id for frame in doc.layout().frames] == ["frame1", "frame2"]
    doc = edits.edit_frame(doc, MAIN, "frame2", title="third", x=7.0)
    assert doc.layout().frames[1].title == "third"
    assert len(edits.remove_frame(doc, MAIN, "frame1").layout().frames) == 1


def test_a_selection_becomes_a_block_and_comes_apart_again() -> None:
    before = chain()
    doc = edits.make_block(before, MAIN, ["tanh1", "pool1"], "squash")
    use, block = doc.main.nodes["squash"], doc.blocks["squash"].graph
    assert use.params == {"block": "squash"} and sources(doc, "squash") == ["conv1"]
    assert sources(doc, "lin") == ["squash"]
    assert [node.layer for node in block.nodes.values()] == ["Input", "Tanh", "AvgPool2d", "Output"]
    apart, names = edits.ungroup(doc, MAIN, "squash")
    assert names == ("tanh1", "pool1") and apart.main == before.main
    assert not edits.remove_block(apart, "squash").blocks
    with pytest.raises(GraphError, match="still use"):
        edits.remove_block(doc, "squash")
    assert list(apart.main.nodes) == list(before.main.nodes)
    inside = edits.rename_node(doc, "squash", "x", "picture")
    assert sources(inside, "squash", "picture") == ["conv1"]
    assert sources(edits.remove_nodes(doc, "squash", ["x"]), "squash") == []


def test_block_arguments_are_typed() -> None:
    block = Block("wide", Graph(), (BlockParam("width", "int", 8), BlockParam("bias", "bool", True)))
    doc = Document(blocks=PersistentMap({"wide": block}))
    doc = edits.add_node(doc, MAIN, Node("wide1", "Block", {"block": "wide"}))
    assert edits.set_argument(doc, MAIN, "wide1", "width", 16).main.nodes["wide1"].arguments == {"width": 16}
    assert assigned(doc, "wide1.width=32").main.nodes["wide1"].arguments == {"width": 32}
    for name, value in (("width", True), ("width", "x"), ("bias", 1)):
        with pytest.raises(GraphError):
            edits.set_argument(doc, MAIN, "wide1", name, value)


def test_copy_paste_and_duplicate() -> None:
    doc = edits.make_block(chain(), MAIN, ["tanh1", "pool1"], "squash")
    text = edits.copy_fragment(doc, MAIN, ["squash", "lin"])
    assert edits.is_fragment(text)
    pasted, names = edits.paste_fragment(doc, MAIN, text)
    assert names == ("squash2", "lin2") and pasted.blocks is doc.blocks
    assert sources(pasted, "lin2") == ["squash2"] and sources(pasted, "squash2") == []
    kept, _ = edits.duplicate(doc, MAIN, ["squash"])
    assert sources(kept, "squash2") == ["conv1"]
    empty, names = edits.paste_fragment(Document(), MAIN, text)
    assert set(empty.blocks) == {"squash"} and names == ("squash", "lin")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"nodes": []}', '{"tsumiki-fragment": 1, "nodes": [{"id": "a", "layer": "eval"}]}',
     '{"tsumiki-fragment": 1, "nodes": [{"id": "a", "layer": "Block", "params": {"block": "b"}}]}',
     '{"tsumiki-fragment": 1, "nodes": [{"id": "a", "layer": "Tanh", "inputs": {"x": "a"}}]}',
     '{"tsumiki-fragment": 1, "tsumiki-fragment": 1, "nodes": []}', "\ud800"],
)  # fmt: skip
def test_a_bad_clipboard_is_one_clear_error(text: str) -> None:
    with pytest.raises(FileError, match="clipboard"):
        edits.paste_fragment(chain(), MAIN, text)


def test_a_block_can_not_be_pasted_into_itself() -> None:
    doc = edits.make_block(chain(), MAIN, ["tanh1", "pool1"], "squash")
    text = edits.copy_fragment(doc, MAIN, ["squash"])
    with pytest.raises(FileError, match="holds itself"):
        edits.paste_fragment(doc, "squash", text)


def test_assignments_from_the_command_line() -> None:
    doc = assigned(assigned(chain(), "conv1.out_channels=8"), "run.epochs=3")
    assert doc.main.nodes["conv1"].params["out_channels"] == 8 and doc.run.epochs == 3
    doc = edits.make_block(doc, MAIN, ["tanh1", "pool1"], "squash")
    assert assigned(doc, "squash/pool1.kernel_size=[4, 4]").blocks["squash"].graph.nodes["pool1"].params
    with pytest.raises(FileError, match="run.epochs"):
        assigned(doc, "run.epochs=0")
