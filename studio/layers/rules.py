"""What the shape, weight and cost rules of several layers share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import SimpleNamespace

from studio.graph.sizes import Expr, Size
from studio.graph.sizes import window as positions
from studio.graph.spec import TensorSpec
from studio.layers.spec import ShapeError

Specs = tuple[TensorSpec, ...]


def fixed(size: Size, axis: str = "") -> int:
    """``size`` as the plain number that a weight's shape needs.

    Raises:
        ShapeError: it depends on a named size.
    """
    if isinstance(size, Expr):
        raise ShapeError(
            "the size of axis {axis} must be a plain number here, but it is {size}", axis=axis, size=size
        )
    return size


def show(shape: Iterable[Size]) -> str:
    """A shape as the canvas writes it: "N 64 7 7"; "scalar" when it has no axes."""
    return " ".join(str(size) for size in shape) or "scalar"


def same_axes(p: SimpleNamespace, inputs: Specs) -> Specs:
    """The shape rule of what keeps the shape, but makes real numbers."""
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def product(sizes: Iterable[Size]) -> Size:
    """All of ``sizes`` multiplied; 1 when there are none."""
    result: Size = 1
    for size in sizes:
        result = size * result
    return result


def same(p: SimpleNamespace, inputs: Specs) -> Specs:
    """The shape rule of everything that works on each number by itself."""
    return (inputs[0],)


def slide(size: Size, axis: str, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1) -> Size:
    """How many positions a window has along ``axis``.

    Raises:
        ShapeError: it has none.
    """
    count = positions(size, kernel, stride, padding, dilation)
    if isinstance(count, int) and count < 1:
        raise ShapeError(
            "a window of {span} does not fit into {size} + 2×{padding} along {axis}: make the window smaller"
            " or pad more",
            span=dilation * (kernel - 1) + 1,
            size=size,
            padding=padding,
            axis=axis,
        )
    return count


def axis_of(dim: int, rank: int, layer: str) -> int:
    """``dim`` counted from the front.

    Raises:
        ShapeError: there is no such axis.
    """
    if not -rank <= dim < rank:
        raise ShapeError(
            "{layer} works on axis {dim}, but its input has {rank} axes: choose {low} to {high}",
            layer=layer,
            dim=dim,
            rank=rank,
            low=-rank,
            high=rank - 1,
        )
    return dim % rank


def axes_of(dims: Iterable[int], rank: int, layer: str) -> tuple[int, ...]:
    """``dims`` counted from the front.

    Raises:
        ShapeError: there is no such axis, or one is named twice.
    """
    axes = tuple(axis_of(dim, rank, layer) for dim in dims)
    if len(set(axes)) < len(axes):
        raise ShapeError(
            "{layer} names an axis twice: {axes}", layer=layer, axes=", ".join(str(axis) for axis in axes)
        )
    return axes


def broadcast(shapes: list[tuple[Size, ...]], layer: str) -> tuple[Size, ...]:
    """The shape that all ``shapes`` stretch to, as torch does: aligned at the last axis, 1 fits anything.

    Raises:
        ShapeError: two sizes differ and neither is 1.
    """
    result = shapes[0]
    for other in shapes[1:]:
        if other == result:
            continue
        long, short = (result, other) if len(result) >= len(other) else (other, result)
        gap = len(long) - len(short)
        merged = list(long)
        for at, size in enumerate(short, gap):
            if merged[at] == 1:
                merged[at] = size
            elif size not in (1, merged[at]):
                raise ShapeError(
                    "{layer} needs equal shapes, gets {first} and {second}",
                    layer=layer,
                    first=show(result),
                    second=show(other),
                )
        result = tuple(merged)
    return result


def weight_and_bias(weight: tuple[int, ...], bias: int, has_bias: bool) -> Mapping[str, tuple[int, ...]]:
    """The two weights of most layers, under torch's names."""
    return {"weight": weight, "bias": (bias,)} if has_bias else {"weight": weight}
