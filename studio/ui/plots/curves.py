"""One plot of a training and a validation series."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg

from studio.ui.tokens import colour

_MOST_POINTS = 1600  # a curve is drawn with at most this many pairs of lowest and highest values


class Curves(pg.PlotWidget):
    """A train and a validation series over steps."""

    def __init__(self) -> None:
        super().__init__()
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setMouseEnabled(x=False, y=False)
        self.getAxis("left").setWidth(44)
        self._lines = {name: self.plot([], []) for name in ("train", "validation")}

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self.setBackground(colour("field", dark))
        for side in ("left", "bottom"):
            self.getAxis(side).setPen(pg.mkPen(colour("line", dark)))
            self.getAxis(side).setTextPen(pg.mkPen(colour("secondary", dark)))
        self.showGrid(x=False, y=True, alpha=0.15)
        self._lines["train"].setPen(pg.mkPen(colour("accent", dark), width=1.6))
        self._lines["validation"].setPen(pg.mkPen(colour("second", dark), width=2))
        self._lines["validation"].setSymbol("o")
        self._lines["validation"].setSymbolSize(5)
        self._lines["validation"].setSymbolBrush(colour("second", dark))
        self._lines["validation"].setSymbolPen(None)

    def show_series(self, name: str, steps: Sequence[float], values: Sequence[float]) -> None:
        """Draws a series, thinned to what the screen can show."""
        self._lines[name].setData(*thinned(np.asarray(steps, float), np.asarray(values, float)))

    def points(self, name: str) -> int:
        """How many points the curve holds now."""
        x, _ = self._lines[name].getData()
        return 0 if x is None else len(x)


def thinned(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same curve with at most about 3,200 points: the lowest and highest value of each stretch."""
    count = len(values)
    if count <= 2 * _MOST_POINTS:
        return steps, values
    size = -(-count // _MOST_POINTS)
    whole = count - count % size
    blocks = values[:whole].reshape(-1, size)
    starts = steps[:whole].reshape(-1, size)[:, 0]
    pairs = np.stack([blocks.min(1), blocks.max(1)], 1).ravel()
    return np.append(np.repeat(starts, 2), steps[whole:]), np.append(pairs, values[whole:])
