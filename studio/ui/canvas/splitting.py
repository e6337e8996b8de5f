"""A second view of the same drawing, with its own graph, place and selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter

from studio.analysis import Analysis
from studio.document.model import MAIN, Document
from studio.ui.session import Viewpoint

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class SideView(Viewpoint):
    """Shows another place of a session's document; every edit goes to that session."""

    def __init__(self, whole: Viewpoint) -> None:
        super().__init__(whole)
        self._whole = whole
        self._graph_key = whole.graph_key
        whole.changed.connect(self._changed)
        whole.analysed.connect(self.analysed)
        whole.refused.connect(self.refused)

    @property
    def document(self) -> Document:
        """The document of the session beside."""
        return self._whole.document

    @property
    def analysis(self) -> Analysis:
        """Its facts and problems."""
        return self._whole.analysis

    def apply(self, label: str, edit: Callable[[Document], Document], merge: str = "") -> bool:
        """Makes an edit there."""
        return self._whole.apply(label, edit, merge)

    def undo(self) -> None:
        """Takes its last step back."""
        self._whole.undo()

    def redo(self) -> None:
        """Does it again."""
        self._whole.redo()

    def _changed(self, before: Document, after: Document) -> None:
        left, pruned = self._settle()
        self.changed.emit(before, after)
        if left:
            self.entered.emit(MAIN)
        if pruned:
            self.selection_changed.emit()


def split_or_join(view: CanvasView, splitter: QSplitter | None) -> QSplitter | None:
    """Puts a second view beside ``view`` where it stands, or takes it away; the splitter while there is one."""
    from studio.ui.canvas.view import CanvasView

    if isinstance(view.session, SideView):  # asked for in the second view: the first one decides
        parent = view.parentWidget()
        first = parent.widget(0) if isinstance(parent, QSplitter) else None
        if isinstance(first, CanvasView):
            first.split()
        return None
    parent = view.parentWidget()
    layout = parent.layout() if parent is not None else None
    if splitter is not None:
        outer = splitter.parentWidget()
        outer_layout = outer.layout() if outer is not None else None
        side = splitter.widget(1)
        if outer_layout is not None:
            outer_layout.replaceWidget(splitter, view)
            view.show()
            splitter.hide()
            if isinstance(side, CanvasView):
                side.session.deleteLater()
            splitter.deleteLater()
            view.setFocus()
        return None
    if layout is None:
        return None
    made = QSplitter(Qt.Orientation.Horizontal)
    layout.replaceWidget(view, made)
    second = CanvasView(SideView(view.session), view.look.name)
    second.edit_requested.connect(view.edit_requested)
    second.told.connect(view.told)
    second.keys_wanted.connect(view.keys_wanted)
    second.save_wanted.connect(view.save_wanted)
    second.tab_wanted.connect(view.tab_wanted)
    made.addWidget(view)
    made.addWidget(second)
    made.setSizes([1000, 1000])
    second.path = list(view.path)
    second.refresh()
    second.camera.restore(view.camera.state())
    return made
