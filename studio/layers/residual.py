"""What deep residual networks add to their branches: stochastic depth, layer scale, weighing of channels."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.layers.params import Choice, Float, Int
from studio.layers.rules import Specs, axis_of, fixed, product, same
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Residual branches"

_STOCHASTIC_DEPTH = '''
class StochasticDepth(nn.Module):
    """Leaves the branch out for a share of the samples in training; nothing in evaluation."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape[0], *[1] * (x.dim() - 1), device=x.device) >= self.p
        return x * kept / (1 - self.p)
'''

STOCHASTIC_DEPTH = LayerSpec(
    name="StochasticDepth",
    category=Category.NORMALIZATION,
    summary="Sets whole samples of a residual branch to 0 in training, so that the network is shallower for them.",
    formula=r"y_i = \frac{m_i}{1 - p} \, x_i, \quad m_i \sim \operatorname{Bernoulli}(1 - p)",
    inputs=(Port("x", "N *", doc="The end of a branch, before it is added."),),
    outputs=(Port("y", "N *", doc="The same shape."),),
    params=(
        Float("p", 0.1, "Share of the samples that skip the branch.", label="Share dropped", min=0, max=0.99),
    ),
    shape=same,
    torch=Torch(build="StochasticDepth({p})", support=(_STOCHASTIC_DEPTH,)),
    source="Huang et al., Deep Networks with Stochastic Depth, 2016",
    onnx="Left out: it does nothing in evaluation.",
    traits=Traits(random=True),
    examples=(
        Example({}, (("N", 8, 4, 4),), ("N", 8, 4, 4)),
        Example({"p": 0.5}, (("N", "T", 6),), ("N", "T", 6)),
    ),
    short="{p}",
    keywords=("DropPath", "drop path", "residual", "regularize", "EfficientNet", "ConvNeXt", "Swin"),
    pitfalls="Put it at the end of a branch, never on the shortcut; let p grow with the depth. In evaluation"
    " every branch counts.",
    group=GROUP,
)

_LAYER_SCALE = '''
class LayerScale(nn.Module):
    """Multiplies each channel by a learned number that starts small."""

    def __init__(self, channels: int, after: int = 0, start: float = 1e-5) -> None:
        """``after`` is the count of axes that follow the channels."""
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, *[1] * after), start))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight
'''


def _scale_axis(p: SimpleNamespace, inputs: Specs) -> int:
    axis = axis_of(p.dim, len(inputs[0].shape), "LayerScale")
    if axis == 0:
        raise ShapeError(
            "LayerScale would give each sample of the batch its own factor: set dim to -1 or 1",
            (("set", "dim", "-1"),),
        )
    fixed(inputs[0].shape[axis], "C")
    return axis


def _scale_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _scale_axis(p, inputs)
    return (inputs[0],)


def _scale_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    shape, axis = inputs[0].shape, _scale_axis(p, inputs)
    return {"weight": (fixed(shape[axis], "C"), *(1,) * (len(shape) - 1 - axis))}


def _scale_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    shape, axis = inputs[0].shape, _scale_axis(p, inputs)
    after = len(shape) - 1 - axis
    return build_text("LayerScale", shape[axis], after=(after, 0), start=(p.start, 1e-5)), ""


LAYER_SCALE = LayerSpec(
    name="LayerScale",
    category=Category.NORMALIZATION,
    summary="Multiplies each channel of a branch by a learned number that starts near 0.",
    formula=r"y = \gamma \odot x",
    inputs=(Port("x", "N * F", doc="The end of a branch, before it is added."),),
    outputs=(Port("y", "N * F", doc="The same shape."),),
    params=(
        Float("start", 1e-5, "What each factor is before training.", label="Start", min=1e-8, max=10),
        Int(
            "dim",
            -1,
            "The axis of the channels: -1 for N T E, 1 for pictures.",
            label="Axis",
            essential=False,
        ),
    ),
    shape=_scale_shape,
    weights=_scale_weights,
    torch=Torch(text=_scale_text, support=(_LAYER_SCALE,)),
    source="Touvron et al., Going Deeper with Image Transformers, 2021, eq. 3",
    onnx="Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({}, (("N", "T", 32),), ("N", "T", 32), 32),
        Example({"dim": 1, "start": 1e-6}, (("N", 8, 4, 4),), ("N", 8, 4, 4), 8),
    ),
    short="{start}",
    keywords=("gamma", "CaiT", "ConvNeXt", "residual", "scale", "layer_scale"),
    pitfalls="Keep weight decay off it, as off biases; with so small a start a shallow network only learns later.",
    group=GROUP,
)

_SQUEEZE_EXCITATION = '''
class SqueezeExcitation(nn.Module):
    """Weighs each channel of x (N, C, H, W) by what the whole picture says."""

    def __init__(
        self, channels: int, squeezed: int, activation: nn.Module, gate: nn.Module
    ) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, squeezed, 1)
        self.fc2 = nn.Conv2d(squeezed, channels, 1)
        self.activation = activation
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        weight = x.mean((2, 3), keepdim=True)  # N C 1 1
        weight = self.activation(self.fc1(weight))  # N squeezed 1 1
        return x * self.gate(self.fc2(weight))
