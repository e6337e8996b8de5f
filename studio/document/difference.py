"""What changed between two documents, as plain JSON, and the way back to the second from the first.

The journal writes these, so that no edit needs code of its own to survive a crash.
``apply_difference(before, difference(before, after)) == after``, the order of nodes included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from studio.document.check import check_structure, place_of
from studio.document.model import MAIN, Document
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
)
from studio.graph.model import Block, Graph, Node
from studio.graph.persistent import PersistentMap

V = TypeVar("V")
_PLACE = "journal"
_SECTIONS = ("about", "expect", "data", "sizes", "weights", "extra")


def difference(before: Document, after: Document) -> Plain:
    """What leads from ``before`` to ``after``; {} when they are equal. Shared objects are not looked into."""
    plain: Plain = {}
    if before.title != after.title:
        plain["title"] = after.title
    if before.run != after.run:
        plain["run"] = run_to_plain(after.run)
    if before.params != after.params:
        plain["params"] = params_to_plain(after.params)
    for name in _SECTIONS:
        if getattr(before, name) != getattr(after, name):
            plain[name] = dict(getattr(after, name))
    graphs: Plain = {}
    if before.main is not after.main:
        graphs[MAIN_IN_FILES] = _graph_difference(before.main, after.main)
    if before.blocks is not after.blocks:
        plain |= _blocks_difference(before, after, graphs)
    graphs = {key: value for key, value in graphs.items() if value}
    if graphs:
        plain["graphs"] = graphs
    if before.layouts is not after.layouts:
        layouts = _layouts_difference(before, after)
        if layouts:
            plain["layouts"] = layouts
    return plain


def apply_difference(before: Document, plain: Any) -> Document:
    """The document after a difference.

    Raises:
        FileError: the difference is damaged, or does not belong to ``before``.
    """
    typed(plain, dict, _PLACE)
    after = before
    if "title" in plain:
        after = replace(after, title=field_of(plain, "title", str, _PLACE))
    if "run" in plain:
        after = replace(after, run=run_from_plain(plain["run"], f"{_PLACE} run"))
    if "params" in plain:
        after = replace(after, params=params_from_plain(plain["params"], f"{_PLACE} params"))
    sections = {name: field_of(plain, name, dict, _PLACE) for name in _SECTIONS if name in plain}
    after = replace(after, **sections)
    graphs = field_of(plain, "graphs", dict, _PLACE, {})
    if MAIN_IN_FILES in graphs:
        after = replace(after, main=_applied_graph(after.main, graphs[MAIN_IN_FILES], MAIN_IN_FILES))
    after = _applied_blocks(after, plain, graphs)
    after = _applied_layouts(after, field_of(plain, "layouts", dict, _PLACE, {}))
    if graphs or "blocks" in plain:
        check_structure(after)
    return after


def _graph_difference(before: Graph, after: Graph) -> Plain:
    changed = before.nodes.changed(after.nodes)
    gone = sorted(name for name in changed if name not in after.nodes)
    there = [name for name in changed if name in after.nodes]
    there = [name for name in there if before.nodes.get(name) != after.nodes[name]]
    plain: Plain = {}
    new = [name for name in there if name not in before.nodes]
    if len(new) > 1:
        order = {name: index for index, name in enumerate(after.nodes)}
        there.sort(key=lambda name: order[name])
    if there:
        plain["set"] = [node_to_plain(after.nodes[name]) for name in there]
    if gone:
        plain["gone"] = gone
    several = len(there) > 1  # a graph that was made anew may hold the same nodes in another order
    if (new or gone or several) and _expected_order(before.nodes, there, gone) != list(after.nodes):
        plain["order"] = list(after.nodes)
    return plain


def _expected_order(before: Mapping[str, Any], there: list[str], gone: list[str]) -> list[str]:
    """Keys after a change when nothing says another order: what stays, then what is new."""
    out = set(gone)
    return [name for name in before if name not in out] + [name for name in there if name not in before]


def _applied_graph(graph: Graph, plain: Any, place: str) -> Graph:
    typed(plain, dict, _PLACE)
    nodes = nodes_from_plain(field_of(plain, "set", list, _PLACE, []), place)
    gone = [str(name) for name in field_of(plain, "gone", list, _PLACE, [])]
    order = [str(name) for name in field_of(plain, "order", list, _PLACE, [])]
    order = order or _expected_order(graph.nodes, list(nodes), gone)
    return Graph(_ordered(graph.nodes.update(nodes).without(*gone), order))


def _ordered(items: PersistentMap[V], order: list[str]) -> PersistentMap[V]:
    if list(items) == order:
        return items
    known = [name for name in order if name in items]
    rest = [name for name in items if name not in set(known)]
    return PersistentMap({name: items[name] for name in known + rest})


def _blocks_difference(before: Document, after: Document, graphs: Plain) -> Plain:
    changed = before.blocks.changed(after.blocks)
    gone = sorted(name for name in changed if name not in after.blocks)
    heads: Plain = {}
    for name in changed - set(gone):
        old, new = before.blocks.get(name), after.blocks[name]
        graphs[name] = _graph_difference(old.graph if old else Graph(), new.graph)
        if old is None or block_to_plain(old) != block_to_plain(new):
            heads[name] = block_to_plain(new)
    plain: Plain = {}
    if heads or gone:
        plain["blocks"] = {"set": heads, "gone": gone}
        if list(before.blocks) != list(after.blocks):
            plain["blocks"]["order"] = list(after.blocks)
    return plain


def _applied_blocks(doc: Document, plain: Plain, graphs: Plain) -> Document:
    change = field_of(plain, "blocks", dict, _PLACE, {})
    heads = field_of(change, "set", dict, _PLACE, {})
    blocks = doc.blocks
    for name in [*heads, *(key for key in graphs if key not in heads and key != MAIN_IN_FILES)]:
        block = blocks.get(name) or Block(name)
        graph = block.graph
        if name in graphs:
            graph = _applied_graph(graph, graphs[name], place_of(name))
        block = replace(block, graph=graph)
        if name in heads:
            block = block_from_plain(name, heads[name], graph, place_of(name))
        blocks = blocks.set(name, block)
    gone = field_of(change, "gone", list, _PLACE, [])
    blocks = blocks.without(*(str(name) for name in gone))
    order = field_of(change, "order", list, _PLACE, [])
    if order:
        blocks = _ordered(blocks, [str(name) for name in order])
    return doc if blocks is doc.blocks else replace(doc, blocks=blocks)


def _layouts_difference(before: Document, after: Document) -> Plain:
    changed = before.layouts.changed(after.layouts)
    plain: Plain = {}
    for key in sorted(changed):
        name = key or MAIN_IN_FILES
        if key not in after.layouts:
            plain[name] = None
            continue
        old, new = before.layout(key), after.layouts[key]
        rest = old.frames == new.frames and old.marks == new.marks and old.extra == new.extra
        if key not in before.layouts or not rest:
            plain[name] = {"whole": layout_to_plain(new)}
            continue
        moved = {
            name
            for name in old.positions.changed(new.positions)
            if old.positions.get(name) != new.positions.get(name)
        }
        if moved:
            plain[name] = {
                "set": {n: list(new.positions[n]) for n in sorted(moved) if n in new.positions},
                "gone": sorted(n for n in moved if n not in new.positions),
            }
    return plain


def _applied_layouts(doc: Document, plain: Plain) -> Document:
    layouts = doc.layouts
    for name, change in plain.items():
        key = MAIN if name == MAIN_IN_FILES else name
        if change is None:
            layouts = layouts.without(key)
            continue
        typed(change, dict, _PLACE)
        if "whole" in change:
            layouts = layouts.set(key, layout_from_plain(change["whole"], f"{_PLACE} layout {name}"))
            continue
        layout = doc.layout(key)
        moved = layout_from_plain({"positions": change.get("set", {})}, f"{_PLACE} layout {name}").positions
        gone = [str(node) for node in field_of(change, "gone", list, _PLACE, [])]
        positions = layout.positions.update(moved).without(*gone)
        layouts = layouts.set(key, replace(layout, positions=positions))
    return doc if layouts is doc.layouts else replace(doc, layouts=layouts)


def describe(before: Document, after: Document) -> list[str]:
    """What changed, in lines a person can read: + new, - gone, ~ changed."""
    lines: list[str] = []
    for key in dict.fromkeys((MAIN, *before.blocks, *after.blocks)):
        old = before.graph(key).nodes if not key or key in before.blocks else PersistentMap()
        new = after.graph(key).nodes if not key or key in after.blocks else PersistentMap()
        prefix = f"{key}/" if key else ""
        for name in sorted(old.changed(new)):
            if name not in new:
                lines.append(f"- {prefix}{name}")
            elif old.get(name) != new[name]:
                lines.append(f"{'~' if name in old else '+'} {prefix}{name}  {_line(new[name])}")
    if before.title != after.title:
        lines.append(f"~ title: {after.title}")
    lines += [
        f"~ {name}" for name in ("run", "params", *_SECTIONS) if getattr(before, name) != getattr(after, name)
    ]
    return lines + (["~ layout"] if before.layouts != after.layouts else [])


def _line(node: Node) -> str:
    plain = node_to_plain(node)
    details = [f"{name}={value}" for name, value in plain.get("params", {}).items()]
    details += [f"{port} ← {value}" for port, value in plain.get("inputs", {}).items()]
    return f"{node.layer}  {', '.join(details)}".rstrip()
