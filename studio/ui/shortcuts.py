"""The list of all keys: searched as you type; a key of the canvas is changed where it stands."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QKeySequenceEdit,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.text import tr
from studio.ui.actions import ACTIONS
from studio.ui.canvas.keys import CANVAS_KEYS, MOUSE_ROWS, KeyRow, choose_keys, chosen_keys, keys_of, rebind
from studio.ui.widgets import label

_SETTING = "canvas_keys"
_ROW = Qt.ItemDataRole.UserRole


def load_keys(settings: QSettings) -> None:
    """Takes over the keys that the user set earlier."""
    stored = settings.value(_SETTING, {})
    if isinstance(stored, dict):
        choose_keys({str(old): str(new) for old, new in stored.items()})


class Shortcuts(QDialog):
    """Search line, list, and a word on what can be done."""

    def __init__(self, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._field: QKeySequenceEdit | None = None
        self.setWindowTitle(tr("Keyboard shortcuts"))
        self.resize(640, 620)
        self.line = QLineEdit()
        self.line.setPlaceholderText(tr("Search keys"))
        self.line.setAccessibleName(tr("Search keys"))
        self.line.setClearButtonEnabled(True)
        self.line.textChanged.connect(self.look)
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels([tr("What it does"), tr("Key")])
        self.tree.setRootIsDecorated(False)
        self.tree.itemDoubleClicked.connect(lambda item, _: self.change(item))
        self.note = label(tr("Double-click a key of the canvas to set another"), "secondary", wrap=True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.RestoreDefaults | QDialogButtonBox.StandardButton.Close
        )
        buttons.rejected.connect(self.reject)
        restore = buttons.button(QDialogButtonBox.StandardButton.RestoreDefaults)
        restore.setText(tr("All as they were"))
        restore.clicked.connect(self._restore)
        column = QVBoxLayout(self)
        for part in (self.line, self.tree, self.note, buttons):
            column.addWidget(part)
        self._fill()

    def look(self, text: str) -> None:
        """Shows the rows in which every word stands."""
        words = text.lower().split()
        for at in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(at)
            if item is not None:
                said = f"{item.text(0)} {item.text(1)}".lower()
                item.setHidden(not all(word in said for word in words))

    def change(self, item: QTreeWidgetItem) -> None:
        """A field for another key; what is pressed in it is taken at once."""
        row = item.data(0, _ROW)
        if not isinstance(row, KeyRow):
            self.note.setText(tr("This one is fixed"))
            return
        field = QKeySequenceEdit(self.tree)
        field.setMaximumSequenceLength(1)
        self._field = field
        field.editingFinished.connect(lambda: self._take(field, item, row))
        self.tree.setItemWidget(item, 1, field)
        field.setFocus()

    def _take(self, field: QKeySequenceEdit, item: QTreeWidgetItem, row: KeyRow) -> None:
        if self._field is not field:  # it says so again when it goes away
            return
        self._field = None
        keys = field.keySequence().toString()
        self.tree.removeItemWidget(item, 1)
        try:
            holder = rebind(row, keys)
        except ValueError:
            return
        if holder is not None:
            self.note.setText(tr("{keys} is taken: {text}", keys=keys, text=tr(holder.text)))
            return
        item.setText(1, keys_of(row))
        self.note.setText(tr("{keys}: {text}", keys=keys_of(row), text=tr(row.text)))
        self._settings.setValue(_SETTING, chosen_keys())

    def _restore(self) -> None:
        choose_keys({})
        self._settings.setValue(_SETTING, {})
        self._fill()

    def _fill(self) -> None:
        self._field = None
        self.tree.clear()
        for action in ACTIONS:
            if action.keys:
                self.tree.addTopLevelItem(QTreeWidgetItem([tr(action.text), action.keys]))
        for row in CANVAS_KEYS:
            item = QTreeWidgetItem([tr(row.text), keys_of(row)])
            item.setData(0, _ROW, row)
            self.tree.addTopLevelItem(item)
        for keys, text in MOUSE_ROWS:
            self.tree.addTopLevelItem(QTreeWidgetItem([tr(text), tr(keys)]))
        self.tree.resizeColumnToContents(0)
        self.look(self.line.text())
