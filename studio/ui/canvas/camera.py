"""Which part of the drawing the view shows: scene units to pixels and back."""

from __future__ import annotations

from dataclasses import dataclass

from studio.ui.canvas.geometry import LARGEST, SMALLEST, Box


@dataclass(slots=True)
class Camera:
    """Pixels = scene units x ``scale`` + offset. Offsets are whole pixels, so that the picture stays sharp."""

    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def to_scene(self, x: float, y: float) -> tuple[float, float]:
        """The scene point under a pixel."""
        return (x - self.dx) / self.scale, (y - self.dy) / self.scale

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """The pixel of a scene point."""
        return x * self.scale + self.dx, y * self.scale + self.dy

    def seen(self, width: float, height: float) -> Box:
        """The part of the scene in a window of this size."""
        x, y = self.to_scene(0, 0)
        return Box(x, y, width / self.scale, height / self.scale)

    def zoom(self, factor: float, x: float, y: float) -> None:
        """Scales about a pixel, which keeps its scene point."""
        scale = min(max(self.scale * factor, SMALLEST), LARGEST)
        sx, sy = self.to_scene(x, y)
        self.scale = scale
        self.dx, self.dy = round(x - sx * scale), round(y - sy * scale)

    def fit(self, box: Box, width: float, height: float, margin: float = 40.0, most: float = 1.0) -> None:
        """Shows all of ``box``, at ``most`` this large."""
        room_x, room_y = max(width - 2 * margin, 40), max(height - 2 * margin, 40)
        scale = min(room_x / max(box.width, 1), room_y / max(box.height, 1), most)
        self.scale = min(max(scale, SMALLEST), LARGEST)
        self.centre(*box.centre, width, height)

    def centre(self, x: float, y: float, width: float, height: float) -> None:
        """Brings a scene point to the middle of the window."""
        self.dx, self.dy = round(width / 2 - x * self.scale), round(height / 2 - y * self.scale)

    def state(self) -> tuple[float, float, float]:
        """To come back to."""
        return self.scale, self.dx, self.dy

    def restore(self, state: tuple[float, float, float]) -> None:
        """Comes back to an earlier ``state``."""
        self.scale, self.dx, self.dy = state
