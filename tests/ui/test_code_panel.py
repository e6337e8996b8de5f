"""The source beside the drawing: a line leads to its node and a node to its lines, inside nested blocks too."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.ui.panels.code import CodePanel, graph_of_path
from studio.ui.session import Session


def nested() -> Document:
    """LeNet whose head lies two blocks deep."""
    return edits.make_block(load_preset("lenet5"), "", ["head"], "outer", "outer")


def panel(qtbot: QtBot, document: Document) -> CodePanel:
    made = CodePanel(Session(document))
    qtbot.addWidget(made)
    made.resize(700, 900)
    made.show()
    made.refresh()
    assert made._code is not None
    return made


def click_line(panel: CodePanel, number: int) -> None:
    text = panel._text
    block = text.document().findBlockByNumber(number - 1)
    text.setTextCursor(QTextCursor(block))
    text.ensureCursorVisible()
    at = text.cursorRect(QTextCursor(block)).center() + QPoint(30, 0)
    QTest.mouseClick(text.viewport(), Qt.MouseButton.LeftButton, pos=at)


def test_every_line_with_a_node_selects_it_and_is_marked_by_it(qtbot: QtBot) -> None:
    shown = panel(qtbot, nested())
    session, code = shown._session, shown._code
    assert code is not None
    inside = [path for path in code.lines if path.count("/") == 2]
    assert inside, list(code.lines)
    for path, numbers in code.lines.items():
        key = graph_of_path(session.document, path)
        assert key is not None, path
        for number in numbers:
            click_line(shown, number)
            (name,) = session.selection
            lines = code.lines
            mine = [p for p, n in lines.items() if number in n and p.endswith(name)]
            assert mine, (number, name)
            assert session.graph_key == graph_of_path(session.document, mine[0])
            marked = {mark.cursor.blockNumber() + 1 for mark in shown._text.extraSelections()}  # type: ignore[attr-defined]
            assert number in marked


def test_lines_without_a_node_select_nothing(qtbot: QtBot) -> None:
    shown = panel(qtbot, load_preset("lenet5"))
    click_line(shown, 1)
    assert shown._session.selection == frozenset()
    assert graph_of_path(Document(), "gone/linear1") is None
