"""What style-based and conditioned generators are made of."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, fixed, product, same, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Style and condition"
_PICTURES = Port("x", "N C H W", doc="Pictures: channels, height, width.")
_STYLE = Port("style", "N S", doc="What the picture should be like: one row for each sample.")


def _same_batch(layer: str, inputs: Specs) -> None:
    if inputs[0].shape[0] != inputs[1].shape[0]:
        raise ShapeError(
            "{layer} needs one row for each sample, gets {x} and {style}",
            layer=layer,
            x=show(inputs[0].shape),
            style=show(inputs[1].shape),
        )


_ADAIN = '''
class AdaIN(nn.Module):
    """Gives each channel of x (N, C, H, W) the mean and spread that a style (N, S) asks for."""

    def __init__(self, channels: int, style: int) -> None:
        super().__init__()
        self.norm = nn.InstanceNorm2d(channels)
        self.style = nn.Linear(style, 2 * channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.style(style)[:, :, None, None].chunk(2, 1)  # N C 1 1
        return self.norm(x) * (1 + scale) + shift
'''


def _adain_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, style = inputs
    _same_batch("AdaIN", inputs)
    fixed(x.shape[1], "C"), fixed(style.shape[1], "S")
    if x.shape[2] == 1 and x.shape[3] == 1:
        raise ShapeError("AdaIN measures the spread over a picture, so it needs more than one point")
    return (x,)


def _adain_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels, style = fixed(inputs[0].shape[1], "C"), fixed(inputs[1].shape[1], "S")
    return {"style.weight": (2 * channels, style), "style.bias": (2 * channels,)}


def _adain_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((4, inputs[0].shape[1], inputs[1].shape[1]))


ADAIN = LayerSpec(
    name="AdaIN",
    category=Category.NORMALIZATION,
    summary="Normalizes each channel of each picture, then gives it the mean and spread a style asks for.",
    formula=r"y = (1 + s_c)\,\frac{x - \mu_c}{\sigma_c} + t_c, \quad (s, t) = W w + b",
    inputs=(_PICTURES, _STYLE),
    outputs=(Port("y", "N C H W", doc="The same shape, in the style."),),
    params=(),
    shape=_adain_shape,
    weights=_adain_weights,
    flops=_adain_flops,
    torch=Torch(build="AdaIN({x.C}, {style.S})", support=(_ADAIN,)),
    source="Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017;"
    " Karras, Laine and Aila, A Style-Based Generator Architecture, 2019",
    onnx="InstanceNormalization, Gemm, Mul and Add.",
    traits=Traits(learned=True),
    examples=(Example({}, (("N", 8, 4, 4), ("N", 16)), ("N", 8, 4, 4), 272),),
    keywords=("StyleGAN", "adaptive instance normalization", "style transfer", "condition"),
    pitfalls="Wipes out what the channels' strengths said before it; the style alone decides them.",
    group=GROUP,
)

_MODULATED = '''
class ModulatedConv2d(nn.Module):
    """A convolution whose filters a style (N, S) scales, for each sample by itself.

    The style scales what comes in instead of the filters, which is the same and needs no copy of
    them for each sample.
    """

    def __init__(
        self, channels: int, out_channels: int, style: int, size: int, demodulate: bool
    ) -> None:
        super().__init__()
        spread = (channels * size**2) ** -0.5
        self.weight = nn.Parameter(
            spread * torch.randn(out_channels, channels, size, size)
        )
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.style = nn.Linear(style, channels)
        nn.init.ones_(self.style.bias)
        self.demodulate = demodulate

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale = self.style(style)  # N C
        x = x * scale[:, :, None, None]
        y = F.conv2d(x, self.weight, padding=self.weight.shape[-1] // 2)  # N out H W
        if self.demodulate:  # back to a spread of 1
            power = scale.square() @ self.weight.square().sum((2, 3)).T  # N out
            y = y * torch.rsqrt(power + 1e-8)[:, :, None, None]
        return y + self.bias[:, None, None]
'''


def _modulated_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, style = inputs
    _same_batch("ModulatedConv2d", inputs)
    fixed(x.shape[1], "C"), fixed(style.shape[1], "S")
    if p.kernel_size % 2 == 0:
        raise ShapeError(
            "a filter of {size} px has no middle, so the picture would change its size: set {odd}",
            (("set", "kernel_size", str(p.kernel_size + 1)),),
            size=p.kernel_size,
            odd=p.kernel_size + 1,
        )
    return (TensorSpec((x.shape[0], p.out_channels, *x.shape[2:]), x.dtype),)


def _modulated_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels, style = fixed(inputs[0].shape[1], "C"), fixed(inputs[1].shape[1], "S")
    return {
        "weight": (p.out_channels, channels, p.kernel_size, p.kernel_size),
        "bias": (p.out_channels,),
        "style.weight": (channels, style),
        "style.bias": (channels,),
    }


def _modulated_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    channels, style = inputs[0].shape[1], inputs[1].shape[1]
    filtered = product((2 * p.kernel_size**2, channels, *outputs[0].shape[1:]))
    measured = product((2, channels, p.out_channels)) if p.demodulate else 0
    return filtered + product((2, style, channels)) + measured


MODULATED_CONV2D = LayerSpec(
    name="ModulatedConv2d",
    category=Category.LEARNED,
    summary="A convolution whose filters a style makes stronger or weaker, for each sample by itself.",
    formula=r"w'_{kc} = s_c w_{kc}, \quad y_k = \frac{w'_k \star x}{\sqrt{\sum_c w'^2_{kc} + \epsilon}} + b_k",
    inputs=(_PICTURES, _STYLE),
    outputs=(Port("y", "N out_channels H W", doc="One picture for each filter, of the same size."),),
    params=(
        Int(
            "out_channels", 32, "Number of filters, so of output channels.", label="Filters", min=1, max=2**24
        ),
        Int(
            "kernel_size",
            3,
            "Height and width of a filter; odd.",
            label="Filter size",
            min=1,
            max=63,
            unit="px",
        ),
        Bool(
            "demodulate",
            True,
            "Bring the results back to a spread of 1; switch it off where colours are made.",
            label="Demodulate",
            essential=False,
        ),
    ),
    shape=_modulated_shape,
    weights=_modulated_weights,
    flops=_modulated_flops,
    torch=Torch(
        build="ModulatedConv2d({x.C}, {out_channels}, {style.S}, {kernel_size}, {demodulate})",
        support=(_MODULATED,),
    ),
    source="Karras et al., Analyzing and Improving the Image Quality of StyleGAN, 2020, eq. 1 to 3",
    onnx="Mul, Conv and Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_channels": 4}, (("N", 8, 6, 6), ("N", 16)), ("N", 4, 6, 6), 428),
        Example(
            {"out_channels": 3, "kernel_size": 1, "demodulate": False},
            (("N", 2, 4, 4), ("N", 5)),
            ("N", 3, 4, 4),
            21,
        ),
    ),
    short="{out_channels}, {kernel_size}",
    keywords=("StyleGAN2", "modulation", "demodulation", "style", "generator"),
    pitfalls="Needs no normalization around it. The paper scales its weights at run time (equalized learning rate);"
    " here they start at the right spread instead.",
    group=GROUP,
)


def _pixel_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "{x} * torch.rsqrt({x}.square().mean(1, keepdim=True) + {eps})"


PIXEL_NORM = LayerSpec(
    name="PixelNorm",
    category=Category.NORMALIZATION,
    summary="Brings the features of each point to a mean square of 1; nothing is learned.",
    formula=r"y = \frac{x}{\sqrt{\frac{1}{C} \sum_c x_c^2 + \epsilon}}",
    inputs=(Port("x", "N C *", doc="Features on axis 1."),),
    outputs=(Port("y", "N C *", doc="The same shape."),),
    params=(
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
    shape=same,
    torch=Torch(text=_pixel_text),
    source="Karras et al., Progressive Growing of GANs, 2018, section 4.2",
    onnx="ReduceMean, Sqrt and Div.",
    examples=(Example({}, (("N", 8, 4, 4),), ("N", 8, 4, 4)), Example({}, (("N", 16),), ("N", 16))),
    keywords=("pixelwise feature normalization", "StyleGAN", "ProGAN", "generator", "RMSNorm"),
    pitfalls="In the generator after each convolution, or on the noise that goes into the mapping network.",
    group=GROUP,
)

_MINIBATCH_STD = '''
def with_minibatch_std(x: Tensor) -> Tensor:
    """x (N, C, …) and one more channel: the mean spread of its numbers over the batch."""
    spread = torch.sqrt(x.var(0, correction=0) + 1e-8).mean()
    return torch.cat([x, spread.expand(x.shape[0], 1, *x.shape[2:])], 1)
'''


def _minibatch_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, channels, *sizes = inputs[0].shape
    return (TensorSpec((batch, channels + 1, *sizes), inputs[0].dtype),)


MINIBATCH_STD = LayerSpec(
    name="MinibatchStd",
    category=Category.NORMALIZATION,
    summary="Adds a channel that says how much the samples of the batch differ from each other.",
    formula=r"y = [x,\; \frac{1}{CHW}\sum_{chw} \sqrt{\operatorname{Var}_n(x_{nchw}) + \epsilon}\,]",
    inputs=(Port("x", "N C *", doc="Features on axis 1."),),
    outputs=(Port("y", "N C_plus_1 *", doc="The features, and the spread as a last channel."),),
    params=(),
    shape=_minibatch_shape,
    torch=Torch(call="with_minibatch_std({x})", support=(_MINIBATCH_STD,)),
    source="Karras et al., Progressive Growing of GANs, 2018, section 3",
    onnx="ReduceMean, Sqrt, Expand and Concat.",
    examples=(
        Example({}, (("N", 8, 4, 4),), ("N", 9, 4, 4)),
        Example({}, (("N", 16),), ("N", 17)),
    ),
    keywords=(
        "minibatch standard deviation",
        "minibatch discrimination",
        "mode collapse",
        "StyleGAN",
        "ProGAN",
        "discriminator",
    ),
    pitfalls="Near the end of a discriminator: fakes that are all alike are found out. In evaluation too a sample's"
    " result depends on the others beside it.",
    group=GROUP,
)

_NOISE_INJECTION = '''
class NoiseInjection(nn.Module):
    """Adds one random picture, in each channel as strong as learned; nothing in evaluation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return x
        noise = torch.randn_like(x[:, :1])  # N 1 H W
        return x + self.weight * noise
