"""Every entry of the catalogue in one list: layers, losses, metrics, algorithms, schedules and initializers."""

from __future__ import annotations

from dataclasses import dataclass

from studio.layers import CATALOGUE
from studio.layers.initializers import INITIALIZERS
from studio.layers.optimizers import ALGORITHMS
from studio.layers.schedule_records import SCHEDULES
from studio.layers.spec import Category, LayerSpec

PROVEN, IMPOSSIBLE, PARTS, NEVER = "proven", "impossible", "its parts", "never"
_STRUCTURE = ("source", "input", "output", "block")
_INSIDE = "It is exported as what it holds or stands for."
_BEHIND = "It belongs to training, so it is not in an exported network."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        name: its key in files; of a schedule or an initializer the choice of that name.
        kind: the role of a layer's record, else "algorithm", "schedule" or "initializer".
        category: its English title; ``group`` is the fold inside it.
        export: "proven": the conformance suite exports it and compares the numbers; "impossible": the exporter
            can't; "its parts": it is no operation of its own; "never": it stays with training.
        reason: why it is not proven, "" where it is.
        summary: what it does.
    """

    name: str
    kind: str
    category: str
    group: str
    export: str
    reason: str
    summary: str


def entries() -> tuple[Entry, ...]:
    """All entries, in the order of the palette and then of the forms."""
    train, learned = Category.OPTIMIZER.value, Category.LEARNED.value
    return (
        *map(_layer, CATALOGUE.values()),
        *(Entry(a.name, "algorithm", train, "Algorithms", NEVER, _BEHIND, a.summary) for a in ALGORITHMS),
        *(Entry(s.name, "schedule", train, "Schedules", NEVER, _BEHIND, s.summary) for s in SCHEDULES),
        *(
            Entry(i.name, "initializer", learned, "Initializers", NEVER, _BEHIND, i.summary)
            for i in INITIALIZERS
        ),
    )


def _layer(spec: LayerSpec) -> Entry:
    role = spec.traits.role
    if role in _STRUCTURE:
        export, reason = PARTS, _INSIDE
    elif role != "layer":
        export, reason = NEVER, _BEHIND
    elif spec.exportable:
        export, reason = PROVEN, ""
    else:
        export, reason = IMPOSSIBLE, spec.onnx
    return Entry(spec.name, role, spec.category.value, spec.group, export, reason, spec.summary)
