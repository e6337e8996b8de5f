"""Normalizing flows: steps that can be run backwards, and that know how much they stretch space."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int, Text
from studio.layers.rules import Specs, fixed, product
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_COUPLING = '''
class AffineCoupling(nn.Module):
    """Scales and shifts one half of x (N, F) as the other half says, so it can be undone.

    Gives the changed x and the logarithm (N,) of how much that stretches space.
    """

    def __init__(self, features: int, hidden: int, swap: bool = False) -> None:
        super().__init__()
        self.kept, self.moved = features // 2, features - features // 2
        self.swap = swap
        self.network = nn.Sequential(
            nn.Linear(self.kept, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, 2 * self.moved),
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = self.halves(x)
        scale, shift = self.numbers(kept)
        return self.joined(kept, moved * scale.exp() + shift), scale.sum(1)

    def inverse(self, y: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = self.halves(y)
        scale, shift = self.numbers(kept)
        return self.joined(kept, (moved - shift) * (-scale).exp()), -scale.sum(1)

    def numbers(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        scale, shift = self.network(kept).chunk(2, 1)  # N moved
        return torch.tanh(scale), shift

    def halves(self, x: Tensor) -> tuple[Tensor, Tensor]:
        kept, moved = (x.flip(1) if self.swap else x).split([self.kept, self.moved], 1)
        return kept, moved

    def joined(self, kept: Tensor, moved: Tensor) -> Tensor:
        x = torch.cat([kept, moved], 1)
        return x.flip(1) if self.swap else x
'''


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, features = inputs[0].shape
    if fixed(features, "F") < 2:
        raise ShapeError("AffineCoupling moves one half by the other, so it needs two features or more")
    return (inputs[0], TensorSpec((batch,), inputs[0].dtype))


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    if p.weight_of:
        return {}
    features = fixed(inputs[0].shape[1], "F")
    sizes = (features // 2, p.hidden, p.hidden, 2 * (features - features // 2))
    found: dict[str, tuple[int, ...]] = {}
    for at, (taken, given) in enumerate(zip(sizes, sizes[1:], strict=False)):
        found[f"network.{2 * at}.weight"] = (given, taken)
        found[f"network.{2 * at}.bias"] = (given,)
    return found


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    features = fixed(inputs[0].shape[1], "F")
    kept, moved = features // 2, features - features // 2
    return product((2 * p.hidden, kept + p.hidden + 2 * moved))


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    module = "{weight_of}" if p.weight_of else "{self}"
    build = build_text("AffineCoupling", inputs[0].shape[1], p.hidden, swap=(p.swap, False))
    call = f"{module}.inverse({{x}})" if p.inverse else f"{module}({{x}})"
    return "" if p.weight_of else build, call


AFFINE_COUPLING = LayerSpec(
    name="AffineCoupling",
    category=Category.LEARNED,
    summary="A step of a normalizing flow: one half moves as the other half says, so it can be undone exactly.",
    formula=r"y_1 = x_1, \quad y_2 = x_2 \odot e^{s(x_1)} + t(x_1), \quad \log\lvert\det J\rvert = \sum s(x_1)",
    inputs=(Port("x", "N F", doc="Rows of features, two or more."),),
    outputs=(
        Port("y", "N F", doc="The same shape; a half of it has moved."),
        Port("log_det", "N", doc="Logarithm of how much the step stretches space there."),
    ),
    params=(
        Int("hidden", 64, "Width of the network that decides.", label="Width", min=1, max=2**24),
        Bool(
            "swap",
            False,
            "Move the first half instead; turn it on in every second step.",
            label="Swap halves",
        ),
        Bool("inverse", False, "Run the step backwards, from y to x.", label="Backwards", essential=False),
        Text(
            "weight_of",
            "",
            "Name of another coupling whose network is used here too; empty for an own one.",
            label="Weight of",
            essential=False,
            suggestions="nodes",
        ),
    ),
    shape=_shape,
    weights=_weights,
    flops=_flops,
    torch=Torch(text=_text, support=(_COUPLING,)),
    source="Dinh, Sohl-Dickstein and Bengio, Density Estimation using Real NVP, 2017, eq. 4 to 8",
    onnx="Gemm, Tanh, Exp and Concat.",
    traits=Traits(learned=True),
    examples=(
        Example({"hidden": 8}, (("N", 2),), ("N", 2), 106),
        Example({"hidden": 4, "swap": True, "inverse": True}, (("N", 5),), ("N", 5), 62),
    ),
    short="{hidden}",
    keywords=("RealNVP", "normalizing flow", "invertible", "Glow", "density", "log determinant"),
    pitfalls="The loss: MSE of the last y against 0 with weight F/2, and a Minimize of each log_det with weight -1."
    " Samples come from the steps run backwards in the opposite order, each with its partner's weight and swap.",
    group="Flows",
)

LAYERS = (AFFINE_COUPLING,)
