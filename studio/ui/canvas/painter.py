"""Paints a scene: the same strokes for the window, for pictures and for preset cards."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from studio.document.model import Frame
from studio.ui.canvas.card_painter import CardPainter
from studio.ui.canvas.geometry import OVERVIEW, QUIET, Box
from studio.ui.canvas.look import Look
from studio.ui.canvas.primitives import draw_lines, draw_rects
from studio.ui.canvas.scene import CATEGORIES, Scene
from studio.ui.canvas.state import State
from studio.ui.canvas.wires import Route
from studio.ui.canvas.wiring import Wire

_DOTS, _DOTS_FROM = 24.0, 0.5  # px between the dots; below this scale every fifth only
_DOT_PX, _NO_DOTS = 2.0, 0.12

_HALO = 3.0
_align = Qt.AlignmentFlag
_LEFT_MIDDLE = int(_align.AlignLeft | _align.AlignVCenter)
_RIGHT_MIDDLE = int(_align.AlignRight | _align.AlignVCenter)
_CENTRE = int(_align.AlignCenter)


class ScenePainter:
    """Paints in scene units; the caller has set the transform."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.cards = CardPainter(look)

    def paint(self, painter: QPainter, scene: Scene, area: Box, scale: float, state: State) -> None:
        """Everything of ``scene`` that ``area`` shows, without the dots."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        tiny = state.close and scale < OVERVIEW
        for frame in () if tiny else scene.frames:
            self.frame(painter, frame, scale, titled=not state.close or scale >= QUIET)
        if scale < OVERVIEW and not state.close:
            self._overview(painter, scene, area, scale, state)
            return
        self._wires(painter, scene, area, scale, state)
        for at in scene.inside(area.grown(16)):
            index = int(at)
            place = (float(scene.x[index]), float(scene.y[index]))
            painter.translate(*place)
            self.cards.paint(painter, scene.cards[index], scale, state, scene.wiring.kinds)
            painter.translate(-place[0], -place[1])

    def dots(self, painter: QPainter, area: Box, scale: float) -> None:
        """The dotted grid."""
        step = _DOTS if scale >= _DOTS_FROM else _DOTS * 5
        if scale < _NO_DOTS:
            return
        pen = QPen(self.look.colour("dots"), _DOT_PX)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        # one dashed line a row: 20 times the speed of points
        pen.setDashPattern([1, max(step * scale / _DOT_PX - 1, 0.5)])
        painter.setPen(pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        left, right = np.floor(area.x / step) * step, area.right + step
        ys = np.arange(np.floor(area.y / step), np.ceil(area.bottom / step) + 1) * step
        draw_lines(painter, np.column_stack((np.full_like(ys, left), ys, np.full_like(ys, right), ys)))

    def frame(self, painter: QPainter, frame: Frame, scale: float, titled: bool = True) -> None:
        """A titled rectangle behind nodes, or a note; on small pictures it goes without its words."""
        box, look = QRectF(frame.x, frame.y, frame.width, frame.height), self.look
        paint = look.paints.get(frame.colour)
        fill = QColor(paint) if paint else QColor(look.colour("panel"))
        fill.setAlpha(255 if frame.note and not paint else 40 if frame.note else 22)
        dash = Qt.PenStyle.SolidLine if frame.note else Qt.PenStyle.DashLine
        painter.setPen(QPen(paint, 1, dash) if paint else look.pen("line", 1.0, dash))
        painter.setBrush(fill if frame.note or paint else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 10, 10)
        if not titled:
            return
        painter.setPen(look.colour("text" if frame.note else "secondary"))
        font = look.body if frame.note else look.heading
        if scale < QUIET:  # titles keep their size on the screen
            font = type(font)(font)
            font.setPixelSize(round(font.pixelSize() * min(QUIET / scale, 6)))
        painter.setFont(font)
        inner = box.adjusted(12, 6, -12, -6)
        wrap = Qt.TextFlag.TextWordWrap if frame.note else Qt.TextFlag.TextSingleLine
        title = frame.title
        if not frame.note:
            title = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(inner, int(_align.AlignLeft | _align.AlignTop | wrap), title)

    def line(self, painter: QPainter, route: Route, ink: str, width: float, dashed: bool = False) -> None:
        """A wire."""
        painter.setPen(self.look.pen(ink, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(route.path)

    def _wires(self, painter: QPainter, scene: Scene, area: Box, scale: float, state: State) -> None:
        texts: list[tuple[Route, Wire]] = []
        late: list[tuple[Route, Wire]] = []
        painter.setOpacity(0.45 if state.lit is not None else 1.0)
        for at in scene.wiring.inside(area.grown(24)):
            wire = scene.wires[at]
            if wire == state.hidden:
                continue
            way, bad = scene.wiring.way(at), self._is_bad(scene, wire) and not wire.muted
            if not bad and state.touches(wire):
                late.append((way, wire))
            else:
                faded = state.fades(wire.node) or state.fades(wire.source.node)
                painter.setOpacity(0.25 if faded else 0.45 if state.lit is not None else 1.0)
                width = max(1.6, 1.3 / scale) if state.close else 1.6
                ink = "error" if bad else "border" if wire.muted else "wire"
                self.line(painter, way, ink, width, bad or wire.muted)
            if bad:
                self._cross(painter, way)
            elif wire.muted:
                self._bar(painter, way)
            elif scale >= QUIET and state.shapes != "none" and not state.close:
                texts.append((way, wire))
        painter.setOpacity(1.0)
        for way, wire in late:
            self.line(painter, way, "accent", 2.2 if wire == state.hot_wire else 1.8, wire.muted)
            if wire.muted:
                self._bar(painter, way)
        self._shapes(painter, scene, texts, state.shapes == "all")

    def _is_bad(self, scene: Scene, wire: Wire) -> bool:
        return (wire.node, wire.port) in scene.bad or (wire.node, "") in scene.bad

    def _shapes(
        self, painter: QPainter, scene: Scene, rows: Iterable[tuple[Route, Wire]], every: bool
    ) -> None:
        """Shapes on wires, each output's once, where the gap is wide enough; or on ``every`` wire."""
        painter.setFont(self.look.mono)
        widest: dict[tuple[str, int], tuple[Route, str, float]] = {}
        for way, wire in rows:
            outputs = scene.card(wire.source.node).outputs
            text = outputs[wire.start].text if wire.start < len(outputs) else ""
            width = self.look.mono_metrics.horizontalAdvance(text) if text else 0.0
            key = (wire.source.node, wire.start) if not every else (str(wire), 0)
            if (
                text
                and (every or width + 4 <= way.room)
                and (key not in widest or _better(way, widest[key][0]))
            ):
                widest[key] = (way, text, width)
        height = self.look.mono_metrics.height()
        for way, text, width in widest.values():
            x, y = way.label
            if way.flat:
                box = QRectF(
                    x - width / 2, min(way.points[0, 1], way.points[-1, 1]) - height - 4, width, height
                )
            else:
                box = QRectF(x - width / 2, y - height / 2, width, height)
                painter.fillRect(box.adjusted(-5, 0, 5, 0), self.look.colour("canvas"))
            painter.setPen(self.look.colour("secondary"))
            painter.drawText(box, int(_align.AlignCenter | Qt.TextFlag.TextDontClip), text)

    def _cross(self, painter: QPainter, way: Route) -> None:
        x, y = way.label
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.brush("canvas"))
        painter.drawEllipse(QPointF(x, y), 8, 8)
        painter.setPen(self.look.pen("error", 2.0))
        painter.drawLines([QLineF(x - 4, y - 4, x + 4, y + 4), QLineF(x - 4, y + 4, x + 4, y - 4)])

    def _bar(self, painter: QPainter, way: Route) -> None:
        """A stroke across a muted wire."""
        x, y = way.label
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.brush("canvas"))
        painter.drawEllipse(QPointF(x, y), 7, 7)
        painter.setPen(self.look.pen("secondary", 2.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(QPointF(x, y), 5, 5)
        painter.drawLine(QLineF(x - 3.5, y + 3.5, x + 3.5, y - 3.5))

    def _overview(self, painter: QPainter, scene: Scene, area: Box, scale: float, state: State) -> None:
        """Coloured rectangles and straight lines."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if scene.wires:
            pen = QPen(self.look.colour("wire"), 1)
            pen.setCosmetic(True)
            painter.setPen(pen)
            draw_lines(painter, scene.wiring.straight(scene.boxes(), area))
        painter.setPen(Qt.PenStyle.NoPen)
        hit = scene.inside(area)
        boxes, codes = scene.boxes()[hit], scene.category[hit]
        for code in np.unique(codes):
            painter.setBrush(self.look.category[CATEGORIES[int(code)]])
            draw_rects(painter, boxes[codes == code])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        chosen = np.fromiter((scene.index[n] for n in state.selection if n in scene.index), np.int64)
        reach = 2 / scale
        for rows, ink in ((chosen, "accent"), (scene.troubled, "error")):
            painter.setPen(QPen(self.look.colour(ink), reach))
            draw_rects(painter, scene.boxes()[rows] + (-reach, -reach, 2 * reach, 2 * reach))


def _better(way: Route, than: Route) -> bool:
    """Whether a shape rather stands on ``way``: level wires first, then the shorter."""
    if way.flat != than.flat:
        return way.flat
    return way.room < than.room
