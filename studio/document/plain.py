"""Nodes, layouts and settings as plain JSON values, and back. Strict about types, silent about meaning.

Fields this version does not know are kept in ``extra`` and written back. Both directions keep the order of
nodes, which the journal relies on; the project file sorts for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from studio.document.errors import FileError
from studio.document.model import Frame, Layout, Mark, RunSettings
from studio.document.names import is_name
from studio.graph.expression import Expression, ExpressionError, parse
from studio.graph.model import PARAM_KINDS, Block, BlockParam, Graph, Node, Source, Value
from studio.graph.persistent import PersistentMap
from studio.text import tr

Plain = dict[str, Any]
_NODE_FIELDS = (
    "id",
    "layer",
    "params",
    "inputs",
    "arguments",
    "frozen",
    "muted",
    "present_if",
    "muted_inputs",
)
_FRAME_FIELDS = ("id", "title", "x", "y", "width", "height", "colour", "note")
_KINDS: dict[type, str] = {
    str: "text",
    dict: "an object",
    list: "a list",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
}
_DEEPEST_VALUE = 8


def value_to_plain(value: Value) -> Any:
    """A parameter's value for JSON: an expression becomes {"=": text}."""
    if isinstance(value, Expression):
        return {"=": value.text}
    return [value_to_plain(item) for item in value] if isinstance(value, tuple) else value


def value_from_plain(value: Any, place: str, depth: int = 0) -> Value:
    """The value of a parameter.

    Raises:
        FileError: an object that is no expression, or lists nested without end.
    """
    if isinstance(value, list):
        if depth > _DEEPEST_VALUE:
            raise FileError(place, "the lists are nested deeper than {limit}", limit=_DEEPEST_VALUE)
        return tuple(value_from_plain(item, place, depth + 1) for item in value)
    if isinstance(value, dict):
        if set(value) != {"="} or not isinstance(value["="], str):
            raise FileError(
                place, "needs a value or an expression like {example}", example='{"=": "4*width"}'
            )
        try:
            return parse(value["="])
        except ExpressionError as error:
            raise FileError(place, "the expression can't be read ({why})", why=str(error)) from None
    return value  # type: ignore[no-any-return]


def node_to_plain(node: Node) -> Plain:
    """A node for JSON; what is empty or false is left out."""
    plain: Plain = {**node.extra, "id": node.id, "layer": node.layer}
    if node.params:
        plain["params"] = {name: value_to_plain(value) for name, value in node.params.items()}
    if node.inputs:
        plain["inputs"] = {
            port: str(sources[0]) if len(sources) == 1 else [str(source) for source in sources]
            for port, sources in node.inputs.items()
        }
    if node.arguments:
        plain["arguments"] = {name: value_to_plain(value) for name, value in node.arguments.items()}
    if node.frozen:
        plain["frozen"] = True
    if node.muted:
        plain["muted"] = True
    if node.present_if is not None:
        plain["present_if"] = node.present_if.text
    if node.muted_inputs:
        plain["muted_inputs"] = {
            port: [[place, str(source)] for place, source in wires]
            for port, wires in node.muted_inputs.items()
        }
    return plain


def node_from_plain(plain: Any, place: str) -> Node:
    """The node in ``plain``.

    Args:
        place: of the list it stands in, as "main"; the error adds the node's id.

    Raises:
        FileError: a field is missing or of a wrong type.
    """
    typed(plain, dict, f"{place} node")
    name = plain.get("id")
    if not is_name(name):
        raise FileError(f"{place} node", "the id {id} is no name", "Use letters, digits and _", id=name)
    spot = f'{place} node "{name}"'
    return Node(
        name,
        field_of(plain, "layer", str, spot),
        _values(plain, "params", spot),
        _inputs(field_of(plain, "inputs", dict, spot, {}), spot),
        _values(plain, "arguments", spot),
        field_of(plain, "frozen", bool, spot, False),
        field_of(plain, "muted", bool, spot, False),
        _condition(plain, spot),
        unknown(plain, _NODE_FIELDS),
        _muted_inputs(field_of(plain, "muted_inputs", dict, spot, {}), spot),
    )


def _condition(plain: Plain, spot: str) -> Expression | None:
    text = field_of(plain, "present_if", str, spot, "")
    found = value_from_plain({"=": text}, f"{spot} present_if") if text else None
    return found if isinstance(found, Expression) else None


