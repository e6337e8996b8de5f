"""Functions that put numbers around a value, join and cut values, or pass them on as another kind."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Expr, Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.dtypes import is_whole, promoted
from studio.layers.functions import Written, function, number_text
from studio.layers.functions_reshape import moved
from studio.layers.params import Choice, Float, Int, Ints
from studio.layers.rules import Specs, axis_of, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

_GROUP = "Reshape"
_X = Port("x", "*", "any", doc="Anything.")


def _padded(p: SimpleNamespace, x: TensorSpec) -> tuple[Size, ...]:
    if len(p.pad) % 2 or len(p.pad) > 2 * len(x.shape):
        raise ShapeError(
            "Pad needs two numbers for each axis from the last on, at most {most} for {shape}; gets {pad}",
            most=2 * len(x.shape),
            shape=show(x.shape),
            pad=show(p.pad),
        )
    shape = list(x.shape)
    for at in range(len(p.pad) // 2):
        before, after = p.pad[2 * at : 2 * at + 2]
        size = shape[-1 - at]
        if p.mode != "constant":
            _check_edge(p.mode, before, after, size)
        shape[-1 - at] = size + (before + after)
        if isinstance(shape[-1 - at], int) and shape[-1 - at] < 1:  # type: ignore[operator]
            raise ShapeError(
                "Pad of {before} and {after} leaves nothing of {size}", before=before, after=after, size=size
            )
    if p.mode == "constant":
        if not x.dtype.startswith(("float", "bfloat", "complex")) and not is_whole(p.value):
            raise ShapeError(
                "whole numbers can't be filled with {value}: choose a whole number, or insert Cast",
                (("insert", "Cast"),),
                value=p.value,
            )
        return tuple(shape)
    axes = len(p.pad) // 2
    if (
        not 1 <= axes <= 3
        or len(x.shape) not in (axes + 1, axes + 2)
        or x.dtype not in ("float32", "float64")
    ):
        raise ShapeError(
            "Pad fills from the edge along the last axes of real numbers N C …, leaving one or two at the front;"
            " it gets {dtype} {shape} and {pad}",
            dtype=x.dtype,
            shape=show(x.shape),
            pad=show(p.pad),
        )
    return tuple(shape)


def _check_edge(mode: str, before: int, after: int, size: Size) -> None:
    if before < 0 or after < 0:
        raise ShapeError("Pad cuts off with the mode constant only: numbers below 0 need it")
    most = {"reflect": size - 1, "circular": size}.get(mode)
    if isinstance(most, int) and max(before, after) > most:
        raise ShapeError(
            "Pad can take at most {most} from an axis of {size} with mode {mode}",
            most=most,
            size=size,
            mode=mode,
        )


def _pad_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named: dict[str, tuple[object, object]] = {"mode": (p.mode, "constant")}
    if p.mode == "constant" and p.value:
        named["value"] = (Written(number_text(p.value)), None)
    return "", build_text("F.pad", Written("{x}"), p.pad, **named)


PAD = moved(
    "Pad",
    "Puts numbers around a value: a constant, a mirror image, its edge, or its other side.",
    r"(N, C, H, W) \to (N, C, H + p_t + p_b, W + p_l + p_r)",
    "The last axis comes first: left, right, top, bottom. Negative numbers cut off.",
    _padded,
    Torch(text=_pad_text),
    params=(
        Ints(
            "pad",
            (1, 1),
            "How many before and after, for the last axis first: left, right, top, bottom and so on.",
            label="Padding",
            count=0,
        ),
        Choice(
            "mode",
            "constant",
            "What is put there: a number, the mirror image, the edge, or the other side.",
            label="Mode",
            options=("constant", "reflect", "replicate", "circular"),
        ),
        Float("value", 0.0, "The number for the mode constant.", label="Number", essential=False),
    ),
    examples=(
        Example({}, (("N", "T", 8),), ("N", "T", 10)),
        Example({"pad": (1, 2, 3, 4), "mode": "reflect"}, (("N", 3, 8, 6),), ("N", 3, 15, 9)),
        Example({"pad": (0, 0, 2, 0)}, (("N", "T", 8),), ("N", "T + 2", 8)),
    ),
    short="{pad}",
    torch_name="nn.functional.pad",
    onnx="Pad.",
    keywords=("padding", "border", "mirror", "crop", "ZeroPadding2D", "crop2d", "causal", "shift right"),
)

_DTYPE = Choice(
    "dtype",
    "float32",
    "The new kind of numbers.",
    label="Kind",
    options=(
        "float32",
        "float64",
        "float16",
        "bfloat16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
        "complex64",
    ),
)


def _cast(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    if x.dtype.startswith("complex") and not p.dtype.startswith("complex"):
        raise ShapeError(
            "Cast would drop the imaginary part: insert Abs, or Real or Imaginary",
            (("insert", "Abs"), ("insert", "Real"), ("insert", "Imaginary")),
        )
    return (TensorSpec(x.shape, p.dtype, x.classes if p.dtype.startswith("int") else 0),)


CAST = function(
    "Cast",
    "Turns numbers into another kind: whole into real ones, answers into 0 and 1.",
    r"y = x",
    inputs=(_X,),
    outputs=(Port("y", "*", "any", doc="The same numbers as another kind."),),
    params=(_DTYPE,),
    shape=_cast,
    torch=Torch(
        text=lambda p, inputs: ("", "{x}.float()" if p.dtype == "float32" else f"{{x}}.to(torch.{p.dtype})")
    ),
    examples=(
        Example({}, (("N", 8),), ("N", 8)),
        Example({"dtype": "int64"}, (("N", "T"),), ("N", "T")),
    ),
    short="{dtype}",
    pitfalls="Whole numbers cut off what stands behind the point, and no gradient passes them.",
    group=_GROUP,
    torch_name="torch.Tensor.to",
    onnx="Cast.",
    keywords=("dtype", "type", "convert", "float", "int", "bool", "half", "Cast"),
    differs={"dtype": "float32 unless said, since that is what networks calculate with"},
)

STOP_GRADIENT = moved(
    "StopGradient",
    "Passes values on, but no gradient back.",
    r"y = x,\quad \frac{\partial y}{\partial x} = 0",
    "What lies before it learns nothing from what lies behind it: targets of SimSiam and BYOL, codebooks.",
    lambda p, x: x.shape,
    Torch(call="{x}.detach()"),
    outputs=(Port("y", "*", "any", doc="The same numbers, seen as given."),),
    examples=(Example({}, (("N", 8),), ("N", 8)), Example({}, (("N", "T", 3),), ("N", "T", 3))),
    traits=Traits(differentiable=False),
    torch_name="torch.Tensor.detach",
    onnx="Identity, or nothing.",
    keywords=("detach", "Unlink", "stop_gradient", "no gradient", "freeze"),
)

CLONE = moved(
    "Clone",
    "Copies a value; gradients pass.",
    r"y = x",
    "Nothing here changes values in place, so it is needed only where imported networks had it.",
    lambda p, x: x.shape,
    Torch(call="{x}.clone()"),
    outputs=(Port("y", "*", "any", doc="The same."),),
    examples=(Example({}, (("N", 8),), ("N", 8)), Example({}, (("N", "T", 3),), ("N", "T", 3))),
    torch_name="torch.clone",
    onnx="Identity, or nothing.",
    keywords=("copy", "contiguous", "duplicate"),
)


def _stack_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    first = inputs[0]
    for other in inputs[1:]:
        if other.shape != first.shape:
            raise ShapeError(
                "Stack needs equal shapes, gets {first} and {second}",
                first=show(first.shape),
                second=show(other.shape),
            )
    at = axis_of(p.dim, len(first.shape) + 1, "Stack")
    return (TensorSpec((*first.shape[:at], len(inputs), *first.shape[at:]), promoted(inputs)),)


STACK = function(
    "Stack",
    "Puts values of one shape on top of each other, along a new axis.",
    r"y = [x_1 , x_2 , \dots]",
    inputs=(Port("x", "*", "any", variadic=True, doc="Two or more values of one shape."),),
    outputs=(Port("y", "*", "any", doc="All of them, along the new axis."),),
    params=(Int("dim", 1, "Where the new axis stands.", label="Axis"),),
    shape=_stack_shape,
    torch=Torch(call="torch.stack([{x}], {dim})"),
    examples=(
        Example({}, (("N", 8), ("N", 8), ("N", 8)), ("N", 3, 8)),
        Example({"dim": -1}, (("N", "T"), ("N", "T")), ("N", "T", 2)),
    ),
    short="{dim}",
    pitfalls="Concat, in contrast, joins along an axis that is there already.",
    group="Join",
    torch_name="torch.stack",
    onnx="Unsqueeze and Concat.",
    keywords=("pack", "new axis", "join", "Stack"),
    differs={"dim": "1, since axis 0 is the batch"},
)


def _split_sizes(p: SimpleNamespace, x: TensorSpec) -> tuple[int, tuple[Size, ...]]:
    axis = axis_of(p.dim, len(x.shape), "Split")
    if x.shape[axis] == symbol("N"):
        raise ShapeError("Split would cut the batch: choose another axis than {axis}", axis=axis)
    known = sum(size for size in p.split_sizes if size != -1)
    rest = x.shape[axis] - known
    holes = p.split_sizes.count(-1)
    short = isinstance(rest, int) and rest < 1 if holes else rest != 0
    if 0 in p.split_sizes or holes > 1 or len(p.split_sizes) < 2 or short:
        raise ShapeError(
            "Split can't cut axis {axis} of size {size} into {wanted}: name two or more that sum to it, or one -1",
            axis=axis,
            size=x.shape[axis],
            wanted=show(p.split_sizes),
        )
    return axis, tuple(rest if size == -1 else size for size in p.split_sizes)


def _split_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    axis, sizes = _split_sizes(p, x)
    return tuple(
        TensorSpec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype, x.classes) for size in sizes
    )


def _split_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    """Sizes that depend on a named one can't be written: the piece is cut out by what stands around it."""
    axis, sizes = _split_sizes(p, inputs[0])
    if any(isinstance(size, Expr) for size in sizes):
        hole = p.split_sizes.index(-1)
        before, after = sum(p.split_sizes[:hole]), sum(p.split_sizes[hole + 1 :])
        rest = f"{{x}}.shape[{axis}] - {before + after}"
        parts = [literal(size) for size in p.split_sizes]
        parts[hole] = rest
        return "", f"{{x}}.split([{', '.join(parts)}], {literal(p.dim)})"
    return "", f"{{x}}.split([{', '.join(literal(size) for size in sizes)}], {literal(p.dim)})"


