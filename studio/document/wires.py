"""Edits of wires: connect, disconnect, insert on a wire."""

from __future__ import annotations

from dataclasses import replace

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
    fed = node.inputs.get(port, ())
    sources = (*fed, source) if known is not None and known.variadic and source not in fed else (source,)
    if known is not None and known.variadic and source in fed:
        return doc
    return doc.with_graph(key, doc.graph(key).with_node(node.with_input(port, sources)))


def disconnect(doc: Document, key: str, node_id: str, port: str, source: Source | None = None) -> Document:
    """``doc`` with ``port`` unplugged; of a variadic port only ``source``, when it is given."""
    node = node_of(doc, key, node_id)
    left = () if source is None else tuple(s for s in node.inputs.get(port, ()) if s != source)
    if left == node.inputs.get(port, ()):
        return doc
    return doc.with_graph(key, doc.graph(key).with_node(node.with_input(port, left)))


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
    fed = reader.inputs.get(target[1], ())
    if not fed or (source is not None and source not in fed):
        raise GraphError(tr("No wire runs into “{port}” of “{node}”", port=target[1], node=target[0]))
    source = source or fed[0]
    ports, outputs = input_ports(doc, node), output_names(doc, node)
    if not ports or not outputs:
        raise GraphError(tr("{layer} can't stand on a wire: it has no input or no output", layer=node.layer))
    if node.id not in doc.graph(key).nodes:
        doc = add_node(doc, key, node, position)
    doc = connect(doc, key, source, node.id, ports[0].name)
    sources = tuple(Source(node.id) if s == source else s for s in fed)
    if doc.graph(key).reaches(node.id, target[0]):
        raise GraphError(
            tr(
                "“{source}” already depends on “{node}”: the wire would close a cycle",
                source=node.id,
                node=target[0],
            )
        )
    changed = replace(doc.graph(key).nodes[target[0]].with_input(target[1], sources))
    return doc.with_graph(key, doc.graph(key).with_node(changed))


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
