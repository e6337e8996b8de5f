"""A layer is written in a real window, with real keys; a mistake is marked at its line; a worker is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.document.custom import code_of
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.files.project import parse_project, project_bytes
from studio.files.trust import untrusted
from studio.graph.model import Node, Source
from studio.layers.custom import TEMPLATE
from studio.text import set_language
from studio.ui.app import make_window
from studio.ui.editors import CodeField
from studio.ui.own_code.edit import CodeEdit
from studio.ui.own_code.window import CodeWindow
from studio.ui.window import Window
from tests.files.test_custom_code import CODE, drawn

KEY = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot) -> Window:
    set_language("en")
    made = make_window()
    qtbot.addWidget(made)
    made.show()
    return made


def with_custom() -> Document:
    """LeNet-5 with a fresh layer of one's own before the second convolution."""
    doc = load_preset("lenet5")
    conv = doc.main.nodes["conv2"]
    doc = edits.add_node(doc, "", Node("mine", "Custom", {}, {"x": conv.inputs["x"]}))
    return doc.with_graph("", doc.main.with_node(conv.with_input("x", (Source("mine"),))))


def opened(window: Window, document: Document) -> CodeWindow:
    """The editor, opened with the button of the form."""
    window.session.open(document)
    window.show_page(0)
    window.session.select({"mine" if "mine" in document.main.nodes else "gate"})
    (field,) = window.inspector.findChildren(CodeField)
    QTest.mouseClick(field.findChild(QPushButton), Qt.MouseButton.LeftButton)
    (made,) = window.own_code.windows
    return made


def replace_all(field: CodeEdit, text: str) -> None:
    """Selects everything and types ``text``, a line at a time; the field makes the indents."""
    QTest.keyClick(field, KEY.Key_A, CTRL)
    QTest.keyClick(field, KEY.Key_Delete)
    for line in text.split("\n"):
        has = field.textCursor().block().text()
        for _ in range(0, len(has) - (len(line) - len(line.lstrip(" "))), 4):
            QTest.keyClick(field, KEY.Key_Backspace)
        QTest.keyClicks(field, line.strip(" ") if has else line)
        QTest.keyClick(field, KEY.Key_Return)


TYPED = '''class Halved(nn.Module):
    """Takes every second row.

    shape: N C H W -> N C H//2 W
    """

    def __init__(self, gain: float = 2.0) -> None:
        super().__init__()
        self.gain = gain

    def forward(self, x: Tensor) -> Tensor:
        return self.gain * x[:, :, ::2]'''


def test_a_layer_is_typed_and_its_ports_and_parameters_appear(window: Window, qtbot: QtBot) -> None:
    editor = opened(window, with_custom())
    replace_all(editor.field, TYPED)
    assert editor.field.toPlainText().rstrip() == TYPED  # the field made the indents
    QTest.keyClick(editor.field, KEY.Key_Return, CTRL)
    node = window.session.document.main.nodes["mine"]
    assert code_of(node) == TYPED + "\n"
    assert [str(size) for size in window.session.analysis.facts["mine"].outputs["y"].shape] == [
        "N",
        "6",
        "7",
        "14",
    ]
    assert {"code", "gain"} <= set(window.inspector._editors)
    assert untrusted(window.session.document) == {} and not window.own_code.banner.isVisible()
    window.session.undo()
    assert code_of(window.session.document.main.nodes["mine"]) == TEMPLATE
    assert editor.field.code() == TEMPLATE


