"""Own data: what was dropped is shown as it will be used, confirmed, and becomes a Data node."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QProgressBar,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.document.edits import add_node, unique_name
from studio.document.model import MAIN, Document
from studio.files.datasets import OwnData, recall_all, remember
from studio.graph.model import Node
from studio.text import tr
from studio.ui.widgets import clear_layout, heading, label

if TYPE_CHECKING:
    from studio.ui.window import Window

_PICTURE = 72  # px on the screen
_COLUMNS = 7  # pictures in a row
_FORMATS = {1: QImage.Format.Format_Grayscale8, 3: QImage.Format.Format_RGB888}
_SPLIT = (80, 10, 10)  # per cent for training, validation, test
_MOST_CLASSES = 12  # told with their counts in one line
_GAP = 140  # px under the lowest node


def import_data(window: Window, path: Path) -> ImportDialog:
    """Shows what is in ``path``, a folder of images or a CSV file; confirmed, a Data node appears."""
    dialog = ImportDialog(window, path)
    dialog.open()
    return dialog


class ImportDialog(QDialog):
    """Asks the worker to read the data and the user to confirm it."""

    def __init__(self, window: Window, path: Path) -> None:
        super().__init__(window)
        self._window, self._path = window, path
        self.result_shown: dict[str, Any] | None = None
        self._closed = False
        self.setWindowTitle(tr("Add your data"))
        self.resize(680, 640)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(24, 24, 24, 24)
        self._column.setSpacing(12)
        self._column.addWidget(label(path.name, "title"))
        self._said = label(tr("Reading …"), "secondary", wrap=True)
        self._column.addWidget(self._said)
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._column.addWidget(self._progress)
        self._page = QVBoxLayout()
        self._page.setSpacing(12)
        self._column.addLayout(self._page, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.add = buttons.addButton(tr("Add to the drawing"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.add.setEnabled(False)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self._column.addWidget(buttons)
        self.finished.connect(self._close)
        self._ask("", "")

    def accept(self) -> None:
        """Keeps where the data lies and adds the Data node as one step."""
        found = self.result_shown
        if found is None:
            return
        alias = _free_alias(self.name.text().strip() or found["name"], self._path)
        size = tuple(int(side) for side in found["size"])
        own = OwnData(
            str(self._path.resolve()),
            found["kind"],
            found["label"],
            found["task"] if found["kind"] == "table" else "",
            (size[0], size[1]) if len(size) == 2 else None,
            found["colour"],
        )
        try:
            remember(alias, own)
        except OSError as error:
            self._failed(tr("The place of the data can't be kept: {why}.", why=error.strerror or error))
            return
        split = tuple(box.value() / 100 for box in self.split)
        window = self._window
        if window.session.graph_key != MAIN:
            window.session.enter(MAIN)
        names: list[str] = []
        if window.session.apply(
            tr("Add data"), lambda document: with_data(document, alias, found, split, names)
        ):
            window.show_page(0)
            window.session.select(names)
        super().accept()

    def _ask(self, column: str, task: str) -> None:
        self.add.setEnabled(False)
        self._progress.setVisible(True)
        args: dict[str, object] = {"path": str(self._path), "label": column, "task": task}
        self._window.service.ask("inspect_data", args, self._show, self._failed, self._moved)

    def _close(self) -> None:
        self._closed = True

    def _moved(self, fraction: float, text: str) -> None:
        if not self._closed:
            self._progress.setRange(0, 1000)
            self._progress.setValue(round(1000 * fraction))
            self._said.setText(tr(text) + " …")

    def _failed(self, text: str) -> None:
        if not self._closed:
            self._progress.setVisible(False)
            self._said.setText(text)
            self._said.setProperty("role", "error")
            self._said.style().polish(self._said)

    def _show(self, found: dict[str, Any]) -> None:
        if self._closed:
            return
        self.result_shown = found
        self._progress.setVisible(False)
        self._said.setText(tr("{count} samples can be used.", count=f"{found['samples']:,}"))
        self._said.setProperty("role", "secondary")
        self._said.style().polish(self._said)
        clear_layout(self._page)
        self._page.addWidget(self._form(found))
        if found["classes"]:
            self._page.addWidget(label(_class_text(found["classes"]), "secondary", wrap=True))
        self._page.addWidget(heading(tr("What the network will see")))
        self._page.addWidget(_pictures(found) if found["kind"] == "folder" else _rows(found), 1)
        if found["bad_count"]:
            self._page.addWidget(heading(tr("Left out: {count}", count=found["bad_count"])))
            self._page.addWidget(_bad_list(found))
        self.add.setEnabled(True)

    def _form(self, found: dict[str, Any]) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(0, 0, 0, 0)
        self.name = QLineEdit(found["name"])
        form.addRow(tr("Name"), self.name)
        if found["kind"] == "table":
            self.label_column, self.task = QComboBox(), QComboBox()
            self.label_column.addItems(found["labels"])
            self.label_column.setCurrentText(found["label"])
            for key, text in (("classify", tr("a class")), ("regress", tr("a number"))):
                self.task.addItem(text, key)
            self.task.setCurrentIndex(self.task.findData(found["task"]))
            self.label_column.activated.connect(lambda: self._ask(self.label_column.currentText(), ""))
            self.task.activated.connect(
                lambda: self._ask(self.label_column.currentText(), str(self.task.currentData()))
            )
            form.addRow(tr("Column to predict"), self.label_column)
            form.addRow(tr("It is"), self.task)
        form.addRow(tr("Training, validation, test"), self._split_row())
        return page

    def _split_row(self) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        self.split = [QSpinBox() for _ in _SPLIT]
        for box, share in zip(self.split, _SPLIT, strict=True):
            box.setRange(0, 100)
            box.setSuffix(" %")
            box.setValue(share)
            line.addWidget(box)
        self.split[0].setMinimum(1)
        line.addStretch()
        for box in self.split:
            box.valueChanged.connect(self._check_split)
        return row

    def _check_split(self) -> None:
        total = sum(box.value() for box in self.split)
        self.add.setEnabled(total <= 100 and self.result_shown is not None)
        if total > 100:
            self._said.setText(
                tr("The parts sum to {total} %. Lower them to a sum of at most 100 %.", total=total)
            )
        elif self.result_shown is not None:
            count = f"{self.result_shown['samples']:,}"
            self._said.setText(tr("{count} samples can be used.", count=count))


def with_data(
    document: Document, alias: str, found: dict[str, Any], split: tuple[float, ...], names: list[str]
) -> Document:
    """``document`` with the schema of an own set and a Data node of it; its name is added to ``names``."""
    document = replace(document, data={**document.data, alias: found["schema"]})
    name = unique_name(document, MAIN, found["name"].lower())
    names.append(name)
    node = Node(name, "Data", {"set": alias, "scale": found["scale"], "split": split})
    places = list(document.layout(MAIN).positions.values())
    x = min((place[0] for place in places), default=48.0)
    y = max((place[1] + _GAP for place in places), default=48.0)
    return add_node(document, MAIN, node, (x, y))


def _free_alias(name: str, path: Path) -> str:
    """``own:name``; with a number when another data set of the user has that name."""
    known = recall_all()
    alias, number = f"own:{name}", 2
    while alias in known and known[alias].path != str(path.resolve()):
        alias, number = f"own:{name} {number}", number + 1
    return alias


def _class_text(classes: list[list[Any]]) -> str:
    shown = ", ".join(f"{name} ({count:,})" for name, count in classes[:_MOST_CLASSES])
    more = len(classes) - _MOST_CLASSES
    listed = shown + (tr(" and {count} more", count=more) if more > 0 else "")
    return tr("{count} classes: {names}", count=len(classes), names=listed)


def _pictures(found: dict[str, Any]) -> QWidget:
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(0, 0, 0, 0)
    for place, item in enumerate(found["preview"]):
        width, height, channels = item["width"], item["height"], item["channels"]
        pixels = base64.b64decode(item["pixels"])
        image = QImage(pixels, width, height, width * channels, _FORMATS[channels]).copy()
        picture = QLabel()
        picture.setPixmap(
            QPixmap.fromImage(image).scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio)
        )
        picture.setToolTip(item["label"])
        picture.setAccessibleName(item["label"])
        grid.addWidget(picture, place // _COLUMNS, place % _COLUMNS)
    grid.setColumnStretch(_COLUMNS, 1)
    grid.setRowStretch(len(found["preview"]) // _COLUMNS + 1, 1)
    return page


def _rows(found: dict[str, Any]) -> QWidget:
    table = QTableWidget(len(found["preview"]), len(found["columns"]) + 1)
    table.setHorizontalHeaderLabels([*found["columns"], found["label"]])
    table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
    for row, item in enumerate(found["preview"]):
        for column, text in enumerate([*item["cells"], item["label"]]):
            table.setItem(row, column, QTableWidgetItem(text))
    return table


def _bad_list(found: dict[str, Any]) -> QWidget:
    listed = QListWidget()
    listed.addItems([f"{place}: {reason}" for place, reason in found["bad"]])
    listed.setMaximumHeight(110)
    return listed
