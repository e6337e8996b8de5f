"""The drawing as PyTorch source, live; the lines of the selected node are marked."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QSyntaxHighlighter,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import QApplication, QHBoxLayout, QPlainTextEdit, QTextEdit, QVBoxLayout, QWidget

from studio.document.model import Document
from studio.document.ports import block_of
from studio.text import tr
from studio.ui.session import Session
from studio.ui.tokens import colour
from studio.ui.widgets import button, label

if TYPE_CHECKING:
    from studio.codegen import Code

_QUOTES, _IN_DOC = '"""', 1
_WAIT_MS = 150  # after the last edit, so that typing a number does not print the code at each digit


class PythonColours(QSyntaxHighlighter):
    """Keywords, strings, comments and numbers."""

    def __init__(self, document: QTextDocument, dark: bool) -> None:
        super().__init__(document)
        words = "|".join(keyword.kwlist)
        self._rules = [
            (re.compile(rf"\b(?:{words}|self)\b"), _ink(colour("accent_text", dark))),
            (re.compile(r"\b\d[\d_.e+-]*\b"), _ink(colour("second", dark))),
            (re.compile(r'"[^"]*"'), _ink(colour("second", dark))),
            (re.compile(r"#.*$"), _ink(colour("secondary", dark))),
        ]
        self._doc = _ink(colour("secondary", dark))

    def highlightBlock(self, text: str) -> None:
        for pattern, ink in self._rules:
            for match in pattern.finditer(text):
                self.setFormat(match.start(), match.end() - match.start(), ink)
        inside, at = self.previousBlockState() == _IN_DOC, 0
        while True:  # a docstring may go over several lines
            quotes = text.find(_QUOTES, at)
            end = len(text) if quotes < 0 else quotes + len(_QUOTES)
            if inside or quotes >= 0:
                self.setFormat(at if inside else quotes, end - (at if inside else quotes), self._doc)
            if quotes < 0:
                break
            inside, at = not inside, end
        self.setCurrentBlockState(_IN_DOC if inside else 0)


class CodePanel(QWidget):
    """Shows model.py and copies it."""

    def __init__(self, session: Session, dark: bool = True) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._session, self._dark = session, dark
        self._code: Code | None = None
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setObjectName("code")
        self._text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._note = label("", "secondary")
        self._copy = button("")
        self._copy.clicked.connect(self._copy_all)
        row = QHBoxLayout()
        row.addWidget(self._note, 1)
        row.addWidget(self._copy)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addLayout(row)
        column.addWidget(self._text, 1)
        self._colours = PythonColours(self._text.document(), dark)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self.refresh)
        session.analysed.connect(lambda analysis: self._timer.start())
        session.selection_changed.connect(self._mark)
        self._text.viewport().installEventFilter(self)
        self.retranslate()

    def retranslate(self) -> None:
        """Takes the current language."""
        self._copy.setText(tr("Copy"))
        self._copy.setToolTip(tr("Copy the whole source"))
        self._timer.start()

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        self._colours.setDocument(None)
        self._colours = PythonColours(self._text.document(), dark)
        self._mark()

    def refresh(self) -> None:
        """Prints the source of the drawing as it is now; not while hidden."""
        if not self.isVisible():
            return
        analysis = self._session.analysis
        if not analysis.can_run:
            self._note.setText(tr("The code appears once the drawing has no errors."))
            return
        from studio.codegen import generate

        try:
            self._code = generate(self._session.document, analysis)
        except ValueError as error:
            self._note.setText(str(error))
            return
        text = self._code.files["model.py"]
        self._note.setText(tr("model.py · {lines} lines, as it will train", lines=text.count("\n")))
        if text != self._text.toPlainText():
            at = self._text.verticalScrollBar().value()
            self._text.setPlainText(text)
            self._text.verticalScrollBar().setValue(at)
        self._mark()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._timer.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A click on a line selects the node it was made from, inside its block."""
        if event.type() == QEvent.Type.MouseButtonRelease and isinstance(event, QMouseEvent):
            cursor = self._text.cursorForPosition(event.position().toPoint())
            if not self._text.textCursor().hasSelection():
                self.select_line(cursor.blockNumber() + 1)
        return super().eventFilter(watched, event)

    def select_line(self, number: int) -> None:
        """Shows the node that a line of model.py was made from."""
        lines = self._code.lines if self._code is not None else {}
        found = [path for path, numbers in lines.items() if number in numbers]
        if not found:
            return
        path = max(
            found, key=lambda path: path.count("/")
        )  # the innermost: a use and what is inside share lines
        key = graph_of_path(self._session.document, path)
        if key is not None:
            self._session.enter(key)
            self._session.select({path.rsplit("/", 1)[-1]})

    def _mark(self) -> None:
        if self._code is None:
            return
        marks = []
        shown, document = self._session.graph_key, self._session.document
        for path, lines in self._code.lines.items():
            if path.rsplit("/", 1)[-1] in self._session.selection and graph_of_path(document, path) == shown:
                marks += [self._marked(number) for number in lines]
        self._text.setExtraSelections(marks)
        if marks:
            self._text.setTextCursor(marks[0].cursor)
            self._text.ensureCursorVisible()

    def _marked(self, number: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        cursor = QTextCursor(self._text.document().findBlockByNumber(number - 1))
        mark.cursor = cursor  # type: ignore[attr-defined]
        back = QColor(colour("accent", self._dark))
        back.setAlpha(48)
        mark.format.setBackground(back)  # type: ignore[attr-defined]
        mark.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
        return mark

    def _copy_all(self) -> None:
        QApplication.clipboard().setText(self._text.toPlainText())


def graph_of_path(document: Document, path: str) -> str | None:
    """The graph that holds the node of a path like "head/linear1": its block's name; None when it is gone."""
    key = ""
    for part in path.split("/")[:-1]:
        node = document.graph(key).nodes.get(part.split("[", 1)[0])
        block = block_of(document, node) if node is not None else None
        if block is None:
            return None
        key = block.name
    return key


def _ink(name: str) -> QTextCharFormat:
    ink = QTextCharFormat()
    ink.setForeground(QColor(name))
    return ink
