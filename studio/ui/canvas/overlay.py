"""What is painted over the drawing at screen size: the way into blocks, tips at the cursor, the first hint."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter

from studio.text import tr
from studio.ui.canvas.gestures.base import Pointer
from studio.ui.canvas.look import Look

_LEFT, _TOP, _HEIGHT = 16.0, 12.0, 26.0
_align = Qt.AlignmentFlag


def paint_path(painter: QPainter, look: Look, titles: list[str]) -> None:
    """The graphs from the main one to the one shown."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    boxes = _path_boxes(look, titles)
    whole = boxes[0].united(boxes[-1]).adjusted(-4, 0, 4, 0)
    painter.setPen(look.pen("line"))
    painter.setBrush(look.brush("panel"))
    painter.drawRoundedRect(whole, 8, 8)
    for at, (box, title) in enumerate(zip(boxes, titles, strict=True)):
        last = at == len(titles) - 1
        painter.setFont(look.heading if last else look.body)
        painter.setPen(look.colour("text" if last else "accent_text"))
        painter.drawText(box, int(_align.AlignCenter), title)
        if not last:
            painter.setPen(look.colour("secondary"))
            arrow = QRectF(box.right(), box.top(), 16, box.height())
            painter.drawText(arrow, int(_align.AlignCenter), "›")


def path_at(look: Look, titles: list[str], at: QPointF) -> int | None:
    """Which title is at a pixel."""
    return next((row for row, box in enumerate(_path_boxes(look, titles)) if box.contains(at)), None)


def paint_tip(painter: QPainter, look: Look, room: QRect, pointer: Pointer, text: str) -> None:
    """A short text beside the cursor, inside the window."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    metrics = QFontMetricsF(look.body)
    limit = QRectF(0, 0, 300, 400)
    size = metrics.boundingRect(limit, int(_align.AlignLeft | Qt.TextFlag.TextWordWrap), text)
    box = QRectF(pointer.screen_x + 18, pointer.screen_y + 18, size.width() + 20, size.height() + 12)
    box.moveLeft(max(8.0, min(box.left(), room.width() - box.width() - 8)))
    box.moveTop(max(8.0, min(box.top(), room.height() - box.height() - 8)))
    painter.setPen(look.pen("border"))
    painter.setBrush(look.brush("card"))
    painter.drawRoundedRect(box, 6, 6)
    painter.setPen(look.colour("text"))
    painter.setFont(look.body)
    inner = box.adjusted(10, 6, -8, -6)
    painter.drawText(inner, int(_align.AlignLeft | _align.AlignVCenter | Qt.TextFlag.TextWordWrap), text)


def paint_hint(painter: QPainter, look: Look, room: QRect) -> None:
    """What to do on an empty canvas, in three lines."""
    lines = (
        tr("Drag a layer here from the left, or press Tab to search for one"),
        tr("Pull a wire from a port into the open: it offers what fits"),
        tr("Right click shows what can be done; ? shows all keys"),
    )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    top = room.height() / 2 - 44
    for at, text in enumerate(lines):
        painter.setFont(look.heading if at == 0 else look.body)
        painter.setPen(look.colour("text" if at == 0 else "secondary"))
        box = QRectF(24, top + 30 * at, room.width() - 48, 28)
        painter.drawText(box, int(_align.AlignCenter | Qt.TextFlag.TextWordWrap), text)


def _path_boxes(look: Look, titles: list[str]) -> list[QRectF]:
    metrics = QFontMetricsF(look.heading)
    boxes, x = [], _LEFT
    for title in titles:
        width = metrics.horizontalAdvance(title) + 16
        boxes.append(QRectF(x, _TOP, width, _HEIGHT))
        x += width + 16
    return boxes
