"""How alike or how far apart two rows of numbers are."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, broadcast, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import call_text

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_GROUP = "Compare"


def _cosine_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = broadcast([given.shape for given in inputs], "CosineSimilarity")
    axis = axis_of(p.dim, len(shape), "CosineSimilarity")
    return (TensorSpec((*shape[:axis], *shape[axis + 1 :]), inputs[0].dtype),)


def _cosine_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named: dict[str, tuple[object, object]] = {"dim": (p.dim, 1), "eps": (p.eps, 1e-8)}
    return "", call_text("F.cosine_similarity", "{x1}", "{x2}", **named)


COSINE_SIMILARITY = LayerSpec(
    name="CosineSimilarity",
    category=Category.SHAPE,
    summary="Says how alike the directions of two rows are: 1 the same, 0 unrelated, -1 opposite.",
    formula=r"y = \frac{x_1 \cdot x_2}{\max(\lVert x_1 \rVert \, \lVert x_2 \rVert,\, \epsilon)}",
    inputs=(
        Port("x1", "N * F", doc="Rows of features."),
        Port("x2", "N * F", doc="Rows to compare them with; size 1 stretches."),
    ),
    outputs=(Port("y", "N *", doc="One number for each pair of rows, from -1 to 1."),),
    params=(
        Int("dim", 1, "The axis along which rows are compared; it disappears.", label="Axis"),
        Float(
            "eps",
            1e-8,
            "Small number that keeps the division safe.",
            label="Epsilon",
            essential=False,
            min=1e-12,
            max=1,
        ),
    ),
    shape=_cosine_shape,
    torch=Torch(text=_cosine_text),
    source=f"{_DOCS}CosineSimilarity.html",
    onnx="Mul, ReduceSum, Sqrt and Div.",
    examples=(
        Example({}, (("N", 32), ("N", 32)), ("N",)),
        Example({"dim": -1}, (("N", "T", 8), ("N", 1, 8)), ("N", "T")),
    ),
    short="{dim}",
    keywords=("similarity", "angle", "dot product", "Siamese", "retrieval", "Dot", "nn.CosineSimilarity"),
    pitfalls="Looks at directions only: rows of different lengths may be alike to it.",
    group=_GROUP,
    torch_name="nn.CosineSimilarity",
)


def _distance_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    first, second = (given.shape for given in inputs)
    if first[-1] != second[-1]:
        raise ShapeError(
            "PairwiseDistance compares rows of one length, gets {first} and {second}",
            first=show(first),
            second=show(second),
        )
    shape = broadcast([first, second], "PairwiseDistance")
    return (TensorSpec((*shape[:-1], 1) if p.keepdim else shape[:-1], inputs[0].dtype),)


def _distance_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named: dict[str, tuple[object, object]] = {
        "p": (p.p, 2.0),
        "eps": (p.eps, 1e-6),
        "keepdim": (p.keepdim, False),
    }
    return "", call_text("F.pairwise_distance", "{x1}", "{x2}", **named)


PAIRWISE_DISTANCE = LayerSpec(
    name="PairwiseDistance",
    category=Category.SHAPE,
    summary="Measures how far apart two rows are: 0 for equal ones.",
    formula=r"y = \left( \sum_i |x_{1,i} - x_{2,i} + \epsilon|^p \right)^{1/p}",
    inputs=(
        Port("x1", "N * F", doc="Rows of features."),
        Port("x2", "N * F", doc="Rows to compare them with; size 1 stretches."),
    ),
    outputs=(Port("y", "N *", doc="One distance for each pair of rows."),),
    params=(
        Float(
            "p",
            2.0,
            "2 measures as the crow flies, 1 along the streets.",
            label="Norm",
            min=0.1,
            max=64,
        ),
        Float(
            "eps",
            1e-6,
            "Small number added to each difference, so that equal rows still learn.",
            label="Epsilon",
            essential=False,
            min=0,
            max=1,
        ),
        Bool("keepdim", False, "Keep the last axis, with size 1.", label="Keep axis", essential=False),
    ),
    shape=_distance_shape,
    torch=Torch(text=_distance_text),
    source=f"{_DOCS}PairwiseDistance.html",
    onnx="Sub, Add, Abs, Pow and ReduceSum.",
    examples=(
        Example({}, (("N", 32), ("N", 32)), ("N",)),
        Example({"p": 1.0, "keepdim": True}, (("N", "T", 8), ("N", "T", 8)), ("N", "T", 1)),
    ),
    short="{p}",
    keywords=("distance", "Euclidean", "Manhattan", "Siamese", "metric learning", "nn.PairwiseDistance"),
    pitfalls="Distances grow with the number of features; normalize rows before comparing layers by it.",
    group=_GROUP,
    torch_name="nn.PairwiseDistance",
)
LAYERS = (COSINE_SIMILARITY, PAIRWISE_DISTANCE)
