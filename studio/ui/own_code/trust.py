"""The banner over a project that brings Python nobody here has trusted: it is drawn and read, and does not run."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from studio.document.model import Document
from studio.files.trust import trust, untrusted
from studio.layers.custom import NAME
from studio.text import tr
from studio.ui.panels.code import PythonColours
from studio.ui.session import Session
from studio.ui.widgets import button, label


class TrustBanner(QFrame):
    """Shown while something is not trusted. ``trusted`` comes when the user has said that it may run."""

    trusted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.setObjectName("banner")
        self._session, self._dark = session, True
        self._found: dict[str, str] = {}
        self._text = label("", wrap=True)
        self._look, self._trust = button(""), button("", primary=True)
        self._look.clicked.connect(self.show_code)
        self._trust.clicked.connect(self.trust_it)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 16, 8)
        row.addWidget(self._text, 1)
        row.addWidget(self._look)
        row.addWidget(self._trust)
        session.changed.connect(self._changed)
        self.refresh()

    @property
    def is_restricted(self) -> bool:
        """Whether the project holds Python that may not run here."""
        return bool(self._found)

    def retranslate(self) -> None:
        """Takes the current language."""
        self._look.setText(tr("Show the code"))
        self._trust.setText(tr("Trust this project"))
        names = ", ".join(list(self._found.values())[:3])
        self._text.setText(
            tr(
                "Restricted mode: this project brings Python of its own ({nodes}). It is shown, and does not run"
                " until you trust it. Read it first.",
                nodes=names,
            )
        )

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark

    def refresh(self) -> None:
        """Looks at the project anew."""
        self._found = untrusted(self._session.document)
        self.retranslate()
        self.setVisible(self.is_restricted)

    def trust_it(self) -> None:
        """What the project brings now may run on this machine; any change to it takes that back."""
        try:
            trust(self._found)
        except OSError as error:
            self._session.refused.emit(tr("Trust can't be kept: {why}", why=error.strerror or error))
            return
        self.refresh()
        self.trusted.emit()

    def show_code(self) -> None:
        """All its texts, to be read."""
        CodeReader(self._found, self._dark, self).exec()

    def _changed(self, before: Document, after: Document) -> None:
        if self.is_restricted or _touches_code(before, after):
            self.refresh()


class CodeReader(QDialog):
    """The texts a project brings, one under the other; nothing can be changed."""

    def __init__(self, codes: dict[str, str], dark: bool, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("The code this project brings"))
        self.resize(900, 720)
        text = QPlainTextEdit()
        text.setObjectName("code")
        text.setReadOnly(True)
        text.setPlainText("\n\n".join(f"# {node}\n\n{code}" for code, node in codes.items()))
        self._colours = PythonColours(text.document(), dark)
        shut = button(tr("Close"), primary=True)
        shut.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(shut)
        column = QVBoxLayout(self)
        column.addWidget(text, 1)
        column.addLayout(row)


def _touches_code(before: Document, after: Document) -> bool:
    """Whether an edit may have brought another text: only nodes that differ are looked at."""
    if before.blocks is not after.blocks:
        return True
    nodes = after.main.nodes
    return any(name in nodes and nodes[name].layer == NAME for name in before.main.nodes.changed(nodes))
