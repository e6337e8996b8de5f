"""Edits of typed parameters: those of a block, and those of the whole drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from studio.document.model import Document
from studio.document.names import check_name
from studio.document.nodes import checked_value, graph_of
from studio.document.uses import remove_block_param, without_param
from studio.graph.expression import Expression, names_in
from studio.graph.model import BlockParam, GraphError, Value
from studio.text import tr


def declare(doc: Document, key: str, params: Sequence[BlockParam]) -> Document:
    """``doc`` with these parameters for block ``key``, or for the main graph; they replace those it had.

    Raises:
        GraphError: two have one name, a name is none, or a default is of another kind.
    """
    graph_of(doc, key)
    names = [check_name(param.name) for param in params]
    for name in names:
        if names.count(name) > 1:
            raise GraphError(tr("Two parameters are called “{name}”: rename one", name=name))
    for param in params:
        checked_value(param, param.default)
    if not key:
        return replace(doc, params=tuple(params))
    return replace(doc, blocks=doc.blocks.set(key, replace(doc.blocks[key], params=tuple(params))))


def add_param(doc: Document, key: str, param: BlockParam) -> Document:
    """``doc`` with one more parameter for block ``key``, or for the drawing.

    Raises:
        GraphError: the name is taken or none, or the value is of another kind.
    """
    return declare(doc, key, (*params_of(doc, key), param))


def remove_param(doc: Document, key: str, name: str) -> Document:
    """``doc`` without a parameter of block ``key`` or of the drawing: what it set gets its value.

    Raises:
        GraphError: there is no such parameter, or an expression does more than name it.
    """
    if key:
        return remove_block_param(doc, key, name)
    param = next((param for param in doc.params if param.name == name), None)
    if param is None:
        raise GraphError(tr("The drawing has no parameter “{name}”", name=name))
    nodes = [without_param(node, param) for node in doc.main.nodes.values()]
    main = doc.main.with_nodes(node for node in nodes if node is not doc.main.nodes[node.id])
    rest = [other for other in doc.params if other is not param]
    for other in rest:
        if isinstance(other.default, Expression) and name in names_in(other.default.text):
            text = tr(
                "“{text}” in “{node}” still uses “{name}”", text=other.default, node=other.name, name=name
            )
            raise GraphError(text)
    return replace(doc, main=main, params=tuple(rest))


def set_default(doc: Document, key: str, name: str, value: Value) -> Document:
    """``doc`` with another value for a parameter of the drawing, or another default for one of block ``key``.

    Raises:
        GraphError: there is no such parameter, or the value is of another kind.
    """
    if not key:
        return set_value(doc, name, value)
    known = params_of(doc, key)
    if all(param.name != name for param in known):
        raise GraphError(tr("“{node}” has no parameter “{name}”", node=key, name=name))
    return declare(doc, key, [replace(p, default=value) if p.name == name else p for p in known])


def params_of(doc: Document, key: str) -> tuple[BlockParam, ...]:
    """The parameters of block ``key``, or of the drawing."""
    graph_of(doc, key)
    return doc.blocks[key].params if key else doc.params


def add_weights(doc: Document, alias: str, description: Mapping[str, object]) -> Document:
    """``doc`` knowing trained weights under a name: their fingerprint, names and shapes."""
    return replace(doc, weights={**doc.weights, check_name(alias): dict(description)})


def set_value(doc: Document, name: str, value: Value) -> Document:
    """``doc`` with another value for its own parameter ``name``.

    Raises:
        GraphError: it has none of this name, or the value is of another kind.
    """
    if all(param.name != name for param in doc.params):
        raise GraphError(tr("The drawing has no parameter “{name}”", name=name))
    changed = [
        replace(param, default=checked_value(param, value)) if param.name == name else param
        for param in doc.params
    ]
    return replace(doc, params=tuple(changed))
