"""My blocks: parts of drawings the user kept, dragged onto the canvas; files dropped here are kept too."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QMimeData, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragMoveEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.files import own_blocks
from studio.files.errors import FileError
from studio.text import tr
from studio.ui.canvas.view_types import FRAGMENT_MIME
from studio.ui.widgets import heading

_ROW, _MOST = 26, 5  # px of a row, and rows shown before it scrolls


class BlockList(QListWidget):
    """The list itself; knows how to be dragged from."""

    removed = Signal(str)
    files_dropped = Signal(object)

    def startDrag(self, actions: Qt.DropAction) -> None:
        item = self.currentItem()
        data = mime_of(item.text()) if item is not None else None
        if data is not None:
            drag = QDrag(self)
            drag.setMimeData(data)
            drag.exec(Qt.DropAction.CopyAction)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        item = self.currentItem()
        if event.key() == Qt.Key.Key_Delete and item is not None:
            self.removed.emit(item.text())
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.files_dropped.emit([Path(url.toLocalFile()) for url in event.mimeData().urls()])
        event.acceptProposedAction()


class OwnBlocks(QWidget):
    """Heading and list; hidden while nothing is kept.

    Signals:
        chosen(text): nodes to place on the canvas.
        told(text): a word about what was done, or why not.
    """

    chosen = Signal(str)
    told = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 8)
        column.setSpacing(4)
        self._title = heading("")
        self.list = BlockList()
        self.list.setDragEnabled(True)
        self.list.setAcceptDrops(True)
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.DragDrop)
        self.list.itemDoubleClicked.connect(self._place)
        self.list.itemActivated.connect(self._place)
        self.list.removed.connect(self._remove)
        self.list.files_dropped.connect(self._take_files)
        column.addWidget(self._title)
        column.addWidget(self.list)
        self.retranslate()

    def retranslate(self) -> None:
        """Fills itself anew in the current language."""
        self._title.setText(tr("My blocks"))
        self.list.setAccessibleName(tr("My blocks"))
        self.list.setToolTip(tr("Drag onto the canvas; Delete forgets one"))
        self.refresh()

    def refresh(self) -> None:
        """Lists what is kept."""
        self.list.clear()
        names = own_blocks.own_blocks()
        self.list.addItems(names)
        self.list.setFixedHeight(_ROW * min(len(names), _MOST) + 4)
        self.setVisible(bool(names))

    def keep(self, text: str, name: str = "") -> None:
        """Keeps nodes from the canvas."""
        try:
            made = own_blocks.keep(name or tr("block"), text)
        except (FileError, OSError) as error:
            self.told.emit(str(error))
            return
        self.refresh()
        self.told.emit(tr("Kept as “{name}” in My blocks", name=made))

    def _place(self, item: QListWidgetItem) -> None:
        try:
            self.chosen.emit(own_blocks.read(item.text()))
        except FileError as error:
            self.told.emit(str(error))

    def _remove(self, name: str) -> None:
        own_blocks.forget(name)
        self.refresh()

    def _take_files(self, paths: list[Path]) -> None:
        for path in paths:
            try:
                self.keep(
                    own_blocks.read_file(path), path.name.removesuffix(".block.json").removesuffix(".json")
                )
            except FileError as error:
                self.told.emit(str(error))


def mime_of(name: str) -> QMimeData | None:
    """A kept block as what is dragged: its nodes, and its file for other programs."""
    try:
        text = own_blocks.read(name)
    except FileError:
        return None
    data = QMimeData()
    data.setData(FRAGMENT_MIME, QByteArray(text.encode("utf-8")))
    data.setUrls([QUrl.fromLocalFile(str(own_blocks.path_of(name)))])
    return data
