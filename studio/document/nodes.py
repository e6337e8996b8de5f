"""Edits of nodes: add, remove, rename, set, move. Each gives a new document and leaves the old one alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from studio.document.model import Document, Layout
from studio.document.names import check_name
from studio.document.ports import (
    INSTANCES,
    block_of,
    block_ports,
    input_ports,
    param_of,
    referring,
    renamed_value,
)
from studio.graph.expression import Expression, parse
from studio.graph.model import BlockParam, Graph, GraphError, Node, Source, Value, fits, reads_any, unplugged
from studio.graph.persistent import PersistentMap
from studio.layers import find, record_of
from studio.layers.params import ParamError
from studio.layers.spec import LayerSpec
from studio.text import tr

Position = tuple[float, float]


def add_node(doc: Document, key: str, node: Node, position: Position | None = None) -> Document:
    """``doc`` with ``node`` in graph ``key``; ``unique_name`` finds its name.

    Raises:
        GraphError: the name is taken or no name, the layer unknown, a parameter wrong, a source missing.
    """
    graph = graph_of(doc, key)
    if check_name(node.id) in graph.nodes:
        raise GraphError(tr("There is a node “{name}” already: choose another name", name=node.id))
    node = replace(node, params=stored_params(known_record(node), node.params))
    for source in node.sources():
        node_of(doc, key, source.node)
    doc = doc.with_graph(key, graph.with_node(node))
    return move_nodes(doc, key, {node.id: position}) if position else doc


def remove_nodes(doc: Document, key: str, ids: Iterable[str], heal: bool = False) -> Document:
    """``doc`` without the nodes ``ids``.

    Args:
        heal: join what fed each node to who read it, so that the wire runs on; else readers are unplugged.
    """
    gone = [name for name in dict.fromkeys(ids) if name in graph_of(doc, key).nodes]
    if not gone:
        return doc
    block = doc.blocks.get(key) if key else None
    ports = set(block_ports(block, "Input") + block_ports(block, "Output")) if block else set()
    graph = doc.graph(key)
    for name in gone if heal else ():
        graph = healed(doc, graph, name)
    graph = _renamed_references(graph.without(*gone), dict.fromkeys(gone))
    layout = doc.layout(key)
    marks = {name: mark for name, mark in layout.marks.items() if name not in gone}
    left = replace(layout, positions=layout.positions.without(*gone), marks=marks)
    doc = with_layout(doc.with_graph(key, graph), key, left)
    for name in ports & set(gone):
        doc = _port_renamed(doc, key, name, None)
    return doc


def healed(doc: Document, graph: Graph, name: str) -> Graph:
    """``graph`` with the readers of ``name`` fed by what feeds its first wired input instead."""
    node = graph.nodes[name]
    first = first_source(doc, node)
    if first is None:
        return graph
    return graph.with_nodes(
        reader.rewired(lambda source: first if source.node == name else source)
        for reader in graph.nodes.values()
        if reads_any(reader, {name})
    )


def take_out(doc: Document, key: str, name: str) -> Document:
    """``doc`` with a node out of all its wires, which run on from what fed it to who read it.

    Raises:
        GraphError: there is no such node.
    """
    node = node_of(doc, key, name)
    graph = healed(doc, doc.graph(key), name)
    alone = replace(graph.nodes[name], inputs={}, muted_inputs={})
    readers = [unplugged(reader, {name}) for reader in graph.nodes.values() if reads_any(reader, {name})]
    if not readers and not node.inputs and not node.muted_inputs:
        return doc
    return doc.with_graph(key, graph.with_nodes([alone, *readers]))


def first_source(doc: Document, node: Node) -> Source | None:
    """What feeds the first wired input of ``node``, in the order of its ports."""
    ports = input_ports(doc, node)
    for name in [port.name for port in ports or ()] + list(node.inputs):
        if node.inputs.get(name):
            return node.inputs[name][0]
    return None


def rename_node(doc: Document, key: str, old: str, new: str) -> Document:
    """``doc`` with the node ``old`` called ``new`` everywhere: wires, references, layout, ports of a block.

    Raises:
        GraphError: ``new`` is taken or no name.
    """
    node = node_of(doc, key, old)
    if new == old:
        return doc
    graph = doc.graph(key)
    if check_name(new) in graph.nodes:
        raise GraphError(tr("There is a node “{name}” already: choose another name", name=new))
    nodes = {(new if name == old else name): value for name, value in graph.nodes.items()}
    nodes[new] = replace(node, id=new)
    renamed = Graph(PersistentMap(nodes))
    readers = [_reading(reader, old, new) for reader in renamed.nodes.values() if reads_any(reader, {old})]
    doc = doc.with_graph(key, _renamed_references(renamed.with_nodes(readers), {old: new}))
    layout = doc.layout(key)
    if old in layout.positions or old in layout.marks:
        positions = layout.positions
        if old in positions:
            positions = positions.without(old).set(new, positions[old])
        marks = {(new if name == old else name): mark for name, mark in layout.marks.items()}
        doc = with_layout(doc, key, replace(layout, positions=positions, marks=marks))
    if key and node.layer in ("Input", "Output"):
        doc = _port_renamed(doc, key, old, new)
    return doc


def set_param(doc: Document, key: str, node_id: str, name: str, value: Value) -> Document:
    """``doc`` with one parameter set; a value that is the default leaves none behind.

    Raises:
        GraphError: the layer has no such parameter, or it does not allow the value.
    """
    return set_params(doc, key, node_id, {name: value})


def set_params(doc: Document, key: str, node_id: str, changes: Mapping[str, Value]) -> Document:
    """``doc`` with several parameters of one node set; see ``set_param``."""
    node = node_of(doc, key, node_id)
    others = {name: value for name, value in node.params.items() if name not in changes}
    params = {**others, **stored_params(known_record(node), changes)}
    if params == node.params:
        return doc
    return doc.with_graph(key, doc.graph(key).with_node(replace(node, params=params)))


def set_argument(doc: Document, key: str, node_id: str, name: str, value: Value) -> Document:
    """``doc`` with a use of a block setting the block's parameter ``name``; None gives it its default again.

    Raises:
        GraphError: the block has no such parameter, or the value is of another kind.
    """
    node = node_of(doc, key, node_id)
    block = block_of(doc, node)
    param = next((p for p in block.params if p.name == name), None) if block else None
    if param is None:
        raise GraphError(tr("“{node}” has no parameter “{name}”", node=node_id, name=name))
    arguments = {other: held for other, held in node.arguments.items() if other != name}
    if value is not None:
        arguments[name] = checked_value(param, value)
    return doc.with_graph(key, doc.graph(key).with_node(replace(node, arguments=arguments)))


def set_muted(doc: Document, key: str, ids: Iterable[str], muted: bool = True) -> Document:
    """``doc`` with the nodes ``ids`` passed over (or not): the wire runs through them."""
    nodes = [replace(node_of(doc, key, name), muted=muted) for name in ids]
    return doc.with_graph(key, doc.graph(key).with_nodes(nodes))


def set_frozen(doc: Document, key: str, ids: Iterable[str], frozen: bool = True) -> Document:
    """``doc`` with the nodes ``ids`` learning nothing (or learning again)."""
    nodes = [replace(node_of(doc, key, name), frozen=frozen) for name in ids]
    return doc.with_graph(key, doc.graph(key).with_nodes(nodes))


def set_condition(doc: Document, key: str, ids: Iterable[str], text: str) -> Document:
    """``doc`` with the nodes ``ids`` present only where an expression holds; "" means always.

    Raises:
        ExpressionError: the text is no expression.
    """
    condition = parse(text) if text.strip() else None
    nodes = [replace(node_of(doc, key, name), present_if=condition) for name in ids]
    return doc.with_graph(key, doc.graph(key).with_nodes(nodes))


def replace_layer(doc: Document, key: str, node_id: str, layer: str) -> Document:
    """``doc`` with another layer in place of one, keeping the wires and parameters that both have.

    Wires go to the port of the same name, else to the port in the same place.

    Raises:
        GraphError: there is no such layer.
    """
    node = node_of(doc, key, node_id)
    spec = spec_of(layer)
    params: dict[str, Value] = {}
    for name, value in node.params.items():
        try:
            params |= stored_params(spec, {name: value})
        except GraphError:
            continue
    old_ports = [port.name for port in input_ports(doc, node) or ()]
    changed = replace(node, layer=spec.name, params=params, inputs={}, arguments={}, muted_inputs={})
    for port in dict.fromkeys((*node.inputs, *node.muted_inputs)):
        same = next((p for p in spec.inputs if p.name == port), None)
        if same is None and port in old_ports and old_ports.index(port) < len(spec.inputs):
            same = spec.inputs[old_ports.index(port)]
        if same is not None and not changed.wires(same.name):
            wires = node.wires(port)
            changed = changed.with_wires(same.name, wires if same.variadic else wires[:1])
    return doc.with_graph(key, doc.graph(key).with_node(changed))


def move_nodes(doc: Document, key: str, positions: Mapping[str, Position]) -> Document:
    """``doc`` with nodes at other places: top left corners in px at 100 %."""
    for name in positions:
        node_of(doc, key, name)
    layout = doc.layout(key)
    places = {name: (float(x), float(y)) for name, (x, y) in positions.items()}
    return with_layout(doc, key, replace(layout, positions=layout.positions.update(places)))


def set_run(doc: Document, **changes: object) -> Document:
    """``doc`` with other run settings, as in ``set_run(doc, epochs=5)``.

    Raises:
        GraphError: there is no such setting.
    """
    known = {field.name for field in fields(doc.run)}
    for name in changes:
        if name not in known:
            raise GraphError(tr("There is no run setting “{name}”", name=name))
    run = replace(doc.run, **changes)  # type: ignore[arg-type]
    return doc if run == doc.run else replace(doc, run=run)


def set_title(doc: Document, title: str) -> Document:
    """``doc`` under another title."""
    return replace(doc, title=title)


def graph_of(doc: Document, key: str) -> Graph:
    """Graph ``key`` of ``doc``.

    Raises:
        GraphError: there is no such block.
    """
    if key and key not in doc.blocks:
        raise GraphError(tr("There is no block “{name}”", name=key))
    return doc.graph(key)


def node_of(doc: Document, key: str, name: str) -> Node:
    """A node of graph ``key``.

    Raises:
        GraphError: there is none of this name.
    """
    node = graph_of(doc, key).nodes.get(name)
    if node is None:
        raise GraphError(tr("There is no node “{name}”: it was removed or renamed", name=name))
    return node


def spec_of(layer: str) -> LayerSpec:
    """The record of ``layer``.

    Raises:
        GraphError: there is none.
    """
    spec = find(layer)
    if spec is None:
        raise GraphError(tr("There is no layer “{name}”", name=layer[:80]))
    return spec


def known_record(node: Node) -> LayerSpec:
    """The record of a node.

    Raises:
        GraphError: its layer is unknown.
    """
    return record_of(node) or spec_of(node.layer)


def stored_params(spec: LayerSpec, params: Mapping[str, Value]) -> dict[str, Value]:
    """``params`` checked, in their stored form, without those that say the default.

    Raises:
        GraphError: an unknown parameter or a value it does not allow.
    """
    stored: dict[str, Value] = {}
    for name, value in params.items():
        param = param_of(spec, name)
        if param is None:
            raise GraphError(tr("{layer} has no parameter “{name}”", layer=spec.name, name=name))
        if not isinstance(value, Expression):
            try:
                value = param.check(value)
            except ParamError as error:
                raise GraphError(tr(error.template, **error.values)) from None
        if value != param.default or type(value) is not type(param.default):
            stored[name] = value
    return stored


def with_layout(doc: Document, key: str, layout: Layout) -> Document:
    """``doc`` with the layout of graph ``key`` replaced; an empty one leaves none behind, as in files."""
    if layout == Layout():
        return replace(doc, layouts=doc.layouts.without(key)) if key in doc.layouts else doc
    return replace(doc, layouts=doc.layouts.set(key, layout))


def _reading(node: Node, old: str, new: str) -> Node:
    return node.rewired(lambda source: Source(new, source.port) if source.node == old else source)


def _renamed_references(graph: Graph, names: Mapping[str, str | None]) -> Graph:
    """``graph`` with parameters that name nodes following ``names``; None takes the name out."""
    changed = []
    for node in graph.nodes.values():
        found = referring(node)
        if found:
            after = {name: renamed_value(value, dict(names)) for name, value in found.items()}
            if after != found:
                changed.append(replace(node, params={**node.params, **after}))
    return graph.with_nodes(changed) if changed else graph


def _port_renamed(doc: Document, block: str, old: str, new: str | None) -> Document:
    """``doc`` with every use of ``block`` following the new name of a port; None unplugs it."""
    for key in ("", *doc.blocks):
        graph = doc.graph(key)
        uses = {n.id for n in graph.nodes.values() if n.layer in INSTANCES and n.params.get("block") == block}
        if not uses:
            continue
        changed = []
        for node in graph.nodes.values():
            after = _follow_port(node, uses, old, new)
            if after is not node:
                changed.append(after)
        doc = doc.with_graph(key, graph.with_nodes(changed)) if changed else doc
    return doc


def _follow_port(node: Node, uses: set[str], old: str, new: str | None) -> Node:
    def follow(source: Source) -> Source | None:
        if source.node not in uses or source.port != old:
            return source
        return Source(source.node, new) if new is not None else None

    after = node.rewired(follow)
    wires = after.wires(old) if node.id in uses else []
    if not wires:
        return after
    after = after.with_wires(old, ())
    return after.with_wires(new, wires) if new is not None else after


def checked_value(param: BlockParam, value: Value) -> Value:
    """``value`` when a parameter may hold it.

    Raises:
        GraphError: it is of another kind.
    """
    if fits(param.kind, value) or isinstance(value, Expression):
        return value
    text = "{name} needs a value of the kind {kind}, got {value}"
    raise GraphError(tr(text, name=param.name, kind=param.kind, value=repr(value)))
