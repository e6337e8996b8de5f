"""Side panels that fold to a narrow rail of glyphs, so that a small screen keeps room for the drawing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from studio.text import tr

RAIL_WIDTH = 44
_WIDEST = 16_777_215  # Qt's own "no limit"


class FoldingPanel(QWidget):
    """A panel beside its rail; one of the two is seen. ``folded_changed(folded)``, ``rail_pressed(index)``."""

    folded_changed = Signal(bool)
    rail_pressed = Signal(int)

    def __init__(self, content: QWidget, glyphs: Sequence[str], least_width: int) -> None:
        """Takes the panel, what stands on its rail and how narrow it may become unfolded."""
        super().__init__()
        self.setObjectName("panel")
        self._content, self._least = content, least_width
        self._rail = QWidget()
        self._rail.setObjectName("panel")
        column = QVBoxLayout(self._rail)
        column.setContentsMargins(4, 8, 4, 8)
        column.setSpacing(4)
        self._buttons: list[QToolButton] = []
        for index, glyph in enumerate(glyphs):
            made = QToolButton()
            made.setText(glyph)
            made.setFixedSize(36, 32)
            made.clicked.connect(lambda _=False, number=index: self._open(number))
            column.addWidget(made, 0, Qt.AlignmentFlag.AlignHCenter)
            self._buttons.append(made)
        column.addStretch()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self._rail)
        row.addWidget(content, 1)
        self._folded = True
        self.set_folded(False)

    @property
    def folded(self) -> bool:
        """Whether only the rail is seen."""
        return self._folded

    def set_folded(self, folded: bool) -> None:
        """Folds or unfolds."""
        if folded == self._folded:
            return
        self._folded = folded
        self._rail.setVisible(folded)
        self._content.setVisible(not folded)
        self.setMinimumWidth(RAIL_WIDTH if folded else self._least)
        self.setMaximumWidth(RAIL_WIDTH if folded else _WIDEST)
        self.folded_changed.emit(folded)

    def name_rail(self, names: Sequence[str]) -> None:
        """Says what the glyphs stand for, in the current language."""
        for made, name in zip(self._buttons, names, strict=True):
            made.setToolTip(name)
            made.setAccessibleName(name)

    def _open(self, index: int) -> None:
        self.set_folded(False)
        self.rail_pressed.emit(index)


def fold_button(panel: FoldingPanel, arrow: Qt.ArrowType) -> QToolButton:
    """A small arrow that folds ``panel``."""
    made = QToolButton()
    made.setArrowType(arrow)
    made.setFixedSize(24, 24)
    made.setToolTip(tr("Fold this panel"))
    made.setAccessibleName(tr("Fold this panel"))
    made.clicked.connect(lambda: panel.set_folded(True))
    return made
