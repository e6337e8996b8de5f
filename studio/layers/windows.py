"""What windows over one, two and three axes share: parameters, words and the places where a window fits."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.layers.params import Ints
from studio.layers.rules import slide
from studio.layers.spec import Port, ShapeError

AXES = {1: "L", 2: "H W", 3: "D H W"}
GIVEN = {
    1: "Channels along a line.",
    2: "Pictures: channels, height, width.",
    3: "Volumes: channels, depth, height, width.",
}
FOLD = {1: "1-D", 2: "", 3: "3-D"}  # groups of the palette; pictures are the usual case
NOT_TYPED = "read off the input"  # why torch's in_channels and the like are no parameters


def given(dims: int) -> tuple[Port, ...]:
    """The input of a layer that works on ``dims`` axes."""
    return (Port("x", f"N C {AXES[dims]}", doc=GIVEN[dims]),)


def per_axis(
    dims: int, name: str, default: int, doc: str, label: str, *, min: int = 0, essential: bool = False
) -> Ints:
    """A parameter with a whole number for each axis."""
    return Ints(
        name,
        (default,) * dims,
        doc,
        "px" if dims == 2 else "",
        label,
        essential,
        dims,
        min,
        4096 if name == "kernel_size" else None,
    )


def windows(size: Size, axis: str, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> Size:
    """How many positions a window has along ``axis``; with ``ceil`` it may stick out at the end.

    torch leaves out a window that would start beyond the input and its left edge.

    Raises:
        ShapeError: it has none.
    """
    if not ceil:
        return slide(size, axis, kernel, stride, padding, dilation)
    span = dilation * (kernel - 1) + 1
    room = size + min(2 * padding - span + stride, padding)
    count = (room + (stride - 1)) // stride
    if isinstance(count, int) and count < 1:
        return slide(size, axis, kernel, stride, padding, dilation)
    return count


def check_half(kernel: tuple[int, ...], padding: tuple[int, ...]) -> None:
    """Refuses a padding of more than half a window: some windows would hold nothing else.

    Raises:
        ShapeError: it is more.
    """
    for at, pad in enumerate(padding):
        if pad * 2 > kernel[at]:
            raise ShapeError(
                "padding {padding} is more than half of the window {kernel}: set 0",
                (("set", "padding", "0"),),
                padding="×".join(map(str, padding)),
                kernel="×".join(map(str, kernel)),
            )


def stride_of(p: SimpleNamespace) -> tuple[int, ...]:
    """The step of a pooling window; 0 stands for the window's own size."""
    return tuple(step or size for step, size in zip(p.stride, p.kernel_size, strict=True))
