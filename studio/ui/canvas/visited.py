"""Views to come back to: those that were left by a jump, and nine that the user set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Camera = tuple[float, float, float]
View = tuple[str, Camera]  # the graph shown, and the camera's state
_MOST = 100


@dataclass(slots=True)
class Visited:
    """Back and forward like a browser; bookmarks by their digit."""

    bookmarks: dict[int, View] = field(default_factory=dict)
    _back: list[View] = field(default_factory=list)
    _forward: list[View] = field(default_factory=list)

    def move_into(
        self, key: str, block: str, seen: Callable[[Camera], bool], by: tuple[float, float]
    ) -> None:
        """Bookmarks of graph ``key`` that showed nothing but what went into ``block`` show it there.

        Args:
            seen: whether a camera shows nothing else.
            by: how far the nodes were moved by that, in scene units.
        """
        for digit, (graph, (scale, dx, dy)) in self.bookmarks.items():
            if graph == key and seen((scale, dx, dy)):
                self.bookmarks[digit] = (block, (scale, dx - by[0] * scale, dy - by[1] * scale))

    def leave(self, view: View) -> None:
        """A jump begins at ``view``."""
        if not self._back or self._back[-1] != view:
            self._back.append(view)
            del self._back[:-_MOST]
        self._forward.clear()

    def back(self, view: View) -> View | None:
        """The view before; ``view`` is where one stands."""
        while self._back and self._back[-1] == view:
            self._back.pop()
        if not self._back:
            return None
        self._forward.append(view)
        return self._back.pop()

    def forward(self, view: View) -> View | None:
        """The view one came back from."""
        if not self._forward:
            return None
        self._back.append(view)
        return self._forward.pop()
