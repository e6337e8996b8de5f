"""What expressions in one graph of a drawing come to: for who shows the number beside the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.analysis.configure import arguments, index_names, own_names
from studio.analysis.drawing import Drawing
from studio.graph.expression import Expression, ExpressionError
from studio.graph.model import Value
from studio.layers import record_of


def names_of(document: Drawing, key: str = "") -> dict[str, Any]:
    """The values of the names that expressions in graph ``key`` may use.

    In the main graph those are the drawing's own parameters, in a block its parameters as its first use sets
    them (of a Repeat the first turn), or their defaults where nobody uses it.
    """
    own = own_names(document.params)
    if not key:
        return own
    todo, seen = [("", own)], {""}
    while todo:
        graph, names = todo.pop(0)
        for node in document.graph(graph).nodes.values():
            layer = record_of(node)
            block = document.blocks.get(str(node.params.get("block", ""))) if layer else None
            if layer is None or layer.traits.role != "block" or block is None or block.name in seen:
                continue
            around = {**names, **index_names(0)} if layer.name == "Repeat" else names
            inside = arguments(block, node.arguments, around)[0]
            if block.name == key:
                return inside
            seen.add(block.name)
            todo.append((block.name, inside))
    return own_names(document.blocks[key].params)


def worked_out(value: Value, names: Mapping[str, Any]) -> object:
    """``value`` with its expressions worked out.

    Raises:
        ExpressionError: one of them has no value.
    """
    if isinstance(value, tuple):
        return tuple(worked_out(part, names) for part in value)
    return value.any_value(names) if isinstance(value, Expression) else value


def has_expression(value: Value) -> bool:
    """Whether ``value`` is an expression or holds one."""
    if isinstance(value, tuple):
        return any(has_expression(part) for part in value)
    return isinstance(value, Expression)


def result_text(value: Value, names: Mapping[str, Any]) -> tuple[str, str]:
    """What an expression comes to, and why it comes to nothing: ("64", ""), ("", why); ("", "") for a plain value."""
    if not has_expression(value):
        return "", ""
    try:
        return _text(worked_out(value, names)), ""
    except ExpressionError as error:
        return "", str(error)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return "×".join(_text(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
