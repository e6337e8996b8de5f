"""Pens, brushes and fonts of a theme for painting the canvas; made once a theme."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPen

from studio.layers.spec import Category
from studio.ui.theme import mono_font, ui_font
from studio.ui.tokens import (
    BODY,
    FAR,
    PAINTS,
    SMALL,
    TITLE,
    category_colour,
    paint_colour,
    port_colour,
    theme,
)


class Look:
    """What the painter paints with. ``name`` is "dark" or "light"."""

    def __init__(self, name: str) -> None:
        self.name = "dark" if name == "dark" else "light"
        dark = self.name == "dark"
        self.colours = {key: QColor(value) for key, value in theme(self.name).items()}
        self.category = {c: QColor(category_colour(c, dark)) for c in Category}
        self.ports = {kind: QColor(port_colour(kind, dark)) for kind in ("float", "int", "bool", "complex")}
        self._port_pens = {kind: QPen(ink, 1.6) for kind, ink in self.ports.items()}
        self.paints = {name: QColor(paint_colour(name, dark)) for name in PAINTS}
        self.title, self.small, self.body = ui_font(TITLE, True), ui_font(SMALL), ui_font(BODY)
        self.far = ui_font(FAR, True)
        self.heading = ui_font(BODY, True)
        self.mono = mono_font(SMALL)
        self.pill = ui_font(10, True)
        self.title_metrics, self.small_metrics = QFontMetricsF(self.title), QFontMetricsF(self.small)
        self.mono_metrics = QFontMetricsF(self.mono)
        self._elided: dict[tuple[str, int, bool], str] = {}
        self._pens: dict[tuple[str, float, Qt.PenStyle], QPen] = {}

    def colour(self, name: str) -> QColor:
        """One colour of the theme."""
        return self.colours[name]

    def brush(self, name: str) -> QBrush:
        """A solid fill."""
        return QBrush(self.colours[name])

    def pen(self, name: str, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
        """A pen with round ends."""
        found = self._pens.get((name, width, style))
        if found is None:
            found = QPen(self.colours[name], width, style, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
            self._pens[name, width, style] = found
        return found

    def port_pen(self, kind: str) -> QPen:
        """The pen of ports of one kind of numbers."""
        return self._port_pens.get(kind, self._port_pens["float"])

    def fit(self, text: str, width: float, bold: bool) -> str:
        """``text`` elided to ``width``: names in the middle, second lines at the end."""
        key = (text, int(width), bold)
        found = self._elided.get(key)
        if found is None:
            metrics = self.title_metrics if bold else self.small_metrics
            mode = Qt.TextElideMode.ElideMiddle if bold else Qt.TextElideMode.ElideRight
            if len(self._elided) > 50_000:
                self._elided.clear()
            found = self._elided[key] = metrics.elidedText(text, mode, width)
        return found
