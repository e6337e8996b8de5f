"""What the Understand workspace is put together from: a pad to draw on, shares of classes, samples, mistakes, text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from studio.text import tr
from studio.ui.numbers import percent_text
from studio.ui.widgets import button, clear_layout, heading, label

Ask = Callable[[str, dict[str, object], Callable[[dict[str, object]], None], Callable[[str], None]], None]
"""Asks about the run shown: kind, arguments, what takes the answer, what takes a refusal."""
_PAD = 280  # px; ten times a digit's 28
_PEN = 22
_PICTURE = 112
_MOST_BARS = 10
_BAR_WIDTH = 240
_COLUMNS = 5
_LENGTH = 400


class DrawingPad(QWidget):
    """White on black, like the data. ``drawn`` comes after each stroke."""

    drawn = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(_PAD, _PAD)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName(tr("Draw one yourself"))
        self._image = QImage(_PAD, _PAD, QImage.Format.Format_Grayscale8)
        self._last = QPoint()
        self.clear()

    def clear(self) -> None:
        """Wipes the pad."""
        self._image.fill(0)
        self.update()

    def pixels(self, width: int, height: int) -> bytes:
        """The picture scaled to ``width`` x ``height``, one byte a pixel, row by row."""
        small = self._image.scaled(
            width, height, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
        ).convertToFormat(QImage.Format.Format_Grayscale8)
        return b"".join(_row(small, y, width) for y in range(height))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = event.position().toPoint()
        self._stroke(self._last)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._stroke(event.position().toPoint())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.drawn.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(0, 0, self._image)
        painter.end()

    def _stroke(self, point: QPoint) -> None:
        painter = QPainter(self._image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor("white"), _PEN, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(self._last, point)
        painter.end()
        self._last = point
        self.update()


class Shares(QWidget):
    """How sure a network is of each class: a bar a class, the likeliest first where there are many."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)

    def show_shares(self, found: object) -> None:
        """Shows [[name, share], …]; nothing for anything else."""
        clear_layout(self._grid)
        rows = [(str(row[0]), float(row[1])) for row in found] if isinstance(found, list) else []
        if len(rows) > _MOST_BARS:
            rows = sorted(rows, key=lambda row: -row[1])[:_MOST_BARS]
        for index, (name, share) in enumerate(rows):
            bar = QProgressBar()
            bar.setObjectName("thin")
            bar.setTextVisible(False)
            bar.setMaximum(1000)
            bar.setFixedWidth(_BAR_WIDTH)
            bar.setValue(round(1000 * share))
            number = label(percent_text(share), "mono")
            number.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(label(name, "mono"), index, 0)
            self._grid.addWidget(bar, index, 1)
            self._grid.addWidget(number, index, 2)


class DrawTry(QWidget):
    """A pad beside what the network makes of the drawing."""

    def __init__(self, ask: Ask, size: tuple[int, int]) -> None:
        """Takes how to ask, and the width and height of the network's pictures."""
        super().__init__()
        self._ask, self._size = ask, size
        self.pad, self.shares = DrawingPad(), Shares()
        self.pad.drawn.connect(self._predict)
        wipe = button(tr("Wipe"))
        wipe.clicked.connect(self._wipe)
        self._answer = label("", "title", wrap=True)
        self._hint = label(tr("Draw with the mouse on the black field."), "secondary", wrap=True)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.setSpacing(8)
        right.setSpacing(8)
        for part in (heading(tr("Draw one yourself")), self.pad):
            left.addWidget(part)
        left.addWidget(wipe, 0, Qt.AlignmentFlag.AlignLeft)
        left.addStretch()
        for other in (heading(tr("What the network sees in it")), self._hint, self._answer, self.shares):
            right.addWidget(other)
        right.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        row.addLayout(left)
        row.addLayout(right)
        row.addStretch()

    def _wipe(self) -> None:
        self.pad.clear()
        self.shares.show_shares(None)
        self._answer.setText("")
        self._hint.setVisible(True)

    def _predict(self) -> None:
        pixels = base64.b64encode(self.pad.pixels(*self._size)).decode()
        self._ask("predict", {"pixels": pixels}, self._show, self._answer.setText)

    def _show(self, result: dict[str, object]) -> None:
        self._hint.setVisible(False)
        found = result.get("classes")
        self.shares.show_shares(found)
        if isinstance(found, list) and found:
            name, share = max(((str(row[0]), float(row[1])) for row in found), key=lambda row: row[1])
            self._answer.setText(tr("It says {name}, {share} sure.", name=name, share=percent_text(share)))


