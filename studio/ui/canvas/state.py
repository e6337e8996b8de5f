"""What of the moment shows on the drawing: selection, hover, a wire in the hand, a search. Not in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.wiring import Wire

COSTS = ("parameters", "FLOPs", "activations")


@dataclass(slots=True)
class State:
    """``lit`` None: no wire is in the hand. ``found`` and ``path`` None: no node is faded."""

    selection: frozenset[str] = frozenset()
    hot_wire: Wire | None = None
    hot_node: str = ""
    outlined: frozenset[str] = frozenset()  # what a selected optimizer trains
    lit: frozenset[PortRef] | None = None
    target: PortRef | None = None
    hidden: Wire | None = None  # being re-plugged
    health: Mapping[str, float] = field(default_factory=dict)  # 0 dead … 1 good
    focused: str = ""
    found: frozenset[str] | None = None  # names that a search matches
    path: frozenset[str] | None = None  # what lies up- and downstream
    shapes: str = "auto"  # auto: once an output, where there is room; all; none
    heat: int = -1  # which cost the bars show, a place in ``COSTS``
    hottest: int = 1  # the largest of that cost
    close: bool = False  # cards however small they are: pictures

    def fades(self, name: str) -> bool:
        """Whether a node stands back."""
        return (self.found is not None and name not in self.found) or (
            self.path is not None and name not in self.path
        )

    def touches(self, wire: Wire) -> bool:
        """Whether a wire belongs to what is selected or under the mouse."""
        ends = (wire.node, wire.source.node)
        return (
            wire == self.hot_wire
            or self.hot_node in ends
            or ends[0] in self.selection
            or ends[1] in self.selection
        )
