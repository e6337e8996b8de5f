"""Convolution and pooling: the window over the input, its next place, and the values they give."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

from PySide6.QtCore import QRectF

from studio.text import tr
from studio.ui.illustrations.ink import Ink

HEIGHT = 150.0
_MOST_CELLS = 13


@dataclass(frozen=True, slots=True)
class Axis:
    """What a window does along one axis."""

    size: int
    kernel: int
    stride: int
    padding: int
    dilation: int

    @property
    def span(self) -> int:
        """From the window's first cell to its last."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def cells(self) -> int:
        """How many cells are drawn, added ones counted: two places of the window, no more than fit."""
        whole = self.size + 2 * self.padding
        return max(self.span, min(whole, max(self.span + self.stride, 7), _MOST_CELLS))

    @property
    def places(self) -> int:
        """How many places of the window lie in the cells drawn."""
        return max(1, (self.cells - self.span) // self.stride + 1)


@dataclass(frozen=True, slots=True)
class WindowPicture:
    """A window of one or two axes; ``is_transposed`` spreads instead of gathers."""

    down: Axis
    across: Axis
    is_transposed: bool = False
    is_flat: bool = False  # one axis only

    def caption(self) -> str:
        """The numbers in words."""
        axis = self.across
        text = (
            tr("Each value spreads over a window of {kernel}; neighbours stand {stride} apart.")
            if self.is_transposed
            else tr("A window of {kernel} moves by {stride}; {padding} added at each edge.")
        )
        names = {"kernel": axis.kernel, "stride": axis.stride, "padding": axis.padding}
        said = text.format(**names)
        return said + (
            " " + tr("Its cells stand {dilation} apart.", dilation=axis.dilation) if axis.dilation > 1 else ""
        )

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Input on the left, output on the right; the first two places in two colours."""
        if self.is_transposed:
            self._paint_spread(ink, area)
        else:
            self._paint_gather(ink, area)

    def _paint_gather(self, ink: Ink, area: QRectF) -> None:
        rows, columns = (1 if self.is_flat else self.down.cells), self.across.cells
        cell = min(16.0, (area.width() - 60) / (columns + self.across.places), (area.height() - 12) / rows)
        left, top = area.left() + 1, area.center().y() - rows * cell / 2
        _grid(ink, left, top, rows, columns, cell, self._added)
        self._place(ink, left, top, cell, 0, "hue", 0.55)
        if self.across.places > 1:
            self._place(ink, left, top, cell, self.across.stride, "second", 0.3)
        out_rows = 1 if self.is_flat else self.down.places
        x = left + columns * cell + 44
        y = area.center().y() - out_rows * cell / 2
        ink.arrow((x - 36, area.center().y()), (x - 8, area.center().y()))
        _grid(ink, x, y, out_rows, self.across.places, cell, lambda row, column: False)
        ink.cell(QRectF(x, y, cell, cell), "hue", 0.8)
        if self.across.places > 1:
            ink.cell(QRectF(x + cell, y, cell, cell), "second", 0.7)

    def _added(self, row: int, column: int) -> bool:
        """Whether a cell drawn is one that padding added: seen at the upper and left edge."""
        above = not self.is_flat and row < self.down.padding
        below = not self.is_flat and row >= self.down.padding + self.down.size
        return (
            above or below or column < self.across.padding or column >= self.across.padding + self.across.size
        )

    def _place(
        self, ink: Ink, left: float, top: float, cell: float, shift: int, colour: str, strength: float
    ) -> None:
        heights = range(1 if self.is_flat else self.down.kernel)
        step_down = 1 if self.is_flat else self.down.dilation
        for row in heights:
            for column in range(self.across.kernel):
                at = QRectF(
                    left + (shift + column * self.across.dilation) * cell,
                    top + row * step_down * cell,
                    cell,
                    cell,
                )
                ink.cell(at, colour, strength)
        tall = (1 if self.is_flat else self.down.span) * cell
        ink.frame(QRectF(left + shift * cell, top, self.across.span * cell, tall), colour)

    def _paint_spread(self, ink: Ink, area: QRectF) -> None:
        shown = 1 if self.is_flat else min(2, self.down.size)
        wide = min(2, self.across.size)
        rows = 1 if self.is_flat else self.down.stride * (shown - 1) + self.down.span
        columns = self.across.stride * (wide - 1) + self.across.span
        cell = min(16.0, (area.width() - 60) / (columns + wide), (area.height() - 12) / rows)
        left, y = area.left() + 1, area.center().y() - shown * cell / 2
        _grid(ink, left, y, shown, wide, cell, lambda row, column: False)
        ink.cell(QRectF(left, y, cell, cell), "hue", 0.8)
        if wide > 1:
            ink.cell(QRectF(left + cell, y, cell, cell), "second", 0.7)
        x, top = left + wide * cell + 44, area.center().y() - rows * cell / 2
        ink.arrow((x - 36, area.center().y()), (x - 8, area.center().y()))
        _grid(ink, x, top, rows, columns, cell, lambda row, column: False)
        self._place(ink, x, top, cell, 0, "hue", 0.55)
        if wide > 1:
            self._place(ink, x, top, cell, self.across.stride, "second", 0.3)


def _grid(ink: Ink, left: float, top: float, rows: int, columns: int, cell: float, added: object) -> None:
    for row in range(rows):
        for column in range(columns):
            is_added = bool(added(row, column)) if callable(added) else False
            ink.cell(QRectF(left + column * cell, top + row * cell, cell, cell), "" if is_added else "field", 1.0,
                     "line" if is_added else "border", is_added)  # fmt: skip


def window_picture(p: SimpleNamespace, sizes: tuple[int, ...], is_transposed: bool) -> WindowPicture | None:
    """The picture of a layer with a kernel_size; ``sizes`` are those of the input's last axes.

    None where the numbers are none that can be drawn.
    """
    kernel = _numbers(p.kernel_size)
    rank = len(kernel) if len(kernel) > 1 else max(1, min(len(sizes), 2))
    axes = []
    for at in range(rank):
        given = [_at(getattr(p, name, start), at, start) for name, start in
                 (("kernel_size", 1), ("stride", 0), ("padding", 0), ("dilation", 1))]  # fmt: skip
        size = sizes[at - rank] if len(sizes) >= rank else 7
        stride = given[1] or given[0]  # pooling: no stride is the window itself
        padding = given[2] if given[2] >= 0 else given[3] * (given[0] - 1) // 2
        axes.append(Axis(size, given[0], stride, padding, max(1, given[3])))
    if not axes or any(axis.kernel < 1 or axis.span > _MOST_CELLS for axis in axes):
        return None
    return WindowPicture(axes[-2] if rank > 1 else axes[-1], axes[-1], is_transposed, rank == 1)


def _numbers(value: object) -> tuple[int, ...]:
    if isinstance(value, int):
        return (value,)
    return tuple(one for one in value if isinstance(one, int)) if isinstance(value, tuple) else ()


def _at(value: object, at: int, otherwise: int) -> int:
    if value == "same":
        return -1
    numbers = _numbers(value)
    if not numbers:
        return otherwise
    return numbers[at] if len(numbers) > 1 and at < len(numbers) else numbers[0]
