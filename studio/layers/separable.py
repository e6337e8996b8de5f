"""Convolutions that torch has no module for: separable, causal, standardized; coordinates and blur."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.sizes import window as positions
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int, Pair
from studio.layers.rules import Specs, fixed, product, show, slide, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, square

GROUP = "Further convolutions"
_PICTURES = (Port("x", "N C H W", doc="Pictures: channels, height, width."),)
_FILTERED = (Port("y", "N out_channels H_out W_out", doc="One picture for each filter."),)
_FILTERS = Int(
    "out_channels", 32, "Number of filters, so of output channels.", label="Filters", min=1, max=2**31
)
_BIAS = Bool("bias", True, "Add a learned constant to each output channel.", label="Bias", essential=False)
_KERNEL = Pair(
    "kernel_size", (3, 3), "Height and width of a filter.", label="Filter size", min=1, max=4096, unit="px"
)
_STRIDE = Pair(
    "stride",
    (1, 1),
    "Step between two positions of a filter.",
    label="Stride",
    min=1,
    unit="px",
    essential=False,
)
_PADDING = Pair("padding", (0, 0), "Zeros added at each edge.", label="Padding", min=0, unit="px")


def _picture_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    fixed(shape[1], "C")
    sizes = (
        slide(size, axis, kernel, stride, padding)
        for size, axis, kernel, stride, padding in zip(
            shape[2:], "HW", p.kernel_size, p.stride, p.padding, strict=True
        )
    )
    return (TensorSpec((shape[0], p.out_channels, *sizes), inputs[0].dtype),)


def _conv_build(p: SimpleNamespace, module: str, channels: object) -> str:
    return build_text(
        module,
        channels,
        p.out_channels,
        square(p.kernel_size),
        stride=(square(p.stride), 1),
        padding=(square(p.padding), 0),
        bias=(p.bias, True),
    )


def _separable_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[1], "C")
    between = channels * p.depth_multiplier
    found: dict[str, tuple[int, ...]] = {
        "0.weight": (between, 1, *p.kernel_size),
        "1.weight": (p.out_channels, between, 1, 1),
    }
    return {**found, "1.bias": (p.out_channels,)} if p.bias else found


def _separable_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    between = fixed(inputs[0].shape[1], "C") * p.depth_multiplier
    one_place = 2 * between * (p.kernel_size[0] * p.kernel_size[1] + p.out_channels)
    return product((one_place, *outputs[0].shape[2:]))


def _separable_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    channels = fixed(inputs[0].shape[1], "C")
    depthwise = build_text(
        "nn.Conv2d",
        channels,
        channels * p.depth_multiplier,
        square(p.kernel_size),
        stride=(square(p.stride), 1),
        padding=(square(p.padding), 0),
        groups=(channels, 1),
        bias=(False, True),
    )
    pointwise = build_text("nn.Conv2d", channels * p.depth_multiplier, p.out_channels, 1, bias=(p.bias, True))
    return f"nn.Sequential({depthwise}, {pointwise})", ""


SEPARABLE_CONV2D = LayerSpec(
    name="SeparableConv2d",
    category=Category.LEARNED,
    summary="Filters each channel by itself, then mixes the channels: a Conv2d for a fraction of the work.",
    formula=r"y_k = b_k + \sum_c v_{k,c} \, (w_c \star x_c)",
    inputs=_PICTURES,
    outputs=_FILTERED,
    params=(
        _FILTERS,
        _KERNEL,
        _STRIDE,
        _PADDING,
        Int(
            "depth_multiplier",
            1,
            "How many filters look at each channel in the first step.",
            label="Filters a channel",
            essential=False,
            min=1,
            max=1024,
        ),
        _BIAS,
    ),
    shape=_picture_shape,
    weights=_separable_weights,
    flops=_separable_flops,
    torch=Torch(text=_separable_text),
    source="Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017",
    onnx="Two Conv, the first with one group a channel.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 16, "padding": 1}, (("N", 8, 9, 9),), ("N", 16, 9, 9), 216),
        Example(
            {"out_channels": 4, "kernel_size": (5, 3), "stride": 2, "depth_multiplier": 2, "bias": False},
            (("N", 3, 11, 9),),
            ("N", 4, 4, 4),
            114,
        ),
    ),
    short="{out_channels}, {kernel_size}",
    keywords=(
        "SeparableConv2D",
        "depthwise-separable",
        "depthwise separable convolution",
        "pointwise",
        "MobileNet",
        "Xception",
        "DepthwiseConvolution",
        "groupedConvolution2d",
    ),
    pitfalls="For MobileNet, with a normalization between the two steps, draw two Conv2d, the first with groups"
    " equal to its channels.",
    group=GROUP,
)

_CAUSAL_CONV1D = '''
class CausalConv1d(nn.Conv1d):
    """A convolution along time that sees the present and the past only."""

    def forward(self, x: Tensor) -> Tensor:
        past = self.dilation[0] * (self.kernel_size[0] - 1)
        return super().forward(F.pad(x, (past, 0)))
'''


def _causal_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, length = inputs[0].shape
    fixed(channels, "C")
    return (TensorSpec((batch, p.out_channels, (length - 1) // p.stride + 1), inputs[0].dtype),)


def _causal_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return weight_and_bias(
        (p.out_channels, fixed(inputs[0].shape[1], "C"), p.kernel_size), p.out_channels, p.bias
    )


def _causal_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.kernel_size, inputs[0].shape[1], *outputs[0].shape[1:]))


def _causal_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "CausalConv1d",
        inputs[0].shape[1],
        p.out_channels,
        p.kernel_size,
        stride=(p.stride, 1),
        dilation=(p.dilation, 1),
        bias=(p.bias, True),
    )
    return build, ""


CAUSAL_CONV1D = LayerSpec(
    name="CausalConv1d",
    category=Category.LEARNED,
    summary="Slides learned filters along time; each position sees the present and the past only.",
    formula=r"y_t = b + \sum_{i=0}^{k-1} w_i \, x_{t - d i}",
    inputs=(Port("x", "N C L", doc="Channels along time."),),
    outputs=(Port("y", "N out_channels L_out", doc="One channel for each filter, as long as the input."),),
    params=(
        _FILTERS,
        Int("kernel_size", 3, "Length of a filter.", label="Filter size", min=1, max=4096),
        Int(
            "dilation",
            1,
            "Distance between two taps; doubled from layer to layer it sees far back.",
            label="Dilation",
            min=1,
            max=2**20,
        ),
        Int("stride", 1, "Step between two positions of a filter.", label="Stride", essential=False, min=1),
        _BIAS,
    ),
    shape=_causal_shape,
    weights=_causal_weights,
    flops=_causal_flops,
    torch=Torch(text=_causal_text, support=(_CAUSAL_CONV1D,)),
    source="van den Oord et al., WaveNet: A Generative Model for Raw Audio, 2016, section 2.1",
    onnx="Pad and Conv.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 4, "kernel_size": 2, "dilation": 4}, (("N", 3, 20),), ("N", 4, 20), 28),
        Example(
            {"out_channels": 2, "stride": 2, "bias": False}, (("N", 3, "T"),), ("N", 2, "(T + 1)//2"), 18
        ),
    ),
    short="{out_channels}, {kernel_size}",
    keywords=("WaveNet", "TCN", "temporal convolution", "dilated", "causal", "Conv1D"),
    pitfalls="Wants N C L: swap the axes of N T E first. k taps of dilation d see d(k - 1) steps back.",
    group=GROUP,
)

_STANDARDIZED = '''
class WeightStandardizedConv2d(nn.Conv2d):
    """A convolution whose filters have mean 0 and spread 1 whenever they are used."""

    def forward(self, x: Tensor) -> Tensor:
        mean = self.weight.mean((1, 2, 3), keepdim=True)  # out 1 1 1
        variance = self.weight.var((1, 2, 3), correction=0, keepdim=True)
        weight = (self.weight - mean) * torch.rsqrt(variance + 1e-6)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding)
'''


def _standardized_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if fixed(inputs[0].shape[1], "C") * p.kernel_size[0] * p.kernel_size[1] == 1:
        raise ShapeError("a filter of a single number has no spread: make the filter larger")
    return _picture_shape(p, inputs)


def _conv_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    shape = (p.out_channels, fixed(inputs[0].shape[1], "C"), *p.kernel_size)
    return weight_and_bias(shape, p.out_channels, p.bias)


def _conv_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2, inputs[0].shape[1], *p.kernel_size, *outputs[0].shape[1:]))


def _standardized_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return _conv_build(p, "WeightStandardizedConv2d", inputs[0].shape[1]), ""


WEIGHT_STANDARDIZED_CONV2D = LayerSpec(
    name="WeightStandardizedConv2d",
    category=Category.LEARNED,
    summary="A Conv2d whose filters are brought to mean 0 and spread 1 each time they are used.",
    formula=r"\hat{w}_k = \frac{w_k - \mu_k}{\sqrt{\sigma_k^2 + \epsilon}}, \quad y_k = b_k + \hat{w}_k \star x",
    inputs=_PICTURES,
    outputs=_FILTERED,
    params=(_FILTERS, _KERNEL, _STRIDE, _PADDING, _BIAS),
    shape=_standardized_shape,
    weights=_conv_weights,
    flops=_conv_flops,
    torch=Torch(text=_standardized_text, support=(_STANDARDIZED,)),
    source="Qiao et al., Micro-Batch Training with Batch-Channel Normalization and Weight Standardization, 2019",
    onnx="Conv; the standardized filters are worked out beside it.",
    traits=Traits(learned=True),
    examples=(Example({"out_channels": 8, "padding": 1}, (("N", 3, 9, 9),), ("N", 8, 9, 9), 224),),
    short="{out_channels}, {kernel_size}",
    keywords=("WeightStandardization", "StdConv2d", "GroupNorm", "BiT", "micro-batch"),
    pitfalls="Made for GroupNorm after it and small batches; the outputs grow with the count of inputs, so do"
    " normalize them.",
    group=GROUP,
)

_COORDINATES = '''
def with_coordinates(x: Tensor) -> Tensor:
    """x (N, C, H, W) and two more channels: height and width from -1 to 1."""
    rows, columns = (
        torch.linspace(-1, 1, size, dtype=x.dtype, device=x.device)
        for size in x.shape[2:]
    )
    grid = torch.stack(torch.meshgrid(rows, columns, indexing="ij"))  # 2 H W
    return torch.cat([x, grid.expand(x.shape[0], -1, -1, -1)], 1)
'''


def _coordinates_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, *sizes = inputs[0].shape
    return (TensorSpec((batch, channels + 2, *sizes), inputs[0].dtype),)


ADD_COORDINATES = LayerSpec(
    name="AddCoordinates",
    category=Category.SHAPE,
    summary="Adds two channels that say where each point lies, so that a convolution knows the place.",
    formula=r"y = [x, \; i, \; j], \quad i, j \in [-1, 1]",
    inputs=_PICTURES,
    outputs=(Port("y", "N C_plus_2 H W", doc="The picture and its two coordinates."),),
    params=(),
    shape=_coordinates_shape,
    torch=Torch(call="with_coordinates({x})", support=(_COORDINATES,)),
    source="Liu et al., An Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution, 2018",
    onnx="Range, Expand and Concat.",
    examples=(
        Example({}, (("N", 3, 8, 6),), ("N", 5, 8, 6)),
        Example({}, (("N", 1, "H", "W"),), ("N", 3, "H", "W")),
    ),
    keywords=("CoordConv", "position", "meshgrid", "where"),
    pitfalls="Followed by Conv2d it is the CoordConv of the paper. It breaks what makes a convolution blind to"
    " shifts: use it where the place matters.",
    group=GROUP,
)

_BLUR = '''
class BlurPool2d(nn.Module):
    """Blurs each channel of x (N, C, H, W) and keeps every ``stride``-th point."""

    def __init__(self, size: int = 3, stride: int = 2) -> None:
        super().__init__()
        line = torch.tensor([math.comb(size - 1, i) for i in range(size)]).float()
        line = line / line.sum()
        kernel = torch.outer(line, line)[None, None]  # 1 1 size size
        self.register_buffer("kernel", kernel, persistent=False)
        self.stride = stride
        self.edges = ((size - 1) // 2, size // 2) * 2

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.edges, mode="reflect")
        kernel = self.kernel.to(x.dtype).expand(x.shape[1], -1, -1, -1)  # C 1 size size
        return F.conv2d(x, kernel, stride=self.stride, groups=x.shape[1])
'''


def _blur_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, *sizes = inputs[0].shape
    fixed(channels, "C")
    for size in sizes:
        if isinstance(size, int) and size <= p.kernel_size // 2:
            raise ShapeError(
                "a blur of {size} px needs more than {least} px each way, gets {shape}: make it smaller",
                size=p.kernel_size,
                least=p.kernel_size // 2,
                shape=show(inputs[0].shape),
            )
    smaller = (positions(size, 1, p.stride) for size in sizes)
    return (TensorSpec((batch, channels, *smaller), inputs[0].dtype),)


def _blur_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.kernel_size**2, *outputs[0].shape[1:]))


def _blur_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("BlurPool2d", size=(p.kernel_size, 3), stride=(p.stride, 2)), ""


BLUR_POOL2D = LayerSpec(
    name="BlurPool2d",
    category=Category.SHAPE,
    summary="Blurs a picture a little before it keeps every second point: downsampling without false patterns.",
    formula=r"y = (b \star x)\downarrow_s, \quad b_i = \binom{k - 1}{i} / 2^{k-1}",
    inputs=_PICTURES,
    outputs=(Port("y", "N C H_out W_out", doc="Smaller pictures."),),
    params=(
        Int("kernel_size", 3, "Width of the blur.", label="Blur size", min=1, max=15, unit="px"),
        Int("stride", 2, "How many times smaller the picture becomes.", label="Stride", min=1, unit="px"),
    ),
    shape=_blur_shape,
    flops=_blur_flops,
    torch=Torch(text=_blur_text, support=(_BLUR,), imports=("import math",)),
    source="Zhang, Making Convolutional Networks Shift-Invariant Again, 2019",
    onnx="Pad and Conv with fixed filters.",
    examples=(
        Example({}, (("N", 8, 9, 8),), ("N", 8, 5, 4)),
        Example({"kernel_size": 4, "stride": 1}, (("N", 2, 6, 6),), ("N", 2, 6, 6)),
    ),
    short="{kernel_size}, {stride}",
    keywords=("antialias", "downsample", "binomial", "low-pass", "shift-invariant", "StyleGAN", "pooling"),
    pitfalls="After a MaxPool2d or Conv2d of stride 1 it takes the place of their stride. Nothing in it learns.",
    group=GROUP,
)

LAYERS = (SEPARABLE_CONV2D, CAUSAL_CONV1D, WEIGHT_STANDARDIZED_CONV2D, ADD_COORDINATES, BLUR_POOL2D)
