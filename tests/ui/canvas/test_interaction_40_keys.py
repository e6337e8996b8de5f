"""40: the list of keys is searched, and a key of the canvas set anew; the table stays what works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QKeySequenceEdit, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from studio.ui.canvas.keys import CANVAS_KEYS, choose_keys, keys_of, rebind
from studio.ui.shortcuts import Shortcuts, load_keys
from tests.ui.canvas.conftest import Hand


@pytest.fixture(autouse=True)
def usual_keys() -> Iterator[None]:
    """Other tests get the keys of the table."""
    choose_keys({})
    yield
    choose_keys({})


@pytest.fixture
def settings(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)


def item_of(dialog: Shortcuts, text: str) -> QTreeWidgetItem:
    (item,) = dialog.tree.findItems(text, Qt.MatchFlag.MatchExactly, 0)
    return item


def test_40_the_list_is_searched_by_key_and_by_words(qtbot: QtBot, settings: QSettings) -> None:
    dialog = Shortcuts(settings)
    qtbot.addWidget(dialog)
    count = dialog.tree.topLevelItemCount()
    QTest.keyClicks(dialog.line, "mute")
    shown = [
        dialog.tree.topLevelItem(at).text(0)
        for at in range(count)
        if not dialog.tree.topLevelItem(at).isHidden()
    ]
    assert shown and all("ute" in text for text in shown)
    dialog.line.clear()
    QTest.keyClicks(dialog.line, "ctrl+g")
    assert not item_of(dialog, "Make a block of the selection").isHidden()


def test_40_a_key_is_set_works_and_is_remembered(
    hand: Hand,
    qtbot: QtBot,
    settings: QSettings,
) -> None:
    dialog = Shortcuts(settings)
    qtbot.addWidget(dialog)
    dialog.show()
    item = item_of(dialog, "Fold the selection to its titles, or open it")
    dialog.change(item)
    field = dialog.tree.itemWidget(item, 1)
    assert isinstance(field, QKeySequenceEdit)
    QTest.keyClick(field, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: item.text(1) == "K", timeout=5000)
    hand.click(hand.card("loss"))
    hand.key(Qt.Key.Key_H)
    assert not hand.view.session.document.layout().marks
    hand.key(Qt.Key.Key_K)
    assert hand.view.session.document.layout().marks["loss"].folded
    choose_keys({})
    load_keys(settings)
    row = next(row for row in CANVAS_KEYS if row.keys == "H")
    assert keys_of(row) == "K"
    dialog._restore()
    assert keys_of(row) == "H"


def test_40_a_key_that_is_taken_is_refused(qtbot: QtBot, settings: QSettings) -> None:
    row = next(row for row in CANVAS_KEYS if row.keys == "H")
    holder = rebind(row, "M")
    assert holder is not None and holder.keys == "M"
    assert keys_of(row) == "H"
    with pytest.raises(ValueError):
        rebind(row, "")
    settings.setValue("canvas_keys", {"no such key": "Z", "H": ""})
    load_keys(settings)
    assert keys_of(row) == "H"
