"""Relatives of ReLU: they keep positive numbers and differ in what they do with negative ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

from studio.layers.activation import called, pointwise
from studio.layers.params import Bool, Float
from studio.layers.rules import Specs, fixed, same
from studio.layers.spec import Example, ShapeError, Traits
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED

_GROUP = "Rectifiers"
_SMALL = (Example({}, (("N", 12),), ("N", 12)),)

RELU6 = pointwise(
    "ReLU6",
    "F.relu6({x})",
    (
        "Keeps numbers from 0 to 6 and cuts off the others.",
        r"y = \min(\max(0, x),\, 6)",
        "The cut at 6 keeps numbers small for devices that compute with 8 bits.",
    ),
    ("clippedRelu", "relu6", "MobileNet", "quantize", "Clip"),
    source="Howard et al., MobileNets, 2017",
    group=_GROUP,
    onnx="Clip.",
)
ELU = pointwise(
    "ELU",
    called("F.elu", alpha=1.0),
    (
        "Keeps positive numbers and bends negative ones towards a floor.",
        r"y = x \;\text{for}\; x > 0,\; \text{else}\; \alpha (e^{x} - 1)",
        "Brings the mean of outputs nearer to 0 than ReLU; the exponential costs time on a CPU.",
    ),
    ("Elu", "exponential", "rectifier"),
    params=(
        Float(
            "alpha",
            1.0,
            "Depth of the floor: negative numbers come down to minus this.",
            label="Alpha",
            min=0,
        ),
    ),
    source="Clevert, Unterthiner and Hochreiter, Exponential Linear Units, 2015",
    group=_GROUP,
    onnx="Elu.",
    examples=(Example({"alpha": 0.5}, (("N", 84),), ("N", 84)),),
)
CELU = pointwise(
    "CELU",
    called("F.celu", alpha=1.0),
    (
        "An ELU whose slope has no corner at 0, whatever its depth.",
        r"y = \max(0, x) + \min(0,\, \alpha (e^{x/\alpha} - 1))",
        "A small alpha makes it a ReLU, a large one a straight line.",
    ),
    ("Celu", "exponential", "rectifier"),
    params=(
        Float(
            "alpha",
            1.0,
            "Depth of the floor: negative numbers come down to minus this.",
            label="Alpha",
            min=0.001,
        ),
    ),
    source="Barron, Continuously Differentiable Exponential Linear Units, 2017",
    group=_GROUP,
    onnx="Celu.",
    examples=(Example({"alpha": 0.5}, (("N", 84),), ("N", 84)),),
)
SELU = pointwise(
    "SELU",
    "F.selu({x})",
    (
        "An ELU with fixed numbers that keep mean 0 and spread 1 from layer to layer.",
        r"y = 1.0507\,(\max(0, x) + \min(0,\, 1.6733\,(e^{x} - 1)))",
        "Only keeps its promise with inputs of mean 0 and spread 1, LeCun weights and AlphaDropout.",
    ),
    ("Selu", "self-normalizing", "SNN"),
    source="Klambauer et al., Self-Normalizing Neural Networks, 2017",
    group=_GROUP,
    onnx="Selu.",
)
SOFTPLUS = pointwise(
    "Softplus",
    called("F.softplus", beta=1.0, threshold=20.0),
    (
        "A ReLU without a corner; its outputs are always above 0.",
        r"y = \frac{1}{\beta} \log(1 + e^{\beta x})",
        "Good where a number must be positive, such as a spread; between layers ReLU learns better.",
    ),
    ("SoftPlus", "positive", "smooth"),
    params=(
        Float("beta", 1.0, "How sharp the bend is.", label="Beta", min=0.001),
        Float(
            "threshold",
            20.0,
            "Where beta times the number exceeds this, it is given back as it is.",
            label="Threshold",
            essential=False,
            min=0,
        ),
    ),
    source="Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, 2000",
    group=_GROUP,
)
MISH = pointwise(
    "Mish",
    "F.mish({x})",
    (
        "A smooth ReLU that dips below 0: each number times the tanh of its softplus.",
        r"y = x \tanh(\log(1 + e^{x}))",
        "Much like SiLU, but slower.",
    ),
    ("mish", "YOLOv4", "smooth"),
    source="Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019",
    group=_GROUP,
    onnx="Mish, or Softplus, Tanh and Mul.",
)
HARDSWISH = pointwise(
    "Hardswish",
    "F.hardswish({x})",
    (
        "A SiLU made of straight pieces and one curve, cheap on small devices.",
        r"y = x \, \min(\max(x/6 + 1/2,\, 0),\, 1)",
        "Below -3 it does not learn at all.",
    ),
    ("HardSwish", "hard_silu", "MobileNetV3", "quantize"),
    source="Howard et al., Searching for MobileNetV3, 2019",
    group=_GROUP,
    onnx="HardSwish.",
)
THRESHOLD = replace(
    pointwise(
        "Threshold",
        "F.threshold({x}, {threshold}, {value})",
        (
            "Keeps numbers above a threshold and replaces the others by one number.",
            r"y = x \;\text{for}\; x > t,\; \text{else}\; v",
            "What is replaced does not learn; with threshold and value 0 it is ReLU.",
        ),
        ("ThresholdedReLU", "ThresholdedRelu", "cut"),
        params=(
            Float("threshold", 0.0, "Numbers above this are kept.", label="Threshold"),
            Float("value", 0.0, "What the others become.", label="Value"),
        ),
        group=_GROUP,
        onnx="Greater and Where.",
        examples=(Example({"threshold": 1.0}, (("N", 84),), ("N", 84)),),
    ),
    differs={"threshold": "starts at 0; torch has no default", "value": "starts at 0; torch has no default"},
)


def _channels(p: SimpleNamespace, inputs: Specs) -> int:
    if not p.per_channel:
        return 1
    shape = inputs[0].shape
    if len(shape) < 2:
        raise ShapeError(
            "PReLU learns a slope for each channel, but {rank} axis has none: switch it off",
            (("set", "per_channel", "false"),),
            rank=len(shape),
        )
    return fixed(shape[1], "C")


def _prelu_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _channels(p, inputs)
    return same(p, inputs)


def _prelu_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (_channels(p, inputs),)}


def _prelu_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    channels = inputs[0].shape[1] if p.per_channel else 1
    return build_text("nn.PReLU", num_parameters=(channels, 1), init=(p.init, 0.25)), ""


PRELU = replace(
    pointwise(
        "PReLU",
        _prelu_text,
        (
            "Keeps positive numbers and multiplies negative ones by a learned slope.",
            r"y = \max(0, x) + a \min(0, x)",
            "Keep weight decay off the slope: decay pulls it back to ReLU.",
        ),
        ("PRelu", "learned", "rectifier"),
        params=(
            Bool(
                "per_channel",
                False,
                "Learn a slope for each channel, the second axis, instead of one for all.",
                label="Per channel",
            ),
            Float("init", 0.25, "The slope that learning starts from.", label="First slope", essential=False),
        ),
        source="He et al., Delving Deep into Rectifiers, 2015",
        group=_GROUP,
        onnx="PRelu.",
        examples=(
            Example({}, (("N", 84),), ("N", 84), 1),
            Example({"per_channel": True}, (("N", 6, 8, 8),), ("N", 6, 8, 8), 6),
        ),
    ),
    shape=_prelu_shape,
    weights=_prelu_weights,
    differs={
        "num_parameters": f"{NOT_TYPED}, where there is a slope for each channel",
        "per_channel": "see there",
    },
)


def _rrelu_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if p.lower > p.upper:
        raise ShapeError(
            "the lower end {low} must lie below the upper end {high}: set both", low=p.lower, high=p.upper
        )
    return same(p, inputs)


def _rrelu_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("nn.RReLU", lower=(p.lower, 1 / 8), upper=(p.upper, 1 / 3)), ""


RRELU = replace(
    pointwise(
        "RReLU",
        _rrelu_text,
        (
            "A leaky ReLU whose slope is drawn at random for each negative number in training.",
            r"y = \max(0, x) + a \min(0, x), \quad a \sim U(l, u)",
            "Evaluation uses the middle of the range, so its outputs differ from those in training.",
        ),
        ("random", "rectifier", "regularize"),
        params=(
            Float("lower", 1 / 8, "Smallest slope.", label="From", min=0, max=1),
            Float("upper", 1 / 3, "Largest slope.", label="To", min=0, max=1),
        ),
        source="Xu, Wang, Chen and Li, Empirical Evaluation of Rectified Activations, 2015",
        group=_GROUP,
        onnx="LeakyRelu with the middle of the range.",
        examples=_SMALL,
    ),
    shape=_rrelu_shape,
    traits=Traits(random=True),
)
LAYERS = (RELU6, PRELU, RRELU, ELU, CELU, SELU, SOFTPLUS, MISH, HARDSWISH, THRESHOLD)
