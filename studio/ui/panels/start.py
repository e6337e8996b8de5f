"""The start page: presets as cards with their own pictures, recent files, and three ways to begin."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.files.presets import preset_face, preset_family, preset_names
from studio.text import LANGUAGES, language, tr
from studio.ui.card_pictures import kept_picture, painted_picture
from studio.ui.widgets import button, clear_layout, heading, label

_PICTURE = (288, 132)
_CARD = _PICTURE[0] + 24
_GAP = 16
_MARGIN = 32
_PAUSE_MS = 30  # between two pictures, for what the user does meanwhile
_FAMILIES = {
    "cnn": "Pictures",
    "roots": "Roots",
    "tabular": "Tables",
    "sequence": "Sequences",
    "transformer": "Transformers",
    "generative": "Generative networks",
    "learning": "Ways to learn",
}


class Card(QFrame):
    """A preset: picture, title, summary. Click or Enter opens it."""

    clicked = Signal(str)

    def __init__(self, name: str, dark: bool) -> None:
        super().__init__()
        self.setObjectName("card")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._name, self._theme = name, "dark" if dark else "light"
        face = preset_face(name)
        self.setAccessibleName(tr(face.title))
        self._picture = QLabel()
        self.has_picture = False
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(4)
        column.addWidget(self._picture)
        year = face.about.get("year")
        title = label(tr(face.title) + (f" · {year}" if year else ""), "title", wrap=True)
        self._texts = (title, label(tr(str(face.about.get("summary", ""))), "secondary", wrap=True))
        for part in self._texts:
            column.addWidget(part)
        column.addStretch()
        self.set_width(_CARD)

    def set_width(self, width: int) -> None:
        """Makes the card as wide as its column."""
        self.setFixedWidth(width)
        self._picture.setFixedSize(width - 24, _PICTURE[1])
        for part in self._texts:  # a layout in a scroll area may squeeze lines that wrap
            part.setMinimumHeight(part.heightForWidth(width - 24))
        self.has_picture = False

    def show_picture(self, *, paint: bool) -> bool:
        """Shows the preset small: as kept on the disk, else painted now where ``paint`` allows the time for it."""
        asked = (self._name, self._picture.size(), self.devicePixelRatioF(), self._theme)
        picture = kept_picture(*asked) or (painted_picture(*asked) if paint else None)
        if picture is not None:
            self._picture.setPixmap(picture)
            self.has_picture = True
        return self.has_picture

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.rect().contains(event.position().toPoint()):
            self.clicked.emit(self._name)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit(self._name)
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self.setProperty("hover", True)
        self.style().polish(self)
        super().enterEvent(event)


class StartPage(QScrollArea):
    """What is seen first. The window answers its signals."""

    preset_chosen = Signal(str)
    empty_chosen = Signal()
    data_chosen = Signal()
    file_chosen = Signal(Path)
    language_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._page = QWidget()
        self._page.setObjectName("canvas_page")
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self._column.setSpacing(16)
        self.setWidget(self._page)
        self._cards: list[Card] = []
        self._columns = self._card_width = 0
        self._grids: list[tuple[QGridLayout, list[Card]]] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._show_next)
        self.verticalScrollBar().valueChanged.connect(lambda value: self._timer.start())
        self._dark = True
        self._recent: tuple[Path, ...] = ()

    def build(self, dark: bool, recent: tuple[Path, ...] = ()) -> None:
        """Fills the page in the current language and theme."""
        self._dark, self._recent = dark, recent
        clear_layout(self._column)
        top = QHBoxLayout()
        top.addWidget(label(tr("Build a network by drawing it"), "display"))
        top.addStretch()
        top.addWidget(self._language_box())
        self._column.addLayout(top)
        self._column.addWidget(
            label(tr("Open a network, press Train, watch it learn, take it with you as ONNX."), "secondary")
        )
        self._column.addLayout(self._doors())
        if recent:
            self._column.addWidget(heading(tr("Recent")))
            for path in recent[:5]:
                made = button(f"{path.stem}   —   {path.parent}")
                made.setProperty("link", True)
                made.clicked.connect(lambda _=False, p=path: self.file_chosen.emit(p))
                self._column.addWidget(made, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addLayout(self._gallery())
        self._column.addStretch()

    def retranslate(self) -> None:
        """Fills the page anew."""
        self.build(self._dark, self._recent)

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self.build(dark, self._recent)

    def _language_box(self) -> QComboBox:
        box = QComboBox()
        for code, name in LANGUAGES.items():
            box.addItem(name, code)
        box.setCurrentIndex(box.findData(language()))
        box.setAccessibleName(tr("Language"))
        box.activated.connect(lambda index: self.language_chosen.emit(box.itemData(index)))
        return box

    def _doors(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        doors: tuple[tuple[str, bool, Callable[[], None]], ...] = (
            (tr("Try digits"), True, lambda: self.preset_chosen.emit("lenet5")),
            (tr("My data …"), False, self.data_chosen.emit),
            (tr("Empty canvas"), False, self.empty_chosen.emit),
        )
        for text, primary, action in doors:
            made = button(text, primary=primary)
            made.clicked.connect(lambda _=False, act=action: act())
            row.addWidget(made)
        row.addStretch()
        return row

    def _gallery(self) -> QVBoxLayout:
        """The presets, a family after another."""
        whole = QVBoxLayout()
        whole.setSpacing(_GAP)
        self._grids = []
        for family, names in itertools.groupby(preset_names(), preset_family):
            cards = [Card(name, self._dark) for name in names]
            grid = QGridLayout()
            grid.setSpacing(_GAP)
            whole.addWidget(heading(tr(_FAMILIES.get(family, family.capitalize()))))
            whole.addLayout(grid)
            self._grids.append((grid, cards))
            for card in cards:
                card.clicked.connect(self.preset_chosen.emit)
        self._cards = [card for _, cards in self._grids for card in cards]
        self._columns = self._card_width = 0
        self._arrange()
        return whole

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._timer.start()

    def _arrange(self) -> None:
        """As many cards in a row as fit; all of a row equally high."""
        room = self.viewport().width() - 2 * _MARGIN
        columns = max(1, (room + _GAP) // (_CARD + _GAP))
        width = max(_CARD, (room + _GAP) // columns - _GAP)
        if not self._cards or (columns, width) == (self._columns, self._card_width):
            return
        for grid, cards in self._grids:
            grid.setColumnStretch(self._columns, 0)
            for index, card in enumerate(cards):
                card.set_width(width)
                grid.addWidget(card, index // columns, index % columns)
            grid.setColumnStretch(columns, 1)
        self._columns, self._card_width = columns, width
        self._timer.start()

    def _show_next(self) -> None:
        """One more picture, of the cards that are in sight: painting takes time, so it waits for a pause."""
        if not self.isVisible():
            return  # the user draws by now: the rest waits until the page comes back
        seen = self.viewport().rect()
        for card in self._cards:
            place = QRect(card.mapTo(self.viewport(), QPoint(0, 0)), card.size())
            if not card.has_picture and place.intersects(seen):
                card.show_picture(paint=True)
                self._timer.start()
                return
