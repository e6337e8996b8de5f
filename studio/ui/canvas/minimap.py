"""The whole drawing in small: click or drag to move the view."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.text import tr
from studio.ui.canvas.geometry import Box
from studio.ui.canvas.primitives import draw_rects
from studio.ui.canvas.scene import CATEGORIES
from studio.ui.canvas.view import CanvasView

_MARGIN = 10.0


class Minimap(QWidget):
    """Stands beside the canvas, never over it, so that moving the view stays cheap."""

    def __init__(self, view: CanvasView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self._kept: QPixmap | None = None
        self._key: tuple[object, ...] = ()
        self._area: Box | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(tr("Overview"))
        view.camera_moved.connect(self.update)
        view.scene_changed.connect(self._scene_changed)

    def sizeHint(self) -> QSize:
        return QSize(220, 112)

    def paintEvent(self, event: QPaintEvent) -> None:
        view, look = self._view, self._view.look
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.fillRect(self.rect(), look.colour("panel"))
        painter.setPen(look.pen("line"))
        painter.setBrush(look.brush("field"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(12.5, 0.5, -12.5, -8.5), 6, 6)
        area, scale, dx, dy = self._fit()
        if area is None:
            return
        painter.drawPixmap(0, 0, self._picture(scale, dx, dy))
        seen = view.seen()
        frame = QRectF(seen.x * scale + dx, seen.y * scale + dy, seen.width * scale, seen.height * scale)
        painter.setPen(look.pen("accent", 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame.intersected(QRectF(self.rect()).adjusted(16, 4, -16, -12)), 3, 3)

    def _picture(self, scale: float, dx: float, dy: float) -> QPixmap:
        """The drawing alone, painted once and kept until it or the size changes: panning repaints a frame."""
        view, ratio = self._view, self.devicePixelRatioF()
        key = (id(view.look), scale, dx, dy, self.width(), self.height(), ratio)
        if self._kept is None or self._key != key:
            self._key = key
            self._kept = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._kept.setDevicePixelRatio(ratio)
            self._kept.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._kept)
            painter.setClipRect(QRectF(self.rect()).adjusted(13, 1, -13, -9))
            painter.translate(dx, dy)
            painter.scale(scale, scale)
            self._paint_scene(painter)
            painter.end()
        return self._kept

    def _paint_scene(self, painter: QPainter) -> None:
        scene, look = self._view.scene, self._view.look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(scene.ids) < 1000)
        pen = QPen(look.colour("line"), 1, Qt.PenStyle.DashLine)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRects([QRectF(f.x, f.y, f.width, f.height) for f in scene.frames if not f.note])
        painter.setPen(Qt.PenStyle.NoPen)
        boxes = scene.boxes()
        for code in np.unique(scene.category):
            painter.setBrush(look.category[CATEGORIES[int(code)]])
            draw_rects(painter, boxes[scene.category == code])
        pen = QPen(look.colour("error"), 2)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        draw_rects(painter, boxes[scene.troubled])

    def _scene_changed(self) -> None:
        self._kept = None
        self._area = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        area, scale, dx, dy = self._fit()
        if area is not None:
            at = event.position()
            self._view.centre_on((at.x() - dx) / scale, (at.y() - dy) / scale)

    def _fit(self) -> tuple[Box | None, float, float, float]:
        """What is shown, and how scene units become pixels here."""
        if self._area is None:
            self._area = self._view.scene.bounds()
        area = self._area
        if area is None:
            return None, 1.0, 0.0, 0.0
        width, height = self.width() - 24 - 2 * _MARGIN, self.height() - 8 - 2 * _MARGIN
        scale = min(width / max(area.width, 1), height / max(area.height, 1), 0.25)
        x, y = area.centre
        return area, scale, self.width() / 2 - x * scale, (self.height() - 8) / 2 - y * scale
