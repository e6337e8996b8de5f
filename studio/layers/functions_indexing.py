"""Functions that take numbers by position or put them there: slices, look-ups, scatters, one-hot."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.functions import Written, function
from studio.layers.params import Bool, Choice, Int, Numbers
from studio.layers.rules import Specs, axis_of, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

_GROUP = "Index"
_DIM = Int("dim", 1, "The axis that the positions count along.", label="Axis")
_CALLED = {"input": "called x, as in the other layers"}


def in_reach(layer: str, index: TensorSpec, size: Size) -> None:
    """Raises ShapeError where positions reach beyond an axis. What nobody knows passes."""
    if index.classes and isinstance(size, int) and index.classes > size:
        raise ShapeError(
            "{layer} gets positions up to {last}, but there are only {size} entries",
            layer=layer,
            last=index.classes - 1,
            size=size,
        )


def _not_the_batch(layer: str, dim: int, x: TensorSpec) -> int:
    """``dim`` from the front; its size must not be that of the batch, which differs from run to run."""
    axis = axis_of(dim, len(x.shape), layer)
    if x.shape[axis] == symbol("N"):
        raise ShapeError(
            "{layer} would take samples out of the batch: choose another axis than {axis}",
            layer=layer,
            axis=axis,
        )
    return axis


def _sliced(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    axis = _not_the_batch("Slice", p.dim, x)
    size = x.shape[axis]
    first, last = _bound(p.start, size), _bound(p.end, size) if p.end else size
    count = last - first
    if isinstance(size, int):
        assert isinstance(first, int) and isinstance(last, int)
        count = min(last, size) - max(first, 0)
    if isinstance(count, int) and count < 1:
        raise ShapeError(
            "Slice from {start} to {end} takes nothing of {size} along axis {axis}",
            start=p.start,
            end=p.end or size,
            size=size,
            axis=axis,
        )
    count = (count + (p.step - 1)) // p.step
    return (TensorSpec((*x.shape[:axis], count, *x.shape[axis + 1 :]), x.dtype, x.classes),)


def _bound(at: int, size: Size) -> Size:
    return size + at if at < 0 else at


def _slice_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    axis = p.dim % len(inputs[0].shape)
    start = literal(p.start) if p.start else ""
    end = literal(p.end) if p.end else ""
    step = f":{literal(p.step)}" if p.step != 1 else ""
    return "", "{x}[" + ":, " * axis + f"{start}:{end}{step}]"


SLICE = function(
    "Slice",
    "Takes a stretch of an axis, such as the first 10 steps or every second row.",
    r"y = x_{a:b:s}",
    inputs=(Port("x", "N * F", "any", doc="Anything with the axis to take from."),),
    outputs=(Port("y", "N *", "any", doc="The stretch, with the same axes."),),
    params=(
        _DIM,
        Int("start", 0, "The first position; negative counts from the end.", label="From"),
        Int("end", 0, "The position after the last; negative counts from the end, 0 is the end.", label="To"),
        Int("step", 1, "The distance between two of them.", label="Step", essential=False, min=1, max=65536),
    ),
    shape=_sliced,
    torch=Torch(text=_slice_text),
    examples=(
        Example({"end": 3}, (("N", 8, 8),), ("N", 3, 8)),
        Example({"start": 1}, (("N", "T", 8),), ("N", "T - 1", 8)),
        Example({"dim": 2, "start": -4, "step": 2}, (("N", 3, 9),), ("N", 3, 2)),
    ),
    short="{dim}: {start}:{end}",
    pitfalls="Select takes a single position and drops the axis.",
    group=_GROUP,
    torch_name="torch.narrow",
    source="https://docs.pytorch.org/docs/stable/tensor_view.html",
    onnx="Slice.",
    keywords=("crop", "narrow", "part", "range", "crop2d", "shift by one", "Cropping1D"),
    differs={
        "end": "from and to, as Python writes slices",
        "step": "as Python writes slices",
        "length": "from and to, with a step, as Python writes slices",
        **_CALLED,
    },
)


def _gathered(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, index = inputs
    axis = axis_of(p.dim, len(x.shape), "Gather")
    _same_but(axis, "Gather", x, index)
    in_reach("Gather", index, x.shape[axis])
    return (TensorSpec(index.shape, x.dtype, x.classes),)


def _same_but(axis: int, layer: str, x: TensorSpec, index: TensorSpec) -> None:
    fits = len(x.shape) == len(index.shape) and all(
        at == axis or size == x.shape[at] or (isinstance(size, int) and _below(size, x.shape[at]))
        for at, size in enumerate(index.shape)
    )
    if not fits:
        raise ShapeError(
            "{layer} needs positions with the axes of {shape}, none longer but axis {axis}; it gets {index}",
            layer=layer,
            shape=show(x.shape),
            axis=axis,
            index=show(index.shape),
        )


def _below(size: int, other: Size) -> bool:
    return isinstance(other, int) and size <= other


GATHER = function(
    "Gather",
    "Takes numbers by position along an axis, at each place its own.",
    r"y_{ij} = x_{i,\, k_{ij}}",
    inputs=(
        Port("x", "*", "any", doc="What is taken from."),
        Port("index", "*", "int", doc="Positions along the axis, with as many axes."),
    ),
    outputs=(Port("y", "*", "any", doc="What was taken, in the shape of the positions."),),
    params=(_DIM,),
    shape=_gathered,
    torch=Torch(call="{x}.gather({dim}, {index})"),
    examples=(
        Example({}, (("N", 10), ("N", 1)), ("N", 1)),
        Example({"dim": -1}, (("N", "T", 8), ("N", "T", 3)), ("N", "T", 3)),
    ),
    short="{dim}",
    pitfalls="It does not stretch: positions need all axes of the value. A position beyond the end stops the run.",
    group=_GROUP,
    torch_name="torch.gather",
    onnx="GatherElements.",
    keywords=("take_along_axis", "GatherElements", "pick", "score of the target", "index"),
    differs={"sparse_grad": "gradients here are dense", **_CALLED},
)


def _selected(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, index = inputs
    axis = _not_the_batch("IndexSelect", p.dim, x)
    in_reach("IndexSelect", index, x.shape[axis])
    return (TensorSpec((*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]), x.dtype, x.classes),)


INDEX_SELECT = function(
    "IndexSelect",
    "Takes whole rows, columns or channels by position, the same for every sample.",
    r"y = x_{:,\, k}",
    inputs=(
        Port("x", "N * F", "any", doc="What is taken from."),
        Port("index", "K", "int", doc="A row of positions along the axis."),
    ),
    outputs=(Port("y", "N *", "any", doc="What was taken, in that order."),),
    params=(_DIM,),
    shape=_selected,
    torch=Torch(call="{x}.index_select({dim}, {index})"),
    examples=(
        Example({}, (("N", 10), (4,)), ("N", 4)),
        Example({"dim": 2}, (("N", "T", 8), (3,)), ("N", "T", 3)),
    ),
    short="{dim}",
    pitfalls="The positions have no batch axis; Gather takes others for each sample.",
    group=_GROUP,
    torch_name="torch.index_select",
    onnx="Gather.",
    keywords=("take", "rows", "columns", "reorder channels", "Gather", "index"),
    differs=_CALLED,
)


def _looked_up(p: SimpleNamespace, inputs: Specs) -> Specs:
    index, weight = inputs
    in_reach("Lookup", index, weight.shape[0])
    return (TensorSpec((*index.shape, weight.shape[1]), weight.dtype),)


LOOKUP = function(
    "Lookup",
    "Takes a row of a table that comes by wire for each whole number.",
    r"y = W_{x}",
    inputs=(
        Port("x", "*", "int", doc="Whole numbers from 0."),
        Port("weight", "V E", doc="The table: a row for each of them."),
    ),
    outputs=(Port("y", "* E", doc="One row of numbers for each of them."),),
    shape=_looked_up,
    torch=Torch(call="F.embedding({x}, {weight})"),
    examples=(
        Example({}, (("N",), (10, 4)), ("N", 4)),
        Example({}, (("N", "T"), (75, 32)), ("N", "T", 32)),
    ),
    pitfalls="Embedding has a table of its own that it learns; here it is made by other layers.",
    group=_GROUP,
    torch_name="nn.functional.embedding",
    onnx="Gather.",
    keywords=("embedding", "table", "codebook", "Gather", "dictionary"),
    differs={
        "input": "called x, as in the other layers",
        "padding_idx": "the table is not this layer's to train",
        "max_norm": "the table is not this layer's to change",
        "norm_type": "goes with max_norm",
        "scale_grad_by_freq": "the table is not this layer's to train",
        "sparse": "gradients here are dense",
    },
)


def _check_scatter(layer: str, axis: int, x: TensorSpec, index: TensorSpec, src: TensorSpec) -> None:
    _same_but(axis, layer, x, index)
    if index.shape != src.shape:
        raise ShapeError(
            "{layer} needs a position for each value, gets {index} for {values}",
            layer=layer,
            index=show(index.shape),
            values=show(src.shape),
        )
    if x.dtype != src.dtype:
        raise ShapeError(
            "{layer} puts {given} into {dtype}: insert Cast",
            (("insert", "Cast", "src"),),
            layer=layer,
            given=src.dtype,
            dtype=x.dtype,
        )
    in_reach(layer, index, x.shape[axis])


def _scattered(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, index, src = inputs
    _check_scatter("Scatter", axis_of(p.dim, len(x.shape), "Scatter"), x, index, src)
    return (TensorSpec(x.shape, x.dtype),)


_SCATTER_INPUTS = (
    Port("x", "*", "number", doc="Where values are put."),
    Port("index", "*", "int", doc="Positions along the axis, one for each value."),
    Port("src", "*", "number", doc="The values."),
)
_SCATTER_EXAMPLES = (
    Example({}, (("N", 10), ("N", 3), ("N", 3)), ("N", 10)),
    Example({"dim": -1}, (("N", "T", 8), ("N", "T", 2), ("N", "T", 2)), ("N", "T", 8)),
)
_SCATTERED = (Port("y", "*", "number", doc="The same shape."),)

SCATTER = function(
    "Scatter",
    "Puts values at positions along an axis, in place of what is there.",
    r"y_{i,\, k_{ij}} = s_{ij}",
    inputs=_SCATTER_INPUTS,
    outputs=_SCATTERED,
    params=(_DIM,),
    shape=_scattered,
    torch=Torch(call="{x}.scatter({dim}, {index}, {src})"),
    examples=_SCATTER_EXAMPLES,
    short="{dim}",
    pitfalls="Of two values for one place either may win. The reverse of Gather.",
    group=_GROUP,
    torch_name="torch.scatter",
    onnx="ScatterElements.",
    keywords=("put", "ScatterElements", "unpool", "write"),
    differs={**_CALLED, "reduce": "ScatterReduce is a layer of its own"},
)


def _scatter_reduced(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, index, src = inputs
    _check_scatter("ScatterReduce", axis_of(p.dim, len(x.shape), "ScatterReduce"), x, index, src)
    return (TensorSpec(x.shape, x.dtype),)


SCATTER_REDUCE = function(
    "ScatterReduce",
    "Gathers values that go to the same position: sums, means, extremes.",
    r"y_{i,\, k} = \sum_{j : k_{ij} = k} s_{ij}",
    inputs=tuple(
        Port(port.name, port.axes, "float" if port.dtype == "number" else "int", doc=port.doc)
        for port in _SCATTER_INPUTS
    ),
    outputs=(Port("y", "*", doc="The same shape."),),
    params=(
        _DIM,
        Choice(
            "reduce",
            "sum",
            "How values at one place are joined.",
            label="Joined by",
            options=("sum", "prod", "mean", "amax", "amin"),
        ),
        Bool(
            "include_self",
            True,
            "What is there already counts as well.",
            label="Count what is there",
            essential=False,
        ),
    ),
    shape=_scatter_reduced,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text(
                "{x}.scatter_reduce",
                p.dim,
                Written("{index}"),
                Written("{src}"),
                p.reduce,
                include_self=(p.include_self, True),
            ),
        )
    ),
    examples=(*_SCATTER_EXAMPLES, Example({"reduce": "amax"}, (("N", 6), ("N", 6), ("N", 6)), ("N", 6))),
    short="{reduce}, {dim}",
    pitfalls="Messages of the neighbours of a node in a graph are added up this way.",
    group=_GROUP,
    torch_name="torch.scatter_reduce",
    onnx="ScatterElements with a reduction.",
    keywords=("scatter_add", "group by", "message passing", "segment sum", "histogram"),
    differs={**_CALLED, "reduce": "sum unless said"},
)


def _added(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, index, source = inputs
    axis = axis_of(p.dim, len(x.shape), "IndexAdd")
    wanted = (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :])
    if source.shape != wanted:
        raise ShapeError(
            "IndexAdd needs a row for each position: {wanted}, gets {shape}",
            wanted=show(wanted),
            shape=show(source.shape),
        )
    in_reach("IndexAdd", index, x.shape[axis])
    return (TensorSpec(x.shape, x.dtype),)


INDEX_ADD = function(
    "IndexAdd",
    "Adds rows to the rows at given positions.",
    r"y_{k_i} = x_{k_i} + s_i",
    inputs=(
        Port("x", "K D", doc="What is added to."),
        Port("index", "K", "int", doc="The position of each row."),
        Port("source", "K D", doc="The rows that are added."),
    ),
    outputs=(Port("y", "K D", doc="The same shape."),),
    params=(
        Int(
            "dim", 0, "The axis that the positions count along.", label="Axis", essential=False, min=0, max=1
        ),
    ),
    shape=_added,
    torch=Torch(call="{x}.index_add({dim}, {index}, {source})"),
    examples=(
        Example({}, ((10, 8), (4,), (4, 8)), (10, 8)),
        Example({"dim": 1}, ((6, 8), (3,), (6, 3)), (6, 8)),
    ),
    short="{dim}",
    pitfalls="Rows for the same position add up. Works on the nodes of one graph, without a batch axis.",
    group=_GROUP,
    torch_name="torch.index_add",
    onnx="ScatterND with a sum.",
    keywords=("accumulate", "graph", "edges to nodes", "scatter_add"),
    differs={**_CALLED, "alpha": "a factor is a MultiplyScalar before it", "dim": "the rows unless said"},
)


def _one_hot_count(p: SimpleNamespace, x: TensorSpec) -> int:
    if p.num_classes > 0:
        if x.classes > p.num_classes:
            raise ShapeError(
                "{classes} different values come in, but OneHot has room for {count}: set {classes}",
                (("set", "num_classes", str(x.classes)),),
                classes=x.classes,
                count=p.num_classes,
            )
        return p.num_classes  # type: ignore[no-any-return]  # with its name, where it has one
    if not x.classes:
        raise ShapeError("OneHot can't tell how many different values come in: set the number of classes")
    return x.classes


ONE_HOT = function(
    "OneHot",
    "Turns each class into a row of zeros with a single 1.",
    r"y_k = [x = k]",
    inputs=(Port("x", "*", "int", doc="Whole numbers from 0: tokens or classes."),),
    outputs=(Port("y", "* K", "int", doc="A row of zeros and a single 1 for each of them."),),
    params=(
        Int(
            "num_classes",
            -1,
            "How many different values there are; -1 takes the number from the data.",
            label="Classes",
            min=-1,
            max=2**31,
        ),
    ),
    shape=lambda p, inputs: (TensorSpec((*inputs[0].shape, _one_hot_count(p, inputs[0])), "int64", 2),),
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text(
                "F.one_hot",
                Written("{x}"),
                p.num_classes if p.num_classes > 0 else _one_hot_count(p, inputs[0]),
            ),
        )
    ),
    examples=(
        Example({"num_classes": 10}, (("N",),), ("N", 10)),
        Example({"num_classes": 4}, (("N", "T"),), ("N", "T", 4)),
    ),
    short="{num_classes}",
    pitfalls="Gives whole numbers: insert Cast before a layer that calculates. Embedding is smaller and learns.",
    group=_GROUP,
    torch_name="nn.functional.one_hot",
    onnx="OneHot.",
    keywords=("dummy", "categorical", "to_categorical", "CategoryEncoding", "indicator", "label"),
    differs=_CALLED | {"num_classes": "0 counts as -1 too"},
    traits=Traits(differentiable=False),
)


def _bucket_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    edges = p.boundaries
    if not edges or any(left >= right for left, right in zip(edges, edges[1:], strict=False)):
        raise ShapeError("Bucketize needs limits that rise, gets {limits}", limits=show(edges))
    return (TensorSpec(inputs[0].shape, "int64", len(edges) + 1),)


def _bucket_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    limits = f"torch.tensor([{', '.join(literal(edge) for edge in p.boundaries)}], device={{x}}.device)"
    return "", build_text("torch.bucketize", Written("{x}"), Written(limits), right=(p.right, False))


BUCKETIZE = function(
    "Bucketize",
    "Says in which of several ranges each number lies.",
    r"y = \#\{ b_i < x \}",
    inputs=(Port("x", "*", doc="Any numbers."),),
    outputs=(Port("y", "*", "int", doc="The number of the range, from 0."),),
    params=(
        Numbers("boundaries", (0.0,), "The limits between the ranges, rising.", label="Limits"),
        Bool(
            "right",
            False,
            "A number on a limit belongs to the range above it.",
            label="Limit counts above",
            essential=False,
        ),
    ),
    shape=_bucket_shape,
    torch=Torch(text=_bucket_text),
    examples=(
        Example({"boundaries": (-1.0, 0.0, 1.0)}, (("N", 4),), ("N", 4)),
        Example({}, (("N", "T"),), ("N", "T")),
    ),
    short="{boundaries}",
    pitfalls="Follow it with Embedding to learn something for each range. No gradient passes it.",
    group=_GROUP,
    torch_name="torch.bucketize",
    onnx="Comparisons and a sum.",
    keywords=("Discretization", "bin", "digitize", "range", "histogram", "searchsorted"),
    differs=_CALLED | {"out_int32": "positions are int64 everywhere"},
    traits=Traits(differentiable=False),
)

LAYERS: tuple[LayerSpec, ...] = (
    SLICE,
    GATHER,
    INDEX_SELECT,
    LOOKUP,
    SCATTER,
    SCATTER_REDUCE,
    INDEX_ADD,
    ONE_HOT,
    BUCKETIZE,
)