def test_a_mistake_is_marked_at_its_line_while_one_types(window: Window, qtbot: QtBot) -> None:
    editor = opened(window, with_custom())
    lines = TEMPLATE.split("\n")
    number = next(at for at, line in enumerate(lines, 1) if line.strip().startswith("return"))
    editor.field.go_to(number)
    QTest.keyClick(editor.field, KEY.Key_End)
    QTest.keyClicks(editor.field, " +")
    qtbot.waitUntil(lambda: editor.field.fault_line == number)
    marks = editor.field.extraSelections()
    assert [mark.cursor.blockNumber() + 1 for mark in marks] == [number]  # type: ignore[attr-defined]
    assert f"Line {number}" in editor._fault.text()
    assert code_of(window.session.document.main.nodes["mine"]) == TEMPLATE  # not taken yet
    QTest.keyClicks(editor.field, " 1")
    qtbot.waitUntil(lambda: editor.field.fault_line == 0)
    QTest.keyClick(editor, KEY.Key_Escape)  # taken when the window closes, and Escape loses nothing
    assert "+ 1" in code_of(window.session.document.main.nodes["mine"]) and not window.own_code.windows


def test_keys_of_the_field(qtbot: QtBot) -> None:
    field = CodeEdit(dark=True)
    qtbot.addWidget(field)
    field.show()
    for key in (KEY.Key_Tab, KEY.Key_A, KEY.Key_Return, KEY.Key_B):
        QTest.keyClick(field, key)
    assert field.toPlainText() == "    a\n    b"
    QTest.keyClick(field, KEY.Key_A, CTRL)
    QTest.keyClick(field, KEY.Key_Tab)
    assert field.toPlainText() == "        a\n        b"
    QTest.keyClick(field, KEY.Key_Backtab)
    assert field.toPlainText() == "    a\n    b"
    assert field.number_width() > field.fontMetrics().horizontalAdvance("99")
    picture = field.grab().toImage()
    column = {picture.pixelColor(x, y).name() for x in range(4, field.number_width()) for y in range(2, 40)}
    assert len(column) > 2  # numbers are painted


def test_a_worker_is_asked_what_a_layer_gives_and_its_mistake_stands_at_its_line(
    window: Window, qtbot: QtBot
) -> None:
    editor = opened(window, with_custom())
    text = (
        "class Asked(nn.Module):\n    def __init__(self) -> None:\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(6, 9, 1)\n\n    def forward(self, x: Tensor) -> Tensor:\n"
        "        return self.conv(x).flatten(1, 2)\n"
    )
    editor.field.setPlainText(text.replace("6, 9", "7, 9"))
    editor.apply()
    qtbot.waitUntil(lambda: editor.field.fault_line == 7, timeout=60_000)
    assert "RuntimeError" in editor._fault.text()
    editor.field.setPlainText(text)
    editor.apply()
    facts = window.session.analysis
    qtbot.waitUntil(lambda: window.session.analysis is not facts and bool(_shape(window)), timeout=60_000)
    assert _shape(window) == ["N", "126", "14"] and window.session.analysis.facts["mine"].parameters == 63


def _shape(window: Window) -> list[str]:
    outputs = window.session.analysis.facts["mine"].outputs
    return [str(size) for size in outputs["y"].shape] if outputs else []


def test_a_project_with_code_opens_in_restricted_mode(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "ran"
    code = CODE.replace("class Gate", f"RAN = open({str(canary)!r}, 'w')\n\n\nclass Gate")
    window.session.open(parse_project(project_bytes(drawn(code))).document)
    window.show_page(0)
    banner = window.own_code.banner
    assert banner.isVisible() and "gate" in banner._text.text()
    assert window.session.analysis.can_run  # drawn and analysed as text
    said: list[str] = []
    monkeypatch.setattr(window, "tell", said.append)
    QTest.mouseClick(window.top.train, Qt.MouseButton.LeftButton)
    assert "Trust this project" in said[0] and window.control.folder is None
    editor = opened(window, window.session.document)
    editor.field.setPlainText(code.replace("Scales", "Weighs"))
    editor.apply()  # to edit is not to trust
    assert untrusted(window.session.document) and banner.isVisible()
    QTest.mouseClick(banner._trust, Qt.MouseButton.LeftButton)
    assert not banner.isVisible() and untrusted(window.session.document) == {}
    qtbot.waitUntil(canary.exists, timeout=60_000)  # the worker tries the layer now
    editor.field.setPlainText(code)
    editor.apply()
    assert untrusted(window.session.document) == {}  # what the user writes in a trusted project stays trusted
