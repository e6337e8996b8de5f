"""Small pieces the panels share: labels with a role the stylesheet knows, headings, cards."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QLayout, QPushButton, QWidget


def label(text: str, role: str = "", *, wrap: bool = False) -> QLabel:
    """A plain-text label; ``role`` ("secondary", "mono", "unit", "heading", "title") is for the stylesheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)  # names come from files: never rich text
    made.setWordWrap(wrap)
    if role:
        made.setProperty("role", role)
    return made


def heading(text: str) -> QLabel:
    """A section's title."""
    return label(text, "heading")


def button(text: str, *, primary: bool = False, tip: str = "") -> QPushButton:
    """A push button; one primary a screen."""
    made = QPushButton(text)
    made.setProperty("primary", primary)
    made.setToolTip(tip)
    return made


def line() -> QFrame:
    """A hair line between sections."""
    made = QFrame()
    made.setFrameShape(QFrame.Shape.HLine)
    made.setProperty("role", "line")
    return made


def clear_layout(layout: QLayout) -> None:
    """Takes everything out of ``layout``, nested ones too."""
    while layout.count():
        item = layout.takeAt(0)
        if item is None:
            return
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            _discard(widget)
        elif inner is not None:
            clear_layout(inner)


def _discard(widget: QWidget) -> None:
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()
