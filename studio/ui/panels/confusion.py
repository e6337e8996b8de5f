"""The table of what is taken for what: a count in each cell, and the samples behind the cell that is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QToolTip, QVBoxLayout, QWidget

from studio.text import tr
from studio.ui.numbers import percent_text
from studio.ui.panels.trying import Ask, sample_card
from studio.ui.theme import mono_font, ui_font
from studio.ui.tokens import SMALL, colour
from studio.ui.widgets import button, clear_layout, heading, label

_LARGE, _SMALL = 40.0, 26.0  # px of a cell, with few classes and with many
_MANY = 16  # classes
_LONGEST = 120.0  # px that the name of a class may take
_COLUMNS = 6
_TALLEST = 560  # px; a larger table scrolls
_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionTable(QWidget):
    """Rows are what samples are, columns what the network says; on the diagonal it is right.

    A cell is the darker the larger its share of the row; the number stands in it, so colour says nothing alone.
    The arrow keys walk, Enter or a click chooses.

    Signals:
        chosen(row, column): a cell's samples shall be shown.
    """

    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.classes: tuple[str, ...] = ()
        self.counts: tuple[tuple[int, ...], ...] = ()
        self.cell: tuple[int, int] | None = None
        self._walked = (0, 0)
        self._font, self._names = mono_font(SMALL), ui_font(SMALL)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)

    def show_counts(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """Shows K rows of K counts."""
        self.classes, self.counts = tuple(classes), tuple(tuple(row) for row in counts)
        self.cell, self._walked = None, (0, 0)
        self.setFixedSize(self.sizeHint())
        self._name_it()
        self.update()

    def sizeHint(self) -> QSize:
        side, count = self._side(), len(self.classes)
        return QSize(round(self._left() + count * side + 2), round(self._top() + count * side + 2))

    def box(self, row: int, column: int) -> QRectF:
        """Where a cell stands, in px."""
        side = self._side()
        return QRectF(self._left() + column * side, self._top() + row * side, side, side)

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The cell under a point."""
        side = self._side()
        column, row = int((x - self._left()) // side), int((y - self._top()) // side)
        inside = 0 <= row < len(self.classes) and 0 <= column < len(self.classes)
        return (row, column) if inside else None

    def words(self, row: int, column: int) -> str:
        """What a cell says, in a sentence."""
        count, whole = self.counts[row][column], sum(self.counts[row])
        share = percent_text(count / whole) if whole else percent_text(0.0)
        truth, answer = self.classes[row], self.classes[column]
        if row == column:
            text = "{count} of {whole} “{truth}” are recognized: {share}"
        else:
            text = "{count} of {whole} “{truth}” are taken for “{answer}”: {share}"
        return tr(text, count=count, whole=whole, truth=truth, answer=answer, share=share)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dark = self.palette().window().color().lightness() < 128
        for at, name in enumerate(self.classes):
            self._paint_names(painter, at, name, dark)
        painter.setFont(self._font)
        for row, counts in enumerate(self.counts):
            whole = sum(counts)
            for column, count in enumerate(counts):
                self._paint_cell(painter, (row, column), count, count / whole if whole else 0.0, dark)
        for place, ink in ((self._walked if self.hasFocus() else None, "text"), (self.cell, "accent")):
            if place is not None and self.counts:
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(QPen(QColor(colour(ink, dark)), 2))
                painter.drawRoundedRect(self.box(*place).adjusted(1, 1, -1, -1), 3, 3)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.cell_at(event.position().x(), event.position().y())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(found)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        last = len(self.classes) - 1
        if step is not None and self.classes:
            row, column = self._walked
            self._walked = min(max(row + step[0], 0), last), min(max(column + step[1], 0), last)
            self._name_it()
            self.update()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self.classes:
            self._choose(self._walked)
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            found = self.cell_at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), self.words(*found) if found else "", self)
            return True
        return super().event(event)

    def _choose(self, cell: tuple[int, int]) -> None:
        self.cell = self._walked = cell
        self._name_it()
        self.update()
        self.chosen.emit(*cell)

    def _name_it(self) -> None:
        """A screen reader hears the cell that the keyboard is at."""
        self.setAccessibleName(tr("What is taken for what"))
        self.setAccessibleDescription(self.words(*self._walked) if self.counts else "")

    def _paint_names(self, painter: QPainter, at: int, name: str, dark: bool) -> None:
        metrics, side = QFontMetricsF(self._names), self._side()
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, _LONGEST - 8)
        painter.setFont(self._names)
        painter.setPen(QColor(colour("secondary", dark)))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        row = QRectF(0, self._top() + at * side, self._left() - 8, side)
        painter.drawText(row, int(right), text)
        painter.save()
        painter.translate(self._left() + at * side + side / 2, self._top() - 6)
        if self._upright():
            middle = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(QRectF(-side / 2, -20, side, 20), int(middle), text)
        else:
            painter.rotate(-90)
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, -side / 2, _LONGEST, side), int(left), text)
        painter.restore()

    def _paint_cell(
        self, painter: QPainter, cell: tuple[int, int], count: int, share: float, dark: bool
    ) -> None:
        box, right = self.box(*cell), cell[0] == cell[1]
        painter.setPen(QPen(QColor(colour("line", dark)), 1))
        fill = QColor(colour("accent" if right else "error", dark))
        fill.setAlphaF(min(0.12 + 0.5 * share, 0.6) if count else 0.0)
        painter.setBrush(fill)
        painter.drawRect(box)
        if count:
            painter.setPen(QColor(colour("text", dark)))
            painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), str(count))

    def _side(self) -> float:
        if len(self.classes) > _MANY:
            return _SMALL
        widest = max((len(str(count)) for row in self.counts for count in row), default=1)
        return max(_LARGE, QFontMetricsF(self._font).horizontalAdvance("0") * widest + 10)

    def _left(self) -> float:
        return min(_LONGEST, self._widest()) + 10

    def _top(self) -> float:
        return 26.0 if self._upright() else min(_LONGEST, self._widest()) + 12

    def _upright(self) -> bool:
        """Whether the names are short enough to stand above their columns."""
        return self._widest() <= self._side() - 4

    def _widest(self) -> float:
        metrics = QFontMetricsF(self._names)
        return max((metrics.horizontalAdvance(name) for name in self.classes), default=0.0)


