"""34: parts of drawings kept as files, and dragged back in."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.files import own_blocks
from studio.files.errors import FileError
from studio.ui.panels.own_blocks import OwnBlocks, mime_of
from tests.ui.canvas.conftest import LEFT, NONE, Hand

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def kept(hand: Hand, qtbot: QtBot) -> OwnBlocks:
    panel = OwnBlocks()
    qtbot.addWidget(panel)
    hand.view.save_wanted.connect(lambda text: panel.keep(text, "pair"))
    hand.view.session.select({"linear", "relu"})
    hand.key(Qt.Key.Key_B, CTRL | SHIFT)
    return panel


def test_34_a_selection_is_kept_and_dragged_back(hand: Hand, qtbot: QtBot) -> None:
    kept(hand, qtbot)
    assert own_blocks.own_blocks() == ["pair"]
    before = hand.view.session.document
    data = mime_of("pair")
    assert data is not None
    at, copy = hand.at(300, 400), Qt.DropAction.CopyAction
    QApplication.sendEvent(hand.view, QDragEnterEvent(at, copy, data, LEFT, NONE))
    QApplication.sendEvent(hand.view, QDropEvent(QPointF(at), copy, data, LEFT, NONE))
    assert len(hand.nodes) == 7
    assert len(hand.view.session.selection) == 2
    box = hand.view.scene.bounds(hand.view.session.selection)
    assert box is not None
    assert abs(box.centre[0] - 300) < 8
    hand.view.session.undo()
    assert hand.view.session.document is before


def test_34_names_are_free_and_delete_forgets(hand: Hand, qtbot: QtBot) -> None:
    panel = kept(hand, qtbot)
    hand.key(Qt.Key.Key_B, CTRL | SHIFT)
    assert own_blocks.own_blocks() == ["pair", "pair 2"]
    panel.list.setCurrentRow(1)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert own_blocks.own_blocks() == ["pair"]


def test_34_files_dropped_on_the_list_are_kept_or_refused(hand: Hand, qtbot: QtBot, tmp_path: Path) -> None:
    panel = kept(hand, qtbot)
    said: list[str] = []
    panel.told.connect(said.append)
    good, bad = tmp_path / "mine.block.json", tmp_path / "bad.block.json"
    good.write_text(own_blocks.read("pair"), encoding="utf-8")
    bad.write_text('{"main": []}')
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(good)), QUrl.fromLocalFile(str(bad))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, LEFT, NONE)
    panel.list.dropEvent(event)
    assert own_blocks.own_blocks() == ["mine", "pair"]
    assert any("no part" in text for text in said)


def test_34_what_is_no_part_of_a_network_is_not_kept() -> None:
    with pytest.raises(FileError):
        own_blocks.keep("x", "hello")