SPLIT = function(
    "Split",
    "Cuts a value along an axis into pieces of given sizes.",
    r"x = [y_1 ; y_2 ; \dots]",
    inputs=(Port("x", "N * F", "any", doc="Anything with the axis to cut."),),
    outputs=(Port("y", "N *", "any", doc="One of the pieces.", times="split_sizes"),),
    params=(
        Ints(
            "split_sizes",
            (1, -1),
            "The size of each piece; one of them may be -1: what is left.",
            label="Sizes",
            count=0,
            min=-1,
        ),
        Int("dim", 1, "The axis that is cut.", label="Axis"),
    ),
    shape=_split_shape,
    torch=Torch(text=_split_text),
    examples=(
        Example({"split_sizes": (8, 24)}, (("N", 32, 7, 7),), ("N", 8, 7, 7)),
        Example({"split_sizes": (1, -1)}, (("N", "T", 8),), ("N", 1, 8)),
        Example({"split_sizes": (2, 2, 2), "dim": -1}, (("N", "T", 6),), ("N", "T", 2)),
    ),
    short="{split_sizes}",
    pitfalls="The class token and the patches of a vision transformer are parted this way.",
    group="Join",
    torch_name="torch.split",
    onnx="Split.",
    keywords=("cut", "part", "pieces", "unbind", "Split"),
    differs={
        "split_sizes": "always a list, with -1 for the rest: torch's split_size_or_sections",
        "dim": "1, since axis 0 is the batch",
    },
)


