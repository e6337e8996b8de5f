"""The ports of a node as edits need them: of its layer's record, or of the block it is an instance of."""

from __future__ import annotations

from studio.document.model import Document
from studio.graph.model import Block, Node, Value
from studio.layers import record_of
from studio.layers.params import NodeRefs, Param, Text
from studio.layers.ports import output_ports as shown_outputs
from studio.layers.spec import LayerSpec, Port

INSTANCES = ("Block", "Repeat", "Scan", "EMA")  # layers whose nodes are uses of a block
_REFERENCES = ("weight_of", "weights_of", "of")  # text parameters that name another node of the graph


def block_of(doc: Document, node: Node) -> Block | None:
    """The block that ``node`` is a use of; None for a plain layer or a missing block."""
    if node.layer not in INSTANCES:
        return None
    name = node.params.get("block")
    return doc.blocks.get(name) if isinstance(name, str) else None


def block_ports(block: Block, layer: str) -> list[str]:
    """Ids of the nodes of ``layer`` (``Input`` or ``Output``), in the graph's order: the block's ports."""
    return [node.id for node in block.graph.nodes.values() if node.layer == layer]


def input_ports(doc: Document, node: Node) -> tuple[Port, ...] | None:
    """The inputs of ``node``; None when they can't be known (unknown layer, missing block)."""
    if node.layer in INSTANCES:
        block = block_of(doc, node)
        return tuple(Port(name) for name in block_ports(block, "Input")) if block else None
    spec = record_of(node)
    return spec.inputs if spec else None


def output_names(doc: Document, node: Node) -> tuple[str, ...] | None:
    """The outputs of ``node``; None when they can't be known here (data sets name their own)."""
    if node.layer in INSTANCES:
        block = block_of(doc, node)
        return tuple(block_ports(block, "Output")) if block else None
    spec = record_of(node)
    if spec is None or node.layer == "Data":
        return None
    return tuple(port.name for port in shown_outputs(spec, node.params))


def param_of(spec: LayerSpec, name: str) -> Param | None:
    """The parameter ``name`` of a record."""
    return next((param for param in spec.params if param.name == name), None)


def referring(node: Node) -> dict[str, Value]:
    """The parameters of ``node`` that name other nodes of its graph."""
    spec = record_of(node)
    found: dict[str, Value] = {}
    for param in spec.params if spec else ():
        refers = isinstance(param, NodeRefs) or (isinstance(param, Text) and param.name in _REFERENCES)
        if refers and param.name in node.params:
            found[param.name] = node.params[param.name]
    return found


def renamed_value(value: Value, names: dict[str, str | None]) -> Value:
    """A reference with node names replaced by ``names``; None there drops it."""
    if isinstance(value, tuple):
        kept = (names.get(item, item) if isinstance(item, str) else item for item in value)
        return tuple(item for item in kept if item is not None)
    if isinstance(value, str):
        return names.get(value, value) or ""
    return value
