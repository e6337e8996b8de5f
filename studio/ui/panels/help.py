"""The help tab: what a layer does, in words, picture and formula with the node's own numbers; all from its record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from PySide6.QtCore import QRectF, QSize, Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from studio.analysis.model import Facts
from studio.graph.model import Node
from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE, find, record_of
from studio.layers.explain import axes_text, formula_with_numbers, links, range_text, related, weight_lines
from studio.layers.formula import parse_formula
from studio.layers.params import Param, ParamError
from studio.layers.ports import output_ports
from studio.layers.spec import LayerSpec, Port, ShapeError
from studio.layers.text import plain
from studio.layers.values import values
from studio.text import language, tr
from studio.ui.formula import FormulaView
from studio.ui.illustrations import Illustration, illustration
from studio.ui.illustrations.chooser import HEIGHT
from studio.ui.illustrations.ink import Ink
from studio.ui.numbers import count_text, shape_text, size_text
from studio.ui.panels.inspector import facts_of, param_label, spec_at
from studio.ui.session import Session
from studio.ui.tokens import category_colour
from studio.ui.widgets import heading, label

_HOVER_MS = 200
_NOTHING = object()  # shown before anything is, and when a page must be built anew
_KINDS = {"float": "real numbers", "int": "whole numbers", "bool": "yes or no", "complex": "complex numbers",
          "number": "numbers", "any": "any numbers"}  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """What help is shown for: a record with the numbers of a node, or of the record's first example."""

    spec: LayerSpec
    p: SimpleNamespace
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    weights: dict[str, tuple[int, ...]]
    facts: Facts | None = None
    node: str = ""


