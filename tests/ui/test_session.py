"""The session: edits, undo, selection, graphs, refusals."""

from __future__ import annotations

import subprocess
import sys

from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.model import Node
from studio.ui.session import Session


def test_apply_undo_redo_tell_before_and_after(qtbot: QtBot) -> None:
    session, seen = Session(Document()), []
    session.changed.connect(lambda before, after: seen.append((before, after)))
    first = session.document
    assert session.apply("Add", lambda d: edits.add_node(d, "", Node("relu1", "ReLU")))
    second = session.document
    session.undo()
    session.redo()
    assert seen == [(first, second), (second, first), (first, second)]
    assert session.history.undo_label == "Add"


def test_refused_edit_changes_nothing(qtbot: QtBot) -> None:
    session, said = Session(Document()), []
    session.refused.connect(said.append)
    before = session.document
    assert not session.apply("Add", lambda d: edits.add_node(d, "", Node("x", "NoSuchLayer")))
    assert session.document is before
    assert said


def test_read_only_refuses(qtbot: QtBot) -> None:
    session, said = Session(), []
    session.refused.connect(said.append)
    session.open(load_preset("lenet5"), read_only=True)
    assert not session.apply("Rename", lambda d: edits.set_title(d, "x"))
    assert said


def test_selection_follows_the_document(qtbot: QtBot) -> None:
    session, told = Session(load_preset("lenet5")), []
    session.selection_changed.connect(lambda: told.append(session.selection))
    session.select(["conv1", "nowhere"])
    session.apply("Delete", lambda d: edits.remove_nodes(d, "", ["conv1"]))
    assert told == [{"conv1"}, frozenset()]


def test_analysis_belongs_to_the_document_when_changed_is_told(qtbot: QtBot) -> None:
    session, seen = Session(load_preset("lenet5")), []
    session.changed.connect(lambda *_: seen.append(session.analysis.parameters))
    session.apply("Set", lambda d: edits.set_param(d, "", "conv1", "out_channels", 7))
    assert seen == [session.analysis.parameters]
    assert seen != [61706]


def test_moves_do_not_analyse(qtbot: QtBot) -> None:
    session, told = Session(load_preset("lenet5")), []
    session.analysed.connect(told.append)
    session.apply("Move", lambda d: edits.move_nodes(d, "", {"conv1": (5, 5)}))
    assert told == []


def test_entering_a_block_and_losing_it(qtbot: QtBot) -> None:
    session, entered = Session(load_preset("lenet5")), []
    session.entered.connect(entered.append)
    session.enter("head")
    session.enter("nowhere")
    assert session.graph_key == "head"
    session.apply("Ungroup", lambda d: Document())
    assert session.graph_key == ""
    assert entered == ["head", ""]


def test_canvas_does_not_import_torch() -> None:
    code = "import sys, studio.ui.canvas, studio.ui.picture; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
