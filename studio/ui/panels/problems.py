"""The problems of the drawing, worst first, each with its one-click fixes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from studio.analysis.fixes import apply_fix
from studio.analysis.model import Analysis, Fix, Problem
from studio.text import tr
from studio.ui.session import Session
from studio.ui.widgets import clear_layout, label

_SIGNS = {"error": "✕", "warning": "⚠", "hint": "ⓘ"}
_WORDS = {"error": "Error", "warning": "Warning", "hint": "Hint"}
_MOST = 100


class _FixButton(QPushButton):
    """Says when the mouse or the keyboard comes to it and leaves it."""

    pointed = Signal(bool)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.pointed.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.pointed.emit(self.hasFocus())

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.pointed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.pointed.emit(self.underMouse())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.pointed.emit(False)


class Problems(QScrollArea):
    """The list.

    Signals:
        jump(graph, node): the canvas shall show a node.
        pointed(fix): the mouse is on a repair, whose effect the canvas shall show; None: no longer.
    """

    jump = Signal(str, str)
    pointed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[Problem, ...] | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        page.setObjectName("panel")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(12, 8, 12, 8)
        self._column.setSpacing(8)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(page)
        session.analysed.connect(self.show_problems)
        self.show_problems(session.analysis)

    def show_problems(self, analysis: Analysis) -> None:
        """Lists what ``analysis`` found."""
        if analysis.problems == self._shown:
            return
        self._shown = analysis.problems
        clear_layout(self._column)
        order = {"error": 0, "warning": 1, "hint": 2}
        found = sorted(analysis.problems, key=lambda problem: order[problem.severity])
        for problem in found[:_MOST]:
            self._column.addWidget(self._row(problem))
        if not found:
            self._column.addWidget(label(tr("No problems. The drawing can be trained."), "secondary"))
        elif len(found) > _MOST:
            self._column.addWidget(label(tr("… and {count} more", count=len(found) - _MOST), "secondary"))
        self._column.addStretch()

    def retranslate(self) -> None:
        """Lists again in the current language."""
        self._shown = None
        self.show_problems(self._session.analysis)

    def _row(self, problem: Problem) -> QWidget:
        row = QFrame()
        row.setObjectName("card")
        column = QVBoxLayout(row)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(label(f"{_SIGNS[problem.severity]}  {tr(_WORDS[problem.severity])}", problem.severity))
        head.addStretch()
        where = QPushButton(problem.node or tr("drawing"))
        where.setProperty("link", True)
        where.setToolTip(tr("Show this node on the canvas"))
        where.clicked.connect(lambda: self.jump.emit(problem.graph, problem.node))
        head.addWidget(where)
        column.addLayout(head)
        column.addWidget(label(tr(problem.template, **problem.values), wrap=True))
        for fix in problem.fixes[:2]:
            column.addWidget(self._fix_button(fix), 0, Qt.AlignmentFlag.AlignLeft)
        return row

    def _fix_button(self, fix: Fix) -> QPushButton:
        text = tr(fix.template, **fix.values)
        made = _FixButton(text)
        made.pointed.connect(lambda over: self.pointed.emit(fix if over else None))
        made.setProperty("small", True)
        made.setToolTip(tr("Repairs the drawing; undo takes it back"))
        made.clicked.connect(lambda: self._session.apply(text, lambda document: apply_fix(document, fix)))
        return made
