"""Layers that the user wrote: all their texts in a document, and the edit that changes one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from studio.document.model import MAIN, Document
from studio.document.nodes import node_of
from studio.graph.expression import Expression
from studio.graph.model import GraphError, Node, Source, Value
from studio.layers import record_of
from studio.layers.custom import NAME, TEMPLATE, code_fault
from studio.layers.params import ParamError
from studio.layers.spec import LayerSpec
from studio.text import tr


def code_hash(code: str) -> str:
    """The SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def code_of(node: Node) -> str:
    """The text of a layer that the user wrote."""
    found = node.params.get("code")
    return found if isinstance(found, str) else TEMPLATE


def codes_of(doc: Document) -> dict[str, str]:
    """The Python that a document brings: each text with the name of a node that has it. Ours is not among it."""
    found: dict[str, str] = {}
    for key in (MAIN, *doc.blocks):
        for node in doc.graph(key).nodes.values():
            if node.layer == NAME and code_of(node) != TEMPLATE:
                found.setdefault(code_of(node), f"{key}/{node.id}" if key else node.id)
    return found


def set_code(doc: Document, key: str, node_id: str, code: str) -> Document:
    """``doc`` with another text for a layer, in all nodes that have the text of ``node_id``.

    Parameters that the new text lacks go; a wire follows its port by name, else by place. A text with a mistake
    keeps everything as it is.

    Raises:
        GraphError: the node is no layer of that kind.
    """
    node = node_of(doc, key, node_id)
    if node.layer != NAME:
        raise GraphError(tr("“{node}” is no layer that you wrote", node=node_id))
    before = code_of(node)
    if before == code:
        return doc
    for place in (MAIN, *doc.blocks):
        graph = doc.graph(place)
        same = [one for one in graph.nodes.values() if one.layer == NAME and code_of(one) == before]
        if same:
            moved = {one.id: _outputs(one, code) for one in same}
            changed = {one.id: _with_code(one, code) for one in same}
            nodes = [_follow(changed.get(one.id, one), moved) for one in graph.nodes.values()]
            doc = doc.with_graph(place, graph.with_nodes(n for n in nodes if n is not graph.nodes[n.id]))
    return doc


def _with_code(node: Node, code: str) -> Node:
    old = record_of(node)
    made = node.with_params({"code": code})
    if code == TEMPLATE:
        made = replace(made, params={name: v for name, v in made.params.items() if name != "code"})
    new = record_of(made)
    if code_fault(code) or old is None or new is None:
        return made
    made = replace(made, params=_kept(made.params, new))
    return node if made is node else _rewired(made, old, new)


def _kept(params: Mapping[str, Value], spec: LayerSpec) -> dict[str, Value]:
    known = {param.name: param for param in spec.params}
    kept: dict[str, Value] = {}
    for name, value in params.items():
        if name not in known:
            continue
        if not isinstance(value, Expression):
            try:
                value = known[name].check(value)
            except ParamError:
                continue
        if value != known[name].default or type(value) is not type(known[name].default) or name == "code":
            kept[name] = value
    return kept


def _rewired(node: Node, old: LayerSpec, new: LayerSpec) -> Node:
    before, after = ([port.name for port in spec.inputs] for spec in (old, new))
    wires = {port: node.wires(port) for port in dict.fromkeys((*node.inputs, *node.muted_inputs))}
    made = replace(node, inputs={}, muted_inputs={})
    several = {port.name for port in new.inputs if port.variadic}
    for port, found in wires.items():
        place = before.index(port) if port in before else -1
        name = (
            port
            if port in after
            else after[place]
            if 0 <= place < len(after) and after[place] not in wires
            else ""
        )
        if name:
            made = made.with_wires(name, found if name in several else found[:1])
    return made


def _outputs(node: Node, code: str) -> dict[str, str]:
    """Output of the text before -> output of the new text, where the names differ."""
    old, new = record_of(node), record_of(node.with_params({"code": code}))
    if code_fault(code) or old is None or new is None:
        return {}
    before, after = ([port.name for port in spec.outputs] for spec in (old, new))
    first = after[0]
    return {
        name: after[at] if at < len(after) and after[at] not in before else first
        for at, name in enumerate(before)
        if name not in after
    }


def _follow(node: Node, moved: Mapping[str, Mapping[str, str]]) -> Node:
    def follow(source: Source) -> Source:
        names = moved.get(source.node, {})
        return Source(source.node, names[source.port]) if source.port in names else source

    return node.rewired(follow) if any(source.node in moved for source in node.sources()) else node
