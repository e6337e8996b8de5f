"""Functions that give the same numbers in another shape: order of axes, sizes, copies."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.functions import function
from studio.layers.params import Int, Ints, Order
from studio.layers.rules import Specs, axes_of, axis_of, product, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text, literal

_GROUP = "Reshape"
_X = Port("x", "*", "any", doc="Anything.")
Rule = Callable[[SimpleNamespace, TensorSpec], tuple[Size, ...]]


def moved(
    name: str, summary: str, formula: str, pitfalls: str, rule: Rule, torch: Torch, **rest: Any
) -> LayerSpec:
    """A function that gives the same numbers in another shape; ``rule`` gives the shape."""

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        return (TensorSpec(rule(p, inputs[0]), inputs[0].dtype, inputs[0].classes),)

    rest.setdefault("inputs", (_X,))
    rest.setdefault("outputs", (Port("y", "*", "any", doc="The same numbers in the new shape."),))
    rest.setdefault("group", _GROUP)
    return function(name, summary, formula, shape=shape, torch=torch, pitfalls=pitfalls, **rest)


def _arguments(call: str, *names: str) -> Torch:
    """The text of a method whose list parameters are written one by one: x.permute(0, 2, 1)."""

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        parts = [literal(part) for name in names for part in getattr(p, name)]
        return "", f"{call}({', '.join(parts)})"

    return Torch(text=text)


def _permuted(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axes = axes_of(p.dims, len(x.shape), "Permute")
    if len(axes) != len(x.shape):
        raise ShapeError(
            "Permute needs each axis of {shape} once, gets {dims}: name {count} axes",
            shape=show(x.shape),
            dims=show(p.dims),
            count=len(x.shape),
        )
    return tuple(x.shape[axis] for axis in axes)


PERMUTE = moved(
    "Permute",
    "Puts the axes in a new order.",
    r"(N, T, C) \to (N, C, T)",
    "Unlike Reshape it really moves numbers. Keep the batch first, or later layers mix samples up.",
    _permuted,
    _arguments("{x}.permute", "dims"),
    params=(Order("dims", (0, 2, 1), "The old number of each new axis.", label="New order", count=0),),
    examples=(
        Example({}, (("N", "T", 8),), ("N", 8, "T")),
        Example({"dims": (0, 3, 1, 2)}, (("N", 28, 24, 3),), ("N", 3, 28, 24)),
    ),
    short="{dims}",
    torch_name="torch.permute",
    onnx="Transpose.",
    keywords=("transpose", "reorder", "channels last", "Transpose", "rearrange", "keras.layers.Permute"),
)


def _transposed(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    first = axis_of(p.dim0, len(x.shape), "Transpose")
    second = axis_of(p.dim1, len(x.shape), "Transpose")
    shape = list(x.shape)
    shape[first], shape[second] = shape[second], shape[first]
    return tuple(shape)


TRANSPOSE = moved(
    "Transpose",
    "Exchanges two axes.",
    r"y_{ij} = x_{ji}",
    "Between a sequence N T C and a Conv1d, which wants N C T, it is what you need.",
    _transposed,
    Torch(call="{x}.transpose({dim0}, {dim1})"),
    params=(
        Int("dim0", 1, "One axis.", label="First axis"),
        Int("dim1", 2, "The axis it changes places with.", label="Second axis"),
    ),
    examples=(
        Example({}, (("N", "T", 8),), ("N", 8, "T")),
        Example({"dim0": -2, "dim1": -1}, (("N", 4, 5, 6),), ("N", 4, 6, 5)),
    ),
    short="{dim0}, {dim1}",
    torch_name="torch.transpose",
    onnx="Transpose.",
    keywords=("swap axes", "swapaxes", "matrix transpose"),
)


def _axis_moved(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    shape = list(x.shape)
    size = shape.pop(axis_of(p.source, len(x.shape), "MoveAxis"))
    shape.insert(axis_of(p.destination, len(x.shape), "MoveAxis"), size)
    return tuple(shape)


MOVE_AXIS = moved(
    "MoveAxis",
    "Takes one axis out and puts it in at another place; the others keep their order.",
    r"(N, C, H, W) \to (N, H, W, C)",
    "Turns channels-first pictures into channels-last ones and back.",
    _axis_moved,
    Torch(call="{x}.movedim({source}, {destination})"),
    params=(
        Int("source", 1, "Where the axis is.", label="From"),
        Int("destination", -1, "Where it goes.", label="To"),
    ),
    examples=(
        Example({}, (("N", 3, 8, 6),), ("N", 8, 6, 3)),
        Example({"source": 2, "destination": 1}, (("N", "T", 4),), ("N", 4, "T")),
    ),
    short="{source} → {destination}",
    torch_name="torch.movedim",
    onnx="Transpose.",
    keywords=("moveaxis", "channels last", "channels first", "NHWC", "NCHW"),
)


def _squeezed(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axes = axes_of(p.dim, len(x.shape), "Squeeze")
    for axis in axes:
        if x.shape[axis] != 1:
            raise ShapeError(
                "Squeeze drops axes of size 1, but axis {axis} has {size}: choose another",
                axis=axis,
                size=x.shape[axis],
            )
    return tuple(size for at, size in enumerate(x.shape) if at not in axes)


def _squeeze_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", build_text("{x}.squeeze", p.dim[0] if len(p.dim) == 1 else p.dim)


SQUEEZE = moved(
    "Squeeze",
    "Drops axes that have size 1.",
    r"(N, 1, F) \to (N, F)",
    "Name the axes: a batch of one sample would lose its batch axis otherwise.",
    _squeezed,
    Torch(text=_squeeze_text),
    params=(Ints("dim", (-1,), "The axes that are dropped.", label="Axes", count=0),),
    examples=(
        Example({}, (("N", 8, 1),), ("N", 8)),
        Example({"dim": (1, 2)}, (("N", 1, 1, 6),), ("N", 6)),
    ),
    short="{dim}",
    torch_name="torch.squeeze",
    onnx="Squeeze.",
    keywords=("drop axis", "remove dimension", "singleton"),
)


def _unsqueezed(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    at = axis_of(p.dim, len(x.shape) + 1, "Unsqueeze")
    return (*x.shape[:at], 1, *x.shape[at:])


UNSQUEEZE = moved(
    "Unsqueeze",
    "Puts in an axis of size 1.",
    r"(N, F) \to (N, 1, F)",
    "So that a value stretches along that axis when it is added to or multiplied with a larger one.",
    _unsqueezed,
    Torch(call="{x}.unsqueeze({dim})"),
    params=(Int("dim", 1, "Where the new axis stands.", label="Axis"),),
    examples=(
        Example({}, (("N", 8),), ("N", 1, 8)),
        Example({"dim": -1}, (("N", "T"),), ("N", "T", 1)),
    ),
    short="{dim}",
    torch_name="torch.unsqueeze",
    onnx="Unsqueeze.",
    keywords=("add axis", "expand_dims", "new dimension", "channel axis"),
)


def _expanded(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    new = len(p.size) - len(x.shape)
    if new < 0:
        raise ShapeError(
            "Expand needs a size for each axis of {shape}, gets {count}",
            shape=show(x.shape),
            count=len(p.size),
        )
    result: list[Size] = []
    for at, size in enumerate(p.size):
        have = x.shape[at - new] if at >= new else None
        if size == 0 or (size == -1 and have is None) or (size != -1 and have not in (None, 1, size)):
            raise ShapeError(
                "Expand stretches axes of size 1 only: it can't make {wanted} of {shape}",
                wanted=show(p.size),
                shape=show(x.shape),
            )
        result.append(have if size == -1 and have is not None else size)
    return tuple(result)


EXPAND = moved(
    "Expand",
    "Stretches axes of size 1 by repeating what is there, without copying it.",
    r"(N, 1, F) \to (N, T, F)",
    "Most functions stretch by themselves; needed before Concat and Stack, which do not.",
    _expanded,
    _arguments("{x}.expand", "size"),
    params=(
        Ints("size", (-1, 1, -1), "The size of each axis; -1 keeps it.", label="Sizes", count=0, min=-1),
    ),
    examples=(
        Example({"size": (-1, 5, -1)}, (("N", 1, 8),), ("N", 5, 8)),
        Example({"size": (3, -1, -1)}, (("N", 8),), (3, "N", 8)),
    ),
    short="{size}",
    torch_name="torch.Tensor.expand",
    onnx="Expand.",
    keywords=("broadcast", "BroadcastTo", "stretch", "repeat"),
)


def _as_other(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    gap = len(other.shape) - len(x.shape)
    fits = gap >= 0 and all(size in (1, other.shape[gap + at]) for at, size in enumerate(x.shape))
    if not fits:
        raise ShapeError(
            "ExpandAs can't stretch {shape} to {wanted}", shape=show(x.shape), wanted=show(other.shape)
        )
    return (TensorSpec(other.shape, x.dtype, x.classes),)


EXPAND_AS = function(
    "ExpandAs",
    "Stretches axes of size 1 until the value has the shape of another.",
    r"(N, 1, F) \to (N, T, F)",
    inputs=(
        Port("x", "*", "any", doc="What is stretched."),
        Port("other", "*", "any", doc="Only its shape counts."),
    ),
    outputs=(Port("y", "*", "any", doc="The first value in the shape of the second."),),
    shape=_as_other,
    torch=Torch(call="{x}.expand_as({other})"),
    examples=(
        Example({}, (("N", 1, 8), ("N", "T", 8)), ("N", "T", 8)),
        Example({}, ((4,), ("N", 4)), ("N", 4)),
    ),
    pitfalls="Spreads one summary over all steps of a sequence, before a Concat.",
    group=_GROUP,
    torch_name="torch.Tensor.expand_as",
    onnx="Shape and Expand.",
    keywords=("broadcast", "Broadcast", "like", "stretch", "same shape"),
)


def _tiled(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    rank = max(len(x.shape), len(p.dims))
    shape = (1,) * (rank - len(x.shape)) + x.shape
    times = (1,) * (rank - len(p.dims)) + p.dims
    return tuple(size * count for size, count in zip(shape, times, strict=True))


TILE = moved(
    "Tile",
    "Lays copies of the whole value side by side.",
    r"y = [x ; x ; \dots]",
    "Copies for real; Expand stretches an axis of size 1 for nothing.",
    _tiled,
    _arguments("{x}.tile", "dims"),
    params=(
        Ints(
            "dims",
            (1, 2),
            "How many copies along each axis; the last number is the last axis.",
            label="Copies",
            count=0,
            min=1,
        ),
    ),
    examples=(
        Example({}, (("N", 8),), ("N", 16)),
        Example({"dims": (3, 1)}, (("N", "T", 8),), ("N", "3T", 8)),
    ),
    short="{dims}",
    torch_name="torch.tile",
    onnx="Tile.",
    keywords=("repeat", "copy", "Tile", "RepeatVector"),
)


def _repeated(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axis = axis_of(p.dim, len(x.shape), "RepeatInterleave")
    return (*x.shape[:axis], x.shape[axis] * p.repeats, *x.shape[axis + 1 :])


REPEAT_INTERLEAVE = moved(
    "RepeatInterleave",
    "Repeats every entry of an axis so many times, each beside itself.",
    r"(a, b) \to (a, a, b, b)",
    "It is nearest-neighbour upsampling of one axis, and shares keys among heads of attention.",
    _repeated,
    Torch(call="{x}.repeat_interleave({repeats}, {dim})"),
    params=(
        Int("repeats", 2, "How many times each entry stands there.", label="Times", min=1, max=65536),
        Int("dim", 1, "The axis.", label="Axis"),
    ),
    examples=(
        Example({}, (("N", 4, 8),), ("N", 8, 8)),
        Example({"repeats": 3, "dim": -1}, (("N", "T", 2),), ("N", "T", 6)),
    ),
    short="{repeats}, {dim}",
    torch_name="torch.repeat_interleave",
    differs={"dim": "1, since torch would flatten the batch too", "output_size": "known from the drawing"},
    onnx="Unsqueeze, Expand and Reshape.",
    keywords=("upsample", "duplicate", "grouped query attention", "keras.ops.repeat", "nearest"),
)


def _unflattened(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axis, sizes = axis_of(p.dim, len(x.shape), "Unflatten"), p.unflattened_size
    known = product(size for size in sizes if size != -1)
    holes = sizes.count(-1)
    have = x.shape[axis]
    left: Size = have // known if holes and known else 0
    if 0 in sizes or not sizes or holes > 1 or (left * known if holes else known) != have:
        raise ShapeError(
            "Unflatten can't split axis {axis} of size {size} into {wanted}",
            axis=axis,
            size=have,
            wanted=show(sizes),
        )
    return (*x.shape[:axis], *(left if size == -1 else size for size in sizes), *x.shape[axis + 1 :])


UNFLATTEN = moved(
    "Unflatten",
    "Splits one axis into several.",
    r"(N, h \cdot d) \to (N, h, d)",
    "Splits features into heads for attention. The first of the new axes changes slowest.",
    _unflattened,
    Torch(call="{x}.unflatten({dim}, {unflattened_size})"),
    params=(
        Int("dim", -1, "The axis that is split.", label="Axis"),
        Ints(
            "unflattened_size",
            (1, -1),
            "The sizes of the new axes; one of them may be -1: what is left.",
            label="Sizes",
            count=0,
            min=-1,
        ),
    ),
    examples=(
        Example({"unflattened_size": (4, 8)}, (("N", "T", 32),), ("N", "T", 4, 8)),
        Example({"dim": 1, "unflattened_size": (-1, 3)}, (("N", 12, 5),), ("N", 4, 3, 5)),
    ),
    short="{dim}: {unflattened_size}",
    torch_name="nn.Unflatten",
    onnx="Reshape.",
    keywords=("split axis", "heads", "torch.unflatten", "reshape", "view"),
)


def _flipped(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axes_of(p.dims, len(x.shape), "Flip")
    return x.shape


FLIP = moved(
    "Flip",
    "Turns the order along axes around: mirrors a picture, reads a sequence backwards.",
    r"y_i = x_{n - 1 - i}",
    "Always mirrors; a random mirroring for training is a parameter of the data set.",
    _flipped,
    Torch(call="{x}.flip({dims})"),
    params=(Ints("dims", (-1,), "The axes whose order is turned around.", label="Axes", count=0),),
    outputs=(Port("y", "*", "any", doc="The same shape."),),
    examples=(
        Example({}, (("N", 3, 8, 6),), ("N", 3, 8, 6)),
        Example({"dims": (1,)}, (("N", "T", 4),), ("N", "T", 4)),
    ),
    short="{dims}",
    torch_name="torch.flip",
    onnx="Slice with negative steps.",
    keywords=("mirror", "reverse", "backwards", "augmentation", "Reverse"),
)


def _rolled(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    if len(p.shifts) != len(p.dims):
        raise ShapeError(
            "Roll needs one shift for each axis, gets {shifts} for {dims}",
            shifts=show(p.shifts),
            dims=show(p.dims),
        )
    axes_of(p.dims, len(x.shape), "Roll")
    return x.shape


ROLL = moved(
    "Roll",
    "Shifts along axes; what falls off at one end comes in at the other.",
    r"y_i = x_{(i - s) \bmod n}",
    "Swin transformers shift their windows this way.",
    _rolled,
    Torch(call="{x}.roll({shifts}, {dims})"),
    params=(
        Ints("shifts", (1,), "How far; negative shifts to the front.", label="Shifts", count=0),
        Ints("dims", (-1,), "Along which axes.", label="Axes", count=0),
    ),
    inputs=(Port("x", "N * F", "any", doc="Anything with a batch axis."),),
    outputs=(Port("y", "N * F", "any", doc="The same shape."),),
    examples=(
        Example({}, (("N", 8),), ("N", 8)),
        Example({"shifts": (-2, 3), "dims": (2, 3)}, (("N", 3, 8, 6),), ("N", 3, 8, 6)),
    ),
    short="{shifts}, {dims}",
    torch_name="torch.roll",
    differs={"dims": "the last axis, since torch would flatten the batch too"},
    onnx="Slice and Concat.",
    keywords=("circular shift", "Shift", "cyclic", "window", "Swin", "rotate"),
)


def _turned(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    axes = axes_of(p.dims, len(x.shape), "Rot90")
    if len(axes) != 2:
        raise ShapeError("Rot90 turns in the plane of two axes, gets {dims}", dims=show(p.dims))
    shape = list(x.shape)
    if p.k % 2:
        shape[axes[0]], shape[axes[1]] = shape[axes[1]], shape[axes[0]]
    return tuple(shape)


ROT90 = moved(
    "Rot90",
    "Turns a picture by quarter turns.",
    r"y_{ij} = x_{j,\, n - 1 - i}",
    "Height and width change places with each quarter turn.",
    _turned,
    Torch(call="{x}.rot90({k}, {dims})"),
    params=(
        Int("k", 1, "How many quarter turns against the clock; negative with it.", label="Quarter turns"),
        Ints("dims", (-2, -1), "The two axes of the plane.", label="Axes", count=2),
    ),
    inputs=(Port("x", "N * F", "any", doc="Anything with a batch axis."),),
    examples=(
        Example({}, (("N", 3, 8, 6),), ("N", 3, 6, 8)),
        Example({"k": 2}, (("N", 8, 6),), ("N", 8, 6)),
    ),
    short="{k}",
    torch_name="torch.rot90",
    differs={"dims": "the last two axes, since axis 0 is the batch"},
    onnx="Transpose and Slice.",
    keywords=("rotate", "quarter turn", "equivariance", "augmentation"),
)


LAYERS: tuple[LayerSpec, ...] = (
    PERMUTE,
    TRANSPOSE,
    MOVE_AXIS,
    SQUEEZE,
    UNSQUEEZE,
    EXPAND,
    EXPAND_AS,
    TILE,
    REPEAT_INTERLEAVE,
    UNFLATTEN,
    FLIP,
    ROLL,
    ROT90,
)
