"""Interaction 39: every kind of file dropped on the window is opened, or told what to do with it instead."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot
from safetensors.numpy import save_file

from studio.document import edits
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.weights import recall_weights
from studio.layers.custom import TEMPLATE
from studio.places import resources
from studio.text import set_language
from studio.ui.app import make_window
from studio.ui.dropping import ADVICE
from studio.ui.panels.import_data import ImportDialog
from studio.ui.picture import write_picture
from studio.ui.window import DRAW, Window


class Drop:
    """Drops files on a window's canvas and keeps what it says."""

    def __init__(self, window: Window, qtbot: QtBot, said: list[str]) -> None:
        self.window, self.qtbot, self.said = window, qtbot, said

    def __call__(self, *paths: Path | str) -> str:
        """What the window says after the drop; "" when it says nothing."""
        data = QMimeData()
        data.setUrls([QUrl(p) if isinstance(p, str) else QUrl.fromLocalFile(str(p)) for p in paths])
        place, copy = QPointF(200, 200), Qt.DropAction.CopyAction
        buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
        self.said.clear()
        for event in (
            QDragEnterEvent(place.toPoint(), copy, data, buttons, keys),
            QDropEvent(place, copy, data, buttons, keys),
        ):
            QApplication.sendEvent(self.window.canvas, event)
        QApplication.processEvents()
        return "\n".join(self.said)


@pytest.fixture
def drop(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Iterator[Drop]:
    """An empty window to drop files on."""
    said: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda parent, title, text: said.append(text))
    monkeypatch.setattr(QMessageBox, "question", lambda *given: QMessageBox.StandardButton.Discard)
    window = make_window(keep_state=False)
    set_language("en")
    window.show()
    qtbot.waitExposed(window)
    window.commands.new_project()
    yield Drop(window, qtbot, said)
    window.close()
    window.deleteLater()


def test_39_projects_pictures_and_blocks_are_opened(drop: Drop, tmp_path: Path) -> None:
    lenet, session = load_preset("lenet5"), drop.window.session
    (tmp_path / "lenet.json").write_bytes(project_bytes(lenet))
    for end in (".png", ".svg"):
        write_picture(lenet, tmp_path / f"lenet{end}")
    for name in ("lenet.json", "lenet.png", "lenet.svg"):
        drop.window.commands.new_project()
        assert drop(tmp_path / name) == ""
        assert session.document.main == lenet.main
    text = edits.copy_fragment(lenet, "", ["conv1", "tanh1"])
    (tmp_path / "pair.block.json").write_text(text, encoding="utf-8")
    drop.window.commands.new_project()
    assert drop(tmp_path / "pair.block.json") == ""
    assert list(session.document.main.nodes) == ["conv1", "tanh1"]
    assert drop.window.canvas.scene.wires


def test_39_weights_go_to_the_selected_block(drop: Drop, tmp_path: Path) -> None:
    import numpy as np

    session = drop.window.session
    session.open(edits.make_block(load_preset("mlp-xor"), "", ["hidden", "tanh1"], "body"))
    path = tmp_path / "my weights.safetensors"
    rows = session.analysis.facts["body"].weights or {"hidden.weight": (8, 2), "hidden.bias": (8,)}
    save_file({name: np.zeros(shape, np.float32) for name, shape in rows.items()}, path)
    assert "Select the block" in drop(path)
    session.select({"body"})
    assert drop(path) == ""
    node = session.document.main.nodes["body"]
    assert node.params["weights"] == "my_weights" and recall_weights("my_weights") == path
    assert not [p for p in session.analysis.problems if p.code == "weights"]
    drop(path)
    assert list(session.document.weights) == ["my_weights"]  # the same file keeps its name
    path.write_bytes(b"nothing")
    assert "holds no weights" in drop(path)


def test_39_a_class_of_a_module_becomes_a_layer_that_is_not_run(drop: Drop, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "My Scale.py"
    path.write_text(f"{TEMPLATE}\n\nopen({str(marker)!r}, 'w').close()\n", encoding="utf-8")
    session = drop.window.session
    before, said = session.document, drop(path)
    assert "line" in said and session.document is before  # a statement that would run is no layer
    path.write_text(TEMPLATE, encoding="utf-8")
    assert drop(path) == ""
    (node,) = session.document.main.nodes.values()
    assert node.layer == "Custom" and node.id.startswith("my_scale") and session.selection == {node.id}
    assert drop.window.canvas.scene.card(node.id).outputs[0].name == "y"
    path.write_text("x = 1", encoding="utf-8")
    assert "Tab" in drop(path)
    path.write_bytes(b"\xff\xfe")
    assert drop(path) and len(session.document.main.nodes) == 1
    session.undo()
    assert session.document is before and not marker.exists()


def test_39_data_opens_the_form_that_adds_it(drop: Drop, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    (tmp_path / "pictures" / "cats").mkdir(parents=True)
    for path in (table, tmp_path / "pictures"):
        assert drop(path) == ""
        (dialog,) = [d for d in drop.window.findChildren(ImportDialog) if d.isVisible()]
        dialog.reject()


def test_39_a_damaged_run_is_told(drop: Drop, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "run.json").write_text("{", encoding="utf-8")
    assert "damaged" in drop(tmp_path / "run")
    assert drop.window.pages.currentIndex() == DRAW


def test_39_what_can_not_be_opened_is_told_with_what_to_do(drop: Drop, tmp_path: Path) -> None:
    before = drop.window.session.document
    words = {
        ".pt": "save_file",
        ".onnx": "(.json)",
        ".ipynb": "Tab",
        ".jpg": "folder",
        ".xlsx": "CSV",
        ".zip": "Unpack",
    }
    for language in ("en", "ja"):
        set_language(language)
        for end in (*ADVICE, ".xyz", ""):
            path = tmp_path / f"thing{end}"
            path.write_bytes(b"import os")
            said = drop(path)
            assert path.name in said and len(said) > 40, end
            assert language == "ja" or words.get(end, "") in said
            assert any("ぁ" <= letter <= "ん" for letter in said) is (language == "ja"), said
    set_language("en")
    shutil.copyfile(resources() / "icons" / "check.svg", tmp_path / "icon.svg")
    assert "carries no project" in drop(tmp_path / "icon.svg")
    assert "not there any more" in drop(tmp_path / "gone.json")
    assert "Only files" in drop("https://example.org/x.json")
    assert drop.window.session.document is before


def test_39_of_several_files_the_first_is_taken_and_it_says_so(drop: Drop, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_bytes(project_bytes(load_preset("mlp-xor")))
    drop(tmp_path / "one.json", tmp_path / "two.json")
    assert drop.window.session.path == tmp_path / "one.json"
    assert "one.json" in drop.window.statusBar().currentMessage()
