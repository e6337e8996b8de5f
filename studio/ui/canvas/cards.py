"""What a node's card says: name, second line, glyph, ports, badges. Made from records, never by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtGui import QFontMetricsF

from studio.analysis import Facts, Problem
from studio.analysis.configure import Names, own_value
from studio.analysis.inside import has_expression, worked_out
from studio.document.model import Document, Mark
from studio.document.ports import INSTANCES, block_of, block_ports
from studio.graph.expression import Expression, ExpressionError
from studio.graph.model import Node, Value
from studio.graph.spec import TensorSpec, kind_of
from studio.layers import record_of
from studio.layers.ports import output_ports
from studio.layers.spec import Category, LayerSpec, Port
from studio.text import tr
from studio.ui.canvas.geometry import CARD_MAX, CARD_MIN, DOT, EDGE, FOLDED_HEIGHT, PAD, card_height
from studio.ui.theme import ui_font
from studio.ui.tokens import SMALL, TITLE

_GLYPH_ROOM = 28.0
DOT_LAYER = "Identity"
_FACE = 176.0  # px that the parameters on a block's face may widen it to
PLAIN = Mark()


@dataclass(frozen=True, slots=True)
class PortMark:
    """A port as drawn. ``kind`` is float, int, bool, complex or any; ``text`` the shape written on its wires."""

    port: Port
    kind: str
    text: str = ""
    spec: TensorSpec | None = None

    @property
    def name(self) -> str:
        """The port's name."""
        return self.port.name


@dataclass(frozen=True, slots=True)
class Card:
    """One node, ready to paint. ``letter`` marks weights that are shared; ``times`` > 1 draws a stack."""

    id: str
    line: str
    category: Category
    inputs: tuple[PortMark, ...]
    outputs: tuple[PortMark, ...]
    width: float
    height: float
    errors: int = 0
    warnings: int = 0
    muted: bool = False
    frozen: bool = False
    block: str = ""
    times: int = 1
    count: str = ""  # how many turns, as the card writes it: a number, or the expression inside a block
    letter: str = ""
    trains: tuple[str, ...] | None = None  # of an optimizer; () is all
    mark: Mark = PLAIN
    dot: bool = False  # a bend of a wire
    costs: tuple[int, int, int] = (0, 0, 0)  # parameters, FLOPs of a sample, bytes of its outputs
    wired: frozenset[str] = frozenset()  # inputs that something feeds


def make_card(
    document: Document,
    node: Node,
    facts: Facts | None,
    problems: tuple[Problem, ...],
    letter: str = "",
    mark: Mark = PLAIN,
    names: Names | None = None,
) -> Card:
    """The card of ``node``. ``names``: the values of what expressions may use, where each has one value only."""
    spec = record_of(node)
    inputs = tuple(PortMark(port, _input_kind(port)) for port in _inputs(document, node, spec))
    outputs = _outputs(document, node, spec, facts)
    line = second_line(document, node, spec, names or {})
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = sum(problem.severity == "warning" for problem in problems)
    block = block_of(document, node)
    dot = node.layer == DOT_LAYER
    times, count = _times(document, node)
    wide, high = card_width(node.id, line), card_height(len(inputs), len(outputs))
    if block is not None and block.params:
        wide = max(card_width(node.id, ""), min(wide, _FACE))  # presets were placed with narrow blocks
    if mark.folded:
        wide, high = card_width(node.id, ""), FOLDED_HEIGHT
    return Card(
        id=node.id,
        line=line,
        category=spec.category if spec else Category.SHAPE,
        inputs=inputs,
        outputs=outputs,
        width=DOT if dot else wide,
        height=DOT if dot else high,
        errors=errors,
        warnings=warnings,
        muted=node.muted,
        frozen=node.frozen,
        block=block.name if block else "",
        times=times,
        count=count,
        letter=letter,
        trains=_trains(node) if spec and spec.traits.role == "optimizer" else None,
        mark=mark,
        dot=dot,
        costs=_costs(facts),
        wired=frozenset(port for port, sources in node.inputs.items() if sources),
    )


def _costs(facts: Facts | None) -> tuple[int, int, int]:
    if facts is None:
        return 0, 0, 0
    size = 0
    for spec in facts.outputs.values():
        numbers = 1
        for axis in spec.shape:
            numbers *= axis if isinstance(axis, int) else 1  # of one sample: N counts once
        size += numbers * (8 if spec.dtype == "int64" else 1 if spec.dtype == "bool" else 4)
    return facts.parameters, facts.flops, size


