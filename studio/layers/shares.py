"""Activations that look along an axis: shares that sum to 1, and gates."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Int
from studio.layers.rules import Specs, axis_of, same_axes
from studio.layers.spec import Category, Example, LayerSpec, Port, Rule, ShapeError, Torch

_GROUP = "Along an axis"
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_OPEN = "the last axis where torch leaves the choice open"


def _along(layer: str) -> Rule:
    """The shape rule of what keeps the shape and works along ``dim``."""

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        axis_of(p.dim, len(inputs[0].shape), layer)
        return (TensorSpec(inputs[0].shape, inputs[0].dtype),)

    return shape


_AXIS = Int("dim", -1, "The axis along which the shares sum to 1; -1 is the last.", label="Axis")

SOFTMAX = LayerSpec(
    name="Softmax",
    category=Category.ACTIVATION,
    summary="Turns scores into shares that are positive and sum to 1.",
    formula=r"y_i = \frac{e^{x_i}}{\sum_j e^{x_j}}",
    inputs=(Port("x", "N *", doc="Scores."),),
    outputs=(Port("y", "N *", doc="Shares of the same shape."),),
    params=(_AXIS,),
    shape=_along("Softmax"),
    torch=Torch(call="torch.softmax({x}, {dim})"),
    source="Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990",
    onnx="Softmax.",
    examples=(Example({}, (("N", 10),), ("N", 10)), Example({"dim": 1}, (("N", 4, 9),), ("N", 4, 9))),
    short="{dim}",
    keywords=("normalize", "probability", "nn.Softmax", "classifier", "attention"),
    pitfalls="CrossEntropy contains it already: put none before that loss.",
    torch_name="nn.Softmax",
    differs={"dim": _OPEN},
)
LOG_SOFTMAX = LayerSpec(
    name="LogSoftmax",
    category=Category.ACTIVATION,
    summary="The logarithms of the shares that Softmax gives, worked out without running out of digits.",
    formula=r"y_i = x_i - \log \sum_j e^{x_j}",
    inputs=(Port("x", "N *", doc="Scores."),),
    outputs=(Port("y", "N *", doc="Logarithms of the shares, all below 0."),),
    params=(_AXIS,),
    shape=_along("LogSoftmax"),
    torch=Torch(call="torch.log_softmax({x}, {dim})"),
    source=f"{_DOCS}LogSoftmax.html",
    onnx="LogSoftmax.",
    examples=(Example({}, (("N", 10),), ("N", 10)), Example({"dim": 1}, (("N", 4, 9),), ("N", 4, 9))),
    short="{dim}",
    keywords=("log probability", "nn.LogSoftmax", "log_softmax", "classifier", "NLL"),
    pitfalls="Goes before a negative log likelihood loss; CrossEntropy contains it already.",
    group=_GROUP,
    torch_name="nn.LogSoftmax",
    differs={"dim": _OPEN},
)
SOFTMIN = LayerSpec(
    name="Softmin",
    category=Category.ACTIVATION,
    summary="Turns costs into shares that sum to 1: the smallest number gets the largest share.",
    formula=r"y_i = \frac{e^{-x_i}}{\sum_j e^{-x_j}}",
    inputs=(Port("x", "N *", doc="Costs or distances."),),
    outputs=(Port("y", "N *", doc="Shares of the same shape."),),
    params=(_AXIS,),
    shape=_along("Softmin"),
    torch=Torch(call="F.softmin({x}, {dim})"),
    source=f"{_DOCS}Softmin.html",
    onnx="Neg and Softmax.",
    examples=(Example({}, (("N", 10),), ("N", 10)), Example({"dim": 1}, (("N", 4, 9),), ("N", 4, 9))),
    short="{dim}",
    keywords=("probability", "distance", "nn.Softmin", "nearest"),
    pitfalls="Scale distances first: where they differ by more than about 10, one share takes all.",
    group=_GROUP,
    torch_name="nn.Softmin",
    differs={"dim": _OPEN},
)


SOFTMAX2D = LayerSpec(
    name="Softmax2d",
    category=Category.ACTIVATION,
    summary="Turns the channels of each pixel into shares that sum to 1.",
    formula=r"y_{c,i,j} = \frac{e^{x_{c,i,j}}}{\sum_k e^{x_{k,i,j}}}",
    inputs=(Port("x", "N C H W", doc="Scores for each class, as pictures."),),
    outputs=(Port("y", "N C H W", doc="Shares of the same shape."),),
    params=(),
    shape=same_axes,
    torch=Torch(call="torch.softmax({x}, 1)"),
    source=f"{_DOCS}Softmax2d.html",
    onnx="Softmax.",
    examples=(Example({}, (("N", 5, 8, 8),), ("N", 5, 8, 8)),),
    keywords=("segmentation", "probability", "pixel", "nn.Softmax2d", "SpatialSoftmax"),
    pitfalls="CrossEntropy contains it already: put none before that loss.",
    group=_GROUP,
    torch_name="nn.Softmax2d",
)


def _glu_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    axis = axis_of(p.dim, len(shape), "GLU")
    size = shape[axis]
    if size // 2 * 2 != size:
        raise ShapeError(
            "GLU halves axis {axis}, but its size {size} is not even: make it even", axis=axis, size=size
        )
    return (TensorSpec((*shape[:axis], size // 2, *shape[axis + 1 :]), inputs[0].dtype),)


def _glu_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "F.glu({x})" if p.dim == -1 and not hasattr(p.dim, "text") else "F.glu({x}, {dim})"


GLU = LayerSpec(
    name="GLU",
    category=Category.ACTIVATION,
    summary="Splits an axis in two halves; the sigmoid of the second decides how much of the first passes.",
    formula=r"y = a \odot \sigma(b), \quad [a ; b] = x",
    inputs=(Port("x", "N * F", doc="Numbers and their gates, side by side."),),
    outputs=(Port("y", "N *", doc="Half as many numbers."),),
    params=(Int("dim", -1, "The axis that is halved; -1 is the last.", label="Axis"),),
    shape=_glu_shape,
    torch=Torch(text=_glu_text),
    source="Dauphin, Fan, Auli and Grangier, Language Modeling with Gated Convolutional Networks, 2016",
    onnx="Split, Sigmoid and Mul.",
    examples=(
        Example({}, (("N", 10),), ("N", 5)),
        Example({"dim": 1}, (("N", 8, "T"),), ("N", 4, "T")),
    ),
    short="{dim}",
    keywords=("gate", "gated", "WaveNet", "nn.GLU", "SwiGLU"),
    pitfalls="Halves the channels: give the layer before it twice as many.",
    group=_GROUP,
    torch_name="nn.GLU",
)
LAYERS = (SOFTMAX, LOG_SOFTMAX, SOFTMIN, SOFTMAX2D, GLU)
