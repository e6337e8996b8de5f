"""Edits of the uses of blocks: a copy of one's own, repeats, shared weights, parameters on the block's face."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from studio.document.model import Document
from studio.document.names import block_names, check_name, free_name
from studio.document.nodes import known_record, node_of, spec_of
from studio.document.ports import INSTANCES, block_of, param_of
from studio.graph.expression import Expression, names_in
from studio.graph.model import Block, BlockParam, GraphError, Node, Value
from studio.text import tr

_KINDS: tuple[tuple[type, str], ...] = ((bool, "bool"), (int, "int"), (float, "float"), (str, "text"))


def detach_block(doc: Document, key: str, node_id: str) -> Document:
    """``doc`` with a use of a block turned to a copy of the block that only it uses.

    Raises:
        GraphError: the node is no use of a block.
    """
    node, block = _use(doc, key, node_id)
    name = free_name(block.name, block_names(doc))
    blocks = doc.blocks.set(name, replace(block, name=name))
    layout = doc.layouts.get(block.name)
    layouts = doc.layouts.set(name, layout) if layout is not None else doc.layouts
    doc = replace(doc, blocks=blocks, layouts=layouts)
    changed = node.with_params({"block": name, **({"weights_of": ""} if "weights_of" in node.params else {})})
    params = {param: value for param, value in changed.params.items() if value != ""}
    return doc.with_graph(key, doc.graph(key).with_node(replace(changed, params=params)))


def repeat_block(doc: Document, key: str, node_id: str, times: int) -> Document:
    """``doc`` with a use of a block made ``times`` times in a row; 1 makes it a plain use again.

    Raises:
        GraphError: the node is no use of a block, or the number is out of range.
    """
    node, _ = _use(doc, key, node_id)
    if not 1 <= times <= 10_000:
        raise GraphError(tr("A block repeats 1 to 10000 times, not {times}", times=times))
    layer = "Repeat" if times > 1 else "Block"
    known = {param.name for param in spec_of(layer).params}
    params = {name: value for name, value in node.params.items() if name in known and name != "times"}
    if times > 1 and times != 2:
        params["times"] = times
    changed = replace(node, layer=layer, params=params)
    return doc if changed == node else doc.with_graph(key, doc.graph(key).with_node(changed))


def share_weights(doc: Document, key: str, ids: Iterable[str]) -> Document:
    """``doc`` with the uses ``ids`` of one block using the weights of the first; sharing already, each its own.

    Raises:
        GraphError: fewer than two, or not all of the same block.
    """
    names = list(ids)
    uses = [_use(doc, key, name) for name in names]
    if len(uses) < 2 or len({block.name for _, block in uses}) > 1:
        raise GraphError(tr("Select two or more uses of the same block to share their weights"))
    first = names[0]
    shared = all(node.params.get("weights_of") == first for node, _ in uses[1:])
    changed = []
    for node, _ in uses:
        params = {name: value for name, value in node.params.items() if name != "weights_of"}
        if not shared and node.id != first:
            params["weights_of"] = first
        changed.append(replace(node, params=params))
    return doc.with_graph(key, doc.graph(key).with_nodes(changed))


def expose_param(doc: Document, block: str, node_id: str, param: str, name: str = "") -> Document:
    """``doc`` with a parameter of a node inside ``block`` set by a parameter of the block, with today's value.

    Args:
        name: how it is called on the block's face; free when empty.

    Raises:
        GraphError: there is no such parameter, it is set by an expression already, or its kind can't be passed on.
    """
    if block not in doc.blocks:
        raise GraphError(tr("There is no block “{name}”", name=block))
    node = node_of(doc, block, node_id)
    known = param_of(known_record(node), param)
    if known is None:
        raise GraphError(tr("{layer} has no parameter “{name}”", layer=node.layer, name=param))
    value: Value = node.params.get(param, known.default)
    if isinstance(value, tuple) and value and all(item == value[0] for item in value):
        value = value[0]  # 3×3 is one number on the block's face
    kind = next((kind for held, kind in _KINDS if type(value) is held), "")
    if not kind:
        raise GraphError(tr("“{name}” can't be a parameter of the block as it is", name=param))
    name = check_name(name) if name else param
    whole = doc.blocks[block]
    taken = {p.name for p in whole.params}
    name = free_name(name, taken)
    made = replace(whole, params=(*whole.params, BlockParam(name, kind, value, known.doc)))
    doc = replace(doc, blocks=doc.blocks.set(block, made))
    return doc.with_graph(block, doc.graph(block).with_node(node.with_params({param: Expression(name)})))


def remove_block_param(doc: Document, block: str, name: str) -> Document:
    """``doc`` without a parameter of ``block``: what it set inside gets its default value.

    Raises:
        GraphError: there is no such parameter, or an expression inside does more than name it.
    """
    whole = doc.blocks.get(block)
    param = next((p for p in whole.params if p.name == name), None) if whole else None
    if whole is None or param is None:
        raise GraphError(tr("“{node}” has no parameter “{name}”", node=block, name=name))
    nodes = [without_param(node, param) for node in whole.graph.nodes.values()]
    made = replace(
        whole,
        graph=whole.graph.with_nodes(n for n in nodes if n is not whole.graph.nodes[n.id]),
        params=tuple(p for p in whole.params if p.name != name),
    )
    doc = replace(doc, blocks=doc.blocks.set(block, made))
    for key in ("", *doc.blocks):
        graph = doc.graph(key)
        changed = [
            replace(node, arguments={a: v for a, v in node.arguments.items() if a != name})
            for node in graph.nodes.values()
            if name in node.arguments and block_of(doc, node) is made
        ]
        doc = doc.with_graph(key, graph.with_nodes(changed)) if changed else doc
    return doc


def without_param(node: Node, param: BlockParam) -> Node:
    """``node`` with the value of ``param`` where it named it.

    Raises:
        GraphError: an expression of the node does more than name it.
    """

    def kept(value: Value) -> Value:
        if isinstance(value, tuple):
            return tuple(kept(item) for item in value)
        if not isinstance(value, Expression) or param.name not in names_in(value.text):
            return value
        if value.text.strip() != param.name:
            raise GraphError(
                tr("“{text}” in “{node}” still uses “{name}”", text=value.text, node=node.id, name=param.name)
            )
        return param.default

    if node.present_if is not None and param.name in names_in(node.present_if.text):
        raise GraphError(
            tr(
                "“{text}” in “{node}” still uses “{name}”",
                text=node.present_if,
                node=node.id,
                name=param.name,
            )
        )
    params = {name: kept(value) for name, value in node.params.items()}
    arguments = {name: kept(value) for name, value in node.arguments.items()}
    same = params == node.params and arguments == node.arguments
    return node if same else replace(node, params=params, arguments=arguments)


def _use(doc: Document, key: str, node_id: str) -> tuple[Node, Block]:
    node = node_of(doc, key, node_id)
    block = block_of(doc, node) if node.layer in INSTANCES else None
    if block is None:
        raise GraphError(tr("“{node}” is no use of a block", node=node_id))
    return node, block
