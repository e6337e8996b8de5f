"""Steps of normalizing flows beside the coupling: a normalization and a mixing of channels that can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Text
from studio.layers.rules import Specs, fixed, product
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_ACT_NORM = '''
class ActNorm(nn.Module):
    """Shifts and scales each channel of x (N, C, ...) by learned numbers that begin as the first batch asks.

    Gives the changed x and the logarithm (N,) of how much that stretches space.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(channels))
        self.scale = nn.Parameter(torch.zeros(channels))  # its logarithm
        self.register_buffer("is_begun", torch.tensor(False))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        if self.training and not self.is_begun:
            self.begin(x.detach())
        shift, scale = self.numbers(x)
        return (x + shift) * scale.exp(), self.stretch(x)

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        shift, scale = self.numbers(y)
        return y * (-scale).exp() - shift, -self.stretch(y)

    @torch.no_grad()
    def begin(self, x: Tensor) -> None:
        others = [axis for axis in range(x.dim()) if axis != 1]
        self.shift.copy_(-x.mean(others))
        self.scale.copy_(-x.std(others, correction=0).clamp(min=1e-3).log())
        self.is_begun.fill_(True)

    def numbers(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shape = (1, -1) + (1,) * (x.dim() - 2)
        return self.shift.view(shape), self.scale.view(shape)

    def stretch(self, x: Tensor) -> Tensor:
        places = x[0, 0].numel()
        return (self.scale.sum() * places).expand(x.shape[0])
'''
_MIX = '''
class InvertibleConv2d(nn.Module):
    """Mixes the channels of x (N, C, H, W) by a matrix P L U that can be inverted, a rotation to begin with.

    Gives the changed x and the logarithm (N,) of how much that stretches space.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        rotation, _ = torch.linalg.qr(torch.randn(channels, channels))
        order, lower, upper = torch.linalg.lu(rotation)
        diagonal = upper.diagonal()
        self.lower = nn.Parameter(lower.tril(-1))
        self.upper = nn.Parameter(upper.triu(1))
        self.scale = nn.Parameter(diagonal.abs().log())  # logarithm of the diagonal
        self.register_buffer("order", order)
        self.register_buffer("sign", diagonal.sign())
        self.register_buffer("one", torch.eye(channels))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return F.conv2d(x, self.matrix()[:, :, None, None]), self.stretch(x)

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        back = torch.linalg.inv(self.matrix())[:, :, None, None]
        return F.conv2d(y, back), -self.stretch(y)

    def matrix(self) -> Tensor:
        diagonal = self.one * (self.sign * self.scale.exp())
        lower, upper = self.lower.tril(-1) + self.one, self.upper.triu(1) + diagonal
        return self.order @ lower @ upper

    def stretch(self, x: Tensor) -> Tensor:
        return (self.scale.sum() * (x.shape[2] * x.shape[3])).expand(x.shape[0])
'''
_PARAMS = (
    Bool("inverse", False, "Run the step backwards, from y to x.", label="Backwards", essential=False),
    Text(
        "weight_of",
        "",
        "Name of another step of this kind whose numbers are used here too; empty for own ones.",
        label="Weight of",
        essential=False,
        suggestions="nodes",
    ),
)
_LOG_DET = Port("log_det", "N", doc="Logarithm of how much the step stretches space there.")
_GLOW = "Kingma and Dhariwal, Glow: Generative Flow with Invertible 1×1 Convolutions, 2018, table 1"


def _called(p: SimpleNamespace, build: str) -> tuple[str, str]:
    module = "{weight_of}" if p.weight_of else "{self}"
    call = f"{module}.inverse({{x}})" if p.inverse else f"{module}({{x}})"
    return "" if p.weight_of else build, call


def _norm_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    for axis, size in enumerate(x.shape[1:], 1):
        fixed(size, str(axis))
    return (x, TensorSpec((x.shape[0],), x.dtype))


def _norm_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[1], "C")
    return {} if p.weight_of else {"shift": (channels,), "scale": (channels,)}


ACT_NORM = LayerSpec(
    name="ActNorm",
    category=Category.NORMALIZATION,
    summary="Shifts and scales each channel as the first batch asks, then learns; it can be undone.",
    formula=r"y = (x + b) \odot e^{s}, \quad \log\lvert\det J\rvert = H W \sum_c s_c",
    inputs=(Port("x", "N C *", doc="Channels, with or without places."),),
    outputs=(Port("y", "N C *", doc="The same shape."), _LOG_DET),
    params=_PARAMS,
    shape=_norm_shape,
    weights=_norm_weights,
    torch=Torch(
        text=lambda p, inputs: _called(p, build_text("ActNorm", inputs[0].shape[1])), support=(_ACT_NORM,)
    ),
    source=_GLOW,
    onnx="Add, Mul and Exp.",
    traits=Traits(learned=True, stateful=True, begins_itself=True),
    examples=(
        Example({}, (("N", 6),), ("N", 6), 12),
        Example({"inverse": True}, (("N", 3, 5, 4),), ("N", 3, 5, 4), 6),
    ),
    keywords=("activation normalization", "Glow", "normalizing flow", "invertible", "log determinant"),
    pitfalls="The first batch sets its numbers, so it should look like the rest; unlike BatchNorm it does not mix"
    " the samples of a batch.",
    group="Flows",
)


def _mix_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    if fixed(x.shape[1], "C") < 2:
        raise ShapeError("InvertibleConv2d mixes channels, so it needs two or more")
    fixed(x.shape[2], "H")
    fixed(x.shape[3], "W")
    return (x, TensorSpec((x.shape[0],), x.dtype))


def _mix_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = fixed(inputs[0].shape[1], "C")
    if p.weight_of:
        return {}
    return {"lower": (channels, channels), "upper": (channels, channels), "scale": (channels,)}


def _mix_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    channels = fixed(inputs[0].shape[1], "C")
    return product((2 * channels**2, *inputs[0].shape[2:])) + 4 * channels**3


INVERTIBLE_CONV2D = LayerSpec(
    name="InvertibleConv2d",
    category=Category.LEARNED,
    summary="Mixes the channels at each place by a learned matrix that can be inverted.",
    formula=r"y = P L (U + \operatorname{diag}(s)) \, x, \quad \log\lvert\det J\rvert = H W \sum_c \log s_c",
    inputs=(Port("x", "N C H W", doc="Pictures of two channels or more."),),
    outputs=(Port("y", "N C H W", doc="The same shape."), _LOG_DET),
    params=_PARAMS,
    shape=_mix_shape,
    weights=_mix_weights,
    flops=_mix_flops,
    torch=Torch(
        text=lambda p, inputs: _called(p, build_text("InvertibleConv2d", inputs[0].shape[1])), support=(_MIX,)
    ),
    source=_GLOW,
    onnx="MatMul and Conv.",
    kept_back={"inverse": "ONNX has no inverse of a matrix."},
    traits=Traits(begins_itself=True, learned=True),
    examples=(
        Example({}, (("N", 4, 6, 5),), ("N", 4, 6, 5), 36),
        Example({"inverse": True}, (("N", 3, 4, 4),), ("N", 3, 4, 4), 21),
    ),
    keywords=("1x1 convolution", "Glow", "normalizing flow", "permutation", "invertible", "log determinant"),
    pitfalls="Takes the place of swapping halves between couplings; with many channels the inverse costs time.",
    group="Flows",
)
LAYERS = (INVERTIBLE_CONV2D, ACT_NORM)
