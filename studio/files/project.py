"""The project file: one canonical JSON object that diffs and merges, read strictly and always written alike.

Keys sorted, one node a line, nodes in an order that follows the wires, the layout apart from the graph.
Reading drops parameters that say the default, writing says them all: a file keeps its meaning when a default
changes one day.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio.document.check import check_structure, checked_document, place_of
from studio.document.model import MAIN, Document, Layout
from studio.document.names import MAIN_IN_FILES
from studio.document.plain import (
    Plain,
    block_from_plain,
    block_to_plain,
    field_of,
    layout_from_plain,
    layout_to_plain,
    node_to_plain,
    nodes_from_plain,
    params_from_plain,
    params_to_plain,
    run_from_plain,
    run_to_plain,
    typed,
    unknown,
    value_to_plain,
)
from studio.files.custom_code import fold, unfold
from studio.files.errors import FileError
from studio.files.save import save_bytes
from studio.files.strict import load_strict, read_bytes
from studio.graph.model import Graph, Node
from studio.graph.persistent import PersistentMap
from studio.layers import record_of

FORMAT = 1
MIGRATIONS: dict[int, Callable[[Plain], Plain]] = {}  # format n -> the plain object in format n + 1
_FIELDS = (
    "format",
    "title",
    "about",
    "expect",
    "run",
    "main",
    "blocks",
    "layout",
    "data",
    "params",
    "sizes",
    "weights",
    "custom",
)
_EXPANDED = {
    "main": 1,
    "blocks": 3,
    "layout": 3,
    "about": 1,
    "data": 1,
    "params": 1,
    "sizes": 1,
    "weights": 1,
    "custom": 2,
}  # how deep values get a line each


@dataclass(frozen=True, slots=True)
class Project:
    """A file that was read. ``read_only``: a newer studio wrote it; ``migrated``: its format was old."""

    document: Document
    format: int = FORMAT
    read_only: bool = False
    migrated: bool = False


def load_project(path: Path) -> Project:
    """The project in the file ``path``.

    Raises:
        FileError: it can't be used; nothing was changed.
    """
    return parse_project(read_bytes(path), path.name)


def read_project(path: Path) -> Document:
    """The document in the file ``path``; ``load_project`` also says whether it may be saved.

    Raises:
        FileError: it can't be used; nothing was changed.
    """
    return load_project(path).document


def save_project(path: Path, document: Document, expected: str = "") -> str:
    """Writes ``document`` to ``path`` durably, and gives the new file's SHA-256; see ``save_bytes``.

    Raises:
        FileError: it could not be saved; the old file is untouched.
    """
    return save_bytes(path, project_bytes(document), expected)


def write_text(document: Document) -> str:
    """The canonical file of ``document`` as text."""
    return project_bytes(document).decode("utf-8")


def parse_project(data: bytes, name: str = "") -> Project:
    """The project in ``data``; ``name`` is the file's, for messages.

    Raises:
        FileError: it can't be used.
    """
    plain = load_strict(data, name)
    typed(plain, dict, name or "project")
    number = field_of(plain, "format", int, name or "project")
    if number < 1:
        raise FileError("format", "needs a whole number from 1 on, got {value}", value=number)
    for step in range(number, FORMAT):
        plain = MIGRATIONS[step](plain)
    newer = number > FORMAT
    document = document_from_plain(plain)
    if newer:
        check_structure(document)
    else:
        document = checked_document(document)
    return Project(document, number, newer, number < FORMAT)


def project_bytes(document: Document, *, defaults: bool = True) -> bytes:
    """The canonical file of ``document``: equal documents give equal bytes.

    Args:
        defaults: say parameters that were left at their default too, as Save does.
    """
    plain = document_to_plain(document, _full_node if defaults else node_to_plain)
    lines = [f" {_text(key)}: {_lines(plain[key], 1, _EXPANDED.get(key, 0))}" for key in sorted(plain)]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8")


def document_to_plain(doc: Document, node_text: Callable[[Node], Plain] = node_to_plain) -> Plain:
    """All of ``doc`` as one JSON object."""
    plain: Plain = {
        **doc.extra,
        "format": FORMAT,
        "title": doc.title,
        "run": run_to_plain(doc.run),
        "main": _nodes(doc.main, node_text),
    }
    sections = ("about", "expect", "data", "sizes", "weights")
    plain |= {name: dict(getattr(doc, name)) for name in sections if getattr(doc, name)}
    if doc.params:
        plain["params"] = params_to_plain(doc.params)
    blocks = {
        name: {**block_to_plain(block), "nodes": _nodes(block.graph, node_text)}
        for name, block in doc.blocks.items()
    }
    layout = {key or MAIN_IN_FILES: layout_to_plain(value) for key, value in doc.layouts.items()}
    if blocks:
        plain["blocks"] = blocks
    if any(layout.values()):
        plain["layout"] = {key: value for key, value in layout.items() if value}
    return fold(plain)


def document_from_plain(plain: Plain) -> Document:
    """The document in a JSON object of the current format; wires and parameters are not looked at yet.

    Raises:
        FileError: a field is missing or of a wrong type.
    """
    plain = unfold(plain)
    nodes = nodes_from_plain(field_of(plain, "main", list, "project"), MAIN_IN_FILES)
    blocks = {}
    for name, value in field_of(plain, "blocks", dict, "project", {}).items():
        spot = place_of(name)
        typed(value, dict, spot)
        graph = Graph(PersistentMap(nodes_from_plain(field_of(value, "nodes", list, spot), spot)))
        blocks[name] = block_from_plain(name, value, graph, spot)
    layouts: dict[str, Layout] = {}
    for name, value in field_of(plain, "layout", dict, "project", {}).items():
        layouts[MAIN if name == MAIN_IN_FILES else name] = layout_from_plain(value, f"layout {name}")
    return Document(
        title=field_of(plain, "title", str, "project", ""),
        about=field_of(plain, "about", dict, "project", {}),
        expect=field_of(plain, "expect", dict, "project", {}),
        run=run_from_plain(field_of(plain, "run", dict, "project", {})),
        main=Graph(PersistentMap(nodes)),
        blocks=PersistentMap(blocks),
        layouts=PersistentMap(layouts),
        data=field_of(plain, "data", dict, "project", {}),
        params=params_from_plain(plain.get("params", []), "params"),
        sizes=field_of(plain, "sizes", dict, "project", {}),
        weights=field_of(plain, "weights", dict, "project", {}),
        extra=unknown(plain, _FIELDS),
    )


def _full_node(node: Node) -> Plain:
    """The node with every parameter of its record said that does anything beside the others."""
    spec = record_of(node)
    if spec is None:
        return node_to_plain(node)
    defaults = {param.name: param.default for param in spec.params}
    silent = {param.name for param in spec.params if not param.applies(node.params, defaults)}
    said = {name: value for name, value in defaults.items() if name not in silent}
    return node_to_plain(replace(node, params={**said, **node.params}))


def _nodes(graph: Graph, node_text: Callable[[Node], Plain]) -> list[Plain]:
    return [node_text(graph.nodes[name]) for name in graph.order()]


def _lines(value: Any, indent: int, depth: int) -> str:
    """``value`` with the items of its outer ``depth`` levels on lines of their own."""
    if depth == 0 or not value or not isinstance(value, (dict, list)):
        return _text(value)
    pad, inner = " " * indent, " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{_text(key)}: {_lines(value[key], indent + 1, depth - 1)}" for key in sorted(value)]
        return "{\n" + ",\n".join(inner + item for item in items) + f"\n{pad}}}"
    items = [_lines(item, indent + 1, 0) for item in value]
    return "[\n" + ",\n".join(inner + item for item in items) + f"\n{pad}]"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, default=_plain_value)


def _plain_value(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value_to_plain(value)
