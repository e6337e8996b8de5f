"""What all pictures are painted with: the theme's colours, cells, arrows and small words."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from studio.ui.theme import ui_font
from studio.ui.tokens import SMALL, theme

CENTRE = int(Qt.AlignmentFlag.AlignCenter)
LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class Ink:
    """A painter with the colours of a theme; ``hue`` is the layer's category colour."""

    def __init__(self, painter: QPainter, dark: bool, hue: str) -> None:
        self.painter = painter
        self._colours = {key: QColor(value) for key, value in theme("dark" if dark else "light").items()}
        self._colours["hue"] = QColor(hue)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def colour(self, name: str, strength: float = 1.0) -> QColor:
        """A colour of the theme, "hue" the layer's own; ``strength`` lets the ground through."""
        made = QColor(self._colours[name])
        made.setAlphaF(strength)
        return made

    def cell(
        self, box: QRectF, fill: str = "", strength: float = 1.0, edge: str = "border", dashed: bool = False
    ) -> None:
        """A rectangle; without ``fill`` only its edge."""
        pen = QPen(self.colour(edge), 1.0, Qt.PenStyle.DotLine if dashed else Qt.PenStyle.SolidLine)
        self.painter.setPen(pen)
        self.painter.setBrush(self.colour(fill, strength) if fill else Qt.BrushStyle.NoBrush)
        self.painter.drawRect(box)

    def frame(self, box: QRectF, colour: str, width: float = 2.0) -> None:
        """A bold outline."""
        self.painter.setPen(QPen(self.colour(colour), width))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawRoundedRect(box, 2, 2)

    def word(
        self, box: QRectF, text: str, colour: str = "secondary", align: int = CENTRE, bold: bool = False
    ) -> None:
        """A small word."""
        self.painter.setFont(ui_font(SMALL, bold))
        self.painter.setPen(self.colour(colour))
        self.painter.drawText(box, align, text)

    def line(self, *points: tuple[float, float], colour: str = "wire", width: float = 1.4) -> None:
        """A line through points."""
        self.painter.setPen(QPen(self.colour(colour), width))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPolyline(QPolygonF([QPointF(*point) for point in points]))

    def arrow(self, *points: tuple[float, float], colour: str = "wire") -> None:
        """A line with a head at its last point."""
        self.line(*points, colour=colour)
        (x0, y0), (x, y) = points[-2], points[-1]
        length = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-6)
        ux, uy = (x - x0) / length, (y - y0) / length
        head = [
            QPointF(x, y),
            QPointF(x - 6 * ux - 3.2 * uy, y - 6 * uy + 3.2 * ux),
            QPointF(x - 6 * ux + 3.2 * uy, y - 6 * uy - 3.2 * ux),
        ]
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(self.colour(colour))
        self.painter.drawPolygon(QPolygonF(head))

    def sign(self, x: float, y: float, text: str, fill: str = "card") -> None:
        """A small circle with a sign in it: × + σ."""
        self.painter.setPen(QPen(self.colour("border"), 1.2))
        self.painter.setBrush(self.colour(fill))
        self.painter.drawEllipse(QPointF(x, y), 9, 9)
        self.word(QRectF(x - 9, y - 9.5, 18, 18), text, "text")

    def box(self, x: float, y: float, width: float, height: float, text: str) -> None:
        """A rounded box with a word, about its middle."""
        area = QRectF(x - width / 2, y - height / 2, width, height)
        self.painter.setPen(QPen(self.colour("hue"), 1.2))
        self.painter.setBrush(self.colour("hue", 0.14))
        self.painter.drawRoundedRect(area, 4, 4)
        self.word(area, text, "text")

    def curve(self, points: list[QPointF], colour: str, width: float = 2.0) -> None:
        """A curve through points."""
        path = QPainterPath(points[0])
        for point in points[1:]:
            path.lineTo(point)
        self.painter.setPen(QPen(self.colour(colour), width))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPath(path)
