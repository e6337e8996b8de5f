"""Forms for typed parameters: those of the drawing or of the block shown, and what a use of a block sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.analysis.inside import names_of, result_text, worked_out
from studio.document import edits
from studio.document.model import Document
from studio.files.presets import sized
from studio.graph.expression import Expression
from studio.graph.model import PARAM_KINDS, BlockParam, Value
from studio.layers.params import Bool, Float, Int, Ints, Numbers, Param, Text
from studio.text import tr
from studio.ui.editors import Editor, make_editor
from studio.ui.session import Session
from studio.ui.widgets import clear_layout, heading, label

RESULT_WIDTH = 52  # px that a result or a unit beside a field may take
_FIRST: Mapping[str, Value] = {
    "int": 1,
    "float": 0.1,
    "bool": True,
    "text": "",
    "ints": (1, 2),
    "floats": (0.1, 0.2),
}
_WORDS = {
    "int": "whole number",
    "float": "number",
    "bool": "yes or no",
    "text": "text",
    "ints": "whole numbers",
    "floats": "numbers",
}


def as_record(param: BlockParam) -> Param:
    """The record of a layer's parameter that a form can show in place of ``param``."""
    doc = param.doc or "A parameter of the drawing."
    default = param.default
    if param.kind == "int":
        return Int(param.name, default, doc)
    if param.kind == "float":
        return Float(param.name, default, doc)
    if param.kind == "bool":
        return Bool(param.name, default, doc)
    if param.kind == "ints":
        return Ints(param.name, default, doc, count=0)
    return Numbers(param.name, default, doc) if param.kind == "floats" else Text(param.name, default, doc)


class ResultLabel(QWidget):
    """The unit of a field, or what the expression in it comes to: "= 64"."""

    def __init__(self, unit: str = "") -> None:
        super().__init__()
        self._unit = unit
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self._text = label(unit, "unit")
        row.addWidget(self._text)
        self.setFixedWidth(RESULT_WIDTH)

    @property
    def text(self) -> str:
        """What it shows."""
        return self._text.text()

    def show_result(self, value: Value, names: Mapping[str, Any]) -> None:
        """The result of ``value`` where it is an expression, else the unit."""
        text, why = result_text(value, names)
        self._show(f"= {text}" if text else "= ?" if why else self._unit, text, why)

    def show_condition(self, condition: Expression | None, names: Mapping[str, Any]) -> None:
        """Whether a condition holds; nothing where there is none."""
        text, why = result_text(condition, names)
        holds = bool(text) and bool(worked_out(condition, names))
        words = "" if condition is None else tr("present") if holds else tr("absent")
        self._show("= ?" if why else words, "" if why else words, why)

    def _show(self, shown: str, text: str, why: str) -> None:
        metrics = self._text.fontMetrics()
        self._text.setText(metrics.elidedText(shown, Qt.TextElideMode.ElideRight, RESULT_WIDTH))
        self._text.setToolTip(why or (shown if text else ""))
        role = "error" if why else "accent" if text else "unit"
        if self._text.property("role") != role:
            self._text.setProperty("role", role)
            self._text.style().polish(self._text)


