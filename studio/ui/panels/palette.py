"""The palette: favourites, recent and every layer by category; found as you type, dragged or double-clicked."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QByteArray, QEvent, QMimeData, QObject, QSettings, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.layers import CATALOGUE
from studio.layers.search import catalogue_index
from studio.layers.spec import Category, LayerSpec
from studio.text import language, tr
from studio.ui.choices import LayerChoices
from studio.ui.panels.palette_rows import (
    CATEGORY,
    COUNT,
    NAME,
    OTHER,
    STAR_PX,
    STARRED,
    TITLE_KEY,
    Rows,
)
from studio.ui.widgets import label

MIME = "application/x-tsumiki-layer"
_HIDDEN_ROLES = ("input", "block")  # they come by making a block, not by dragging
_LEAST_IN_A_FOLD = 2
_MOST_FOUND = 60
_KEEP = "palette/open"
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_WALKING = (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp)


class LayerTree(QTreeWidget):
    """Rows of layers, with or without headings.

    Signals:
        wanted(layer): Enter or a double click on it.
        starred(layer): a click on its star, or the space bar.
        pointed(layer): the mouse or the keyboard is on it; "" when the mouse has left.
        asked(layer): help was asked for.
        typed(text): letters that belong into the search field.
    """

    wanted = Signal(str)
    starred = Signal(str)
    pointed = Signal(str)
    asked = Signal(str)
    typed = Signal(str)

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setExpandsOnDoubleClick(False)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self.setItemDelegate(rows)
        self.itemEntered.connect(lambda item: self._point(item))
        self.currentItemChanged.connect(lambda item, before: self._point(item))

    def startDrag(self, actions: Qt.DropAction) -> None:
        name = self.current_layer()
        if not name:
            return
        data = QMimeData()
        data.setData(MIME, QByteArray(name.encode()))
        data.setText(name)
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)

    def current_layer(self) -> str:
        """The layer the keyboard is on, "" on a heading."""
        item = self.currentItem()
        return str(item.data(0, NAME) or "") if item else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is not None and event.button() == Qt.MouseButton.LeftButton:
            if item.data(0, NAME) is None:
                item.setExpanded(not item.isExpanded())
            elif event.position().x() > self.viewport().width() - STAR_PX:
                self.starred.emit(item.data(0, NAME))
                return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        if item is None or event.position().x() > self.viewport().width() - STAR_PX:
            return
        if item.data(0, NAME) is None:
            item.setExpanded(not item.isExpanded())
        else:
            self.wanted.emit(item.data(0, NAME))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit("")

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        item = self.itemAt(event.pos())
        name = str(item.data(0, NAME) or "") if item else ""
        if item is None or not name:
            return
        menu = QMenu(self)
        menu.addAction(tr("Add to the drawing"), lambda: self.wanted.emit(name))
        star = tr("Take from favourites") if item.data(0, STARRED) else tr("Add to favourites")
        menu.addAction(star, lambda: self.starred.emit(name))
        menu.addAction(tr("Help on this layer"), lambda: self.asked.emit(name))
        menu.exec(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name, key, text = self.current_layer(), event.key(), event.text()
        item = self.currentItem()
        if key in _ENTER and item is not None:
            if name:
                self.wanted.emit(name)
            else:
                item.setExpanded(not item.isExpanded())
        elif key == Qt.Key.Key_Space and name:
            self.starred.emit(name)
        elif (
            text.strip()
            and text.isprintable()
            and not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.typed.emit(text)
        else:
            super().keyPressEvent(event)

    def _point(self, item: QTreeWidgetItem | None) -> None:
        if item is not None and item.data(0, NAME):
            self.pointed.emit(item.data(0, NAME))


class Palette(QWidget):
    """Search field and rows.

    Signals:
        chosen(layer): it shall be placed.
        pointed(layer): the mouse or the keyboard is on it.
        asked(layer): help on it.
    """

    chosen = Signal(str)
    pointed = Signal(str)
    asked = Signal(str)

    def __init__(self, choices: LayerChoices | None = None, settings: QSettings | None = None) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.choices = choices or LayerChoices()
        self._settings = settings
        stored = settings.value(_KEEP) if settings is not None else None
        self._open = set(str(stored).split("|")) if stored is not None else {"Favourites", "Recently used"}
        self._rows = Rows()
        self._search = QLineEdit()
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._find)
        self._search.installEventFilter(self)
        self.tree, self.found = LayerTree(self._rows), LayerTree(self._rows)
        self._nothing = label("", "secondary", wrap=True)
        self._stack = QStackedWidget()
        self._make_column()
        self.tree.itemExpanded.connect(lambda item: self._folded(item, True))
        self.tree.itemCollapsed.connect(lambda item: self._folded(item, False))
        self.choices.changed.connect(self._choices_changed)
        self.retranslate()

    @property
    def dark(self) -> bool:
        """Whether the rows are painted for the dark theme."""
        return self._rows.dark

    def retranslate(self) -> None:
        """Fills the rows anew in the current language."""
        self._search.setPlaceholderText(tr("Search layers"))
        self._search.setAccessibleName(tr("Search layers"))
        for tree in (self.tree, self.found):
            tree.setAccessibleName(tr("Palette"))
        self._is_stale = True
        if self.isVisible():
            self._refill()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_stale:
            self._refill()

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._rows.dark = dark
        for tree in (self.tree, self.found):
            tree.viewport().update()

    def focus_search(self) -> None:
        """Puts the keyboard into the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self._key(event)
        return super().eventFilter(watched, event)

    def _make_column(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 8, 8)
        column.setSpacing(8)
        column.addWidget(self._search)
        for page in (self.tree, self.found, self._nothing):
            self._stack.addWidget(page)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignTop)
        column.addWidget(self._stack, 1)
        for tree in (self.tree, self.found):
            tree.wanted.connect(self.chosen)
            tree.starred.connect(self.choices.toggle)
            tree.pointed.connect(self.pointed)
            tree.asked.connect(self.asked)
            tree.typed.connect(self._type)

    def _shown(self) -> LayerTree:
        return self.found if self._search.text().strip() else self.tree

    def _key(self, event: QKeyEvent) -> bool:
        """Keys in the search field: arrows walk the rows, Enter places the one they stand on."""
        tree, key = self._shown(), event.key()
        if key in _WALKING:
            if tree.currentItem() is None:
                _stand_on_first(tree)
            else:
                LayerTree.keyPressEvent(tree, event)
        elif key in _ENTER:
            if tree.current_layer():
                self.chosen.emit(tree.current_layer())
        elif key == Qt.Key.Key_Escape and self._search.text():
            self._search.clear()
        else:
            return False
        return True

    def _type(self, text: str) -> None:
        self._search.setFocus(Qt.FocusReason.OtherFocusReason)
        self._search.insert(text)

    def _find(self, text: str) -> None:
        if not text.strip():
            self._stack.setCurrentWidget(self.tree)
            return
        names = [name for name in catalogue_index().ranked(text) if _is_offered(CATALOGUE[name])][
            :_MOST_FOUND
        ]
        self.found.clear()
        self.found.addTopLevelItems([self._layer_item(CATALOGUE[name]) for name in names])
        _stand_on_first(self.found)
        self._nothing.setText(tr("Nothing is called “{text}”", text=text))
        self._stack.setCurrentWidget(self.found if names else self._nothing)

    def _refill(self) -> None:
        """Hundreds of rows are made when they are first seen: not while the start page is shown."""
        self._is_stale = False
        self._fill()
        self._find(self._search.text())

    def _fill(self) -> None:
        self.tree.blockSignals(True)
        at = self.tree.verticalScrollBar().value()
        self.tree.clear()
        for title, names in (("Favourites", self.choices.favourites), ("Recently used", self.choices.recent)):
            self._add_heading(
                title, None, [CATALOGUE[name] for name in names if _is_offered(CATALOGUE[name])]
            )
        for category in Category:
            specs = [one for one in CATALOGUE.values() if one.category is category and _is_offered(one)]
            self._add_heading(category.value, category, specs)
        self.tree.verticalScrollBar().setValue(at)
        self.tree.blockSignals(False)

    def _add_heading(self, title: str, category: Category | None, specs: list[LayerSpec]) -> None:
        if not specs:
            return
        top = _heading(title, category, len(specs))
        self.tree.addTopLevelItem(top)
        groups: dict[str, list[LayerSpec]] = {}
        for spec in specs:
            groups.setdefault(spec.group if category is not None else "", []).append(spec)
        loose = [
            one for key, ones in groups.items() if not key or len(ones) < _LEAST_IN_A_FOLD for one in ones
        ]
        top.addChildren([self._layer_item(spec) for spec in loose])
        for group, ones in groups.items():
            if group and len(ones) >= _LEAST_IN_A_FOLD:
                fold = _heading(group, None, len(ones))
                top.addChild(fold)
                fold.addChildren([self._layer_item(spec) for spec in ones])
                fold.setExpanded(group in self._open)
        top.setExpanded(title in self._open)

    def _layer_item(self, spec: LayerSpec) -> QTreeWidgetItem:
        other = tr(f"layer:{spec.name}") if language() != "en" else ""
        item = QTreeWidgetItem([spec.name])
        item.setData(0, NAME, spec.name)
        item.setData(0, CATEGORY, spec.category.value)
        item.setData(0, OTHER, other)
        item.setData(0, STARRED, spec.name in self.choices.favourites)
        item.setData(0, Qt.ItemDataRole.AccessibleTextRole, f"{spec.name} {other} {tr(spec.category.value)}")
        torch_name = f"\n{spec.torch_name}" if spec.torch_name else ""
        item.setToolTip(0, f"{spec.name}: {tr(spec.summary)}{torch_name}")
        return item

    def _folded(self, item: QTreeWidgetItem, is_open: bool) -> None:
        key = str(item.data(0, TITLE_KEY) or "")
        (self._open.add if is_open else self._open.discard)(key)
        if self._settings is not None:
            self._settings.setValue(_KEEP, "|".join(sorted(self._open)))

    def _choices_changed(self) -> None:
        self._fill()
        for item in _items(self.found):
            item.setData(0, STARRED, item.data(0, NAME) in self.choices.favourites)


def _heading(title: str, category: Category | None, count: int) -> QTreeWidgetItem:
    item = QTreeWidgetItem([tr(title)])
    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
    item.setData(0, CATEGORY, category.value if category else None)
    item.setData(0, COUNT, count)
    item.setData(0, TITLE_KEY, title)
    return item


def _stand_on_first(tree: QTreeWidget) -> None:
    first = tree.topLevelItem(0)
    if first is not None:
        tree.setCurrentItem(first)
        tree.scrollToTop()


def _is_offered(spec: LayerSpec) -> bool:
    return spec.traits.role not in _HIDDEN_ROLES


def _items(tree: QTreeWidget) -> Iterable[QTreeWidgetItem]:
    return (item for row in range(tree.topLevelItemCount()) if (item := tree.topLevelItem(row)) is not None)
