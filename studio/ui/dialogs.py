"""Small dialogs: the list of runs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from studio.files.runs import list_runs
from studio.places import runs_folder
from studio.text import tr


def choose_run(parent: QWidget) -> Path | None:
    """Lets the user pick one of the earlier runs."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(tr("Runs"))
    dialog.resize(720, 420)
    tree = QTreeWidget()
    tree.setHeaderLabels([tr("Project"), tr("State"), tr("Epoch"), tr("Result"), tr("Started")])
    tree.setRootIsDecorated(False)
    for summary in list_runs(runs_folder()):
        result = summary.metrics.get("test") or summary.metrics.get("validation") or {}
        best = next((f"{tr(name)} {value:.4g}" for name, value in result.items() if name != "loss"), "")
        epoch = f"{summary.epoch} / {summary.epochs}"
        texts = (summary.title, tr(summary.state), epoch, best, summary.created[:16].replace("T", " "))
        item = QTreeWidgetItem(list(texts))
        item.setData(0, Qt.ItemDataRole.UserRole, str(summary.folder))
        tree.addTopLevelItem(item)
    tree.resizeColumnToContents(0)
    tree.itemDoubleClicked.connect(lambda *_: dialog.accept())
    if not _finish(
        dialog, tree, QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
    ):
        return None
    chosen = tree.currentItem()
    return Path(chosen.data(0, Qt.ItemDataRole.UserRole)) if chosen else None


def _finish(dialog: QDialog, content: QWidget, buttons: QDialogButtonBox.StandardButton) -> bool:
    row = QDialogButtonBox(buttons)
    row.accepted.connect(dialog.accept)
    row.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(content)
    column.addWidget(row)
    return dialog.exec() == QDialog.DialogCode.Accepted
