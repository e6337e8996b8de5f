"""One bit a number: signs instead of values or weights."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int, Pair
from studio.layers.quantization import EXAMPLES, GROUP, INPUTS, STRAIGHT
from studio.layers.rules import Specs, fixed, product, same, slide, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch, Traits
from studio.layers.text import build_text, square

_BINARY_SIGMOID = '''
def binary_sigmoid(x: Tensor) -> Tensor:
    """1 for positive numbers, else 0; the gradient is that of a straight rise from -1 to 1."""
    return straight_through((x > 0).to(x.dtype), F.hardtanh(x) / 2)
'''
_BINARY_TANH = '''
def binary_tanh(x: Tensor) -> Tensor:
    """1 for positive numbers, else -1; the gradient is that of a straight rise from -1 to 1."""
    return straight_through(2 * (x > 0).to(x.dtype) - 1, F.hardtanh(x))
'''
_COURBARIAUX = "Courbariaux et al., Binarized Neural Networks, 2016, eq. 4"

BINARY_SIGMOID = LayerSpec(
    name="BinarySigmoid",
    category=Category.ACTIVATION,
    summary="1 for positive numbers and 0 for others; on the way back as if it were a straight rise.",
    formula=r"y = [\,x > 0\,], \quad \frac{\partial y}{\partial x} := \tfrac{1}{2}[\,|x| < 1\,]",
    inputs=INPUTS,
    outputs=(Port("y", "*", doc="The same shape: zeros and ones."),),
    params=(),
    shape=same,
    torch=Torch(call="binary_sigmoid({x})", support=(STRAIGHT, _BINARY_SIGMOID)),
    source=_COURBARIAUX,
    onnx="Greater and Cast.",
    examples=EXAMPLES,
    keywords=("step function", "heaviside", "binary network", "straight-through", "threshold"),
    pitfalls="Numbers beyond -1 and 1 get no gradient: normalize before it.",
    group=GROUP,
)

BINARY_TANH = LayerSpec(
    name="BinaryTanh",
    category=Category.ACTIVATION,
    summary="1 for positive numbers and -1 for others; on the way back as if it were a straight rise.",
    formula=r"y = \operatorname{sign}(x), \quad \frac{\partial y}{\partial x} := [\,|x| < 1\,]",
    inputs=INPUTS,
    outputs=(Port("y", "*", doc="The same shape: minus ones and ones."),),
    params=(),
    shape=same,
    torch=Torch(call="binary_tanh({x})", support=(STRAIGHT, _BINARY_TANH)),
    source=_COURBARIAUX,
    onnx="Greater, Cast and Mul.",
    examples=EXAMPLES,
    keywords=("sign", "binary network", "BNN", "straight-through", "binarize"),
    pitfalls="Numbers beyond -1 and 1 get no gradient: normalize before it. 0 becomes -1.",
    group=GROUP,
)

_BINARIZED = '''
def binarized(weight: Tensor, scaled: bool) -> Tensor:
    """-1 or 1 for each weight, times the mean size of its filter where ``scaled``."""
    sign = 2 * (weight > 0).to(weight.dtype) - 1
    if scaled:
        sign = sign * weight.abs().mean(tuple(range(1, weight.dim())), keepdim=True)
    return straight_through(sign, weight)
'''
_BINARY_LINEAR = '''
class BinaryLinear(nn.Linear):
    """A linear layer that counts with the signs of its weights."""

    def __init__(
        self, features: int, out: int, bias: bool = True, scaled: bool = False
    ) -> None:
        super().__init__(features, out, bias)
        self.scaled = scaled

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, binarized(self.weight, self.scaled), self.bias)
'''
_BINARY_CONV2D = '''
class BinaryConv2d(nn.Conv2d):
    """A convolution that counts with the signs of its weights."""

    def __init__(
        self, channels: int, out: int, size: int, scaled: bool = False, **more
    ) -> None:
        super().__init__(channels, out, size, **more)
        self.scaled = scaled

    def forward(self, x: Tensor) -> Tensor:
        weight = binarized(self.weight, self.scaled)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)
'''
_SCALED = Bool(
    "scaled", False, "Multiply the signs by the mean size of the weights of each filter.", label="Scaled"
)
_BIAS = Bool("bias", True, "Add a learned constant to each output.", label="Bias", essential=False)
_BINARY_SOURCE = (
    "Courbariaux, Bengio and David, BinaryConnect, 2015; Rastegari et al., XNOR-Net, 2016 (scaled)"
)
_BINARY_PITFALLS = (
    "Real weights are kept for training; only their signs count. Leave the first and the last layer of a network"
    " real."
)


def _linear_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[-1], "F")
    return (TensorSpec((*inputs[0].shape[:-1], p.out_features), inputs[0].dtype),)


def _linear_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return weight_and_bias((p.out_features, fixed(inputs[0].shape[-1], "F")), p.out_features, p.bias)


def _linear_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.out_features, *inputs[0].shape[1:]))


def _linear_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "BinaryLinear",
        inputs[0].shape[-1],
        p.out_features,
        bias=(p.bias, True),
        scaled=(p.scaled, False),
    )
    return build, ""


BINARY_LINEAR = LayerSpec(
    name="BinaryLinear",
    category=Category.LEARNED,
    summary="A Linear that counts with the signs of its weights: one bit each.",
    formula=r"y = x \operatorname{sign}(W)^\top + b",
    inputs=(Port("x", "N * F", doc="Rows of features; the last axis is mixed."),),
    outputs=(Port("y", "N * out_features", doc="The same rows with new features."),),
    params=(
        Int("out_features", 64, "Number of outputs, so of neurons.", label="Outputs", min=1, max=2**31),
        _SCALED,
        _BIAS,
    ),
    shape=_linear_shape,
    weights=_linear_weights,
    flops=_linear_flops,
    torch=Torch(text=_linear_text, support=(STRAIGHT, _BINARIZED, _BINARY_LINEAR)),
    source=_BINARY_SOURCE,
    onnx="Gemm; the signs are worked out beside it.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_features": 10}, (("N", 84),), ("N", 10), 850),
        Example({"out_features": 4, "scaled": True, "bias": False}, (("N", "T", 6),), ("N", "T", 4), 24),
    ),
    short="{out_features}",
    keywords=("BinaryConnectAffine", "BinaryWeightAffine", "binary network", "one bit", "XNOR-Net", "Dense"),
    pitfalls=_BINARY_PITFALLS,
    group=GROUP,
)


def _conv_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    fixed(shape[1], "C")
    sizes = (
        slide(size, axis, kernel, stride, padding)
        for size, axis, kernel, stride, padding in zip(
            shape[2:], "HW", p.kernel_size, p.stride, p.padding, strict=True
        )
    )
    return (TensorSpec((shape[0], p.out_channels, *sizes), inputs[0].dtype),)


def _conv_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    shape = (p.out_channels, fixed(inputs[0].shape[1], "C"), *p.kernel_size)
    return weight_and_bias(shape, p.out_channels, p.bias)


def _conv_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2, inputs[0].shape[1], *p.kernel_size, *outputs[0].shape[1:]))


def _conv_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "BinaryConv2d",
        inputs[0].shape[1],
        p.out_channels,
        square(p.kernel_size),
        scaled=(p.scaled, False),
        stride=(square(p.stride), 1),
        padding=(square(p.padding), 0),
        bias=(p.bias, True),
    )
    return build, ""


BINARY_CONV2D = LayerSpec(
    name="BinaryConv2d",
    category=Category.LEARNED,
    summary="A Conv2d that counts with the signs of its weights: one bit each.",
    formula=r"y_k = b_k + \sum_c \operatorname{sign}(w_{k,c}) \star x_c",
    inputs=(Port("x", "N C H W", doc="Pictures: channels, height, width."),),
    outputs=(Port("y", "N out_channels H_out W_out", doc="One picture for each filter."),),
    params=(
        Int(
            "out_channels", 32, "Number of filters, so of output channels.", label="Filters", min=1, max=2**31
        ),
        Pair(
            "kernel_size",
            (3, 3),
            "Height and width of a filter.",
            label="Filter size",
            min=1,
            max=4096,
            unit="px",
        ),
        Pair(
            "stride",
            (1, 1),
            "Step between two positions of a filter.",
            label="Stride",
            min=1,
            unit="px",
            essential=False,
        ),
        Pair("padding", (0, 0), "Zeros added at each edge.", label="Padding", min=0, unit="px"),
        _SCALED,
        _BIAS,
    ),
    shape=_conv_shape,
    weights=_conv_weights,
    flops=_conv_flops,
    torch=Torch(text=_conv_text, support=(STRAIGHT, _BINARIZED, _BINARY_CONV2D)),
    source=_BINARY_SOURCE,
    onnx="Conv; the signs are worked out beside it.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 8, "padding": 1}, (("N", 3, 9, 9),), ("N", 8, 9, 9), 224),
        Example({"out_channels": 2, "scaled": True, "bias": False}, (("N", 4, 6, 6),), ("N", 2, 4, 4), 72),
    ),
    short="{out_channels}, {kernel_size}",
    keywords=("BinaryConnectConvolution", "BinaryWeightConvolution", "binary network", "XNOR-Net"),
    pitfalls=_BINARY_PITFALLS,
    group=GROUP,
)

LAYERS = (BINARY_SIGMOID, BINARY_TANH, BINARY_LINEAR, BINARY_CONV2D)