class Confusion(QWidget):
    """Counts on demand; a click on a count shows those samples."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._cells: dict[tuple[int, int], list[tuple[int, float]]] = {}
        self.count = button(tr("Count"))
        self.count.clicked.connect(self.look)
        self._said = label(
            tr("Counts how often each class is taken for each, on the test samples."), "secondary"
        )
        self.table = ConfusionTable()
        self.table.chosen.connect(self._chosen)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self.table)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.table.setAutoFillBackground(False)  # the scroll area would fill it with a panel's colour
        self._scroll.setVisible(False)
        self._hint = label("", "secondary", wrap=True)
        self._cell = label("", "title", wrap=True)
        self.cards = QGridLayout()
        self.cards.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(heading(tr("What is taken for what")))
        head.addWidget(self.count)
        head.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for part in (self._said, self._hint, self._scroll, self._cell):
            column.addWidget(part)
        column.addLayout(self.cards)
        self._hint.setVisible(False)

    def look(self) -> None:
        """Asks for the counts."""
        self._said.setText(tr("Looking through the test samples …"))
        self._said.setVisible(True)
        self._ask("confusion", {}, self._show, self._said.setText)

    def _show(self, result: dict[str, object]) -> None:
        data: dict[str, Any] = dict(result)
        counts = data["counts"]
        self._cells = {
            (row, column): [(int(index), float(share)) for index, share in cell]
            for row, column, cell in data["samples"]
        }
        self.table.show_counts([str(name) for name in data["classes"]], counts)
        size = self.table.sizeHint()
        self._scroll.setFixedHeight(min(size.height() + 12, _TALLEST))
        self._scroll.setVisible(True)
        right, whole = sum(counts[at][at] for at in range(len(counts))), sum(map(sum, counts))
        share = percent_text(right / whole) if whole else percent_text(0.0)
        self._said.setText(tr("{right} of {whole} are right: {share}", right=right, whole=whole, share=share))
        self._hint.setText(
            tr("Rows: what it is. Columns: what the network says. Choose a count to see its samples.")
        )
        self._hint.setVisible(True)
        self._cell.setText("")
        clear_layout(self.cards)

    def _chosen(self, row: int, column: int) -> None:
        self._cell.setText(self.table.words(row, column))
        clear_layout(self.cards)
        indices = [index for index, _ in self._cells.get((row, column), ())]
        if not indices:
            return

        def show(result: dict[str, object]) -> None:
            if self.table.cell == (row, column):  # else another one was chosen meanwhile
                self._show_samples((row, column), result)

        self._ask("samples", {"indices": indices}, show, self._cell.setText)

    def _show_samples(self, cell: tuple[int, int], result: dict[str, object]) -> None:
        clear_layout(self.cards)
        shares, names = dict(self._cells[cell]), self.table.classes
        found: Any = result.get("samples")
        for at, row in enumerate(found):
            about = {"truth": names[cell[0]], "answer": names[cell[1]], "share": shares[row["index"]]}
            self.cards.addWidget(sample_card({**row, **about}), at // _COLUMNS, at % _COLUMNS)
        self.cards.setColumnStretch(_COLUMNS, 1)
