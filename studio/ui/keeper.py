"""Keeps every edit on the disk through the journal, and offers after a crash what it kept."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from studio.document.model import Document
from studio.files.journal import Journal
from studio.files.recover import CrashedSession, crashed_sessions, start_session
from studio.text import tr
from studio.ui.session import Session
from studio.ui.widgets import button, label

_MOST_LINES = 200
RESTORE, DISCARD = 10, 11  # what the dialog ends with, beside Rejected for later


class Keeper(QObject):
    """One journal for the document that is open. ``state_changed``: safe, saving, not safe."""

    state_changed = Signal(str)
    _told = Signal(str)  # from the journal's thread to the window's

    def __init__(self, session: Session, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._window = session, window
        self._journal: Journal | None = None
        self._told.connect(self.state_changed.emit, Qt.ConnectionType.QueuedConnection)
        session.changed.connect(lambda before, after: self._keep(after))

    def start(self, document: Document, path: Path | None, *, saved: bool = True) -> None:
        """A new journal for a document just opened or saved; the one before is let go."""
        before, self._journal = self._journal, None
        try:
            self._journal = start_session(document, path, saved=saved, on_status=self._told.emit)
        except (OSError, ValueError):
            self.state_changed.emit("not safe")  # edits stay in memory; the bar says so
        if before is not None:
            before.close(discard=True)

    def close(self, *, clean: bool) -> None:
        """Lets go of the journal; one whose edits are not saved elsewhere stays to be offered again."""
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close(discard=clean)

    def offer(self) -> Document | None:
        """Asks what to do with what earlier windows left; the document to open, if any."""
        for crashed in crashed_sessions():
            if not crashed.edits:
                crashed.discard()
                continue
            answer = RecoveryDialog(crashed, self._window).exec()
            if answer == DISCARD:
                crashed.discard()
            elif answer == RESTORE:
                return self._restored(crashed)
        return None

    def _restored(self, crashed: CrashedSession) -> Document | None:
        try:
            found = crashed.restore()
        except ValueError as error:
            self._session.refused.emit(str(error))
            return None
        if found.message:
            self._session.refused.emit(found.message)
        self.start(found.document, crashed.path, saved=False)
        crashed.discard()
        return found.document

    def _keep(self, document: Document) -> None:
        if self._journal is not None:
            self._journal.record(document)


class RecoveryDialog(QDialog):
    """Restore, Show difference, Discard, or later."""

    def __init__(self, crashed: CrashedSession, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Unsaved work was found"))
        self.setMinimumWidth(520)
        title = crashed.title or tr("Untitled")
        text = tr(
            "“{title}” has {count} edits that were never saved to a file.", title=title, count=crashed.edits
        )
        self._crashed = crashed
        self._lines = QPlainTextEdit()
        self._lines.setReadOnly(True)
        self._lines.setVisible(False)
        row = QHBoxLayout()
        for word, action, primary in (
            (tr("Restore"), lambda: self.done(RESTORE), True),
            (tr("Show difference"), self._show_difference, False),
            (tr("Discard"), lambda: self.done(DISCARD), False),
            (tr("Later"), self.reject, False),
        ):
            made = button(word, primary=primary)
            made.clicked.connect(lambda _=False, act=action: act())
            row.addWidget(made)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(16)
        column.addWidget(label(text, wrap=True))
        column.addWidget(self._lines)
        column.addLayout(row)

    def _show_difference(self) -> None:
        try:
            lines = self._crashed.difference()
        except ValueError as error:
            lines = [str(error)]
        self._lines.setPlainText("\n".join(lines[:_MOST_LINES]))
        self._lines.setVisible(True)
