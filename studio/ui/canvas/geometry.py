"""Sizes of cards and places of ports, in scene units: px at 100 %."""

from __future__ import annotations

from dataclasses import dataclass

CARD_MIN, CARD_MAX = 152.0, 240.0
CARD_HEIGHT = 52.0
PORT_STEP = 18.0
PORT_MARGIN = 17.0  # from the card's edge to its first port when there are many
RADIUS = 8.0
EDGE = 4.0
PORT_RADIUS = 5.0
PAD = 12.0
GRID = 8.0
DOT = 24.0  # a bend of a wire
FOLDED_HEIGHT = 28.0
COLUMN, ROW = 248.0, 140.0  # steps of the standard layout

SNAP_PX = 20.0  # on the screen: how near a wire must come to a port
HIT_PX = 9.0
WIRE_PX = 6.0

OVERVIEW = 0.35  # below this scale: coloured rectangles
QUIET = 0.7  # below this scale: no second line and no shapes
SMALLEST, LARGEST = 0.05, 3.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def grown(self, by: float) -> Box:
        """This box with ``by`` more on each side."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def joined(self, other: Box) -> Box:
        """The smallest box around both."""
        left, top = min(self.x, other.x), min(self.y, other.y)
        return Box(left, top, max(self.right, other.right) - left, max(self.bottom, other.bottom) - top)


def between(first: tuple[float, float], second: tuple[float, float]) -> Box:
    """The box with two given corners."""
    left, top = min(first[0], second[0]), min(first[1], second[1])
    return Box(left, top, abs(first[0] - second[0]), abs(first[1] - second[1]))


def card_height(inputs: int, outputs: int) -> float:
    """The height of a card with so many ports on its sides."""
    rows = max(inputs, outputs, 1)
    return max(CARD_HEIGHT, 2 * PORT_MARGIN + (rows - 1) * PORT_STEP)


def port_y(index: int, count: int, height: float) -> float:
    """How far below the card's top its port ``index`` of ``count`` stands."""
    step = min(PORT_STEP, (height - 6) / max(count, 1))  # on a folded card they move together
    return height / 2 + (index - (count - 1) / 2) * step


def pill_of(width: float) -> tuple[float, float, float, float]:
    """Where the count of problems stands on a card of this width: x, y, width, height from the card's corner."""
    return width + 6 - 28, -9.0, 28.0, 16.0


def snapped(value: float) -> float:
    """``value`` on the grid."""
    return round(value / GRID) * GRID
