"""How strongly each node is pulled by its gradient, against the size of its weights."""

from __future__ import annotations

import math
from collections.abc import Mapping

from studio.engine.blame import node_of_weight
from studio.engine.updates import Updates


def health_of(updates: Updates, names: Mapping[str, str]) -> dict[str, float]:
    """Gradient norm over weight norm of each node in the last sampled step; nodes as on the canvas."""
    squares: dict[str, tuple[float, float]] = {}
    for name, (gradient, weight) in updates.health.items():
        node = node_of_weight(name, names)
        above, below = squares.get(node, (0.0, 0.0))
        squares[node] = (above + float(gradient) ** 2, below + float(weight) ** 2)
    updates.health.clear()
    return {node: math.sqrt(above / below) if below else 0.0 for node, (above, below) in squares.items()}
