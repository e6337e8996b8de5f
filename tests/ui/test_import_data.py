"""The dialog that turns dropped data into a Data node, driven with the worker's real answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from studio.engine.inspect_data import inspect_data
from studio.files.datasets import recall
from studio.ui.panels.import_data import import_data
from studio.ui.session import Session


class _Service:
    """Answers at once, in this process."""

    def ask(self, kind: str, args: dict[str, Any], answer: Any, failed: Any, progress: Any = None) -> int:
        try:
            answer(inspect_data(args, progress or (lambda fraction, text: None)))
        except Exception as error:  # noqa: BLE001 - as the worker does
            failed(str(error))
        return 1


class _Window(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.session, self.service, self.page = Session(), _Service(), -1

    def show_page(self, page: int) -> None:
        self.page = page


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    rows = [f"{n % 7},{n % 3}.5,{'rose' if n % 2 else 'tulip'}" for n in range(40)]
    path.write_text("\n".join(["height,width,kind", *rows, "oops,1,rose"]) + "\n", encoding="utf-8")
    return path


def test_a_confirmed_table_is_drawn_as_one_step(qtbot: QtBot, table: Path) -> None:
    window = _Window()
    qtbot.addWidget(window)
    dialog = import_data(window, table)  # type: ignore[arg-type]
    assert dialog.add.isEnabled() and dialog.label_column.currentText() == "kind"
    dialog.split[1].setValue(40)
    assert not dialog.add.isEnabled()
    dialog.split[1].setValue(10)
    dialog.accept()
    document = window.session.document
    node = document.main.nodes["flowers"]
    assert node.params["set"] == "own:flowers" and node.params["split"] == (0.8, 0.1, 0.1)
    assert set(window.session.analysis.facts["flowers"].outputs) == {"features", "label"}
    assert recall("own:flowers").path == str(table.resolve())  # type: ignore[union-attr]
    assert str(table.parent) not in repr(document.data)
    assert window.page == 0 and window.session.selection == {"flowers"}
    window.session.undo()
    assert not window.session.document.main.nodes and not window.session.document.data


def test_another_column_is_looked_at_again(qtbot: QtBot, table: Path) -> None:
    window = _Window()
    qtbot.addWidget(window)
    dialog = import_data(window, table)  # type: ignore[arg-type]
    dialog.label_column.setCurrentText("height")
    dialog.label_column.activated.emit(0)
    assert dialog.result_shown is not None and dialog.result_shown["label"] == "height"
    dialog.reject()
    assert not window.session.document.main.nodes


def test_what_can_not_be_used_is_said_and_adds_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    window = _Window()
    qtbot.addWidget(window)
    dialog = import_data(window, tmp_path / "empty.csv")  # type: ignore[arg-type]
    assert not dialog.add.isEnabled() and "empty" in dialog._said.text()
    dialog.accept()
    assert not window.session.document.main.nodes