def _chunk_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    axis = axis_of(p.dim, len(x.shape), "Chunk")
    size = x.shape[axis]
    each = (size + (p.chunks - 1)) // p.chunks
    even = size // p.chunks
    if even * p.chunks == size:
        each = even
    last = size - each * (p.chunks - 1)
    if isinstance(size, Expr) and last != each or isinstance(last, int) and last < 1:
        raise ShapeError(
            "Chunk can't cut axis {axis} of size {size} into {chunks} pieces: choose a number that divides it",
            axis=axis,
            size=size,
            chunks=p.chunks,
        )
    sizes = (*(each,) * (p.chunks - 1), last)
    return tuple(
        TensorSpec((*x.shape[:axis], part, *x.shape[axis + 1 :]), x.dtype, x.classes) for part in sizes
    )


CHUNK = function(
    "Chunk",
    "Cuts a value along an axis into so many equal pieces.",
    r"x = [y_1 ; \dots ; y_k]",
    inputs=(Port("x", "N * F", "any", doc="Anything with the axis to cut."),),
    outputs=(Port("y", "N *", "any", doc="One of the pieces.", times="chunks"),),
    params=(
        Int("chunks", 2, "How many pieces.", label="Pieces", min=2, max=64),
        Int("dim", 1, "The axis that is cut.", label="Axis"),
    ),
    shape=_chunk_shape,
    torch=Torch(call="{x}.chunk({chunks}, {dim})"),
    examples=(
        Example({}, (("N", 64, 7, 7),), ("N", 32, 7, 7)),
        Example({"chunks": 3, "dim": -1}, (("N", "T", 24),), ("N", "T", 8)),
    ),
    short="{chunks}, {dim}",
    pitfalls="The last piece is smaller where the size is not divisible. Gates and queries, keys, values come so.",
    group="Join",
    torch_name="torch.chunk",
    onnx="Split.",
    keywords=("halves", "split", "qkv", "gate", "pieces"),
    differs={"dim": "1, since axis 0 is the batch", "input": "called x, as in the other layers"},
)

LAYERS: tuple[LayerSpec, ...] = (
    PAD,
    CAST,
    STOP_GRADIENT,
    CLONE,
    STACK,
    SPLIT,
    CHUNK,
)
