"""Live curves. pyqtgraph takes a quarter of a second to import, so it comes after the first paint, in a thread."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.ui.collector import held

if TYPE_CHECKING:
    from studio.ui.plots.curves import Curves

_LEAST_WIDTH, _LEAST_HEIGHT = 200, 96


def warm_up() -> threading.Thread:
    """Imports in the background what the first run needs, so that it starts and is shown without a pause."""
    thread = threading.Thread(target=_import, name="curves", daemon=True)
    thread.start()
    return thread


def _import() -> None:
    hook = sys.excepthook
    with held():
        for name in ("studio.codegen", "studio.ui.plots.curves"):
            importlib.import_module(name)
    sys.excepthook = hook  # pyqtgraph puts in its own, which prints; ours tells the user and the log


class PlotFrame(QWidget):
    """The place of one plot; the plot itself is made when there is something to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumSize(_LEAST_WIDTH, _LEAST_HEIGHT)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._curves: Curves | None = None
        self._dark = True

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        if self._curves is not None:
            self._curves.set_dark(dark)

    def show_series(self, name: str, steps: Sequence[float], values: Sequence[float]) -> None:
        """Draws the series ``name`` ("train" or "validation"), thinned to what the screen can show."""
        if self._curves is None:
            if not values:
                return
            self._curves = self._made()
        self._curves.show_series(name, steps, values)

    def points(self, name: str) -> int:
        """How many points a curve holds now."""
        return 0 if self._curves is None else self._curves.points(name)

    def _made(self) -> Curves:
        _import()
        from studio.ui.plots.curves import Curves

        made = Curves()
        made.set_dark(self._dark)
        self._column.addWidget(made)
        return made