def nodes_from_plain(plain: Any, place: str) -> dict[str, Node]:
    """Nodes by id, in the order of the list.

    Raises:
        FileError: also when an id stands twice.
    """
    nodes: dict[str, Node] = {}
    for item in typed(plain, list, place):
        node = node_from_plain(item, place)
        if node.id in nodes:
            raise FileError(f'{place} node "{node.id}"', "two nodes have this id", "Rename one of them")
        nodes[node.id] = node
    return nodes


def block_to_plain(block: Block) -> Plain:
    """A block without its nodes."""
    plain: Plain = dict(block.extra)
    if block.doc:
        plain["doc"] = block.doc
    return plain | ({"params": params_to_plain(block.params)} if block.params else {})


def params_to_plain(params: Iterable[BlockParam]) -> list[Plain]:
    """Typed parameters for JSON."""
    return [
        {
            "name": p.name,
            "kind": p.kind,
            "default": value_to_plain(p.default),
            **({"doc": p.doc} if p.doc else {}),
        }
        for p in params
    ]


def params_from_plain(plain: Any, spot: str) -> tuple[BlockParam, ...]:
    """Typed parameters.

    Raises:
        FileError: one has no name or an unknown kind.
    """
    params = []
    for item in typed(plain, list, spot):
        typed(item, dict, spot)
        kind = field_of(item, "kind", str, spot)
        if kind not in PARAM_KINDS or not is_name(item.get("name")):
            raise FileError(spot, "needs a name and one of the kinds {kinds}", kinds=", ".join(PARAM_KINDS))
        default = value_from_plain(item.get("default"), f"{spot}.{item['name']}")
        params.append(BlockParam(item["name"], kind, default, field_of(item, "doc", str, spot, "")))
    return tuple(params)


def block_from_plain(name: str, plain: Any, graph: Graph, place: str) -> Block:
    """The block ``name`` around ``graph``."""
    typed(plain, dict, place)
    params = params_from_plain(plain.get("params", []), f"{place} params")
    doc = field_of(plain, "doc", str, place, "")
    return Block(name, graph, params, doc, unknown(plain, ("doc", "params", "nodes")))


def layout_to_plain(layout: Layout) -> Plain:
    """Positions and frames for JSON."""
    plain: Plain = dict(layout.extra)
    if layout.positions:
        plain["positions"] = {name: [_short(x), _short(y)] for name, (x, y) in layout.positions.items()}
    if layout.frames:
        plain["frames"] = [frame_to_plain(frame) for frame in layout.frames]
    if layout.marks:
        plain["marks"] = {name: _mark_to_plain(mark) for name, mark in layout.marks.items()}
    return plain


def layout_from_plain(plain: Any, place: str) -> Layout:
    """The layout in ``plain``."""
    typed(plain, dict, place)
    positions = {
        name: _position(value, f"{place} positions.{name}")
        for name, value in field_of(plain, "positions", dict, place, {}).items()
    }
    frames = tuple(
        frame_from_plain(item, f"{place} frames") for item in field_of(plain, "frames", list, place, [])
    )
    marks = {
        name: _mark_from_plain(value, f"{place} marks.{name}")
        for name, value in field_of(plain, "marks", dict, place, {}).items()
    }
    return Layout(PersistentMap(positions), frames, marks, unknown(plain, ("positions", "frames", "marks")))


def _mark_to_plain(mark: Mark) -> Plain:
    return {f.name: getattr(mark, f.name) for f in fields(mark) if getattr(mark, f.name) != f.default}


def _mark_from_plain(plain: Any, place: str) -> Mark:
    typed(plain, dict, place)
    folded, pinned = (field_of(plain, name, bool, place, False) for name in ("folded", "pinned"))
    return Mark(folded, pinned, field_of(plain, "colour", str, place, "")[:32])


def frame_to_plain(frame: Frame) -> Plain:
    """A frame or note for JSON."""
    plain: Plain = {**frame.extra, "id": frame.id, "title": frame.title}
    plain |= {name: _short(getattr(frame, name)) for name in ("x", "y", "width", "height")}
    if frame.colour:
        plain["colour"] = frame.colour
    return plain | ({"note": True} if frame.note else {})


