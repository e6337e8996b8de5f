"""Repairs as pure functions: a fix that a problem offers, applied to a document."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from studio.analysis.drawing import Drawing
from studio.analysis.model import Fix
from studio.graph.model import Graph, GraphError, Node, Source, reads_any
from studio.layers import find, record_of
from studio.layers.datasets import DATASETS
from studio.text import tr

D = TypeVar("D", bound=Drawing)
_OLD = "This fix no longer fits the drawing, which has changed since: nothing was done"
_NAMES = {"CrossEntropy": "loss", "MSE": "loss", "Output": "prediction", "Optimizer": "optimizer"}


def apply_fix(document: D, fix: Fix) -> D:
    """``document`` repaired; new nodes stand beside what they were made for.

    Raises:
        GraphError: the drawing changed, so that the fix no longer fits.
    """
    kind, key, *rest = fix.action
    make = _KINDS.get(str(kind))
    if make is None:
        raise GraphError(tr(_OLD))
    try:
        before = document.graph(str(key))
        after = make(before, *rest)
    except (KeyError, TypeError, ValueError) as error:
        raise GraphError(tr(_OLD)) from error
    return _placed(document.with_graph(str(key), after), str(key), before, after)


def insert(graph: Graph, node_id: str, port: str, layer: str) -> Graph:
    """``graph`` with a new node of ``layer`` on each wire into ``port``."""
    reader = graph.nodes[node_id]
    sources = []
    for source in reader.inputs[port]:
        made = _node(graph, layer, (source,))
        graph = graph.with_node(made)
        sources.append(Source(made.id))
    return graph.with_node(reader.with_input(port, tuple(sources)))


def remove(graph: Graph, node_id: str) -> Graph:
    """``graph`` without a node; what fed its first input feeds its readers."""
    node = graph.nodes[node_id]
    layer = record_of(node)
    ports = [port.name for port in layer.inputs] if layer else []
    first = next((node.inputs[port][0] for port in (*ports, *node.inputs) if node.inputs.get(port)), None)
    if first is None or first.node == node_id:
        return graph.without(node_id)
    for reader in list(graph.nodes.values()):
        if reads_any(reader, {node_id}):
            graph = graph.with_node(
                reader.rewired(lambda source: first if source.node == node_id else source)
            )
    return graph.without(node_id)


def prune(graph: Graph, node_id: str) -> Graph:
    """``graph`` without a node and without what led to it alone."""
    graph.nodes[node_id]
    return graph.without(*dead_way(graph, node_id))


def dead_way(graph: Graph, node_id: str) -> list[str]:
    """A node and everything before it that nothing else reads."""
    readers: dict[str, set[str]] = {}
    for name, node in graph.nodes.items():
        for sources in node.inputs.values():
            for source in sources:
                readers.setdefault(source.node, set()).add(name)
    gone, todo = [node_id], [node_id]
    while todo:
        node = graph.nodes[todo.pop()]
        for source in (s for sources in node.inputs.values() for s in sources):
            known = source.node in graph.nodes and source.node not in gone
            if known and readers.get(source.node, set()) <= set(gone):
                gone.append(source.node)
                todo.append(source.node)
    return gone


def set_value(graph: Graph, node_id: str, name: str, value: Any) -> Graph:
    """``graph`` with one parameter set; a default leaves nothing behind."""
    node = graph.nodes[node_id]
    layer = record_of(node)
    default = next((param.default for param in layer.params if param.name == name), None) if layer else None
    if value == default and type(value) is type(default):
        return unset(graph, node_id, name)
    return graph.with_node(node.with_params({name: value}))


def unset(graph: Graph, node_id: str, name: str) -> Graph:
    """``graph`` with one parameter back at its default."""
    node = graph.nodes[node_id]
    params = {key: value for key, value in node.params.items() if key != name}
    return graph.with_node(dataclasses.replace(node, params=params))


def unplug(graph: Graph, node_id: str, port: str, source: str = "") -> Graph:
    """``graph`` without the wires into ``port``; only those from ``source`` ("node" or "node.port") when given."""
    node = graph.nodes[node_id]
    left = tuple(s for s in node.inputs[port] if source and source not in (s.node, str(s)))
    return graph.with_node(node.with_input(port, left))


def connect(graph: Graph, node_id: str, port: str, source: str) -> Graph:
    """``graph`` with ``source`` ("node" or "node.port") wired to ``port``."""
    name, _, output = source.partition(".")
    if name not in graph.nodes or graph.reaches(name, node_id):
        raise GraphError(tr(_OLD))
    node = graph.nodes[node_id]
    return graph.with_node(node.with_wires(port, [(Source(name, output), False)]))


def add_output(graph: Graph, node_id: str) -> Graph:
    """``graph`` with an Output after a node."""
    graph.nodes[node_id]
    return graph.with_node(_node(graph, "Output", (Source(node_id),)))


def add_loss(graph: Graph, node_id: str, layer: str) -> Graph:
    """``graph`` with a loss after a node, its target wired to the data's answers where they are known."""
    graph.nodes[node_id]
    made = _node(graph, layer, (Source(node_id),))
    data = [node for node in graph.nodes.values() if node.layer == "Data"]
    target = _answers(data[0], layer) if len(data) == 1 else None
    return graph.with_node(made.with_input("target", (target,)) if target else made)