'''


def _injection_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[1], "C")
    return (inputs[0],)


def _injection_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (fixed(inputs[0].shape[1], "C"), 1, 1)}


NOISE_INJECTION = LayerSpec(
    name="NoiseInjection",
    category=Category.LEARNED,
    summary="Adds random detail to pictures, in each channel as strong as it learns.",
    formula=r"y_c = x_c + w_c \, \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)",
    inputs=(_PICTURES,),
    outputs=(Port("y", "N C H W", doc="The same shape."),),
    params=(),
    shape=_injection_shape,
    weights=_injection_weights,
    torch=Torch(build="NoiseInjection({x.C})", support=(_NOISE_INJECTION,)),
    source="Karras, Laine and Aila, A Style-Based Generator Architecture, 2019, section 2",
    onnx="Left out: it adds nothing in evaluation.",
    traits=Traits(learned=True, random=True),
    examples=(Example({}, (("N", 8, 4, 4),), ("N", 8, 4, 4), 8),),
    keywords=("StyleGAN", "stochastic variation", "noise", "generator"),
    pitfalls="Starts at 0, so at first nothing is added. In evaluation pictures come without it and repeat exactly.",
    group=GROUP,
)

_FILM = '''
class FiLM(nn.Module):
    """Scales and shifts the features of x as a condition (N, E) says."""

    def __init__(self, channels: int, condition: int, dim: int) -> None:
        super().__init__()
        self.condition = nn.Linear(condition, 2 * channels)
        self.dim = dim

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        sizes = [1] * x.dim()
        sizes[0], sizes[self.dim] = x.shape[0], x.shape[self.dim]
        scale, shift = self.condition(condition).chunk(2, 1)  # N C
        return x * (1 + scale.reshape(sizes)) + shift.reshape(sizes)
