"""Parameters by hand: of the drawing, of a block's use, when a node is present, with results beside the fields."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.expression import parse
from studio.graph.model import Node, Source
from studio.text import set_language
from studio.ui.panels.inspector import Inspector
from studio.ui.session import Session

ENTER = Qt.Key.Key_Return


def pair() -> Document:
    """noise -> wide (a block) -> out, a drawing without parameters."""
    document = edits.add_node(Document(), "", Node("noise", "Noise", {"shape": (16,)}))
    linear = Node("linear", "Linear", {"out_features": 8}, {"x": (Source("noise"),)})
    document = edits.add_node(document, "", linear)
    document = edits.make_block(document, "", ["linear"], "wide")
    document = edits.expose_param(document, "wide", "linear", "out_features", "size")
    return edits.add_node(document, "", Node("out", "Output", inputs={"x": (Source("wide"),)}))


@pytest.fixture
def inspector(qtbot: QtBot) -> Inspector:
    """The inspector of ``pair``."""
    made = Inspector(Session(pair()))
    qtbot.addWidget(made)
    made.resize(320, 800)
    made.show()
    qtbot.waitExposed(made)
    return made


def field(editor: QWidget) -> QLineEdit:
    """The line of an editor."""
    found = editor.findChild(QLineEdit)
    assert found is not None
    return found


def write(line: QLineEdit, text: str) -> None:
    """Types into a line in place of what is there."""
    line.setFocus()
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClicks(line, text)
    QTest.keyClick(line, ENTER)


def declared(inspector: Inspector, name: str, kind: str, value: str) -> None:
    """A parameter of the drawing, made by hand."""
    form = inspector._own
    assert form is not None
    form.kind.setCurrentIndex(form.kind.findData(kind))
    QTest.keyClicks(form.name, name)
    QTest.mouseClick(form.add, Qt.MouseButton.LeftButton)
    write(field(form.editors[name]), value)


def test_a_parameter_is_added_used_in_a_field_and_changes_all_shapes(inspector: Inspector) -> None:
    session = inspector._session
    first = session.document
    declared(inspector, "width", "int", "64")
    assert [(p.name, p.default) for p in session.document.params] == [("width", 64)]
    session.select({"wide"})
    assert inspector._arguments is not None
    line = field(inspector._arguments.editors["size"])
    write(line, "=2*width")
    assert session.document.main.nodes["wide"].arguments["size"] == parse("2*width")
    assert inspector._arguments.results["size"].text == "= 128"
    assert session.analysis.facts["wide"].outputs["y"].shape[1] == 128
    write(line, "=2*height")
    assert inspector._arguments.results["size"].text == "= ?"
    write(line, "=2*width")
    session.select(())
    assert inspector._own is not None
    write(field(inspector._own.editors["width"]), "5")
    assert session.analysis.facts["wide"].outputs["y"].shape[1] == 10  # nothing but the parameter changed
    for _ in range(6):
        session.undo()
    assert session.document is first


def test_a_field_shows_the_result_beside_its_expression_inside_a_block(inspector: Inspector) -> None:
    session = inspector._session
    session.apply("set", lambda d: edits.set_argument(d, "", "wide", "size", 24))
    session.enter("wide")
    session.select({"linear"})
    assert inspector._results["out_features"].text == "= 24"
    line = field(inspector._editors["out_features"])
    write(line, "=size // 2")
    assert inspector._results["out_features"].text == "= 12"
    assert session.analysis.facts["wide"].outputs["y"].shape[1] == 12
    write(line, "7")
    assert inspector._results["out_features"].text == ""


def test_an_argument_goes_back_to_the_default(inspector: Inspector) -> None:
    session = inspector._session
    session.select({"wide"})
    assert inspector._arguments is not None
    reset = inspector._arguments._resets["size"]
    assert reset.isHidden()
    write(field(inspector._arguments.editors["size"]), "31")
    assert session.analysis.facts["wide"].outputs["y"].shape[1] == 31 and not reset.isHidden()
    QTest.mouseClick(reset, Qt.MouseButton.LeftButton)
    assert session.analysis.facts["wide"].outputs["y"].shape[1] == 8 and reset.isHidden()


def test_a_node_is_present_only_where_its_condition_holds(inspector: Inspector) -> None:
    session = inspector._session
    session.select({"wide"})
    assert inspector._present is None  # there is nothing that it could depend on
    session.select(())
    declared(inspector, "deep", "int", "3")
    session.select({"wide"})
    assert inspector._present is not None
    line, result = inspector._present
    write(line, "deep > 2")
    assert session.document.main.nodes["wide"].present_if == parse("deep > 2") and result.text == "present"
    assert session.analysis.facts["out"].outputs == {} or session.analysis.facts["wide"].parameters
    session.apply("set", lambda d: edits.set_value(d, "deep", 1))
    assert result.text == "absent" and not session.analysis.parameters
    said: list[str] = []
    session.refused.connect(said.append)
    write(line, "deep >")
    assert said and session.document.main.nodes["wide"].present_if == parse("deep > 2")
    write(line, "")
    assert session.document.main.nodes["wide"].present_if is None and session.analysis.parameters


def test_a_parameter_in_use_is_not_taken_away_and_names_must_be_free(inspector: Inspector) -> None:
    session, said = inspector._session, list[str]()
    session.refused.connect(said.append)
    declared(inspector, "width", "int", "4")
    session.apply("use", lambda d: edits.set_argument(d, "", "wide", "size", parse("width + 1")))
    form = inspector._own
    assert form is not None
    (away,) = [b for b in form.findChildren(QToolButton) if b.text() == "✕"]
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    assert "still uses" in said[-1] and session.document.params
    QTest.keyClicks(form.name, "width")
    QTest.keyClick(form.name, ENTER)
    assert "width" in said[-1] and len(session.document.params) == 1
    session.apply("use", lambda d: edits.set_argument(d, "", "wide", "size", parse("width")))
    QTest.mouseClick(away, Qt.MouseButton.LeftButton)
    assert not session.document.params and session.document.main.nodes["wide"].arguments["size"] == 4


@pytest.mark.parametrize("kind", ["int", "float", "bool", "text", "ints", "floats"])
def test_every_kind_has_a_field_and_a_block_has_parameters_too(inspector: Inspector, kind: str) -> None:
    session = inspector._session
    session.enter("wide")
    form = inspector._own
    assert form is not None
    form.kind.setCurrentIndex(form.kind.findData(kind))
    QTest.keyClicks(form.name, "extra")
    QTest.keyClick(form.name, ENTER)
    assert [p.kind for p in session.document.blocks["wide"].params] == ["int", kind]
    assert set(form.editors) == {"size", "extra"}
    session.undo()
    assert set(form.editors) == {"size"}


def test_a_size_of_a_preset_is_chosen(qtbot: QtBot) -> None:
    session = Session(load_preset("resnet"))
    inspector = Inspector(session)
    qtbot.addWidget(inspector)
    inspector.show()
    form = inspector._own
    assert form is not None
    before, parameters = session.document, session.analysis.parameters
    menu = form.sizes
    for action in (menu.actions()[-1], menu.actions()[0]):
        size = action.text()
        menu.popup(form.mapToGlobal(form.rect().center()))
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
        assert session.document.title.endswith(f"({size})") and session.document.title.count("(") == 1
        assert session.analysis.parameters == session.document.expect["parameters"]
    assert parameters != 0
    session.undo()
    session.undo()
    assert session.document is before


def test_the_forms_speak_japanese(inspector: Inspector) -> None:
    set_language("ja")
    inspector.retranslate()
    form = inspector._own
    assert form is not None
    assert form.add.text() == "追加" and form.kind.itemText(0) == "整数"
    set_language("en")
