"""Layers that change shapes or join values without learning."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Expr, Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.dtypes import promoted
from studio.layers.params import Int, Ints
from studio.layers.rules import Specs, axis_of, broadcast, product, same, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import literal

N = symbol("N")


def _flatten_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    first = axis_of(p.start_dim, len(shape), "Flatten")
    last = axis_of(p.end_dim, len(shape), "Flatten")
    if last < first:
        raise ShapeError(
            "Flatten ends at axis {last}, before it starts at {first}: set -1",
            (("set", "end_dim", "-1"),),
            first=first,
            last=last,
        )
    flat = (*shape[:first], product(shape[first : last + 1]), *shape[last + 1 :])
    return (TensorSpec(flat, inputs[0].dtype, inputs[0].classes),)


def _flatten_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    whole = p.end_dim == -1 and not hasattr(p.end_dim, "text")
    return "", "{x}.flatten({start_dim})" if whole else "{x}.flatten({start_dim}, {end_dim})"


FLATTEN = LayerSpec(
    name="Flatten",
    category=Category.SHAPE,
    summary="Lays all numbers of a sample in one row.",
    formula=r"(N, C, H, W) \to (N, C \cdot H \cdot W)",
    inputs=(Port("x", "N * F", "any", doc="Pictures or anything with several axes."),),
    outputs=(Port("y", "N *", "any", doc="One row for each sample."),),
    params=(
        Int(
            "start_dim",
            1,
            "First axis that is laid flat; 1 keeps the batch only.",
            label="First axis",
            essential=False,
            min=1,
            max=16,
        ),
        Int(
            "end_dim",
            -1,
            "Last axis that is laid flat; -1 is the last of all.",
            label="Last axis",
            essential=False,
            max=16,
        ),
    ),
    shape=_flatten_shape,
    torch=Torch(text=_flatten_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html",
    onnx="Flatten or Reshape.",
    examples=(
        Example({}, (("N", 16, 5, 5),), ("N", 400)),
        Example({"start_dim": 2}, (("N", "T", 4, 4),), ("N", "T", 16)),
        Example({"end_dim": 2}, (("N", 3, 4, 5),), ("N", 12, 5)),
    ),
    keywords=("reshape", "view", "ravel", "nn.Flatten", "vector"),
    pitfalls="Stands between the pictures and the first Linear.",
    group="Reshape",
    torch_name="nn.Flatten",
)


def _reshape_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape, wanted = inputs[0].shape, p.shape
    have = product(shape[1:])
    known = product(size for size in wanted if size != -1)
    holes = wanted.count(-1)
    left: Size = 0
    if holes:
        left = have // known if known else 0
    if 0 in wanted or holes > 1 or (left * known if holes else known) != have:
        raise ShapeError(
            "Reshape can't make {wanted} of {shape}: the numbers of a sample must stay {count}",
            wanted=show(wanted),
            shape=show(shape),
            count=have,
        )
    sizes = tuple(left if size == -1 else size for size in wanted)
    return (TensorSpec((shape[0], *sizes), inputs[0].dtype, inputs[0].classes),)


def _reshape_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    if len(inputs[0].shape) == 2:
        return "", "{x}.unflatten(1, " + literal(p.shape) + ")"
    if -1 in p.shape:
        return "", "{x}.flatten(1).unflatten(1, " + literal(p.shape) + ")"
    return "", "{x}.reshape(" + ", ".join(("-1", *(literal(size) for size in p.shape))) + ")"


RESHAPE = LayerSpec(
    name="Reshape",
    category=Category.SHAPE,
    summary="Gives the numbers of a sample a new shape, in the same order.",
    formula=r"(N, \dots) \to (N, s_1, s_2, \dots)",
    inputs=(Port("x", "N * F", "any", doc="Anything with a batch axis."),),
    outputs=(Port("y", "N *", "any", doc="The same numbers in the new shape."),),
    params=(
        Ints(
            "shape",
            (-1,),
            "New sizes of one sample, without the batch; one of them may be -1: what is left.",
            label="Shape",
            count=0,
            min=-1,
        ),
    ),
    shape=_reshape_shape,
    torch=Torch(text=_reshape_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.reshape.html",
    onnx="Reshape.",
    examples=(
        Example({"shape": (1, 28, 28)}, (("N", 784),), ("N", 1, 28, 28)),
        Example({"shape": (-1, 4)}, (("N", 6, 8),), ("N", 12, 4)),
        Example({"shape": (8, 6)}, (("N", 6, 8),), ("N", 8, 6)),
    ),
    short="{shape}",
    keywords=("view", "unflatten", "nn.Unflatten", "decoder"),
    pitfalls="It does not swap axes: turning H W into W H this way scrambles a picture.",
    group="Reshape",
    torch_name="torch.reshape",
)


def _join_shape(layer: str, inputs: Specs) -> Specs:
    first = inputs[0]
    for other in inputs[1:]:
        if other.shape != first.shape or other.dtype != first.dtype:
            shape = broadcast([given.shape for given in inputs], layer)
            return (TensorSpec(shape, promoted(inputs)),)
    return (TensorSpec(first.shape, first.dtype),)


def _add_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return _join_shape("Add", inputs)


def _multiply_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return _join_shape("Multiply", inputs)


_MANY = (
    Port("x", "*", "number|complex", variadic=True, doc="Two or more values of one shape; size 1 stretches."),
)
_ONE = (Port("y", "*", "number|complex", doc="One value of the same shape."),)
_PAIR = (("N", 64, 8, 8), ("N", 64, 8, 8))

ADD = LayerSpec(
    name="Add",
    category=Category.SHAPE,
    summary="Adds values number by number, as in a residual connection.",
    formula=r"y = x_1 + x_2 + \dots",
    inputs=_MANY,
    outputs=_ONE,
    params=(),
    shape=_add_shape,
    torch=Torch(call="{x}", join=" + "),
    source="He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, 2015",
    onnx="Add.",
    examples=(
        Example({}, _PAIR, ("N", 64, 8, 8)),
        Example({}, (("N", "T", 32), ("T", 32)), ("N", "T", 32)),
    ),
    keywords=("sum", "plus", "residual", "skip", "shortcut"),
    pitfalls="Shapes must agree; a 1x1 Conv2d on the shorter way makes channels equal.",
    group="Arithmetic",
    torch_name="torch.add",
    differs={"alpha": "a factor is a layer of its own: MultiplyScalar"},
)

MULTIPLY = LayerSpec(
    name="Multiply",
    category=Category.SHAPE,
    summary="Multiplies values number by number, as a gate does.",
    formula=r"y = x_1 \odot x_2 \odot \dots",
    inputs=_MANY,
    outputs=_ONE,
    params=(),
    shape=_multiply_shape,
    torch=Torch(call="{x}", join=" * "),
    source="https://docs.pytorch.org/docs/stable/generated/torch.mul.html",
    onnx="Mul.",
    examples=(Example({}, _PAIR, ("N", 64, 8, 8)), Example({}, (("N", 8, 4), ("N", 8, 1)), ("N", 8, 4))),
    keywords=("product", "gate", "mask", "Mul", "scale", "times"),
    pitfalls="After a Sigmoid on one side it is a gate: how much of the other side passes.",
    group="Arithmetic",
    torch_name="torch.mul",
)


def _concat_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    first = inputs[0].shape
    axis = axis_of(p.dim, len(first), "Concat")
    total: Size = first[axis]
    dtype = promoted(inputs) if any(given.dtype != inputs[0].dtype for given in inputs) else inputs[0].dtype
    for other in inputs[1:]:
        shape = other.shape
        if len(shape) != len(first) or shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise ShapeError(
                "Concat joins along axis {axis}; other sizes must agree, but it gets {first} and {second}",
                axis=axis,
                first=show(first),
                second=show(shape),
            )
        total = shape[axis] + total
    return (TensorSpec((*first[:axis], total, *first[axis + 1 :]), dtype),)


CONCAT = LayerSpec(
    name="Concat",
    category=Category.SHAPE,
    summary="Puts values side by side along one axis.",
    formula=r"y = [x_1 ; x_2 ; \dots]",
    inputs=(Port("x", "N *", "any", variadic=True, doc="Two or more values that agree in the other axes."),),
    outputs=(Port("y", "N *", "any", doc="All of them in one value."),),
    params=(Int("dim", 1, "The axis along which they are joined; 1 is channels or features.", label="Axis"),),
    shape=_concat_shape,
    torch=Torch(call="torch.cat([{x}], {dim})"),
    source="https://docs.pytorch.org/docs/stable/generated/torch.cat.html",
    onnx="Concat.",
    examples=(
        Example({}, (("N", 64, 8, 8), ("N", 32, 8, 8)), ("N", 96, 8, 8)),
        Example({"dim": -1}, (("N", "T", 4), ("N", "T", 5)), ("N", "T", 9)),
    ),
    short="{dim}",
    keywords=("cat", "join", "stack", "merge", "U-Net", "DenseNet", "Concatenate"),
    pitfalls="Joining along axis 0 would mix up the batch; 1 is what you want for pictures.",
    group="Join",
    torch_name="torch.cat",
    differs={"dim": "1, since axis 0 is the batch"},
)


def _select_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    axis = axis_of(p.dim, len(shape), "Select")
    size = shape[axis]
    if size == N:
        raise ShapeError(
            "Select would take one sample out of the batch: choose another axis than {axis}", axis=axis
        )
    if not isinstance(size, Expr) and not -size <= p.index < size:
        raise ShapeError(
            "Select takes position {index}, but axis {axis} has {size}: choose {low} to {high}",
            index=p.index,
            axis=axis,
            size=size,
            low=-size,
            high=size - 1,
        )
    return (TensorSpec((*shape[:axis], *shape[axis + 1 :]), inputs[0].dtype, inputs[0].classes),)


def _select_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    axis = p.dim % len(inputs[0].shape)
    return "", "{x}[" + ":, " * axis + literal(p.index) + "]"


SELECT = LayerSpec(
    name="Select",
    category=Category.SHAPE,
    summary="Takes one position of an axis, such as the last step of a sequence.",
    formula=r"y = x_{\dots, i, \dots}",
    inputs=(Port("x", "N * F", "any", doc="Anything with the axis to take from."),),
    outputs=(Port("y", "*", "any", doc="The same without that axis."),),
    params=(
        Int("dim", 1, "The axis to take from; 1 is time in N T F.", label="Axis"),
        Int("index", -1, "The position; 0 is the first, -1 the last.", label="Position"),
    ),
    shape=_select_shape,
    torch=Torch(text=_select_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.select.html",
    onnx="Gather.",
    examples=(
        Example({}, (("N", "T", 128),), ("N", 128)),
        Example({"dim": 0, "index": -1}, ((2, "N", 128),), ("N", 128)),
    ),
    short="{dim}, {index}",
    keywords=("index", "slice", "last", "Gather", "pick", "class token"),
    pitfalls="The last step of an LSTM read both ways has seen the backward direction only once.",
    group="Index",
    torch_name="torch.select",
)

IDENTITY = LayerSpec(
    name="Identity",
    category=Category.SHAPE,
    summary="Hands its input on as it is: a dot that a wire bends around.",
    formula=r"y = x",
    inputs=(Port("x", "*", "any", doc="Anything."),),
    outputs=(Port("y", "*", "any", doc="The same."),),
    params=(),
    shape=same,
    torch=Torch(call="{x}"),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html",
    onnx="Nothing, or Identity where an output needs it.",
    examples=(Example({}, (("N", 3, 8, 8),), ("N", 3, 8, 8)), Example({}, (("N", 10),), ("N", 10))),
    keywords=("reroute", "dot", "pass", "nn.Identity", "skip"),
    pitfalls="It computes nothing and costs nothing.",
    group="Reshape",
    torch_name="nn.Identity",
)

LAYERS = (IDENTITY, FLATTEN, RESHAPE, ADD, MULTIPLY, CONCAT, SELECT)
