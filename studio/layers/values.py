"""The parameters of a node, checked and completed, as the rules take them."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from studio.graph.expression import Expression, ExpressionError
from studio.graph.model import Value
from studio.layers.params import ParamError
from studio.layers.spec import LayerSpec

_NOTHING: Mapping[str, Any] = {}


def values(
    spec: LayerSpec,
    params: Mapping[str, Value],
    names: Mapping[str, Any] = _NOTHING,
    *,
    wired: frozenset[str] = frozenset(),
    schemas: Mapping[str, Any] = _NOTHING,
) -> SimpleNamespace:
    """All parameters of a layer as attributes: what the user set, checked, and defaults for the rest.

    Args:
        spec: the record of the layer.
        params: what the user set; expressions are worked out with ``names``.
        names: the block parameters (and ``index`` in a Repeat) that expressions may use.
        wired: names of the input ports that have a source; rules of optional ports read ``p.wired``.
        schemas: the user's own data sets by alias (``Document.data``); the rule of Data reads ``p.schemas``.

    Raises:
        ParamError: an unknown parameter, one out of range, or an expression without a value; names it.
    """
    result: dict[str, Any] = {"wired": wired, "schemas": schemas}
    known = 0
    for param in spec.params:
        name = param.name
        if name in params:
            known += 1
            result[name] = param.check(_resolved(name, params[name], names))
        else:
            result[name] = param.default
    if known < len(params):
        unknown = next(name for name in params if all(param.name != name for param in spec.params))
        raise ParamError("{layer} has no parameter {name}: remove it", layer=spec.name, name=unknown)
    return SimpleNamespace(**result)


def _resolved(name: str, value: Value, names: Mapping[str, Any]) -> Value:
    if isinstance(value, Expression):
        try:
            return cast(Value, value.any_value(names))
        except ExpressionError as error:
            raise ParamError("{name} has no value: {reason}", name=name, reason=str(error)) from None
    if isinstance(value, tuple):
        return tuple(_resolved(name, part, names) for part in value)
    return value
