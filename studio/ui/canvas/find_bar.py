"""Find: nodes by name, kind, parameter, shape or problem, as a list at the canvas' edge. Enter goes on to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QListWidget, QVBoxLayout

from studio.text import tr
from studio.ui.canvas.scene import Scene
from studio.ui.tokens import GLYPHS

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_WIDTH, _HEIGHT, _EDGE = 280, 320, 12
_MOST = 300


class FindBar(QFrame):
    """Stands at the right edge while it is open; what does not match is faded."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self.setObjectName("canvas_search")
        self._view, self._names = view, [""]
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(tr("Name, kind, parameter, shape or problem"))
        self.line.setAccessibleName(tr("Find"))
        self.count = QLabel(self)
        self.count.setProperty("role", "secondary")
        self.list = QListWidget(self)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        row = QHBoxLayout()
        row.addWidget(self.line, 1)
        row.addWidget(self.count)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self.list)
        self.line.textChanged.connect(self.look)
        self.line.installEventFilter(self)
        self.list.itemClicked.connect(lambda _: self._go(self.list.currentRow()))
        self.resize(_WIDTH, _HEIGHT)

    def open(self) -> None:
        """Shows itself, the last words selected."""
        self.place()
        self.show()
        self.raise_()
        self.line.selectAll()
        self.line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.look(self.line.text())

    def place(self) -> None:
        """Goes to the right edge of the canvas."""
        height = min(_HEIGHT, self._view.height() - 2 * _EDGE)
        self.setGeometry(self._view.width() - _WIDTH - _EDGE, _EDGE, _WIDTH, max(height, 80))

    def close_bar(self) -> None:
        """Goes away; nothing is faded any more."""
        self.hide()
        self._view.show_matches(None)
        self._view.setFocus()

    def look(self, text: str) -> None:
        """Lists what matches ``text``."""
        words = text.lower().split()
        scene = self._view.scene
        self._names = matching(scene, self._problem_texts(), words) if words else []
        self.list.clear()
        for name in self._names[:_MOST]:
            card = scene.card(name)
            self.list.addItem(f"{GLYPHS[card.category]}  {name}   {card.line}")
        self.count.setText(str(len(self._names)) if words else "")
        self._view.show_matches(frozenset(self._names) if words else None)
        if self._names:
            self._go(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            key, step = event.key(), 0
            if key == Qt.Key.Key_Escape:
                self.close_bar()
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
                step = -1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            elif key == Qt.Key.Key_Up:
                step = -1
            if step and self.list.count():
                self._go((self.list.currentRow() + step) % self.list.count())
                return True
        return super().eventFilter(watched, event)

    def _go(self, row: int) -> None:
        self.list.setCurrentRow(row)
        name = self._names[row]
        self._view.session.select({name})
        self._view.jump_to(name)

    def _problem_texts(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for problem in self._view.session.analysis.problems:
            if problem.graph == self._view.scene.key and problem.node:
                text = f"{tr('problem')} {problem.severity} {problem.code} {problem.message}"
                found[problem.node] = f"{found.get(problem.node, '')} {text}".lower()
        return found


def matching(scene: Scene, problems: dict[str, str], words: list[str]) -> list[str]:
    """The nodes of which every word says something, in the order of the drawing."""
    found = []
    for card in scene.cards:
        shapes = " ".join(mark.text for mark in card.outputs)
        text = f"{card.id} {card.line} {card.category.value} {shapes} {card.block}".lower()
        text += problems.get(card.id, "")
        if all(word in text for word in words):
            found.append(card.id)
    return found
