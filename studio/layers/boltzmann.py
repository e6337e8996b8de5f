"""The restricted Boltzmann machine: what deep belief networks are stacked of."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Int
from studio.layers.rules import Specs, fixed, product
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch, Traits
from studio.layers.text import build_text

_RBM = '''
class RBM(nn.Module):
    """A restricted Boltzmann machine of visible and hidden units that are 0 or 1.

    Gives the chance of each hidden unit (N, hidden), the contrastive divergence, and what the
    hidden units make of the visible ones (N, visible).
    """

    def __init__(
        self, visible: int, hidden: int, steps: int = 1, particles: int = 0
    ) -> None:
        """``particles`` chains go on from step to step; with 0 each starts at the data."""
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(hidden, visible))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.steps = steps
        self.register_buffer("chain", torch.rand(particles, visible).round())

    def forward(self, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        hidden = self.up(visible)
        dreamed = self.dream(visible)
        loss = self.free_energy(visible).mean() - self.free_energy(dreamed).mean()
        return hidden, loss, self.down(hidden)

    def up(self, visible: Tensor) -> Tensor:
        return torch.sigmoid(F.linear(visible, self.weight, self.hidden_bias))

    def down(self, hidden: Tensor) -> Tensor:
        return torch.sigmoid(F.linear(hidden, self.weight.T, self.visible_bias))

    def free_energy(self, visible: Tensor) -> Tensor:
        """(N,), lower where the machine finds the visible units likelier."""
        pulled = F.linear(visible, self.weight, self.hidden_bias)  # N hidden
        return -(visible * self.visible_bias).sum(1) - F.softplus(pulled).sum(1)

    @torch.no_grad()
    def dream(self, visible: Tensor) -> Tensor:
        """Where a chain of ``steps`` up and down leads; outside the gradient."""
        goes_on = self.training and len(self.chain) > 0
        if goes_on:
            visible = self.chain
        for _ in range(self.steps):
            visible = self.drawn(self.down(self.drawn(self.up(visible))))
        if goes_on:
            self.chain = visible.to(self.chain.dtype)
        return visible

    def drawn(self, chance: Tensor) -> Tensor:
        """Zeros and ones in training, the chances themselves in evaluation."""
        return torch.bernoulli(chance) if self.training else chance
'''


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, visible = inputs[0].shape
    fixed(visible, "V")
    dtype = inputs[0].dtype
    return (TensorSpec((batch, p.hidden), dtype), TensorSpec((), dtype), TensorSpec((batch, visible), dtype))


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    visible = fixed(inputs[0].shape[1], "V")
    return {"weight": (p.hidden, visible), "visible_bias": (visible,), "hidden_bias": (p.hidden,)}


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    """Up, down, two free energies, and the chain: each meets the whole weight once."""
    return product((2 * (4 + 2 * p.steps), p.hidden, inputs[0].shape[1]))


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text("RBM", inputs[0].shape[1], p.hidden, steps=(p.steps, 1), particles=(p.particles, 0))
    return build, ""


RBM = LayerSpec(
    name="RBM",
    category=Category.LEARNED,
    summary="A restricted Boltzmann machine: finds features by learning to dream what it sees.",
    formula=r"F(v) = -b^\top v - \sum_j \log(1 + e^{c_j + W_j v}), \quad L = F(v_0) - F(v_k)",
    inputs=(Port("x", "N V", doc="Visible units from 0 to 1."),),
    outputs=(
        Port("hidden", "N H", doc="The chance of each hidden unit: features for the next layer."),
        Port(
            "loss", "", doc="Contrastive divergence; wire it to a Minimize whose Optimizer trains this node."
        ),
        Port("seen", "N V", doc="What the hidden units make of the visible ones."),
    ),
    params=(
        Int("hidden", 64, "How many hidden units there are.", label="Hidden units", min=1, max=2**24),
        Int(
            "steps", 1, "How often the chain goes up and down.", unit="steps", label="Chain", min=1, max=1000
        ),
        Int(
            "particles",
            0,
            "Chains that go on from training step to training step; 0 starts each at the data.",
            label="Lasting chains",
            essential=False,
            min=0,
            max=65536,
        ),
    ),
    shape=_shape,
    weights=_weights,
    flops=_flops,
    torch=Torch(text=_text, support=(_RBM,)),
    source="Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002;"
    " Tieleman, Training Restricted Boltzmann Machines using Approximations to the Likelihood Gradient, 2008",
    onnx="Gemm, Sigmoid and Softplus; the chain takes chances instead of draws.",
    traits=Traits(learned=True, random=True, stateful=True),
    examples=(
        Example({"hidden": 16}, (("N", 64),), ("N", 16), 1104),
        Example({"hidden": 3, "steps": 2, "particles": 5}, (("N", 4),), ("N", 3), 19),
    ),
    short="{hidden}",
    keywords=("restricted Boltzmann machine", "DBN", "deep belief network", "contrastive divergence", "PCD"),
    pitfalls="Scale pictures to 0..1. The loss does not fall steadily, so look at what is seen again. In evaluation"
    " nothing is drawn: the chain takes chances.",
    group="Boltzmann machines",
)

LAYERS = (RBM,)