class Arguments(QWidget):
    """What one use of a block sets of the block's parameters.

    Signals:
        edited(name, value): value None is the block's own default again.
        told(text): a refusal.
    """

    edited = Signal(str, object)
    told = Signal(str)

    def __init__(self, params: tuple[BlockParam, ...]) -> None:
        super().__init__()
        self.params = params
        self.editors: dict[str, Editor] = {}
        self.results: dict[str, ResultLabel] = {}
        self._resets: dict[str, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, param in enumerate(params):
            editor = make_editor(as_record(param))
            editor.edited.connect(lambda value, name=param.name: self.edited.emit(name, value))
            editor.refused.connect(self.told.emit)
            result = ResultLabel()
            reset = small_button("↺", tr("Back to the default"))
            reset.clicked.connect(lambda _=False, name=param.name: self.edited.emit(name, None))
            title = label(param.name, "secondary", wrap=True)
            title.setToolTip(param.doc)
            for column, part in enumerate((title, editor, result, reset)):
                grid.addWidget(part, row, column)
            self.editors[param.name], self.results[param.name], self._resets[param.name] = (
                editor,
                result,
                reset,
            )

    def show_values(self, given: Mapping[str, Value], names: Mapping[str, Any]) -> None:
        """Shows what the use sets, and what its expressions come to with the ``names`` around it."""
        for param in self.params:
            value = given.get(param.name, param.default)
            self.editors[param.name].show_value(value)
            self.results[param.name].show_result(value, names)
            self._resets[param.name].setVisible(param.name in given)


class ParameterForm(QWidget):
    """The parameters of the graph shown: each with its value, one more below, and the sizes a preset knows.

    ``told(text)`` carries a refusal.
    """

    told = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[object, ...] = ()
        self.editors: dict[str, Editor] = {}
        self.results: dict[str, ResultLabel] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 8, 0, 0)
        self._column.setSpacing(8)
        self.refresh()

    def refresh(self) -> None:
        """Shows the values as they are; rows are made anew only when other parameters are there."""
        document, key = self._session.document, self._session.graph_key
        params = edits.params_of(document, key)
        shown = (key, tuple((p.name, p.kind) for p in params), tuple(document.sizes) if not key else ())
        if shown != self._shown:
            self._shown = shown
            self._build(params, shown[2])
        names = names_of(document, key)
        for param in params:
            self.editors[param.name].show_value(param.default)
            self.results[param.name].show_result(param.default, names)

    def _build(self, params: tuple[BlockParam, ...], sizes: object) -> None:
        clear_layout(self._column)
        self.editors.clear()
        self.results.clear()
        key = self._session.graph_key
        title = tr("Parameters of “{block}”", block=key) if key else tr("Parameters of the drawing")
        self._column.addWidget(heading(title))
        if not params:
            text = tr("Numbers that several fields share. Add width here, then write =2*width in a field.")
            self._column.addWidget(label(text, "secondary", wrap=True))
        if sizes:
            self._column.addWidget(self._size_box())
        grid = QGridLayout()
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        for row, param in enumerate(params):
            self._row(grid, row, param)
        self._column.addLayout(grid)
        self._column.addLayout(self._adding())

    def _row(self, grid: QGridLayout, row: int, param: BlockParam) -> None:
        editor = make_editor(as_record(param))
        editor.edited.connect(lambda value: self._set(param.name, value))
        editor.refused.connect(self.told.emit)
        result = ResultLabel()
        away = small_button("✕", tr("Take “{name}” away", name=param.name))
        away.clicked.connect(lambda: self._remove(param.name))
        title = label(param.name, "mono")
        title.setToolTip(param.doc or tr(_WORDS[param.kind]))
        for column, part in enumerate((title, editor, result, away)):
            grid.addWidget(part, row, column)
        self.editors[param.name], self.results[param.name] = editor, result

    def _adding(self) -> QHBoxLayout:
        self.name = QLineEdit()
        self.name.setPlaceholderText(tr("name"))
        self.name.setAccessibleName(tr("Name of a new parameter"))
        self.kind = QComboBox()
        self.kind.setAccessibleName(tr("Kind of the new parameter"))
        for kind in PARAM_KINDS:
            self.kind.addItem(tr(_WORDS[kind]), kind)
        self.add = QPushButton(tr("Add"))
        self.add.setProperty("small", True)
        self.add.clicked.connect(self._add)
        self.name.returnPressed.connect(self._add)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.name, 1)
        row.addWidget(self.kind)
        row.addWidget(self.add)
        return row

    def _size_box(self) -> QPushButton:
        """A button with the sizes that a preset knows."""
        button = QPushButton(tr("Choose a size …"))
        button.setProperty("small", True)
        self.sizes = QMenu(button)
        for size in self._session.document.sizes:
            self.sizes.addAction(size).triggered.connect(lambda _=False, size=size: self._take_size(size))
        button.setMenu(self.sizes)
        return button

    def _take_size(self, size: str) -> None:
        def edit(document: Document) -> Document:
            name, _, old = document.title.removesuffix(")").rpartition(" (")
            plain = name if old in document.sizes else document.title
            return edits.set_title(sized(document, size), f"{plain} ({size})")

        self._session.apply(tr("Size {size}", size=size), edit)

    def _add(self) -> None:
        key, name, kind = self._session.graph_key, self.name.text().strip(), str(self.kind.currentData())
        param = BlockParam(name, kind, _FIRST[kind])
        if self._session.apply(tr("Add {name}", name=name), lambda d: edits.add_param(d, key, param)):
            self.name.clear()
            field = self.editors[name].findChild(QLineEdit) if name in self.editors else None
            if field is not None:
                field.setFocus()
                field.selectAll()

    def _set(self, name: str, value: Value) -> None:
        key = self._session.graph_key
        self._session.apply(
            tr("Set {name}", name=name),
            lambda document: edits.set_default(document, key, name, value),
            merge=f"parameter:{key}:{name}",
        )

    def _remove(self, name: str) -> None:
        key = self._session.graph_key
        self._session.apply(tr("Take “{name}” away", name=name), lambda d: edits.remove_param(d, key, name))


def small_button(sign: str, tip: str) -> QToolButton:
    """A sign that can be pressed, at the end of a row; hidden it keeps its place."""
    button = QToolButton()
    button.setText(sign)
    button.setAutoRaise(True)
    button.setFixedWidth(20)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    policy = button.sizePolicy()
    policy.setRetainSizeWhenHidden(True)  # or the row would jump when a value changes
    button.setSizePolicy(policy)
    return button
