"""One line under a finished run once the drawing has changed: what it learned that still fits."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from studio.analysis import Analysis, analyze
from studio.analysis.carry import carried
from studio.document.model import Document
from studio.files.project import load_project
from studio.text import tr
from studio.ui.runs import RunControl
from studio.ui.session import Session
from studio.ui.widgets import button, label

_WAIT_MS = 200  # after the last edit
_NAMED = 3  # layers that are called by their names


class CarryNote(QWidget):
    """Hidden while the drawing is the one that was trained. ``asked``: train on with its weights."""

    asked = Signal()

    def __init__(self, session: Session, control: RunControl) -> None:
        super().__init__()
        self._session, self._control = session, control
        self._trained: tuple[Document, Analysis] | None = None
        self._has_room = True
        self._text = label("", "secondary", wrap=True)
        self._button = button("")
        self._button.clicked.connect(self.asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self.refresh)
        session.analysed.connect(lambda analysis: self._timer.start())
        control.opened.connect(self._opened)
        control.ended.connect(lambda state: self._timer.start())
        self.setVisible(False)
        self.retranslate()

    def retranslate(self) -> None:
        """Takes the current language."""
        self._button.setText(tr("Train on with these weights"))
        self._button.setToolTip(tr("Starts a new run; layers that still fit begin with what they learned"))
        self._timer.start()

    def refresh(self) -> None:
        """Compares the drawing with the one that was trained."""
        text = self._said()
        self._text.setText(text)
        self.setVisible(bool(text) and self._has_room)

    def set_room(self, has_room: bool) -> None:
        """Says whether the strip is open; one line has no room for it."""
        self._has_room = has_room
        self.setVisible(bool(self._text.text()) and has_room)

    def _opened(self) -> None:
        self._trained = None
        self._timer.start()

    def _said(self) -> str:
        control, now = self._control, self._session.document
        if control.folder is None or control.is_live or control.status is None or not control.status.step:
            return ""
        if self._trained is None:
            try:
                document = load_project(control.folder / "project.json").document
            except (OSError, ValueError):
                return ""  # a run without its drawing has nothing to be compared with
            self._trained = document, analyze(document)
        document, before = self._trained
        if (document.main, document.blocks) == (now.main, now.blocks):
            return ""
        found = carried(before, self._session.analysis)
        count = len(found.kept) + len(found.anew)
        if not found.kept:
            return ""
        if not found.anew:
            return tr(
                "The drawing has changed since this run; all {count} learned layers still fit.", count=count
            )
        names = ", ".join(found.anew[:_NAMED]) + (" …" if len(found.anew) > _NAMED else "")
        text = "The drawing has changed since this run: {kept} of {count} learned layers still fit; {names} start anew."
        return tr(text, kept=len(found.kept), count=count, names=names)
