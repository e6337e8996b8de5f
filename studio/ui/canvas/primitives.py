"""Many lines or rectangles in one stroke, straight from an array of numbers.

Qt takes a pointer and a count. Wrapping the array's memory spares making ten thousand objects a frame; where
the binding does not offer that, plain objects are made instead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import Shiboken

Floats = NDArray[np.float64]
_works = {"drawLines": True, "drawRects": True}


def draw_lines(painter: QPainter, rows: Floats) -> None:
    """Lines from rows of x1, y1, x2, y2."""
    _draw(painter, "drawLines", rows, QLineF)


def draw_rects(painter: QPainter, rows: Floats) -> None:
    """Rectangles from rows of x, y, width, height."""
    _draw(painter, "drawRects", rows, QRectF)


def _draw(painter: QPainter, method: str, rows: Floats, kind: type[Any]) -> None:
    if not len(rows):
        return
    rows = np.ascontiguousarray(rows, np.float64)  # four doubles: what QLineF and QRectF hold
    draw = getattr(painter, method)
    if _works[method]:
        try:
            draw(Shiboken.wrapInstance(rows.ctypes.data, kind), len(rows))
        except (TypeError, ValueError, AttributeError):
            _works[method] = False
        else:
            return
    draw([kind(*row) for row in rows.tolist()])
