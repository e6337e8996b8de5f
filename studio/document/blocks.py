"""Edits of blocks: a selection becomes one, and comes apart again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from studio.document.block_layout import joined_layout, split_layout
from studio.document.model import Document
from studio.document.names import block_names, check_name, free_name
from studio.document.nodes import graph_of, node_of
from studio.document.ports import INSTANCES, block_of, block_ports, referring, renamed_value
from studio.graph.expression import Expression
from studio.graph.model import Block, Graph, GraphError, Node, Source, Value
from studio.graph.persistent import PersistentMap
from studio.layers import record_of
from studio.text import tr

Wired = tuple[Source, bool]  # a wire's source, and whether it is muted


def make_block(doc: Document, key: str, ids: Iterable[str], name: str, node_id: str = "") -> Document:
    """``doc`` with the nodes ``ids`` put into a new block ``name`` and one use of it in their place.

    Its ports are worked out: an Input for each source outside that the selection reads, an Output for each
    value inside that the rest reads.

    Raises:
        GraphError: the name is taken, the selection is empty or not closed (a way leads out and in again),
            or holds nodes that stay on the main graph (data, losses, optimizers).
    """
    graph, chosen = graph_of(doc, key), set(ids)
    nodes = [graph.nodes[i] for i in graph.order() if i in chosen]
    if check_name(name) in block_names(doc):
        raise GraphError(tr("There is a block “{name}” already: choose another name", name=name))
    _check_selection(graph, nodes)
    inputs, outputs = _inputs_of(nodes, chosen), _outputs_of(graph, chosen)
    taken = {node.id for node in nodes}
    ports: dict[Source, str] = {}
    for source, port in inputs.items():
        ports[source] = free_name(port, taken | set(ports.values()))
    ends: dict[Source, str] = {}
    for source in outputs:
        ends[source] = free_name("y", taken | set(ports.values()) | set(ends.values()))
    inner = [Node(port, "Input") for port in ports.values()]
    inner += [_fed_by(node, {source: Source(port) for source, port in ports.items()}) for node in nodes]
    inner += [Node(end, "Output", inputs={"x": (source,)}) for source, end in ends.items()]
    block = Block(name, Graph(PersistentMap({node.id: node for node in inner})))
    use = Node(
        node_id or free_name(name, set(graph.nodes) - chosen),
        "Block",
        {"block": name},
        {port: (source,) for source, port in ports.items()},
    )
    rest = _replaced(graph, chosen, use, ends)
    doc = replace(doc.with_graph(key, rest), blocks=doc.blocks.set(name, block))
    ids = [node.id for node in nodes]
    return split_layout(doc, key, name, use.id, ids, (list(ports.values()), list(ends.values())))


def ungroup(doc: Document, key: str, node_id: str) -> tuple[Document, tuple[str, ...]]:
    """``doc`` with a use of a block replaced by the block's nodes, and their names. The block itself stays.

    Raises:
        GraphError: the node is no use of a block, or repeats it.
    """
    node = node_of(doc, key, node_id)
    block = block_of(doc, node)
    if block is None or node.layer == "Repeat":
        raise GraphError(tr("“{node}” is no single block that could be taken apart", node=node_id))
    graph = doc.graph(key)
    inside = [block.graph.nodes[name] for name in block.graph.order()]
    kept = [n for n in inside if n.layer not in ("Input", "Output")]
    names: dict[str, str] = {}
    for inner in kept:
        names[inner.id] = free_name(inner.id, ({*graph.nodes} - {node_id}) | set(names.values()))
    fed = {n.id: node.wires(n.id) for n in inside if n.layer == "Input"}
    new = [_taken_out(inner, names, fed, _values(block, node)) for inner in kept]
    ends = {n.id: _end(n, names, fed) for n in inside if n.layer == "Output"}
    firsts = block_ports(block, "Output")
    nodes: dict[str, Node] = {}
    for old in graph.nodes.values():
        if old.id == node_id:
            nodes |= {n.id: n for n in new}
        else:
            nodes[old.id] = _reading_ends(old, node_id, ends, firsts[0] if firsts else "")
    doc = doc.with_graph(key, Graph(PersistentMap(nodes)))
    return joined_layout(doc, key, block.name, node_id, names), tuple(names.values())


def _check_selection(graph: Graph, nodes: list[Node]) -> None:
    if not nodes:
        raise GraphError(tr("Select the nodes that shall become a block"))
    for node in nodes:
        spec = record_of(node)
        if node.layer in ("Input", "Output") or (
            spec and spec.traits.role in ("loss", "metric", "optimizer", "source")
        ):
            raise GraphError(
                tr(
                    "“{node}” ({layer}) stays outside of blocks: take it out of the selection",
                    node=node.id,
                    layer=node.layer,
                )
            )
    chosen = {node.id for node in nodes}
    after: set[str] = set()  # outside nodes that depend on the selection
    for name in graph.order():
        reads = {source.node for source in graph.nodes[name].sources()}
        if name in chosen:
            if reads & after:
                raise GraphError(
                    tr(
                        "A way leads out of the selection and in again at “{node}”: select what is between",
                        node=name,
                    )
                )
        elif reads & (chosen | after):
            after.add(name)


def _inputs_of(nodes: list[Node], chosen: set[str]) -> dict[Source, str]:
    found: dict[Source, str] = {}
    for node in nodes:
        for port in dict.fromkeys((*node.inputs, *node.muted_inputs)):
            for source, _ in node.wires(port):
                if source.node not in chosen:
                    found.setdefault(source, port)
    return found


def _outputs_of(graph: Graph, chosen: set[str]) -> list[Source]:
    found: dict[Source, None] = {}
    read: set[str] = set()
    for node in graph.nodes.values():
        for source in node.sources():
            if source.node in chosen and node.id not in chosen:
                found[source] = None
            elif source.node in chosen:
                read.add(source.node)
    if not found:  # nothing outside reads it yet: the ends of the selection are what a reader would want
        found = {Source(name): None for name in graph.order() if name in chosen and name not in read}
    place = {name: index for index, name in enumerate(graph.order())}
    return sorted(found, key=lambda source: (place[source.node], source.port))


def _fed_by(node: Node, sources: dict[Source, Source]) -> Node:
    return node.rewired(lambda source: sources.get(source, source))


def _replaced(graph: Graph, chosen: set[str], use: Node, ends: dict[Source, str]) -> Graph:
    """``graph`` with ``use`` where the first chosen node stood, its readers fed by its outputs."""
    first = next(iter(ends.values()), "")
    swap = {source: Source(use.id, "" if end == first else end) for source, end in ends.items()}
    nodes: dict[str, Node] = {}
    for node in graph.nodes.values():
        if node.id in chosen:
            nodes.setdefault(use.id, use)
        else:
            nodes[node.id] = _trains_use(_fed_by(node, swap), chosen, use.id)
    return Graph(PersistentMap(nodes))


def _trains_use(node: Node, chosen: set[str], use: str) -> Node:
    """An optimizer that trained chosen nodes trains the block now."""
    params = {}
    for name, value in referring(node).items():
        if isinstance(value, tuple) and any(item in chosen for item in value):
            params[name] = tuple(dict.fromkeys(use if item in chosen else item for item in value))
    return replace(node, params={**node.params, **params}) if params else node


def _followed(wires: list[Wired], names: dict[str, str], fed: dict[str, list[Wired]]) -> list[Wired]:
    """Wires inside the block as the graph around it calls them; muted where either part of the way was."""
    result: list[Wired] = []
    for source, muted in wires:
        if source.node in fed:
            result += [(outer, muted or silent) for outer, silent in fed[source.node]]
        elif source.node in names:
            result.append((Source(names[source.node], source.port), muted))
    return result


def _end(output: Node, names: dict[str, str], fed: dict[str, list[Wired]]) -> Wired | None:
    wires = _followed(output.wires("x"), names, fed)
    return wires[0] if wires else None


def _taken_out(
    node: Node, names: dict[str, str], fed: dict[str, list[Wired]], values: dict[str, Value]
) -> Node:
    wired = replace(node, inputs={}, muted_inputs={})
    for port in dict.fromkeys((*node.inputs, *node.muted_inputs)):
        wired = wired.with_wires(port, _followed(node.wires(port), names, fed))
    renames: dict[str, str | None] = dict(names)
    references = {name: renamed_value(value, renames) for name, value in referring(node).items()}
    params = {name: _computed(value, values) for name, value in {**node.params, **references}.items()}
    arguments = {name: _computed(value, values) for name, value in node.arguments.items()}
    return replace(wired, id=names[node.id], params=params, arguments=arguments)


def _values(block: Block, use: Node) -> dict[str, Value]:
    return {param.name: use.arguments.get(param.name, param.default) for param in block.params}


def _computed(value: Value, values: dict[str, Value]) -> Value:
    """An expression with the numbers of this use of the block; it stays one where they are none."""
    if isinstance(value, tuple):
        return tuple(_computed(item, values) for item in value)
    if not isinstance(value, Expression):
        return value
    try:
        return value.value(values)
    except ValueError:
        return value


def _reading_ends(node: Node, use: str, ends: dict[str, Wired | None], first: str) -> Node:
    after = node
    for port in dict.fromkeys((*node.inputs, *node.muted_inputs)):
        wires = node.wires(port)
        if all(source.node != use for source, _ in wires):
            continue
        kept: list[Wired] = []
        for source, muted in wires:
            end = ends.get(source.port or first) if source.node == use else (source, False)
            if end is not None:
                kept.append((end[0], muted or end[1]))
        after = after.with_wires(port, kept)
    return after


def remove_block(doc: Document, name: str) -> Document:
    """``doc`` without a block that nobody uses.

    Raises:
        GraphError: some node still uses it.
    """
    graph_of(doc, name)
    if name in used_blocks(doc):
        raise GraphError(tr("Nodes still use the block “{name}”: remove them first", name=name))
    return replace(doc, blocks=doc.blocks.without(name), layouts=doc.layouts.without(name))


def used_blocks(doc: Document) -> set[str]:
    """Blocks that some node uses."""
    graphs = [doc.main, *(block.graph for block in doc.blocks.values())]
    return {
        str(node.params.get("block"))
        for graph in graphs
        for node in graph.nodes.values()
        if node.layer in INSTANCES
    }