'''


def _film_axis(p: SimpleNamespace, inputs: Specs) -> int:
    axis = axis_of(p.dim, len(inputs[0].shape), "FiLM")
    if axis == 0:
        raise ShapeError("FiLM works on features, not on the batch: set dim to 1", (("set", "dim", "1"),))
    return axis


def _film_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _same_batch("FiLM", inputs)
    fixed(inputs[0].shape[_film_axis(p, inputs)], "C"), fixed(inputs[1].shape[1], "E")
    return (inputs[0],)


def _film_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[_film_axis(p, inputs)], "C")
    return {
        "condition.weight": (2 * channels, fixed(inputs[1].shape[1], "E")),
        "condition.bias": (2 * channels,),
    }


def _film_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((4, inputs[0].shape[_film_axis(p, inputs)], inputs[1].shape[1]))


def _film_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    axis = _film_axis(p, inputs)
    return build_text("FiLM", inputs[0].shape[axis], inputs[1].shape[1], axis), ""


FILM = LayerSpec(
    name="FiLM",
    category=Category.LEARNED,
    summary="Scales and shifts each feature as a condition says: a class, a time, a text.",
    formula=r"y = (1 + s(c)) \odot x + t(c)",
    inputs=(
        Port("x", "N * F", doc="What is changed."),
        Port("condition", "N E", doc="What decides: one row for each sample."),
    ),
    outputs=(Port("y", "N * F", doc="The same shape."),),
    params=(Int("dim", 1, "The axis of the features: 1 for pictures, -1 for N T E.", label="Axis"),),
    shape=_film_shape,
    weights=_film_weights,
    flops=_film_flops,
    torch=Torch(text=_film_text, support=(_FILM,)),
    source="Perez et al., FiLM: Visual Reasoning with a General Conditioning Layer, 2018, eq. 2",
    onnx="Gemm, Reshape, Mul and Add.",
    traits=Traits(learned=True),
    examples=(
        Example({}, (("N", 8, 4, 4), ("N", 16)), ("N", 8, 4, 4), 272),
        Example({"dim": -1}, (("N", "T", 6), ("N", 3)), ("N", "T", 6), 48),
    ),
    keywords=("condition", "AdaLN", "DiT", "diffusion", "conditional normalization", "time"),
    pitfalls="After a normalization without scale of its own (LayerNorm, GroupNorm) it is adaptive normalization.",
    group=GROUP,
)

LAYERS = (ADAIN, MODULATED_CONV2D, PIXEL_NORM, MINIBATCH_STD, NOISE_INJECTION, FILM)
