"""A field for Python: colours, line numbers, indents as one expects them, a mark at a line with a mistake."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from studio.ui.panels.code import PythonColours
from studio.ui.tokens import colour

INDENT = 4
_PAD = 8  # px on both sides of a line number


class CodeEdit(QPlainTextEdit):
    """``applied`` is asked for with Ctrl+Return; ``left`` comes when the keyboard goes elsewhere."""

    applied = Signal()
    left = Signal()

    def __init__(self, dark: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("code")
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._dark, self._fault = dark, 0
        self._colours = PythonColours(self.document(), dark)
        self._numbers = _Numbers(self)
        self.blockCountChanged.connect(lambda count: self._make_room())
        self.updateRequest.connect(self._scrolled)
        self._make_room()

    @property
    def fault_line(self) -> int:
        """The line that is marked, from 1; 0 for none."""
        return self._fault

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        self._colours.setDocument(None)
        self._colours = PythonColours(self.document(), dark)
        self.mark_fault(self._fault)

    def show_code(self, code: str) -> None:
        """Shows another text; the cursor stays at its line."""
        line = self.textCursor().blockNumber()
        self.setPlainText(code)
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(line)))
        self.document().setModified(False)

    def code(self) -> str:
        """The text, with one end of line at its end."""
        return self.toPlainText().rstrip() + "\n"

    def mark_fault(self, line: int) -> None:
        """Marks a line, counted from 1; 0 takes the mark away."""
        self._fault = line
        marks = []
        if line:
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(self.document().findBlockByNumber(line - 1))
            back = QColor(colour("error", self._dark))
            back.setAlpha(56)
            mark.cursor = cursor  # type: ignore[attr-defined]
            mark.format.setBackground(back)  # type: ignore[attr-defined]
            mark.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
            marks.append(mark)
        self.setExtraSelections(marks)
        self._numbers.update()

    def go_to(self, line: int) -> None:
        """Puts the cursor into a line, counted from 1."""
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(line - 1)))
        self.ensureCursorVisible()
        self.setFocus()

    def number_width(self) -> int:
        """Room for the line numbers, px."""
        digits = len(str(max(self.blockCount(), 99)))
        return self.fontMetrics().horizontalAdvance("✕ " + "9" * digits) + 2 * _PAD

    def paint_numbers(self, event: QPaintEvent) -> None:
        """Paints the numbers beside the lines that are seen."""
        painter = QPainter(self._numbers)
        painter.setFont(self.font())
        painter.fillRect(event.rect(), QColor(colour("panel", self._dark)))
        block = self.firstVisibleBlock()
        high = self.fontMetrics().height()
        while block.isValid():
            top = round(self.blockBoundingGeometry(block).translated(self.contentOffset()).top())
            if top > event.rect().bottom():
                break
            number = block.blockNumber() + 1
            name = "error" if number == self._fault else "secondary"
            painter.setPen(QColor(colour(name, self._dark)))
            text = f"✕ {number}" if number == self._fault else str(number)
            width = self._numbers.width() - _PAD
            painter.drawText(0, top, width, high, Qt.AlignmentFlag.AlignRight, text)
            block = block.next()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, keys = event.key(), event.modifiers()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if keys & Qt.KeyboardModifier.ControlModifier:
                self.applied.emit()
            else:
                self._new_line()
        elif key == Qt.Key.Key_Tab and not keys:
            self._indent(1)
        elif key == Qt.Key.Key_Backtab or key == Qt.Key.Key_Backspace and not keys and self._in_indent():
            self._indent(-1)
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: object) -> None:
        super().focusOutEvent(event)  # type: ignore[arg-type]
        self.left.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._numbers.setGeometry(QRect(inside.left(), inside.top(), self.number_width(), inside.height()))

    def _new_line(self) -> None:
        """A line with the indent of the one before, deeper behind a colon."""
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        deeper = INDENT if before.rstrip().endswith(":") else 0
        cursor.insertText("\n" + " " * (len(before) - len(before.lstrip(" ")) + deeper))
        self.setTextCursor(cursor)
        self.ensureCursorVisible()

    def _in_indent(self) -> bool:
        cursor = self.textCursor()
        before = cursor.block().text()[: cursor.positionInBlock()]
        return bool(before) and not before.strip(" ") and not cursor.hasSelection()

    def _indent(self, way: int) -> None:
        """Moves the lines of the selection in or out; without one, in from the cursor."""
        cursor = self.textCursor()
        if way > 0 and not cursor.hasSelection():
            cursor.insertText(" " * (INDENT - cursor.positionInBlock() % INDENT))
            return
        block = self.document().findBlock(cursor.selectionStart())
        last = self.document().findBlock(cursor.selectionEnd()).blockNumber()
        cursor.beginEditBlock()
        while block.isValid() and block.blockNumber() <= last:
            edit = QTextCursor(block)
            if way > 0 and block.text():
                edit.insertText(" " * INDENT)
            elif way < 0:
                spaces = len(block.text()) - len(block.text().lstrip(" "))
                count = (spaces - 1) % INDENT + 1 if spaces else 0
                edit.movePosition(QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor, count)
                edit.removeSelectedText()
            block = block.next()
        cursor.endEditBlock()

    def _make_room(self) -> None:
        self.setViewportMargins(self.number_width(), 0, 0, 0)

    def _scrolled(self, rect: QRect, by: int) -> None:
        if by:
            self._numbers.scroll(0, by)
        else:
            self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())


class _Numbers(QWidget):
    """The strip of line numbers; the field paints it."""

    def __init__(self, field: CodeEdit) -> None:
        super().__init__(field)
        self._field = field

    def sizeHint(self) -> QSize:
        return QSize(self._field.number_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._field.paint_numbers(event)