class Picture(QWidget):
    """Paints an illustration."""

    def __init__(self, what: Illustration, dark: bool, hue: str) -> None:
        super().__init__()
        self._what, self._dark, self._hue = what, dark, hue
        self.setAccessibleName(what.caption())
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(260, int(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._what.paint(Ink(painter, self._dark, self._hue), QRectF(self.rect()))
        painter.end()


class HelpPanel(QScrollArea):
    """Help on the selected node, or on a layer of the palette.

    Signals:
        insert(layer): it shall be placed.
    """

    insert = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._dark = session, True
        self._pinned = ""
        self._shown: object = _NOTHING
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_HOVER_MS)
        self._wait.timeout.connect(self.refresh)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._column = QVBoxLayout()
        session.selection_changed.connect(self._selected)
        session.analysed.connect(lambda analysis: self._later())
        self.refresh()

    def point(self, layer: str) -> None:
        """Shows a layer of the palette after a moment; "" goes back to the selected node."""
        if layer != self._pinned:
            self._pinned = layer
            self._later()

    def show_layer(self, layer: str) -> None:
        """Shows a layer at once."""
        self._pinned = layer
        self.refresh()
        self.verticalScrollBar().setValue(0)

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        self.retranslate()

    def retranslate(self) -> None:
        """Builds the page anew in the current language."""
        self._shown = _NOTHING
        self.refresh()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.refresh()

    def refresh(self) -> None:
        """Builds the page for what is pointed at or selected; nothing while it is not seen."""
        if not self.isVisible() and self.widget() is not None:
            return
        self._wait.stop()
        subject = self._subject()
        if subject == self._shown:
            return
        if not isinstance(self._shown, Subject) or subject is None or _name(self._shown) != _name(subject):
            self.verticalScrollBar().setValue(0)
        self._shown = subject
        page = QWidget()  # a new one: a scroll area measures a page that is filled while it shows too early
        page.setObjectName("panel")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(16, 16, 16, 16)
        self._column.setSpacing(8)
        if subject is None:
            text = tr("Select a node, or point at a layer of the palette, to read what it does.")
            self._column.addWidget(label(text, "secondary", wrap=True))
        else:
            self._build(subject)
        self._column.addStretch()
        old = self.takeWidget()
        if old is not None:
            old.deleteLater()  # not at once: one of its own links may have asked for the new page
        self.setWidget(page)

    def _later(self) -> None:
        self._wait.start()

    def _selected(self) -> None:
        self._pinned = ""
        self._later()

    def _subject(self) -> Subject | None:
        if self._pinned and (spec := find(self._pinned)) is not None:
            return example_subject(spec)
        chosen = self._session.selection
        if len(chosen) != 1:
            return None
        node = self._session.document.graph(self._session.graph_key).nodes.get(next(iter(chosen)))
        found = record_of(node) if node is not None else None
        return self._node_subject(node, found) if node is not None and found is not None else None

    def _node_subject(self, node: Node, spec: LayerSpec) -> Subject:
        analysis, key = self._session.analysis, self._session.graph_key
        facts = facts_of(analysis, key, node.id)
        inputs = []
        for port in spec.inputs:
            for source in node.inputs.get(port.name, ()):
                given = spec_at(facts_of(analysis, key, source.node), source.port)
                inputs += [given] if isinstance(given, TensorSpec) else []
        wired = frozenset(name for name, sources in node.inputs.items() if sources)
        try:
            p = values(spec, node.params, wired=wired, schemas=self._session.document.data)
        except ParamError:  # a wrong value is told by its form; help shows the defaults
            p = values(spec, {})
        outputs = tuple(facts.outputs.values()) if facts else ()
        weights = dict(facts.weights) if facts else {}
        return Subject(spec, p, tuple(inputs), outputs, weights, facts, node.id)

    def _build(self, subject: Subject) -> None:
        spec = subject.spec
        self._title(subject)
        self._words(tr(spec.summary), "")
        picture = illustration(spec, subject.p, subject.inputs)
        if picture is not None:
            self._column.addWidget(Picture(picture, self._dark, category_colour(spec.category, self._dark)))
            self._words(picture.caption(), "secondary")
        self._formula(subject)
        if spec.pitfalls:
            self._section(tr("Good to know"))
            self._words(tr(spec.pitfalls), "secondary")
        self._cost(subject)
        self._params(subject)
        self._ports(subject)
        self._section("ONNX")
        self._words(
            tr(spec.onnx) if spec.exportable else tr("Can't be exported: {why}", why=tr(spec.onnx)),
            "secondary",
        )
        self._related(spec)
        self._links(spec)

    def _title(self, subject: Subject) -> None:
        spec = subject.spec
        other = tr(f"layer:{spec.name}") if language() != "en" else ""
        self._column.addWidget(label(spec.name, "title", wrap=True))
        if other:
            self._words(other, "secondary")
        row = QHBoxLayout()
        row.addWidget(label(tr(spec.category.value), "secondary"), 1)
        if spec.traits.role not in ("input", "block"):
            row.addWidget(self._link(tr("Insert"), lambda: self.insert.emit(spec.name)))
        self._column.addLayout(row)

    def _formula(self, subject: Subject) -> None:
        if not subject.spec.formula:
            return
        self._section(tr("Formula"))
        self._column.addWidget(FormulaView(parse_formula(subject.spec.formula)))
        filled = formula_with_numbers(subject.spec, subject.p, subject.inputs, subject.outputs)
        if filled is not None:
            self._words(_whose(subject), "secondary")
            self._column.addWidget(FormulaView(filled))

    def _cost(self, subject: Subject) -> None:
        if subject.weights:
            self._section(tr("Weights"))
            for name, shape, count in weight_lines(subject.weights):
                self._line(name, f"{shape} = {count:,}" if "×" in shape else f"{count:,}")
        facts = subject.facts
        if facts is None or not (facts.parameters or facts.flops):
            return
        self._section(tr("Cost"))
        self._line(tr("parameters"), count_text(facts.parameters))
        self._line(tr("multiply-adds"), count_text(facts.flops // 2))
        self._line(tr("activations"), size_text(facts.memory_bytes))

    def _params(self, subject: Subject) -> None:
        if not subject.spec.params:
            return
        self._section(tr("Parameters"))
        for param in subject.spec.params:
            given = getattr(subject.p, param.name, param.default)
            self._line(param_label(param), value_text(param, given), "")
            self._words(f"{tr(param.doc)} ({range_text(param)}{_unit(param)})", "secondary")

    def _ports(self, subject: Subject) -> None:
        spec = subject.spec
        outputs = output_ports(spec, vars(subject.p), {})
        for title, ports, specs in (
            ("Input ports", spec.inputs, subject.inputs),
            ("Output ports", outputs, subject.outputs),
        ):
            if not ports:
                continue
            self._section(tr(title))
            for at, port in enumerate(ports):
                given = shape_text(specs[at]) if len(specs) == len(ports) else axes_text(port.axes)
                self._line(port.name + (" …" if port.variadic else ""), given)
                self._words(port_text(port), "secondary")

    def _related(self, spec: LayerSpec) -> None:
        names = related(spec.name)
        if not names:
            return
        self._section(tr("Related layers"))
        for name in names:
            link = self._link(name, lambda name=name: self.show_layer(name))
            link.setToolTip(tr(CATALOGUE[name].summary))
            self._column.addWidget(link)

    def _links(self, spec: LayerSpec) -> None:
        self._section(tr("Source"))
        for title, address in links(spec):
            self._words(title, "secondary")
            link = self._link(
                tr("Open in the browser"), lambda address=address: QDesktopServices.openUrl(QUrl(address))
            )
            link.setToolTip(address)
            self._column.addWidget(link)

    def _section(self, title: str) -> None:
        self._column.addSpacing(4)
        self._column.addWidget(heading(title))

    def _words(self, text: str, role: str) -> None:
        self._column.addWidget(label(text, role, wrap=True))

    def _line(self, name: str, text: str, role: str = "secondary") -> None:
        row = QHBoxLayout()
        row.addWidget(label(name, role))
        value = label(text, "mono", wrap=True)
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(value, 1)
        self._column.addLayout(row)

    def _link(self, text: str, action: object) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("link", True)
        made.setCursor(Qt.CursorShape.PointingHandCursor)
        made.clicked.connect(lambda: action())  # type: ignore[operator]
        return made


def example_subject(spec: LayerSpec) -> Subject:
    """A record with the numbers of its first example that its rules take; else with its defaults."""
    for example in spec.examples:
        try:
            p = values(spec, example.params)  # type: ignore[arg-type]
            inputs = _specs(spec, example.inputs)
            outputs = spec.shape(p, inputs)
            weights = dict(spec.weights(p, inputs)) if spec.weights else {}
        except (ParamError, ShapeError, AssertionError):
            continue
        return Subject(spec, p, inputs, tuple(outputs), weights)
    return Subject(spec, values(spec, {}), (), (), {})


def value_text(param: Param, value: object) -> str:
    """A parameter's value as the panel shows it."""
    if isinstance(value, bool):
        return tr("yes") if value else tr("no")
    if value in ("", (), None):
        return "—"
    text = plain(value)
    return f"{text} {tr(param.unit)}" if param.unit and not isinstance(value, str) else text


def port_text(port: Port) -> str:
    """What comes in or goes out: doc, axes, kind of numbers."""
    kinds = ", ".join(tr(_KINDS.get(kind, kind)) for kind in port.dtype.split("|"))
    optional = " " + tr("May stay open.") if port.optional else ""
    return f"{tr(port.doc)} {axes_text(port.axes)}; {kinds}.{optional}"


def _specs(spec: LayerSpec, shapes: Sequence[Sequence[int | str] | None]) -> tuple[TensorSpec, ...]:
    made = []
    for at, shape in enumerate(shapes):
        if shape is None:
            continue
        port = spec.inputs[min(at, len(spec.inputs) - 1)]
        dtype = {"int": "int64", "bool": "bool", "complex": "complex64"}.get(
            port.dtype.split("|")[0], "float32"
        )
        made.append(
            TensorSpec(tuple(symbol(size) if isinstance(size, str) else size for size in shape), dtype)
        )
    return tuple(made)


def _name(subject: Subject) -> tuple[str, str]:
    return subject.spec.name, subject.node


def _whose(subject: Subject) -> str:
    if subject.node:
        return tr("With the numbers of {node}:", node=subject.node)
    return tr("With the numbers of an example:")


def _unit(param: Param) -> str:
    return f" {tr(param.unit)}" if param.unit else ""
