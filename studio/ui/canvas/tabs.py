"""Tabs above the canvas: each a place of its own in the drawing, the main graph or a block, with its own view."""

from __future__ import annotations

from dataclasses import dataclass, field

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QTabBar

from studio.document.model import Document
from studio.text import tr
from studio.ui.canvas.view import CanvasView


@dataclass(slots=True)
class Place:
    """A way into the drawing ("" is the main graph), and how it was last looked at."""

    path: list[str] = field(default_factory=lambda: [""])
    camera: tuple[float, float, float] | None = None
    selection: frozenset[str] = frozenset()


class GraphTabs(QTabBar):
    """One tab a place; hidden while there is one only. The tab in front follows where the user goes in it.

    Signals:
        told(text): a word about what was done.
    """

    told = Signal(str)

    def __init__(self, view: CanvasView) -> None:
        super().__init__()
        self._view, self._session = view, view.session
        self._places = [Place()]
        self._moving = False
        self.setObjectName("graph_tabs")
        self.setDocumentMode(True)
        self.setExpanding(False)
        self.setDrawBase(False)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Open graphs"))
        self.addTab("")
        self.setVisible(False)
        self.currentChanged.connect(self._switched)
        self.tabCloseRequested.connect(self.close_tab)
        view.path_changed.connect(lambda path: self._follow())
        view.tab_wanted.connect(self.open)
        view.tab_step_wanted.connect(self.step)
        view.tab_close_wanted.connect(lambda: self.close_tab(self.currentIndex()))
        self._session.changed.connect(self._document_changed)
        self._here = 0
        self.retranslate()

    @property
    def places(self) -> tuple[tuple[str, ...], ...]:
        """The way of each tab."""
        return tuple(tuple(place.path) for place in self._places)

    def open(self, block: str) -> None:
        """A tab for a block of the graph shown; the one that is there already, if any."""
        for at, place in enumerate(self._places):
            if place.path[-1] == block:
                self.setCurrentIndex(at)
                return
        path = [*self._view.path, block] if block not in self._view.path else [*self._view.path]
        self._places.append(Place(path[: path.index(block) + 1]))
        at = self.addTab("")
        self._name_all()
        self.setCurrentIndex(at)
        self.told.emit(tr("“{block}” is open in a tab of its own", block=block))

    def close_tab(self, at: int) -> None:
        """Closes a tab; the last one stays."""
        if self.count() > 1:
            self._remember()
            was_here = at == self._here
            self._moving = True
            del self._places[at]
            self.removeTab(at)
            self._moving = False
            self._here = self.currentIndex()
            if was_here:
                self._show(self._places[self._here])
            self._name_all()

    def reset(self) -> None:
        """One tab again, where the user is: another project is open."""
        self._moving = True
        while self.count() > 1:
            self.removeTab(self.count() - 1)
        self._moving = False
        self._places, self._here = [Place(list(self._view.path))], 0
        self._name_all()

    def step(self, by: int) -> None:
        """The next tab, or with -1 the one before; round the end."""
        self.setCurrentIndex((self.currentIndex() + by) % self.count())

    def retranslate(self) -> None:
        """Names the tabs anew."""
        self.setAccessibleName(tr("Open graphs"))
        self._name_all()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and at >= 0:
            self.close_tab(at)
        else:
            super().mouseReleaseEvent(event)

    def _switched(self, at: int) -> None:
        if self._moving or at < 0 or at == self._here:
            return
        self._remember()
        self._here = at
        self._show(self._places[at])

    def _remember(self) -> None:
        place = self._places[self._here]
        place.path, place.camera = list(self._view.path), self._view.camera.state()
        place.selection = self._session.selection

    def _show(self, place: Place) -> None:
        """Goes to a place without the tab in front following on the way."""
        view, self._moving = self._view, True
        try:
            view.go_to(place.path, place.camera)
            self._session.select(place.selection)
        finally:
            self._moving = False
        view.setFocus()

    def _follow(self) -> None:
        if not self._moving:
            self._places[self._here].path = list(self._view.path)
            self._name_all()

    def _document_changed(self, before: Document, after: Document) -> None:
        """Tabs of blocks that are gone close; another project begins with one tab."""
        if before.blocks is not after.blocks or before.title != after.title:
            for at in reversed(range(self.count())):
                gone = any(key and key not in after.blocks for key in self._places[at].path)
                if gone and self.count() > 1 and at != self._here:
                    self.close_tab(at)
            self._name_all()

    def _name_all(self) -> None:
        several = self.count() > 1
        for at, place in enumerate(self._places):
            self.setTabText(at, place.path[-1] or self._session.document.title or tr("main"))
            self.setTabToolTip(at, " › ".join(key or tr("main") for key in place.path))
        self.setTabsClosable(several)
        self.setVisible(several)
