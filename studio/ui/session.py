"""The only join between the document and Qt: applies edits, keeps history, analysis and selection."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from studio.analysis import Analysis, analyze
from studio.document.history import History
from studio.document.model import MAIN, Document
from studio.text import tr

_ANALYSE_AT_ONCE = 2_000  # nodes; above that the answer comes when the window is idle


class Viewpoint(QObject):
    """A place in an open project: which graph is shown and what of it is selected. The document is a session's.

    Signals:
        changed(before, after): the document is another one; a view redraws what differs by identity.
        analysed(analysis): facts and problems belong to the current document.
        refused(text): why an edit was not made, in the user's words.
        selection_changed(): other nodes are selected.
        entered(graph_key): another graph is shown, "" the main one.
    """

    changed = Signal(object, object)
    analysed = Signal(object)
    refused = Signal(str)
    selection_changed = Signal()
    entered = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._selection: frozenset[str] = frozenset()
        self._graph_key = MAIN

    @property
    def document(self) -> Document:
        """The current document."""
        raise NotImplementedError

    @property
    def analysis(self) -> Analysis:
        """Facts and problems; of the document before while a large one waits for an idle moment."""
        raise NotImplementedError

    @property
    def selection(self) -> frozenset[str]:
        """Ids of the selected nodes of the graph shown."""
        return self._selection

    @property
    def graph_key(self) -> str:
        """The graph shown: "" the main one, else a block's name."""
        return self._graph_key

    def apply(self, label: str, edit: Callable[[Document], Document], merge: str = "") -> bool:
        """Makes ``edit`` one step named ``label``; steps with one ``merge`` key become one. Whether it was made."""
        raise NotImplementedError

    def undo(self) -> None:
        """Takes the last step back."""
        raise NotImplementedError

    def redo(self) -> None:
        """Does the step undone last again."""
        raise NotImplementedError

    def select(self, ids: Iterable[str]) -> None:
        """Selects nodes of the graph shown; ids it does not have are left out."""
        nodes = self.document.graph(self._graph_key).nodes
        chosen = frozenset(name for name in ids if name in nodes)
        if chosen != self._selection:
            self._selection = chosen
            self.selection_changed.emit()

    def enter(self, graph_key: str) -> None:
        """Shows the graph of a block, or the main one for ""; nothing when there is no such block."""
        if graph_key == self._graph_key or (graph_key and graph_key not in self.document.blocks):
            return
        self._graph_key, self._selection = graph_key, frozenset()
        self.entered.emit(graph_key)
        self.selection_changed.emit()

    def _settle(self) -> tuple[bool, bool]:
        """Leaves a block that is gone and forgets nodes that are gone: whether it did the one, and the other."""
        after = self.document
        left_block = bool(self._graph_key) and self._graph_key not in after.blocks
        if left_block:
            self._graph_key = MAIN
        nodes = after.graph(self._graph_key).nodes
        kept = frozenset(name for name in self._selection if name in nodes)
        pruned, self._selection = kept != self._selection, kept
        return left_block, pruned


class Session(Viewpoint):
    """One open project. Every part of the window reads from here and edits through ``apply``."""

    def __init__(self, document: Document | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path: Path | None = None
        self.read_only = False
        self._history = History(document or Document())
        self._analysis: Analysis = analyze(self.document)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.timeout.connect(self._analyse)

    @property
    def document(self) -> Document:
        """See Viewpoint."""
        return self._history.document

    @property
    def analysis(self) -> Analysis:
        """See Viewpoint."""
        return self._analysis

    @property
    def history(self) -> History:
        """Steps done and undone."""
        return self._history

    def apply(self, label: str, edit: Callable[[Document], Document], merge: str = "") -> bool:
        """See Viewpoint."""
        if self.read_only:
            self.refused.emit(
                tr("This file comes from a newer version and can only be looked at: save it as another")
            )
            return False
        before = self.document
        try:
            after = edit(before)
        except ValueError as error:
            self.refused.emit(str(error))
            return False
        if after is before:
            return True
        self._history.push(label, after, merge)
        self._show(before)
        return True

    def undo(self) -> None:
        """See Viewpoint."""
        if not self.read_only:
            before = self.document
            self._history.undo()
            self._show(before)

    def redo(self) -> None:
        """See Viewpoint."""
        if not self.read_only:
            before = self.document
            self._history.redo()
            self._show(before)

    def open(self, document: Document, path: Path | None = None, read_only: bool = False) -> None:
        """Shows another project; the history begins anew."""
        before = self.document
        self._history = History(document)
        self.path, self.read_only = path, read_only
        self._selection, self._graph_key = frozenset(), MAIN
        self._idle.stop()
        self._analysis = analyze(document)
        self.changed.emit(before, document)
        self.entered.emit(MAIN)
        self.analysed.emit(self._analysis)
        self.selection_changed.emit()

    def _show(self, before: Document) -> None:
        """Tells everyone, with graph key, selection and analysis already belonging to the new document."""
        after = self.document
        if after is before:
            return
        left_block, pruned = self._settle()
        nodes = after.graph(self._graph_key).nodes
        at_once = not _means_the_same(before, after) and len(nodes) < _ANALYSE_AT_ONCE
        if at_once:
            self._idle.stop()
            self._analysis = analyze(after, self._analysis)
        elif not _means_the_same(before, after):
            self._idle.start(0)
        self.changed.emit(before, after)
        if left_block:
            self.entered.emit(MAIN)
        if at_once:
            self.analysed.emit(self._analysis)
        if pruned:
            self.selection_changed.emit()

    def analyse_again(self) -> None:
        """Analyses the document from the start: something beside it has become known."""
        self._idle.stop()
        self._analysis = analyze(self.document)
        self.analysed.emit(self._analysis)

    def _analyse(self) -> None:
        self._analysis = analyze(self.document, self._analysis)
        self.analysed.emit(self._analysis)


def _means_the_same(before: Document, after: Document) -> bool:
    """Whether the two differ in layout or titles only, so that facts and problems stay as they are."""
    return (
        before.main is after.main
        and before.blocks is after.blocks
        and before.data is after.data
        and before.params is after.params
    )
