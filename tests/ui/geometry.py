"""Reads from the widgets themselves whether anything overlaps, is clipped or is elided."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QToolButton,
    QWidget,
)

_SLACK = 1  # px, for rounding of fractional font metrics


def faults(window: QWidget) -> list[str]:
    """Every clipped or overlapping text of ``window``, in words; empty when all is well."""
    found: list[str] = []
    for kind in (QLabel, QPushButton, QToolButton, QLineEdit, QComboBox):
        for widget in window.findChildren(kind):
            if widget.isVisibleTo(window) and widget.isVisible() and widget.width() and widget.height():
                found += _clipped(widget, window)
    found += _overlaps(window)
    return found


def _clipped(widget: QWidget, window: QWidget) -> list[str]:
    text = _text(widget)
    if not text:
        return []
    found = []
    if isinstance(widget, QLabel) and not widget.wordWrap():
        needed = widget.sizeHint().width()
        if widget.textFormat().name != "RichText" and widget.width() + _SLACK < needed:
            found.append(f"“{text}” needs {needed} px, has {widget.width()}")
    elif isinstance(widget, QLabel):
        needed = widget.heightForWidth(widget.width())
        if widget.height() + _SLACK < needed:
            found.append(f"“{text[:40]}” needs {needed} px of height, has {widget.height()}")
    elif isinstance(widget, (QPushButton, QToolButton)):
        needed = widget.minimumSizeHint().width()
        if widget.width() + _SLACK < widget.fontMetrics().horizontalAdvance(text.replace("&", "")):
            found.append(f"button “{text}” needs {needed} px, has {widget.width()}")
    if not _is_scrolled(widget) and not window.rect().contains(_rect(widget, window)):
        found.append(f"“{text}” lies outside the window: {_rect(widget, window)}")
    return found


def _overlaps(window: QWidget) -> list[str]:
    found = []
    for parent in [window, *window.findChildren(QWidget)]:
        layout = parent.layout()
        if layout is None or not parent.isVisible():
            continue
        shown = [
            child
            for child in parent.children()
            if isinstance(child, (QLabel, QPushButton, QLineEdit, QComboBox))
            and child.isVisible()
            and _text(child)
        ]
        for index, one in enumerate(shown):
            for other in shown[index + 1 :]:
                crossing = one.geometry().intersected(other.geometry())
                if crossing.width() > _SLACK and crossing.height() > _SLACK:
                    found.append(f"“{_text(one)}” overlaps “{_text(other)}”")
    return found


def _text(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    return widget.text() if isinstance(widget, (QLabel, QPushButton, QToolButton, QLineEdit)) else ""


def _rect(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def _is_scrolled(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea):
            return True
        parent = parent.parentWidget()
    return False
