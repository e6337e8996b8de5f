"""The search that opens at the cursor: layers and blocks, ranked as in the palette; Enter adds the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from studio.layers import CATALOGUE
from studio.layers.search import Findable, Index, catalogue_index
from studio.layers.spec import Category
from studio.text import language, tr
from studio.ui.tokens import GLYPHS

_WIDTH, _HEIGHT, _MOST = 320, 340, 60
_HIDDEN = ("block",)  # offered by the names of the blocks instead


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be added: a layer, or an instance of a block."""

    layer: str
    title: str
    detail: str
    category: Category
    block: str = ""


class SearchBox(QFrame):
    """A child of the canvas; goes away when it loses the keyboard.

    Signals:
        chosen(entry): Enter or a click on an entry.
        closed(): it went away, whatever happened.
    """

    chosen = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget, entries: Iterable[Entry], first: Iterable[str] = ()) -> None:
        """``first`` names the layers that stand on top while nothing is typed."""
        super().__init__(parent)
        self.setObjectName("canvas_search")
        self._entries = _with_first(list(entries), list(first))
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(tr("Search layers"))
        self.line.setAccessibleName(tr("Search layers"))
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setUniformItemSizes(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.line)
        column.addWidget(self.list)
        self.line.textChanged.connect(self._filter)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda item: self._choose(item))
        self.resize(_WIDTH, _HEIGHT)
        self._filter("")

    def open_at(self, at: QPoint) -> None:
        """Shows itself near ``at``, wholly inside the parent."""
        parent = self.parentWidget()
        room = parent.rect() if parent is not None else self.rect()
        x = max(8, min(at.x(), room.width() - self.width() - 8))
        y = max(8, min(at.y(), room.height() - self.height() - 8))
        self.move(x, y)
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event.key())
        if event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.dismiss()
        return super().eventFilter(watched, event)

    def dismiss(self) -> None:
        """Goes away without a choice."""
        if self.isVisible():
            self.hide()
            self.closed.emit()
            self.deleteLater()

    def _key(self, key: int) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_Tab: 1, Qt.Key.Key_Backtab: -1}
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            item = self.list.currentItem()
            if item is not None:
                self._choose(item)
        elif key == Qt.Key.Key_Escape:
            self.dismiss()
        elif key in steps and self.list.count():
            self.list.setCurrentRow((self.list.currentRow() + steps[Qt.Key(key)]) % self.list.count())
        else:
            return False
        return True

    def _choose(self, item: QListWidgetItem) -> None:
        entry = item.data(Qt.ItemDataRole.UserRole)
        self.dismiss()
        self.chosen.emit(entry)

    def _filter(self, text: str) -> None:
        self.list.clear()
        for entry in ranked(self._entries, text)[:_MOST]:
            item = QListWidgetItem(f"{GLYPHS[entry.category]}   {entry.title}   {entry.detail}".rstrip())
            item.setData(Qt.ItemDataRole.UserRole, entry)
            self.list.addItem(item)
        if self.list.count():
            self.list.setCurrentRow(0)
        else:
            item = QListWidgetItem(tr("Nothing is called “{text}”", text=text))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(item)
            self.list.setCurrentRow(-1)


def layer_entries(blocks: Iterable[str] = (), inside_block: bool = False) -> list[Entry]:
    """Everything that can be added to a graph."""
    entries = []
    for spec in CATALOGUE.values():
        if spec.traits.role in _HIDDEN or (spec.traits.role == "input" and not inside_block):
            continue
        detail = tr(f"layer:{spec.name}") if language() != "en" else ""
        entries.append(Entry(spec.name, spec.name, detail, spec.category))
    entries += [Entry("Block", name, tr("block"), Category.LEARNED, name) for name in blocks]
    return entries


def ranked(entries: Iterable[Entry], text: str) -> list[Entry]:
    """The entries that ``text`` may mean, best first; all of them for no text."""
    rows = list(entries)
    if not text.strip():
        return rows
    layers = catalogue_index().scores(text)
    blocks = Index(Findable(one.block, one.block, ("block",)) for one in rows if one.block).scores(text)
    place = {name: at for at, name in enumerate(layers)}
    scored = [
        (-score, place.get(one.layer, 0), at, one)
        for at, one in enumerate(rows)
        if (score := blocks.get(one.block, 0) if one.block else layers.get(one.layer, 0))
    ]
    return [row[-1] for row in sorted(scored, key=lambda row: row[:3])]


def _with_first(entries: list[Entry], first: list[str]) -> list[Entry]:
    """``entries`` with the layers named ``first`` on top, in that order; the others keep theirs."""
    return sorted(entries, key=lambda one: first.index(one.layer) if one.layer in first else len(first))
