"""Edits of wires: connect, disconnect, insert on a wire."""

from __future__ import annotations

from studio.document.model import Document
from studio.document.nodes import Position, add_node, graph_of, node_of
from studio.document.ports import input_ports, output_names
from studio.graph.model import GraphError, Node, Source
from studio.layers.spec import Port
from studio.text import tr


def connect(doc: Document, key: str, source: Source, node_id: str, port: str) -> Document:
    """``doc`` with ``source`` feeding ``port``, in place of what fed it; a variadic port takes one more.

    Raises:
        GraphError: the wire would close a cycle, or one of its ends does not exist.
    """
    node = node_of(doc, key, node_id)
    start = node_of(doc, key, source.node)
    known = port_of(doc, node, port)
    names = output_names(doc, start)
    if names is not None and source.port and source.port not in names:
        raise GraphError(tr("“{node}” has no output “{port}”", node=source.node, port=source.port))
    if names == ():
        raise GraphError(tr("“{node}” has no output to start a wire from", node=source.node))
    if names and source.port == names[0]:
        source = Source(source.node)  # the first output goes without its name: one spelling a wire
    if source.node == node_id:
        raise GraphError(tr("“{node}” can't feed itself", node=node_id))
    if graph_of(doc, key).reaches(source.node, node_id):
        raise GraphError(
            tr(
                "“{source}” already depends on “{node}”: the wire would close a cycle",
                source=source.node,
                node=node_id,
            )
        )
    wires = [(source, False)]
    if known is not None and known.variadic:
        before = dict(node.wires(port))
        if before.get(source) is False:
            return doc
        wires = list({**before, source: False}.items())
    return doc.with_graph(key, doc.graph(key).with_node(node.with_wires(port, wires)))


def disconnect(doc: Document, key: str, node_id: str, port: str, source: Source | None = None) -> Document:
    """``doc`` with ``port`` unplugged; of a variadic port only ``source``, when it is given."""
    node = node_of(doc, key, node_id)
    wires = node.wires(port)
    left = [] if source is None else [wire for wire in wires if wire[0] != source]
    if left == wires:
        return doc
    return doc.with_graph(key, doc.graph(key).with_node(node.with_wires(port, left)))


def mute_wire(
    doc: Document, key: str, node_id: str, port: str, source: Source, muted: bool = True
) -> Document:
    """``doc`` with one wire carrying nothing, as if it were not there (or carrying its value again).

    Raises:
        GraphError: there is no such wire.
    """
    node = node_of(doc, key, node_id)
    wires = node.wires(port)
    if all(wire != source for wire, _ in wires):
        raise GraphError(tr("No wire runs into “{port}” of “{node}”", port=port, node=node_id))
    after = [(wire, muted if wire == source else before) for wire, before in wires]
    if after == wires:
        return doc
    return doc.with_graph(key, doc.graph(key).with_node(node.with_wires(port, after)))


def insert_on_wire(
    doc: Document,
    key: str,
    node: Node,
    target: tuple[str, str],
    source: Source | None = None,
    position: Position | None = None,
) -> Document:
    """``doc`` with ``node`` put on the wire into ``target`` (node, port); added first when it is new.

    Args:
        source: which wire, where the port has several; else its first.

    Raises:
        GraphError: there is no such wire, or the node has no input or output to run it through.
    """
    reader = node_of(doc, key, target[0])
    fed = [wire for wire, _ in reader.wires(target[1])]
    if not fed or (source is not None and source not in fed):
        raise GraphError(tr("No wire runs into “{port}” of “{node}”", port=target[1], node=target[0]))
    source = source or fed[0]
    ports, outputs = input_ports(doc, node), output_names(doc, node)
    if not ports or not outputs:
        raise GraphError(tr("{layer} can't stand on a wire: it has no input or no output", layer=node.layer))
    if node.id not in doc.graph(key).nodes:
        doc = add_node(doc, key, node, position)
    doc = connect(doc, key, source, node.id, ports[0].name)
    if doc.graph(key).reaches(node.id, target[0]):
        raise GraphError(
            tr(
                "“{source}” already depends on “{node}”: the wire would close a cycle",
                source=node.id,
                node=target[0],
            )
        )
    before = doc.graph(key).nodes[target[0]]
    wires = [(Source(node.id) if s == source else s, muted) for s, muted in before.wires(target[1])]
    return doc.with_graph(key, doc.graph(key).with_node(before.with_wires(target[1], wires)))


def port_of(doc: Document, node: Node, port: str) -> Port | None:
    """The input ``port`` of ``node``; None when the node's ports can't be known.

    Raises:
        GraphError: the node has no such input.
    """
    ports = input_ports(doc, node)
    if ports is None:
        return None
    found = next((p for p in ports if p.name == port), None)
    if found is None:
        raise GraphError(tr("“{node}” has no input “{port}”", node=node.id, port=port))
    return found
