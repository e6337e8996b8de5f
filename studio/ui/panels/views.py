"""What the View nodes of the run show: pictures, histograms, heat maps, curves, beside the training curves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.files.views import View, read_views, stamp
from studio.text import tr
from studio.ui.runs import RunControl
from studio.ui.tokens import colour
from studio.ui.widgets import clear_layout, heading

_WIDTH = 232
_LEAST_HEIGHT = 96
_GAP = 2
_MOST_PICTURES = 12
_LONGEST_TEXT = 400


class ViewPicture(QWidget):
    """One View, painted from its numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._view: View | None = None
        self._image: QImage | None = None
        self._dark = True
        self.setMinimumHeight(_LEAST_HEIGHT)
        self.setFixedWidth(_WIDTH)

    def show_view(self, view: View, dark: bool) -> None:
        """Shows ``view`` in the colours of a theme."""
        self._view, self._dark = view, dark
        self._image = _IMAGES[view.kind](view, dark) if view.kind in _IMAGES else None
        self.setAccessibleName(f"{view.name}: {view.kind} {' '.join(map(str, view.shape))}")
        self.setToolTip(tr("from {low} to {high}", low=f"{view.low:.3g}", high=f"{view.high:.3g}"))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = QRectF(self.rect())
        painter.fillRect(area, QColor(colour("field", self._dark)))
        if self._view is not None and self._image is not None:
            _paint_image(painter, area, self._image)
        elif self._view is not None and self._view.kind == "text":
            painter.setPen(QColor(colour("text", self._dark)))
            said = self._view.text or " ".join(f"{number:g}" for number in self._view.numbers)
            text = said[:_LONGEST_TEXT]
            painter.drawText(area.adjusted(6, 6, -6, -6), Qt.TextFlag.TextWordWrap, text)
        elif self._view is not None and self._view.numbers:
            paint = _paint_bars if self._view.kind == "histogram" else _paint_curve
            paint(
                painter, area.adjusted(4, 6, -4, -4), self._view.numbers, QColor(colour("accent", self._dark))
            )
        painter.end()


class ViewsStrip(QScrollArea):
    """All Views of the run shown, side by side; hidden while it has none."""

    def __init__(self, control: RunControl) -> None:
        super().__init__()
        self._control, self._dark = control, True
        self._seen: tuple[Path | None, int] = (None, 0)
        self._pictures: dict[str, ViewPicture] = {}
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        page.setObjectName("panel")
        self._row = QHBoxLayout(page)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        self.setWidget(page)
        self.setVisible(False)
        control.updated.connect(self.refresh)

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark, self._seen = dark, (None, 0)
        self.refresh()

    def refresh(self) -> None:
        """Reads the Views anew when the worker has written new ones."""
        folder = self._control.folder
        seen = (folder, stamp(folder) if folder else 0)
        if seen == self._seen:
            return
        self._seen = seen
        found = read_views(folder).views if folder else {}
        if list(found) != list(self._pictures):
            self._build(list(found))
        for name, view in found.items():
            self._pictures[name].show_view(view, self._dark)

    def _build(self, names: Sequence[str]) -> None:
        clear_layout(self._row)
        self._pictures = {name: ViewPicture() for name in names}
        for name, picture in self._pictures.items():
            column = QVBoxLayout()
            column.setSpacing(4)
            column.addWidget(heading(name))
            column.addWidget(picture, 1)
            self._row.addLayout(column)
        self._row.addStretch()
        self.setMinimumWidth(_WIDTH + 12)
        self.setVisible(bool(names))


def _grey(view: View, height: int, width: int, offset: int) -> list[int]:
    """The numbers of a picture from 0 to 255, the View's lowest and highest at the ends."""
    scale = 255 / (view.high - view.low) if view.high > view.low else 0.0
    part = view.numbers[offset : offset + height * width]
    return [
        max(0, min(255, round((number - view.low) * scale))) if number == number else 0 for number in part
    ]


def _tiles(view: View, dark: bool) -> QImage:
    """The first pictures of the batch in rows."""
    count, channels, height, width = (*view.shape, 1, 1, 1, 1)[:4]
    count = min(count, _MOST_PICTURES)
    columns = max(1, min(count, 6))
    rows = -(-count // columns)
    image = QImage(columns * (width + _GAP) - _GAP, rows * (height + _GAP) - _GAP, QImage.Format.Format_RGB32)
    image.fill(QColor(colour("field", dark)))
    painter = QPainter(image)
    for index in range(count):
        planes = [
            _grey(view, height, width, (index * channels + c) * height * width) for c in range(channels)
        ]
        red, green, blue = planes if channels == 3 else planes[:1] * 3
        data = bytes(value for pixel in zip(red, green, blue, strict=True) for value in pixel)
        tile = QImage(data, width, height, 3 * width, QImage.Format.Format_RGB888)
        painter.drawImage(index % columns * (width + _GAP), index // columns * (height + _GAP), tile)
    painter.end()
    return image


def _heat(view: View, dark: bool) -> QImage:
    """Rows and columns from the field's colour to the accent."""
    height, width = (*view.shape, 1, 1)[:2]
    low, high = QColor(colour("field", dark)), QColor(colour("accent", dark))
    ends = [(ink.red(), ink.green(), ink.blue()) for ink in (low, high)]
    table = [
        QColor(*(round(a + (b - a) * step / 255) for a, b in zip(*ends, strict=True))).rgb()
        for step in range(256)
    ]
    data = bytes(_grey(view, height, width, 0)).ljust(height * width, b"\0")
    image = QImage(data, width, height, width, QImage.Format.Format_Indexed8)
    image.setColorTable(table)
    return image.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the bytes go away


_IMAGES: dict[str, Callable[[View, bool], QImage]] = {"image": _tiles, "heatmap": _heat}


def _paint_image(painter: QPainter, area: QRectF, image: QImage) -> None:
    """As large as fits, without smoothing: each pixel is a number."""
    factor = min(area.width() / max(1, image.width()), area.height() / max(1, image.height()))
    painter.drawImage(QRectF(0, 0, image.width() * factor, image.height() * factor), image)


def _paint_bars(painter: QPainter, area: QRectF, numbers: Sequence[float], ink: QColor) -> None:
    top, wide = max(numbers) or 1.0, area.width() / len(numbers)
    for index, number in enumerate(numbers):
        height = area.height() * number / top
        bar = QRectF(area.left() + index * wide, area.bottom() - height, max(1.0, wide - 1), height)
        painter.fillRect(bar, ink)


def _paint_curve(painter: QPainter, area: QRectF, numbers: Sequence[float], ink: QColor) -> None:
    finite = [number for number in numbers if number == number]
    low, span = (min(finite), (max(finite) - min(finite)) or 1.0) if finite else (0.0, 1.0)
    step = area.width() / max(1, len(numbers) - 1)
    points = [
        QPointF(area.left() + index * step, area.bottom() - area.height() * (number - low) / span)
        for index, number in enumerate(numbers)
        if number == number
    ]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(ink, 1.6))
    painter.drawPolyline(points)
