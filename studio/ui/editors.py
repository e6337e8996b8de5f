"""Form fields made from the parameter records: one editor a kind. A field tells ``edited`` with the new value."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from studio.graph.expression import Expression, ExpressionError, parse
from studio.graph.model import Value
from studio.layers.datasets import DATASETS
from studio.layers.params import (
    BlockRef,
    Bool,
    Choice,
    Code,
    Float,
    Int,
    Ints,
    NodeRefs,
    Numbers,
    Param,
    Text,
)
from studio.text import tr

_LARGEST = 2**31 - 1


class Editor(QWidget):
    """A field for one parameter. ``edited(value)`` comes after each accepted change by the user."""

    edited = Signal(object)
    refused = Signal(str)

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.param = param
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)

    def show_value(self, value: Value) -> None:
        """Shows ``value`` without telling ``edited``; keeps the focus and the cursor where they are."""
        raise NotImplementedError

    def _add(self, widget: QWidget) -> None:
        widget.setToolTip(tr(self.param.doc))
        widget.setAccessibleName(tr(self.param.label or self.param.name))
        self._row.addWidget(widget)


class NumberField(QLineEdit):
    """A line for a number or an expression; the wheel and the arrow keys step it while it has the focus."""

    stepped = Signal(int)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not self.hasFocus():  # else scrolling the form would change numbers on its way
            event.ignore()
            return
        self.stepped.emit(1 if event.angleDelta().y() > 0 else -1)
        event.accept()

    def keyPressEvent(self, event: object) -> None:
        key = event.key()  # type: ignore[attr-defined]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.stepped.emit(1 if key == Qt.Key.Key_Up else -1)
            return
        super().keyPressEvent(event)  # type: ignore[arg-type]


class LineEditor(Editor):
    """Numbers, lists and text, typed into a line. ``=`` starts an expression over a block's parameters."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self._line = NumberField()
        self._line.setProperty("number", not isinstance(param, Text))
        self._line.textEdited.connect(self._typed)
        self._line.editingFinished.connect(self._finished)
        self._line.stepped.connect(self._step)
        self._value: Value = param.default
        self._add(self._line)

    def show_value(self, value: Value) -> None:
        self._value = value
        if not (self._line.hasFocus() and self._parsed(self._line.text()) == value):
            self._line.setText(text_of(value))
        self._line.setProperty("bad", False)

    def _parsed(self, text: str) -> Value:
        text = text.strip()
        if text.startswith("="):
            return parse(text[1:])
        if isinstance(self.param, Text) or text in getattr(self.param, "words", ()):
            return self.param.check(text)
        numbers = [part for part in text.replace("×", " ").replace(",", " ").split() if part]
        values = tuple(_number(part) for part in numbers)
        several = isinstance(self.param, (Ints, Numbers))
        value: Value = values if several and len(values) != 1 else (values[0] if values else ())
        if isinstance(self.param, Numbers) and not isinstance(value, tuple):
            value = (value,)
        return self.param.check(value)

    def _typed(self, text: str) -> None:
        try:
            value = self._parsed(text)
        except (ValueError, ExpressionError):
            return  # said when the field is left: half a number is no mistake
        if value != self._value:
            self._value = value
            self.edited.emit(value)

    def _finished(self) -> None:
        try:
            self._parsed(self._line.text())
        except (ValueError, ExpressionError) as error:
            self.refused.emit(str(error))
        self._line.setText(text_of(self._value))

    def _step(self, direction: int) -> None:
        if isinstance(self._value, bool) or not isinstance(self._value, (int, float)):
            return
        step = direction if isinstance(self._value, int) else direction * abs(self._value or 1.0) * 0.1
        try:
            value = self.param.check(_rounded(self._value + step))
        except ValueError:
            return
        self._value = value
        self._line.setText(text_of(value))
        self.edited.emit(value)


class WholeEditor(LineEditor):
    """A whole number with step buttons would crowd the form; a line that steps serves."""


class BoolEditor(Editor):
    """A check box."""

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self._box = QCheckBox()
        self._box.clicked.connect(self.edited.emit)
        self._add(self._box)
        self._row.addStretch()

    def show_value(self, value: Value) -> None:
        self._box.setChecked(bool(value) and not isinstance(value, Expression))
        self._box.setText(
            text_of(value) if isinstance(value, Expression) else tr("on") if value else tr("off")
        )


class ListEditor(Editor):
    """A drop-down of ``options``: choices, data sets, blocks."""

    def __init__(self, param: Param, options: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self._box = QComboBox()
        self._box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._box.wheelEvent = lambda event: event.ignore()  # type: ignore[method-assign]
        for option in options:
            self._box.addItem(tr(option), option)
        self._box.activated.connect(lambda index: self.edited.emit(self._box.itemData(index)))
        self._add(self._box)

    def show_value(self, value: Value) -> None:
        index = self._box.findData(value)
        if index < 0 and isinstance(value, str):
            self._box.addItem(value, value)
            index = self._box.count() - 1
        self._box.setCurrentIndex(index)


class NamesEditor(LineEditor):
    """Names of nodes, separated by commas; empty is all."""

    def _parsed(self, text: str) -> Value:
        return tuple(part.strip() for part in text.split(",") if part.strip())


class CodeField(Editor):
    """How long the text is; it is written in a window of its own, which ``wanted`` asks for."""

    wanted = Signal()

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(param, parent)
        self._button = QPushButton()
        self._button.setAutoDefault(False)
        self._button.clicked.connect(self.wanted)
        self._add(self._button)
        self._row.addStretch()

    def show_value(self, value: Value) -> None:
        lines = str(value).rstrip("\n").count("\n") + 1
        self._button.setText(tr("Edit {lines} lines …", lines=lines))


def text_of(value: Value) -> str:
    """``value`` as a form shows it: 3 × 3, 0.001, = 4*width."""
    if isinstance(value, Expression):
        return f"= {value.text}"
    if isinstance(value, tuple):
        texts = [text_of(item) for item in value]
        return (" × " if len(texts) == 2 and all(t.isdigit() for t in texts) else ", ").join(texts)
    return f"{value:g}" if isinstance(value, float) else str(value)


def make_editor(param: Param, blocks: tuple[str, ...] = ()) -> Editor:
    """The field for ``param``. ``blocks`` are the names a BlockRef may take."""
    if isinstance(param, Choice):
        return ListEditor(param, param.options)
    if isinstance(param, BlockRef):
        return ListEditor(param, blocks)
    if isinstance(param, Text) and param.suggestions == "datasets":
        return ListEditor(param, tuple(DATASETS))
    return EDITORS.get(type(param), LineEditor)(param)


EDITORS: dict[type[Param], Callable[[Param], Editor]] = {
    Int: WholeEditor,
    Float: LineEditor,
    Ints: LineEditor,
    Numbers: LineEditor,
    Text: LineEditor,
    Bool: BoolEditor,
    Code: CodeField,
    NodeRefs: NamesEditor,
}


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise ValueError(tr("“{text}” is not a number", text=text)) from None


def _rounded(value: float) -> int | float:
    return value if isinstance(value, int) else float(f"{value:.4g}")


def whole_box(low: int, high: int = _LARGEST) -> QSpinBox:
    """A spin box for the few whole numbers outside the records (epochs, batch size)."""
    box = QSpinBox()
    box.setRange(low, high)
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return box