def _answers(data: Node, layer: str) -> Source | None:
    found = DATASETS.get(str(data.params.get("set", "digits-28x28")))
    names = [field.name for field in found.fields] if found else []
    wanted = ("target",) if layer == "MSE" else ("label", "next")
    return next((Source(data.id, name) for name in wanted if name in names), None)


def add_optimizer(graph: Graph) -> Graph:
    """``graph`` with an Optimizer fed by all losses."""
    losses = [name for name, node in graph.nodes.items() if _role(node) == "loss"]
    return graph.with_node(_node(graph, "Optimizer", tuple(Source(name) for name in losses)))


def _role(node: Node) -> str:
    layer = record_of(node)
    return layer.traits.role if layer else ""


def _node(graph: Graph, layer: str, sources: tuple[Source, ...]) -> Node:
    """A new node whose first input reads ``sources``."""
    record = find(layer)
    if record is None or not record.inputs:
        raise GraphError(tr(_OLD))
    base = _NAMES.get(record.name, record.name.lower().removesuffix("2d").removesuffix("1d"))
    name, number = base, 1
    while name in graph.nodes or (number == 1 and record.name not in _NAMES):
        number = number + 1 if name in graph.nodes else number
        name = f"{base}{number}"
        if name not in graph.nodes:
            break
    return Node(name, record.name, {}, {record.inputs[0].name: sources})


def _placed(document: D, key: str, before: Graph, after: Graph) -> D:
    """New nodes get a place to the right of what they read; removed ones lose theirs."""
    layout = document.layout(key)
    positions = layout.positions
    for name in before.nodes.changed(after.nodes):
        if name not in after.nodes:
            positions = positions.without(name)
        elif name not in before.nodes:
            sources = [s.node for wired in after.nodes[name].inputs.values() for s in wired]
            known = [positions[source] for source in sources if source in positions]
            if known:
                x, y = max(known)
                positions = positions.set(name, _free(positions, x + 220.0, y))
    if positions is layout.positions:
        return document
    changed = dataclasses.replace(layout, positions=positions)
    whole: Any = document
    return cast(D, dataclasses.replace(whole, layouts=whole.layouts.set(key, changed)))


def _free(positions: Mapping[str, tuple[float, float]], x: float, y: float) -> tuple[float, float]:
    """The first place at or below (x, y) that no card of usual size covers."""
    while any(abs(x - other[0]) < 200 and abs(y - other[1]) < 110 for other in positions.values()):
        y += 120.0
    return x, y


_KINDS: dict[str, Callable[..., Graph]] = {
    "insert": insert,
    "remove": remove,
    "prune": prune,
    "set": set_value,
    "unset": unset,
    "unplug": unplug,
    "connect": connect,
    "add_output": add_output,
    "add_optimizer": add_optimizer,
    "add_loss": add_loss,
}
