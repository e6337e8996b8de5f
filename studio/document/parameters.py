"""Edits of typed parameters: those of a block, and those of the whole drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from studio.document.model import Document
from studio.document.names import check_name
from studio.document.nodes import checked_value, graph_of
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
