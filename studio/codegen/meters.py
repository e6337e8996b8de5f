"""Meters: metrics from torchmetrics as model.py holds them, made in one function for the trainer and for train.py."""

from __future__ import annotations

from collections.abc import Mapping

from studio.codegen.layout import statement
from studio.codegen.scope import Scope
from studio.layers.render import render

_METER = "meter"


def meter(scope: Scope, name: str, given: list[str]) -> tuple[str, str]:
    """The text that makes the meter of a metric ("" for one that the trainer knows itself), and what it is fed.

    Args:
        scope: the main graph.
        name: of the metric's node.
        given: the expressions of its inputs.
    """
    expressions: dict[str, list[str]] = {"batch": []}
    for (port, _), text in zip(scope.sources(name), given, strict=True):
        expressions.setdefault(port, []).append(text)
    build, call = render(scope.spec(name), scope.params(name), scope.input_specs(name), expressions, _METER)
    if not build:
        return "", ", ".join(given)
    return build, call.removeprefix(f"self.{_METER}(")[:-1]


def meter_lines(meters: Mapping[str, str]) -> list[str]:
    """The function that makes all meters; nothing where there are none."""
    if not meters:
        return []
    lines = [
        "def meters() -> dict[str, Metric]:",
        '    """What is measured beside the losses: each adds up batches until it is read."""',
        "    return {",
    ]
    for name, build in meters.items():
        lines += statement(f'"{name}": {build},', 8)
    return [*lines, "    }"]