def card_width(title: str, line: str) -> float:
    """Wide enough for both lines, on the grid, between the two limits."""
    wanted = max(
        _metrics(TITLE, True).horizontalAdvance(title) + _GLYPH_ROOM,
        _metrics(SMALL, False).horizontalAdvance(line),
    )
    whole = EDGE + 2 * PAD + wanted
    return min(CARD_MAX, max(CARD_MIN, -(-whole // 8) * 8))


def second_line(document: Document, node: Node, spec: LayerSpec | None, names: Names) -> str:
    """Kind and the parameters that matter, worked out where that can be: "Conv2d · 6, 5×5"."""
    if spec is None:
        return tr("unknown layer {layer}", layer=node.layer)
    block = block_of(document, node)
    if block is not None and block.params:  # what this use sets stands on its face
        given = {p.name: node.arguments.get(p.name, p.default) for p in block.params[:3]}
        values = (f"{name} {known_value(value, names)}" for name, value in given.items())
        return tr("block · {inside}", inside=", ".join(values))
    if block is not None:
        return tr("block · {inside}", inside=_inside(block.graph.nodes) or block.name)
    if spec.traits.role == "optimizer":
        trains = ", ".join(_trains(node)) or tr("all")
        algorithm = known_value(_value(node, spec, "algorithm"), names)
        return tr("{algorithm} · trains {nodes}", algorithm=algorithm, nodes=trains)
    short = _short(node, spec, names)
    return f"{spec.name} · {short}" if short else spec.name


def shape_text(spec: TensorSpec | None, port: str = "", named: bool = False) -> str:
    """What stands on a wire: "N 6 28 28", "label N int64"; the port's name for a scalar."""
    if spec is None:
        return ""
    words = [port] if (named and port) or not spec.shape else []
    words += [str(size) for size in spec.shape]
    if spec.dtype != "float32":
        words.append(spec.dtype)
    return " ".join(words)


def long_shape(spec: TensorSpec) -> str:
    """With the names of the axes, for the tip: "N, C 16, H 10, W 10 · float32"."""
    names = spec.axes.split()
    parts = []
    for at, size in enumerate(spec.shape):
        name = names[at] if len(names) == len(spec.shape) else ""
        parts.append(str(size) if not name or str(size) == name else f"{name} {size}")
    classes = f" · {tr('{count} classes', count=spec.classes)}" if spec.classes else ""
    return f"{', '.join(parts) or tr('one number')} · {spec.dtype}{classes}"


def _inputs(document: Document, node: Node, spec: LayerSpec | None) -> tuple[Port, ...]:
    block = block_of(document, node)
    if block is not None:
        return tuple(Port(name, dtype="any") for name in block_ports(block, "Input"))
    if spec is None:  # its wires are kept and shown
        return tuple(Port(name, dtype="any") for name in node.inputs)
    return spec.inputs


def _outputs(
    document: Document, node: Node, spec: LayerSpec | None, facts: Facts | None
) -> tuple[PortMark, ...]:
    known = facts.outputs if facts else {}
    block = block_of(document, node)
    ports: tuple[Port, ...] = ()
    if block is not None:
        ports = tuple(Port(name) for name in block_ports(block, "Output"))
    elif spec is None or node.layer in INSTANCES:
        ports = (Port("y", dtype="any"),)
    else:
        said = {name: own_value(value, document.params) for name, value in node.params.items()}
        ports = output_ports(spec, said, document.data)
    marks = []
    for at, port in enumerate(ports):
        found = known.get(port.name)
        named = len(ports) > 1 and at > 0
        marks.append(PortMark(port, _output_kind(port, found), shape_text(found, port.name, named), found))
    return tuple(marks)


def _input_kind(port: Port) -> str:
    return port.dtype if port.dtype in ("int", "bool", "complex") else "float"


def _output_kind(port: Port, spec: TensorSpec | None) -> str:
    if spec is None:
        return port.dtype if port.dtype in ("int", "bool", "complex") else "float"
    return kind_of(spec)


def _short(node: Node, spec: LayerSpec, names: Names) -> str:
    if not spec.short:
        return ""
    values = {param.name: node.params.get(param.name, param.default) for param in spec.params}
    texts = {name: known_value(value, names) for name, value in values.items()}
    return spec.short.format_map(_Blank(texts)).strip(" ,·")


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return ""


def _value(node: Node, spec: LayerSpec, name: str) -> Value:
    return node.params.get(name, next((p.default for p in spec.params if p.name == name), ""))


def known_value(value: Value, names: Names) -> str:
    """A parameter's value as cards write it: what an expression comes to where ``names`` say it, else its text."""
    if names and has_expression(value):
        try:
            return shown_value(worked_out(value, names))
        except ExpressionError:
            pass  # the node says what is wrong
    return shown_value(value)


def shown_value(value: object) -> str:
    """A parameter's value as cards write it."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, tuple):
        return "×".join(shown_value(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _times(document: Document, node: Node) -> tuple[int, str]:
    """How many turns a Repeat has, as a number and as its card writes it; (1, "") for anything else."""
    times = node.params.get("times", 2) if node.layer == "Repeat" else 1
    if isinstance(times, Expression):
        try:
            times = times.value({param.name: param.default for param in document.params})
        except ExpressionError:  # it speaks of a block's own parameters, which differ from use to use
            return 2, str(times)
    return (times, str(times)) if isinstance(times, int) else (2, "")


def _trains(node: Node) -> tuple[str, ...]:
    value = node.params.get("trains", ())
    return tuple(str(name) for name in value) if isinstance(value, tuple) else ()


def _inside(nodes: Mapping[str, Node]) -> str:
    """The layers of a block in a few words: "2 × Linear, Tanh"."""
    counts: dict[str, int] = {}
    for node in nodes.values():
        if node.layer not in ("Input", "Output"):
            counts[node.layer] = counts.get(node.layer, 0) + 1
    words = [f"{count} × {layer}" if count > 1 else layer for layer, count in counts.items()]
    return ", ".join(words[:3]) + (" …" if len(words) > 3 else "")


_known_metrics: dict[tuple[int, bool], QFontMetricsF] = {}


def _metrics(size: int, bold: bool) -> QFontMetricsF:
    found = _known_metrics.get((size, bold))
    if found is None:
        found = _known_metrics[size, bold] = QFontMetricsF(ui_font(size, bold))
    return found
