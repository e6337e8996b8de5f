"""Where the numbers stand on a card's second line, and what a drag or a typed text makes of them."""

from __future__ import annotations

import string
from dataclasses import dataclass

from PySide6.QtGui import QFontMetricsF

from studio.document.model import Document
from studio.document.ports import INSTANCES
from studio.graph.expression import Expression, parse
from studio.graph.model import Node, Value
from studio.layers import record_of
from studio.layers.params import Float, Int, Ints, Param
from studio.ui.canvas.cards import known_value
from studio.ui.canvas.geometry import EDGE, PAD, Box
from studio.ui.canvas.scene import Scene


@dataclass(frozen=True, slots=True)
class Spot:
    """A parameter's number on a card: ``box`` in scene units."""

    node: str
    param: Param
    value: Value
    box: Box


def spots(document: Document, scene: Scene, name: str, metrics: QFontMetricsF) -> list[Spot]:
    """The numbers that can be dragged on the card of a node."""
    node, card = document.graph(scene.key).nodes.get(name), scene.card(name)
    spec = record_of(node) if node else None
    if node is None or spec is None or not spec.short or card.mark.folded or card.dot:
        return []
    if node.layer in INSTANCES:
        return _times(scene, node) if card.times > 1 else []
    params = {param.name: param for param in spec.params}
    place = scene.box(name)
    left, written, found = place.x + EDGE + PAD, f"{spec.name} · ", []
    for literal, field, _, _ in string.Formatter().parse(spec.short):
        written += literal
        param = params.get(field or "")
        if param is None:
            continue
        value = node.params.get(param.name, param.default)
        text = known_value(value, scene.names)
        start = metrics.horizontalAdvance(written)
        wide = metrics.horizontalAdvance(text)
        if isinstance(param, (Int, Float, Ints)) and start < card.width - EDGE - 2 * PAD:
            box = Box(left + start - 2, place.centre[1] + 1, wide + 4, 18)
            found.append(Spot(name, param, value, box))
        written += text
    return found


def _times(scene: Scene, node: Node) -> list[Spot]:
    """The ×12 of a repeated block."""
    spec, box = record_of(node), scene.box(node.id)
    param = next((one for one in spec.params if one.name == "times"), None) if spec else None
    if param is None:
        return []
    value = node.params.get("times", param.default)
    return [Spot(node.id, param, value, Box(box.right - PAD - 30, box.centre[1] + 1, 32, 18))]


def spot_at(
    document: Document, scene: Scene, name: str, metrics: QFontMetricsF, at: tuple[float, float]
) -> Spot | None:
    """The number at a point of a card."""
    return next(
        (
            spot
            for spot in spots(document, scene, name, metrics)
            if spot.box.x <= at[0] <= spot.box.right and spot.box.y <= at[1] <= spot.box.bottom
        ),
        None,
    )


def stepped(spot: Spot, steps: int, fine: bool) -> Value:
    """The value ``steps`` further: whole numbers by one, others by a tenth of themselves (``fine``: a hundredth)."""
    value = spot.value
    if isinstance(value, tuple):
        return tuple(_moved(item, steps, spot.param, fine) for item in value)
    return _moved(value, steps, spot.param, fine)


def typed(text: str, param: Param) -> Value:
    """What a text means for ``param``: numbers, or an expression after =.

    Raises:
        ValueError: neither.
    """
    text = text.strip()
    if text.startswith("="):
        return parse(text[1:].strip())
    parts = [part for part in text.replace("×", " ").replace("x", " ").replace(",", " ").split() if part]
    numbers = [_number(part) for part in parts]
    if not numbers:
        raise ValueError(text)
    value = (
        numbers[0]
        if len(numbers) == 1 and not (isinstance(param, Ints) and len(numbers) > 1)
        else tuple(numbers)
    )
    checked: Value = param.check(value)
    return checked


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _moved(value: Value, steps: int, param: Param, fine: bool) -> Value:
    if isinstance(value, (bool, Expression)) or not isinstance(value, (int, float)):
        return value
    low, high = getattr(param, "min", None), getattr(param, "max", None)
    if isinstance(value, int):
        moved: int | float = value + steps
    else:
        scale = abs(value) or 1.0
        moved = float(f"{value + steps * scale * (0.01 if fine else 0.1):.4g}")
    if isinstance(low, (int, float)):
        moved = max(moved, low)
    if isinstance(high, (int, float)):
        moved = min(moved, high)
    return moved
