"""Copy, paste and duplicate: a selection as JSON text, read as strictly as a file from a stranger."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from studio.document.check import check_graph, checked_node, holds_block
from studio.document.errors import FileError
from studio.document.model import Document
from studio.document.names import free_name
from studio.document.nodes import Position, graph_of, move_nodes
from studio.document.plain import (
    Plain,
    block_from_plain,
    block_to_plain,
    field_of,
    layout_from_plain,
    node_to_plain,
    nodes_from_plain,
    typed,
)
from studio.document.ports import INSTANCES, referring, renamed_value
from studio.document.strict import load_strict
from studio.graph.model import Block, Graph, Node, Source
from studio.graph.persistent import PersistentMap

MARK = "tsumiki-fragment"
_PLACE = "clipboard"


def copy_fragment(doc: Document, key: str, ids: Iterable[str]) -> str:
    """The nodes ``ids`` with their wires, places and the blocks they use, as text for the clipboard."""
    graph, places = graph_of(doc, key), doc.layout(key).positions
    chosen = set(ids)
    nodes = [graph.nodes[name] for name in graph.order() if name in chosen]
    plain: Plain = {
        MARK: 1,
        "nodes": [node_to_plain(node) for node in nodes],
        "positions": {node.id: list(places[node.id]) for node in nodes if node.id in places},
    }
    used = _used_blocks(doc, nodes)
    if used:
        plain["blocks"] = {
            name: {
                **block_to_plain(doc.blocks[name]),
                "nodes": [node_to_plain(n) for n in doc.blocks[name].graph.nodes.values()],
            }
            for name in used
        }
    return json.dumps(plain, ensure_ascii=False, indent=1)


def is_fragment(text: str) -> bool:
    """Whether the clipboard looks like ours; a quick look, no promise."""
    return f'"{MARK}"' in text[:100]


def paste_fragment(
    doc: Document, key: str, text: str, offset: Position = (24.0, 24.0), keep_inputs: bool = False
) -> tuple[Document, tuple[str, ...]]:
    """``doc`` with the nodes of a fragment, and the names they got.

    Args:
        offset: how far from their old places they land, in px at 100 %.
        keep_inputs: wires from outside the fragment stay where this graph has their sources.

    Raises:
        FileError: the text is no fragment, or not one that this graph can take.
    """
    data = text.encode("utf-8", "surrogatepass")
    plain = typed(load_strict(data, _PLACE), dict, _PLACE)
    if MARK not in plain:
        raise FileError(_PLACE, "what was copied is no part of a network", "Copy nodes first")
    nodes = nodes_from_plain(field_of(plain, "nodes", list, _PLACE), _PLACE)
    places = layout_from_plain({"positions": plain.get("positions", {})}, _PLACE).positions
    graph = graph_of(doc, key)
    doc, block_names = _with_blocks(doc, field_of(plain, "blocks", dict, _PLACE, {}))
    names: dict[str, str] = {}
    for name in nodes:
        names[name] = free_name(name, {*graph.nodes, *names.values()})
    outside = set(graph.nodes) if keep_inputs else set()
    new = [_pasted(node, names, outside, block_names) for node in nodes.values()]
    for node in new:
        checked = checked_node(node, _PLACE)
        _check_block(doc, key, checked)
        graph = graph.with_node(checked)
    check_graph(graph, _PLACE)
    doc = doc.with_graph(key, graph)
    moved = {names[name]: (x + offset[0], y + offset[1]) for name, (x, y) in places.items() if name in names}
    return move_nodes(doc, key, moved) if moved else doc, tuple(names.values())


def duplicate(
    doc: Document, key: str, ids: Iterable[str], offset: Position = (24.0, 24.0)
) -> tuple[Document, tuple[str, ...]]:
    """``doc`` with the nodes ``ids`` once more, fed by the same sources, and the names of the copies."""
    return paste_fragment(doc, key, copy_fragment(doc, key, ids), offset, keep_inputs=True)


def _used_blocks(doc: Document, nodes: Iterable[Node]) -> list[str]:
    """Blocks that ``nodes`` use, at any depth; inner ones first."""
    found: list[str] = []

    def visit(name: object) -> None:
        if isinstance(name, str) and name in doc.blocks and name not in found:
            for inner in doc.blocks[name].graph.nodes.values():
                if inner.layer in INSTANCES:
                    visit(inner.params.get("block"))
            found.append(name)

    for node in nodes:
        if node.layer in INSTANCES:
            visit(node.params.get("block"))
    return found


def _with_blocks(doc: Document, plain: Plain) -> tuple[Document, dict[str, str]]:
    """``doc`` with the fragment's blocks that it lacks, and the name each got here.

    A block that this document has with the same content is used as it is; another gets a free name.
    """
    names: dict[str, str] = {}
    for name, value in plain.items():
        place = f'{_PLACE} block "{name}"'
        nodes = nodes_from_plain(field_of(typed(value, dict, place), "nodes", list, place), place)
        inner = [checked_node(_with_block_name(node, names), place) for node in nodes.values()]
        graph = Graph(PersistentMap({node.id: node for node in inner}))
        check_graph(graph, place)
        block: Block = block_from_plain(name, value, graph, place)
        if doc.blocks.get(name) == block:
            names[name] = name
            continue
        names[name] = free_name(name, {*doc.blocks, "main"})
        block = replace(block, name=names[name])
        for node in inner:
            _check_block(doc, names[name], node)
        doc = replace(doc, blocks=doc.blocks.set(block.name, block))
    return doc, names


def _with_block_name(node: Node, names: dict[str, str]) -> Node:
    name = node.params.get("block")
    if node.layer in INSTANCES and isinstance(name, str) and name in names:
        return node.with_params({"block": names[name]})
    return node


def _check_block(doc: Document, key: str, node: Node) -> None:
    name = node.params.get("block") if node.layer in INSTANCES else None
    if not isinstance(name, str) or not name:
        return
    if name not in doc.blocks:
        raise FileError(
            f'{_PLACE} node "{node.id}"', "there is no block {name}", "Copy the node again", name=name
        )
    if key and holds_block(doc, name, key):
        raise FileError(f'{_PLACE} node "{node.id}"', "the block holds itself", "Paste it into another graph")


def _pasted(node: Node, names: dict[str, str], outside: set[str], blocks: dict[str, str]) -> Node:
    node = _with_block_name(node, blocks)

    def kept(source: Source) -> Source | None:
        there = source.node in names or source.node in outside
        return Source(names.get(source.node, source.node), source.port) if there else None

    renames: dict[str, str | None] = dict(names)
    params = {name: renamed_value(value, renames) for name, value in referring(node).items()}
    return replace(node.rewired(kept), id=names[node.id], params={**node.params, **params})
