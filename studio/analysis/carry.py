"""What a trained drawing keeps of its weights after an edit: those of the same path and shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from studio.analysis.model import Analysis

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Carried:
    """Paths of learned layers of the drawing as it is now: those that keep their weights, those that start anew."""

    kept: tuple[str, ...]
    anew: tuple[str, ...]


def carried(before: Analysis, after: Analysis) -> Carried:
    """What weights trained with the drawing ``before`` can do for the drawing ``after``."""
    old, new = _learned(before), _learned(after)
    kept = tuple(path for path, shapes in new.items() if old.get(path) == shapes)
    return Carried(kept, tuple(path for path in new if path not in kept))


def _learned(analysis: Analysis) -> dict[str, Shapes]:
    return {path: facts.weights for path in analysis.facts if (facts := analysis.facts[path]).weights}