class SampleTry(QWidget):
    """One sample of the test part after another: what it is, what the network says."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask, self._position = ask, -1
        self._picture, self._text = QLabel(), label("", "mono", wrap=True)
        self._where, self._answer = label("", "secondary"), label("", "title", wrap=True)
        self.shares = Shares()
        again = button(tr("Another sample"))
        again.clicked.connect(self.show_next)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(heading(tr("A sample it has not seen")))
        head.addWidget(self._where)
        head.addStretch()
        column.addLayout(head)
        for part in (self._picture, self._text, self._answer, self.shares):
            column.addWidget(part)
        column.addWidget(again, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch()

    def show_next(self) -> None:
        """Asks for the sample after the one shown."""
        self._position += 1
        self._ask("sample", {"position": self._position}, self._show, self._answer.setText)

    def _show(self, result: dict[str, object]) -> None:
        picture = grey_picture(result)
        self._picture.setVisible(picture is not None)
        if picture is not None:
            self._picture.setPixmap(picture)
        self._text.setText(str(result.get("text", "")))
        self._text.setVisible(bool(self._text.text()))
        number, count = int(str(result.get("position") or 0)) + 1, result.get("count")
        self._where.setText(tr("{number} of {count}", number=number, count=count))
        truth, answer = result.get("truth"), result.get("answer")
        text = tr("It is {truth}, and the network says so.", truth=truth)
        if truth != answer:
            text = tr("It is {truth}; the network says {answer}.", truth=truth, answer=answer)
        self._answer.setText(text)
        self.shares.show_shares(result.get("classes"))


class Mistakes(QWidget):
    """The ten worst mistakes on the test samples."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        look = button(tr("Look"))
        look.clicked.connect(self.look)
        self._answer = label("", "secondary", wrap=True)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        head = QHBoxLayout()
        head.addWidget(heading(tr("The ten worst mistakes")))
        head.addWidget(look)
        head.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._answer)
        column.addLayout(self._grid)
        column.addStretch()

    def look(self) -> None:
        """Asks for them."""
        self._answer.setText(tr("Looking through the test samples …"))
        self._ask("mistakes", {"count": 10}, self._show, self._answer.setText)

    def _show(self, result: dict[str, object]) -> None:
        clear_layout(self._grid)
        found = result.get("mistakes")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        self._answer.setText("" if rows else tr("It made no mistake on the test samples."))
        self._answer.setVisible(not rows)
        for index, row in enumerate(rows):
            self._grid.addWidget(sample_card(row), index // _COLUMNS, index % _COLUMNS)
        self._grid.setColumnStretch(_COLUMNS, 1)


class Writing(QWidget):
    """A text model goes on from a beginning."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask = ask
        self._prompt = QLineEdit("It was ")
        self._prompt.setAccessibleName(tr("Beginning of the text"))
        self._heat = QSlider(Qt.Orientation.Horizontal)
        self._heat.setRange(0, 150)
        self._heat.setValue(80)
        self._heat.setFixedWidth(160)
        self._heat.setAccessibleName(tr("Temperature"))
        self._heat.setToolTip(
            tr("0 always takes the likeliest letter; higher is bolder and makes more mistakes")
        )
        self._number = label("0.8", "mono")
        self._number.setFixedWidth(32)
        self._heat.valueChanged.connect(lambda value: self._number.setText(f"{value / 100:.2g}"))
        write = button(tr("Write"), primary=True)
        write.clicked.connect(self.write)
        self._prompt.returnPressed.connect(self.write)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setMinimumHeight(280)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._prompt, 1)
        for part in (label(tr("Temperature"), "secondary"), self._heat, self._number, write):
            row.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(heading(tr("Let it write")))
        column.addLayout(row)
        column.addWidget(self.text)

    def write(self) -> None:
        """Asks for a text, another one each time."""
        self._seed = getattr(self, "_seed", 0) + 1
        args: dict[str, object] = {
            "prompt": self._prompt.text(), "length": _LENGTH, "temperature": self._heat.value() / 100,
            "seed": self._seed,
        }  # fmt: skip
        self.text.setPlainText(tr("Writing …"))
        show = self.text.setPlainText
        self._ask("generate_text", args, lambda result: show(str(result.get("text", ""))), show)


def grey_picture(row: dict[str, object]) -> QPixmap | None:
    """The picture of a sample, enlarged without smoothing; None where the sample is none."""
    width, height = int(str(row.get("width") or 0)), int(str(row.get("height") or 0))
    if not (width and height):
        return None
    pixels = base64.b64decode(str(row.get("pixels", "")))
    image = QImage(pixels, width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QPixmap.fromImage(image).scaled(_PICTURE, _PICTURE, Qt.AspectRatioMode.KeepAspectRatio)


def _row(image: QImage, y: int, width: int) -> bytes:
    line: Any = image.constScanLine(y)  # a memoryview; Qt's stubs call it an object
    return bytes(line)[:width]


def sample_card(row: dict[str, object]) -> QWidget:
    """A sample with what it is and what the network said."""
    card = QFrame()
    card.setObjectName("card")
    column = QVBoxLayout(card)
    column.setContentsMargins(8, 8, 8, 8)
    column.setSpacing(4)
    found = grey_picture(row)
    if found is not None:
        picture = QLabel()
        picture.setPixmap(found)
        column.addWidget(picture)
    if row.get("text"):
        column.addWidget(label(str(row["text"]), "mono", wrap=True))
    column.addWidget(label(tr("is {name}", name=row.get("truth"))))
    if "off" in row:
        said = tr("guessed {name}", name=row.get("answer"))
    else:
        share = percent_text(float(str(row.get("share") or 0)))
        said = tr("taken for {name}, {share}", name=row.get("answer"), share=share)
        if row.get("truth") == row.get("answer"):
            said = tr("recognized, {share} sure", share=share)
    column.addWidget(label(said, "secondary"))
    return card
