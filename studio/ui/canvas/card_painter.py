"""Paints one node: its card, or the dot of a bend."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from studio.ui.canvas.cards import Card, PortMark
from studio.ui.canvas.geometry import EDGE, OVERVIEW, PAD, PORT_RADIUS, QUIET, RADIUS, pill_of, port_y
from studio.ui.canvas.look import Look
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.state import State
from studio.ui.numbers import count_text, size_text
from studio.ui.tokens import FAR, GLYPHS, TITLE

_PILL = 16.0
_HALO = 3.0
_RANKS = (0, 0, 70, 120, 170, 220)  # how full a port is, by the number of axes
_align = Qt.AlignmentFlag
_LEFT_MIDDLE = int(_align.AlignLeft | _align.AlignVCenter)
_RIGHT_MIDDLE = int(_align.AlignRight | _align.AlignVCenter)
_CENTRE = int(_align.AlignCenter)
Kinds = Mapping[tuple[str, int], str]


class CardPainter:
    """Paints with the painter standing at the card's top left corner."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._bodies: dict[tuple[float, float], tuple[QPainterPath, QPainterPath, QPainterPath]] = {}

    def paint(self, painter: QPainter, card: Card, scale: float, state: State, kinds: Kinds) -> None:
        """One node."""
        if state.fades(card.id):
            painter.setOpacity(0.35)
        if state.close and scale < OVERVIEW:
            self._tiny(painter, card)
        elif card.dot:
            self._dot(painter, card, state)
        else:
            self._body(painter, card, state)
            self._texts(painter, card, scale)
            self._ports(painter, card, state, kinds)
            self._badges(painter, card)
            self._foot(painter, card, state)
        painter.setOpacity(1.0)

    def port(
        self, painter: QPainter, at: QPointF, kind: str, pen: QPen, radius: float, rank: int = 0
    ) -> None:
        """A port: ring for real numbers, square for whole ones, diamond for yes or no, half ring for complex."""
        painter.setPen(pen)
        painter.setBrush(self.look.brush("canvas"))
        fill = QColor(pen.color())
        fill.setAlpha(_RANKS[min(rank, len(_RANKS) - 1)])
        inner = radius * 0.55
        if kind == "int":
            side = radius * 0.9
            painter.drawRect(QRectF(at.x() - side, at.y() - side, 2 * side, 2 * side))
        elif kind == "bool":
            r = radius * 1.2
            corners = ((0, -r), (r, 0), (0, r), (-r, 0))
            painter.drawPolygon(QPolygonF([QPointF(at.x() + a, at.y() + b) for a, b in corners]))
        else:
            painter.drawEllipse(at, radius, radius)
            if kind == "complex":
                painter.setBrush(pen.color())
                box = QRectF(at.x() - radius, at.y() - radius, 2 * radius, 2 * radius)
                painter.drawPie(box, 90 * 16, 180 * 16)
                return
        if fill.alpha():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawEllipse(at, inner, inner)

    def _tiny(self, painter: QPainter, card: Card) -> None:
        """What is left of a card on a preset's picture: its form in its category's colour."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.category[card.category])
        painter.drawRoundedRect(QRectF(0, 0, card.width, card.height), 2 * RADIUS, 2 * RADIUS)

    def _dot(self, painter: QPainter, card: Card, state: State) -> None:
        """A bend: the wire runs through, a small disc to take it by."""
        look, middle = self.look, card.height / 2
        touched = card.id in state.selection or card.id == state.hot_node
        ink = "error" if card.errors else "accent" if touched else "wire"
        painter.setPen(look.pen(ink, 1.6))
        painter.drawLine(QLineF(0, middle, card.width, middle))
        painter.setBrush(look.brush(ink))
        painter.drawEllipse(QPointF(card.width / 2, middle), 4.5, 4.5)
        if state.lit is not None:
            for side, marks, x in (("in", card.inputs, 0.0), ("out", card.outputs, card.width)):
                for at, mark in enumerate(marks):
                    if PortRef(card.id, side, at, mark.name) in state.lit:
                        self.port(
                            painter, QPointF(x, middle), mark.kind, look.pen("accent", 1.6), PORT_RADIUS
                        )
        self._focus(painter, card, state)

    def _paths(self, card: Card) -> tuple[QPainterPath, QPainterPath, QPainterPath]:
        """The outline of a card of this size, its category edge, and its shadow."""
        known = self._bodies.get((card.width, card.height))
        if known is None:
            body, strip = QPainterPath(), QPainterPath()
            body.addRoundedRect(QRectF(0, 0, card.width, card.height), RADIUS, RADIUS)
            strip.addRect(QRectF(0, 0, EDGE, card.height))
            known = self._bodies[card.width, card.height] = (
                body,
                body.intersected(strip),
                body.translated(0, 2),
            )
        return known

    def _body(self, painter: QPainter, card: Card, state: State) -> None:
        (body, edge, shadow), look = self._paths(card), self.look
        if card.times > 1:  # a stack behind it
            painter.setPen(look.pen("line"))
            painter.setBrush(look.brush("panel"))
            for shift in (8.0, 4.0):
                painter.drawRoundedRect(QRectF(shift, -shift, card.width - 0.5, card.height), RADIUS, RADIUS)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(look.brush("shadow"))
            painter.drawPath(shadow)
        if card.errors:  # a problem glows
            glow = QColor(look.colour("error"))
            for width, alpha in ((9.0, 36), (5.0, 70)):
                glow.setAlpha(alpha)
                painter.setPen(QPen(glow, width))
                painter.drawPath(body)
        painter.setPen(look.pen("border", 1.2, Qt.PenStyle.DashLine) if card.muted else look.pen("line"))
        painter.setBrush(look.brush("card"))
        painter.drawPath(body)
        paint = look.paints.get(card.mark.colour)
        if paint:
            tint = QColor(paint)
            tint.setAlpha(56)
            painter.fillPath(body, tint)
        painter.fillPath(edge, look.brush("border") if card.muted else look.category[card.category])
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if card.muted and card.inputs and card.outputs:
            painter.setPen(look.pen("wire", 1.6, Qt.PenStyle.DotLine))
            start = port_y(0, len(card.inputs), card.height)
            painter.drawLine(QLineF(0, start, card.width, port_y(0, len(card.outputs), card.height)))
        if card.id in state.selection:
            painter.setPen(look.pen("accent", 2.0))
            painter.drawPath(body)
        elif card.id in state.outlined:
            painter.setPen(look.pen("accent", 1.5, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(QRectF(-4, -4, card.width + 8, card.height + 8), RADIUS + 3, RADIUS + 3)
        self._focus(painter, card, state)

    def _focus(self, painter: QPainter, card: Card, state: State) -> None:
        """The ring around the node that the keyboard is at."""
        if card.id != state.focused:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self.look.pen("text", 1.0, Qt.PenStyle.DotLine))
        box = QRectF(-_HALO, -_HALO, card.width + 2 * _HALO, card.height + 2 * _HALO)
        painter.drawRoundedRect(box, RADIUS + _HALO, RADIUS + _HALO)

    def _texts(self, painter: QPainter, card: Card, scale: float) -> None:
        look = self.look
        left, width = EDGE + PAD, card.width - EDGE - 2 * PAD
        middle, quiet = card.height / 2, scale < QUIET
        top = middle - 10 if quiet or card.mark.folded else middle - 19
        painter.setPen(look.colour("text"))
        painter.setFont(look.far if quiet and not card.mark.folded else look.title)
        title = look.fit(card.id, (width - 20) * (TITLE / FAR if quiet else 1), True)
        painter.drawText(QRectF(left, top, width - 16, 20), _LEFT_MIDDLE, title)
        painter.setPen(look.category[card.category])
        glyph = QRectF(card.width - PAD - 14, top, 16, 20)
        painter.drawText(glyph, _CENTRE, GLYPHS[card.category])
        if quiet or card.mark.folded:
            return
        painter.setPen(look.colour("secondary"))
        painter.setFont(look.small)
        times = f"×{card.count}" if card.times > 1 else ""
        room = width - (look.small_metrics.horizontalAdvance(times) + 8 if times else 0)
        painter.drawText(QRectF(left, middle + 1, room, 18), _LEFT_MIDDLE, look.fit(card.line, room, False))
        if times:
            painter.drawText(QRectF(left, middle + 1, width, 18), _RIGHT_MIDDLE, times)

    def _ports(self, painter: QPainter, card: Card, state: State, kinds: Kinds) -> None:
        look = self.look
        for side, marks, x in (("in", card.inputs, 0.0), ("out", card.outputs, card.width)):
            for at, mark in enumerate(marks):
                if card.mark.folded and side == "in" and mark.name not in card.wired and state.lit is None:
                    continue
                kind = kinds.get((card.id, at), mark.kind) if side == "in" else mark.kind
                pen, radius = self._pen(kind), PORT_RADIUS if not card.mark.folded else PORT_RADIUS - 1
                if state.lit is not None:
                    ref = PortRef(card.id, side, at, mark.name)
                    if ref in state.lit:
                        pen, radius = look.pen("accent", 1.6), PORT_RADIUS + (3 if ref == state.target else 1)
                    else:
                        pen, radius = look.pen("line", 1.6), PORT_RADIUS - 1
                place = QPointF(x, port_y(at, len(marks), card.height))
                self.port(painter, place, kind, pen, radius, _rank(mark))

    def _pen(self, kind: str) -> QPen:
        return self.look.port_pen(kind)

    def _badges(self, painter: QPainter, card: Card) -> None:
        look = self.look
        right = card.width + 6
        if card.errors or card.warnings:
            count = card.errors or card.warnings
            text = f"✕ {count}" if card.errors else f"! {count}"
            box = QRectF(*pill_of(card.width))
            painter.setPen(QPen(look.colour("canvas"), 2))
            painter.setBrush(look.brush("error_fill" if card.errors else "second"))
            painter.drawRoundedRect(box, _PILL / 2, _PILL / 2)
            painter.setPen(look.colour("on_button" if card.errors else "canvas"))
            painter.setFont(look.pill)
            painter.drawText(box, _CENTRE, text)
            right -= 32
        for mark in ("❄" if card.frozen else "") + ("⚲" if card.mark.pinned else "") + card.letter:
            box = QRectF(right - 20, -_PILL / 2 - 1, _PILL, _PILL)
            painter.setPen(look.pen("line"))
            painter.setBrush(look.brush("panel"))
            painter.drawEllipse(box)
            painter.setPen(look.colour("accent_text"))
            painter.setFont(look.pill)
            painter.drawText(box, _CENTRE, mark)
            right -= 20

    def _foot(self, painter: QPainter, card: Card, state: State) -> None:
        """The bar of the gradient's health, or of a cost with its number below."""
        health = state.health.get(card.id)
        if state.heat >= 0:
            cost = card.costs[state.heat]
            share = cost / max(state.hottest, 1)
            if cost:
                self._bar(painter, card, share, "second", 3.0)
                text = size_text(cost) if state.heat == 2 else count_text(cost)
                painter.setPen(self.look.colour("secondary"))
                painter.setFont(self.look.mono)
                below = QRectF(0, card.height + 2, card.width, 16)
                painter.drawText(below, _CENTRE, text)
        elif health is not None:
            self._bar(painter, card, health, "error" if health < 0.2 else "secondary", 3.0)

    def _bar(self, painter: QPainter, card: Card, share: float, ink: str, height: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.look.brush("field"))
        whole = QRectF(EDGE + 4, card.height - height - 1, card.width - EDGE - 12, height)
        painter.drawRect(whole)
        painter.setBrush(self.look.brush(ink))
        whole.setWidth(whole.width() * max(0.02, min(1.0, share)))
        painter.drawRect(whole)


def _rank(mark: PortMark) -> int:
    return len(mark.spec.shape) if mark.spec is not None else 0
