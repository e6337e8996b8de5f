"""The real window, driven: gallery, form, undo, training in a real worker, export, languages, themes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from studio.document import edits
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.layers import CATALOGUE
from studio.text import load, set_language
from studio.ui.app import make_window
from studio.ui.panels.start import Card
from studio.ui.window import DRAW, EXPORT, START, Window

RUN_WAIT_MS = 120_000


@pytest.fixture
def window(qtbot: QtBot) -> Iterator[Window]:
    """A fresh window in English on the start page."""
    made = make_window(keep_state=False)
    set_language("en")
    made.retranslate()
    made.resize(1600, 1000)
    made.show()
    qtbot.waitExposed(made)
    yield made
    if made.control.is_live:
        made.control.ask("stop")
        qtbot.waitUntil(lambda: not made.control.is_live, timeout=RUN_WAIT_MS)
    made.close()
    made.deleteLater()
    set_language("en")


def test_first_start_shows_the_gallery_and_a_click_opens_a_network(window: Window, qtbot: QtBot) -> None:
    assert window.pages.currentIndex() == START
    cards = window.start.findChildren(Card)
    assert len(cards) >= 6
    qtbot.mouseClick(cards[0], Qt.MouseButton.LeftButton)
    assert window.pages.currentIndex() == DRAW
    assert window.session.document.main.nodes
    assert window.session.analysis.can_run


def test_a_number_typed_into_the_form_changes_shapes_and_undoes_as_one_step(
    window: Window, qtbot: QtBot
) -> None:
    window.commands.open_preset("lenet5")
    window.session.select({"conv1"})
    before = window.session.document
    field = window.inspector._editors["out_channels"].findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "12")
    assert window.session.document.main.nodes["conv1"].params["out_channels"] == 12
    assert window.session.analysis.facts["conv1"].outputs["y"].shape[1] == 12
    window.commands.undo()
    assert window.session.document is before


def test_a_blocked_train_jumps_to_the_problem(window: Window) -> None:
    window.commands.open_preset("lenet5")
    window.session.apply("unplug", lambda document: edits.remove_nodes(document, "", ["loss"]))
    window.commands.train()
    assert window.control.folder is None
    assert window.side.currentWidget() is window.problems
    assert window.statusBar().currentMessage()


def test_it_trains_two_epochs_shows_the_curve_and_exports(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    window.commands.open_preset("mlp-table")
    window.session.apply("epochs", lambda document: edits.set_run(document, epochs=2))
    qtbot.mouseClick(window.top.train, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.control.status is not None, timeout=5000)
    qtbot.waitUntil(lambda: not window.control.is_live, timeout=RUN_WAIT_MS)
    status, reader = window.control.status, window.control.reader
    assert status is not None and reader is not None
    assert status.state == "finished", status.message
    assert len(reader.series["train.loss"].values) == status.steps
    assert window.training.loss_plot.points("validation") == len(reader.series["validation.loss"].values) == 2
    window.show_page(EXPORT)
    path = tmp_path / "table.onnx"
    window.export.export_to(path)
    qtbot.waitUntil(
        lambda: window.export.result is not None or bool(window.export._error), timeout=RUN_WAIT_MS
    )
    assert not window.export._error
    assert path.exists()
    assert window.export.result is not None
    assert float(str(window.export.result["max_abs_error"])) < 1e-4


def test_the_first_curve_point_is_three_clicks_from_the_first_start(window: Window, qtbot: QtBot) -> None:
    clicks = 0

    def click(widget: QWidget) -> None:
        nonlocal clicks
        qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)
        clicks += 1

    first = next(b for b in window.start.findChildren(QPushButton) if b.text() == "Try digits")
    click(first)
    click(window.top.train)
    qtbot.waitUntil(lambda: window.training.loss_plot.points("train") > 0, timeout=RUN_WAIT_MS)
    assert clicks <= 3
    assert not window.training.folded


def test_the_view_menu_hides_the_minimap_and_ticks_what_is_shown(window: Window, qtbot: QtBot) -> None:
    window.commands.open_preset("mlp-xor")
    qtbot.waitUntil(window.minimap.isVisible)
    menu = window._menus[2]
    rows = {name: window.actions_by_method[f"toggle_{name}"] for name in ("minimap", "palette", "inspector")}
    menu.popup(window.mapToGlobal(window.rect().center()))
    assert rows["minimap"].isChecked() and rows["palette"].isChecked() is not window.left_fold.folded
    assert rows["inspector"].isChecked() is not window.right_fold.folded
    qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(rows["minimap"]).center())
    assert window.minimap.isHidden() and window.settings.value("minimap", True, type=bool) is False
    menu.popup(window.mapToGlobal(window.rect().center()))
    assert not rows["minimap"].isChecked()
    menu.close()
    rows["minimap"].trigger()
    assert window.minimap.isVisible()


def test_files_dropped_on_the_canvas_reach_the_window(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.commands.new_project()
    project = tmp_path / "xor.json"
    project.write_bytes(project_bytes(load_preset("mlp-xor")))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(project))])
    place, copy = QPointF(200, 200), Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    target = window.canvas.viewport() if hasattr(window.canvas, "viewport") else window.canvas
    for event in (
        QDragEnterEvent(place.toPoint(), copy, data, buttons, keys),
        QDropEvent(place, copy, data, buttons, keys),
    ):
        QApplication.sendEvent(target, event)
    qtbot.waitUntil(lambda: window.session.path == project, timeout=5000)
    assert len(window.session.document.main.nodes) > 5


def test_a_new_language_reaches_every_text_that_is_shown(window: Window, qtbot: QtBot) -> None:
    window.commands.open_preset("lenet5")
    window.session.select({"conv1"})
    qtbot.waitUntil(lambda: window.top._device.itemText(0) != "Automatic device", timeout=RUN_WAIT_MS)
    window.commands.set_language("ja")
    qtbot.wait(50)
    japanese = load("ja")
    parts = [part for kind in (QLabel, QPushButton) for part in window.findChildren(kind)]
    said = [part.text() for part in parts if part.isVisible()]  # what is hidden is filled when it is shown
    said += [box.itemText(at) for box in window.findChildren(QComboBox) for at in range(box.count())]
    words = {
        re.sub(r"<[^>]*>|&nbsp;", "", part).strip(" ━●▶✕") for text in said for part in text.split("</span>")
    }
    layers = {layer.name for layer in CATALOGUE.values()}  # shown in both languages, one above the other
    assert sorted(w for w in words - layers if w in japanese and japanese[w] not in (w, "")) == []
    assert window.top._device.itemText(0).startswith("自動")