'''
_ACTIVATIONS = {
    "relu": "nn.ReLU()",
    "silu": "nn.SiLU()",
    "sigmoid": "nn.Sigmoid()",
    "hardsigmoid": "nn.Hardsigmoid()",
}


def _squeeze_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[1], "C")
    return (inputs[0],)


def _squeeze_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels, squeezed = fixed(inputs[0].shape[1], "C"), p.squeeze_channels
    return {
        "fc1.weight": (squeezed, channels, 1, 1),
        "fc1.bias": (squeezed,),
        "fc2.weight": (channels, squeezed, 1, 1),
        "fc2.bias": (channels,),
    }


def _squeeze_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((4 * p.squeeze_channels, inputs[0].shape[1]))


def _squeeze_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text("SqueezeExcitation", inputs[0].shape[1], p.squeeze_channels)
    return f"{build[:-1]}, {_ACTIVATIONS[p.activation]}, {_ACTIVATIONS[p.gate]})", ""


SQUEEZE_EXCITATION = LayerSpec(
    name="SqueezeExcitation",
    category=Category.LEARNED,
    summary="Weighs each channel of a picture by what the whole picture says.",
    formula=r"y_c = x_c \, \sigma\left(W_2 \, \delta(W_1 \bar{x})\right)_c",
    inputs=(Port("x", "N C H W", doc="Pictures: channels, height, width."),),
    outputs=(Port("y", "N C H W", doc="The same shape."),),
    params=(
        Int(
            "squeeze_channels",
            8,
            "Width of the narrow layer; often a sixteenth or a quarter of the channels.",
            label="Narrow width",
            min=1,
            max=2**20,
        ),
        Choice(
            "activation",
            "relu",
            "What bends the numbers between the two layers; EfficientNet takes silu.",
            label="Activation",
            essential=False,
            options=("relu", "silu"),
        ),
        Choice(
            "gate",
            "sigmoid",
            "What makes weights from 0 to 1; MobileNetV3 takes hardsigmoid.",
            label="Gate",
            essential=False,
            options=("sigmoid", "hardsigmoid"),
        ),
    ),
    shape=_squeeze_shape,
    weights=_squeeze_weights,
    flops=_squeeze_flops,
    torch=Torch(text=_squeeze_text, support=(_SQUEEZE_EXCITATION,)),
    source="Hu, Shen and Sun, Squeeze-and-Excitation Networks, 2018, fig. 2",
    onnx="ReduceMean, two Conv of size 1, and Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({"squeeze_channels": 4}, (("N", 64, 8, 8),), ("N", 64, 8, 8), 580),
        Example(
            {"squeeze_channels": 2, "activation": "silu", "gate": "hardsigmoid"},
            (("N", 6, "H", "W"),),
            ("N", 6, "H", "W"),
            32,
        ),
    ),
    short="{squeeze_channels}",
    keywords=(
        "squeeze-and-excitation",
        "squeeze and excitation",
        "SE block",
        "channel attention",
        "SENet",
        "EfficientNet",
        "MobileNetV3",
        "gate",
    ),
    pitfalls="Goes at the end of a residual branch, or after the depthwise convolution in MobileNet and"
    " EfficientNet.",
    group=GROUP,
)

LAYERS = (STOCHASTIC_DEPTH, LAYER_SCALE, SQUEEZE_EXCITATION)