def frame_from_plain(plain: Any, place: str) -> Frame:
    """The frame in ``plain``."""
    typed(plain, dict, place)
    place = f"{place} {field_of(plain, 'id', str, place)}"
    x, y, width, height = (
        _number(plain.get(name), f"{place}.{name}") for name in ("x", "y", "width", "height")
    )
    return Frame(
        plain["id"],
        field_of(plain, "title", str, place, ""),
        x,
        y,
        width,
        height,
        field_of(plain, "colour", str, place, ""),
        field_of(plain, "note", bool, place, False),
        unknown(plain, _FRAME_FIELDS),
    )


def run_to_plain(run: RunSettings) -> Plain:
    """The run section, all of it."""
    return {**run.extra, **{f.name: getattr(run, f.name) for f in fields(run) if f.name != "extra"}}


def run_from_plain(plain: Any, place: str = "run") -> RunSettings:
    """The run section; what is missing takes its default.

    Raises:
        FileError: a wrong type, or a number below its least.
    """
    typed(plain, dict, place)
    values: Plain = {}
    for known in fields(RunSettings):
        if known.name == "extra" or known.name not in plain:
            continue
        value, kind = plain[known.name], type(known.default)
        if kind is float:
            value = _number(value, f"{place}.{known.name}")
        values[known.name] = typed(value, kind, f"{place}.{known.name}")
    for name, least in (("epochs", 1), ("batch_size", 1), ("steps", 0), ("seed", 0)):
        if values.get(name, least) < least:
            raise FileError(
                f"{place}.{name}", "must be at least {least}, got {value}", least=least, value=values[name]
            )
    return RunSettings(**values, extra=unknown(plain, [f.name for f in fields(RunSettings)]))


def typed(value: Any, kind: type, place: str) -> Any:
    """``value`` when it is a ``kind``; true is no number.

    Raises:
        FileError: it is not.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise FileError(place, "needs {kind}, got {value}", kind=tr(_KINDS[kind]), value=value)
    return value


def field_of(plain: Plain, name: str, kind: type, place: str, default: Any = None) -> Any:
    """The field ``name`` of a JSON object, ``default`` when it is missing.

    Raises:
        FileError: it is missing and has no default, or of a wrong type.
    """
    if name not in plain and default is not None:
        return default
    if name not in plain:
        raise FileError(place, "the field {field} is missing", field=name)
    return typed(plain[name], kind, f"{place} {name}")


def unknown(plain: Plain, known: Iterable[str]) -> Plain:
    """The fields of ``plain`` that are not ``known``."""
    names = set(known)
    return {name: value for name, value in plain.items() if name not in names}


def _values(plain: Plain, name: str, place: str) -> Mapping[str, Value]:
    found = field_of(plain, name, dict, place, {})
    return {key: value_from_plain(value, f"{place} {name}.{key}") for key, value in found.items()}


def _inputs(plain: Plain, place: str) -> dict[str, tuple[Source, ...]]:
    inputs = {}
    for port, value in plain.items():
        spot = f"{place} inputs.{port}"
        texts = value if isinstance(value, list) else [value]
        inputs[port] = tuple(source_from_text(text, spot) for text in texts)
    return {port: sources for port, sources in inputs.items() if sources}


def _muted_inputs(plain: Plain, place: str) -> dict[str, tuple[tuple[int, Source], ...]]:
    muted = {}
    for port, value in plain.items():
        spot, wires = f"{place} muted_inputs.{port}", []
        for item in typed(value, list, f"{place} muted_inputs.{port}"):
            if len(typed(item, list, spot)) != 2 or typed(item[0], int, spot) < 0:
                raise FileError(spot, "needs a place and a source", 'Write it like [0, "conv1"]')
            wires.append((item[0], source_from_text(item[1], spot)))
        muted[port] = tuple(sorted(wires, key=lambda wire: wire[0]))
    return {port: wires for port, wires in muted.items() if wires}


def source_from_text(text: Any, place: str) -> Source:
    """The source that ``conv1`` or ``lstm1.h`` means.

    Raises:
        FileError: the text is neither.
    """
    node, _, port = typed(text, str, place).partition(".")
    if not is_name(node) or (port and not is_name(port)) or text.endswith("."):
        raise FileError(place, "{text} names no output", "Write it like conv1, or lstm1.h", text=text)
    return Source(node, port)


def _number(value: Any, place: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise FileError(place, "needs a number, got {value}", value=value)
    return float(value)


def _position(value: Any, place: str) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise FileError(place, "needs two numbers, got {value}", value=value)
    return _number(value[0], place), _number(value[1], place)


def _short(number: float) -> int | float:
    return int(number) if float(number).is_integer() else number
