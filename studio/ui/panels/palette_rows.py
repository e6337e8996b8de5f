"""How a row of the palette looks: headings that fold, and layers with their glyph, other name and star."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from studio.layers.spec import Category
from studio.ui.theme import mono_font, ui_font
from studio.ui.tokens import BODY, GLYPHS, SMALL, category_colour, colour

NAME = int(Qt.ItemDataRole.UserRole)  # of a layer; None for headings
CATEGORY = NAME + 1  # of a layer or a category; None for other headings
OTHER = NAME + 2  # the layer's word in the user's language, "" in English
STARRED = NAME + 3
COUNT = NAME + 4  # of layers under a heading
TITLE_KEY = NAME + 5  # a heading's English title: what its fold is remembered by

HEADING_PX, ROW_PX, TWO_LINES_PX = 30, 27, 40
STAR_PX = 24  # width of the place that a click on the star hits
_CHEVRON = 16
_INDENT_PX = 12
_GLYPH = 20
_STAR = (
    (0, -6), (1.5, -2), (5.7, -1.9), (2.4, 0.8), (3.5, 4.9), (0, 2.5), (-3.5, 4.9), (-2.4, 0.8), (-5.7, -1.9),
    (-1.5, -2),
)  # fmt: skip
Index = QModelIndex | QPersistentModelIndex


class Rows(QStyledItemDelegate):
    """Paints the palette's rows in the colours of the theme."""

    dark = True

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        if index.data(NAME) is None:
            return QSize(60, HEADING_PX if not index.parent().isValid() else ROW_PX)
        return QSize(60, TWO_LINES_PX if index.data(OTHER) else ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        state, rect = option.state, QRect(option.rect)  # type: ignore[attr-defined]
        rect.setLeft(rect.left() + _indent(index))
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        chosen = bool(state & QStyle.StateFlag.State_Selected) and index.data(NAME) is not None
        self._ground(painter, rect, chosen, hovered)
        if index.data(NAME) is None:
            self._heading(painter, rect, index, bool(state & QStyle.StateFlag.State_Open))
        else:
            self._layer(painter, rect, index, chosen, hovered)
        painter.restore()

    def _colour(self, name: str) -> QColor:
        return QColor(colour(name, self.dark))

    def _ground(self, painter: QPainter, rect: QRect, chosen: bool, hovered: bool) -> None:
        if chosen or hovered:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour("button" if chosen else "hover"))
            painter.drawRoundedRect(QRectF(rect).adjusted(0, 1, 0, -1), 6, 6)

    def _heading(self, painter: QPainter, rect: QRect, index: Index, is_open: bool) -> None:
        category = index.data(CATEGORY)
        self._chevron(painter, QPointF(rect.left() + 8, rect.center().y() + 0.5), is_open)
        left = rect.left() + _CHEVRON
        painter.setFont(ui_font(BODY, True))
        if category is not None:
            painter.setPen(QColor(category_colour(Category(category), self.dark)))
            painter.drawText(
                QRect(left, rect.top(), _GLYPH, rect.height()), _MIDDLE, GLYPHS[Category(category)]
            )
            left += _GLYPH
        painter.setFont(mono_font(SMALL))
        painter.setPen(self._colour("secondary"))
        painter.drawText(rect.adjusted(0, 0, -6, 0), _RIGHT, str(index.data(COUNT)))
        painter.setFont(ui_font(BODY, index.parent().isValid() is False))
        painter.setPen(self._colour("text" if not index.parent().isValid() else "secondary"))
        room = QRect(left, rect.top(), rect.right() - left - 32, rect.height())
        painter.drawText(room, _LEFT, _fit(painter, str(index.data()), room.width()))

    def _layer(self, painter: QPainter, rect: QRect, index: Index, chosen: bool, hovered: bool) -> None:
        on = "on_button" if chosen else ""
        painter.setFont(ui_font(BODY, True))
        painter.setPen(
            self._colour(on) if on else QColor(category_colour(Category(index.data(CATEGORY)), self.dark))
        )
        glyph = QRect(rect.left() + 4, rect.top(), _GLYPH, rect.height())
        painter.drawText(glyph, _MIDDLE, GLYPHS[Category(index.data(CATEGORY))])
        other = index.data(OTHER)
        left = glyph.right() + 4
        room = QRect(left, rect.top(), rect.right() - left - STAR_PX, rect.height())
        upper = room if not other else QRect(room.left(), room.top() + 3, room.width(), 18)
        painter.setFont(ui_font(BODY))
        painter.setPen(self._colour(on or "text"))
        painter.drawText(upper, _LEFT, _fit(painter, str(index.data()), room.width()))
        if other:
            painter.setFont(ui_font(BODY))  # LOOK: Japanese never below 12 px
            painter.setPen(self._colour(on or "secondary"))
            lower = QRect(room.left(), upper.bottom() - 1, room.width(), 18)
            painter.drawText(lower, _LEFT, _fit(painter, other, room.width()))
        if index.data(STARRED) or chosen or hovered:
            self._star(
                painter, QPointF(rect.right() - 12, rect.center().y() + 0.5), bool(index.data(STARRED)), on
            )

    def _star(self, painter: QPainter, at: QPointF, filled: bool, on: str) -> None:
        tone = self._colour(on or "secondary")
        painter.setPen(QPen(tone, 1.2))
        painter.setBrush(tone if filled else Qt.BrushStyle.NoBrush)
        painter.drawPolygon(QPolygonF([at + QPointF(x, y) for x, y in _STAR]))

    def _chevron(self, painter: QPainter, at: QPointF, is_open: bool) -> None:
        pen = QPen(self._colour("secondary"), 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        points = ((-3, -1.5), (0, 1.5), (3, -1.5)) if is_open else ((-1.5, -3), (1.5, 0), (-1.5, 3))
        painter.drawPolyline(QPolygonF([at + QPointF(x, y) for x, y in points]))


def _indent(index: Index) -> int:
    """How far a fold and what lies in it stand to the right."""
    layer, depth = index.data(NAME) is not None, 0
    while index.parent().isValid():
        index, depth = index.parent(), depth + 1
    return _INDENT_PX * (max(0, depth - 1) if layer else depth)


_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignCenter)


def _fit(painter: QPainter, text: str, width: int) -> str:
    return QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideMiddle, width)
