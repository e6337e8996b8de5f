"""A mixture of experts: many small networks of which each row uses a few."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Int
from studio.layers.rules import Specs, fixed, product
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits

_MIXTURE = '''
class MixtureOfExperts(nn.Module):
    """Sends each row of x (N, …, F) through the k experts that suit it best.

    Gives the weighted sum of what they say, in the shape of x, and the balance loss: 1
    where all experts have the same share of the rows, up to their number where one has all.
    """

    def __init__(self, features: int, hidden: int, experts: int, k: int) -> None:
        super().__init__()
        self.k = k
        self.router = nn.Linear(features, experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, features)
            )
            for _ in range(experts)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rows = x.flatten(0, -2)  # R F
        chance = self.router(rows).softmax(-1)  # R experts
        weight, chosen = chance.topk(self.k)  # R k
        if self.k > 1:  # alone, the chance itself is what teaches the router
            weight = weight / weight.sum(-1, keepdim=True)
        y = torch.zeros_like(rows)
        for number, expert in enumerate(self.experts):
            row, rank = torch.where(chosen == number)
            said = weight[row, rank].unsqueeze(1) * expert(rows[row])
            y = y.index_add(0, row, said.to(y.dtype))
        share = F.one_hot(chosen, len(self.experts)).to(x.dtype).mean((0, 1))  # experts
        balance = len(self.experts) * (share * chance.mean(0)).sum()
        return y.view_as(x), balance
'''


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[-1], "F")
    if p.k > p.experts:
        raise ShapeError(
            "{k} of {experts} experts can't be chosen: set {experts}",
            (("set", "k", str(p.experts)),),
            k=p.k,
            experts=p.experts,
        )
    return (inputs[0], TensorSpec((), inputs[0].dtype))


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    features = fixed(inputs[0].shape[-1], "F")
    found: dict[str, tuple[int, ...]] = {"router.weight": (p.experts, features)}
    for number in range(p.experts):
        found[f"experts.{number}.0.weight"] = (p.hidden, features)
        found[f"experts.{number}.0.bias"] = (p.hidden,)
        found[f"experts.{number}.2.weight"] = (features, p.hidden)
        found[f"experts.{number}.2.bias"] = (features,)
    return found


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.experts + 4 * p.k * p.hidden, *inputs[0].shape[1:]))


MIXTURE_OF_EXPERTS = LayerSpec(
    name="MixtureOfExperts",
    category=Category.LEARNED,
    summary="Many small networks; a learned router sends each row through the few that suit it best.",
    formula=r"y = \sum_{i \in \text{top } k} g_i(x)\, E_i(x), \quad L = n \sum_i f_i P_i",
    inputs=(Port("x", "N * F", doc="Rows of features, such as the words of a text."),),
    outputs=(
        Port("y", "N * F", doc="The same shape: what the chosen experts said."),
        Port("balance", "", doc="A loss that is small where all experts get work; 1 at best."),
    ),
    params=(
        Int("experts", 4, "How many small networks there are.", label="Experts", min=1, max=512),
        Int("k", 2, "How many of them each row uses.", label="Used at once", min=1, max=512),
        Int("hidden", 128, "Width inside each expert.", label="Width", min=1, max=2**24),
    ),
    shape=_shape,
    weights=_weights,
    no_gradient={"*": "an expert that no row of the batch chose learns nothing from it"},
    flops=_flops,
    torch=Torch(
        build="MixtureOfExperts({x.F}, {hidden}, {experts}, {k})",
        support=(_MIXTURE,),
    ),
    source="Shazeer et al., Outrageously Large Neural Networks, 2017;"
    " Fedus, Zoph and Shazeer, Switch Transformers, 2022, eq. 4 (balance)",
    onnx="TopK, NonZero, Gather and ScatterND for each expert.",
    traits=Traits(learned=True),
    examples=(
        Example({"experts": 4, "k": 2, "hidden": 16}, (("N", 12, 8),), ("N", 12, 8), 1152),
        Example({"experts": 3, "k": 1, "hidden": 4}, (("N", 20, 6),), ("N", 20, 6), 192),
    ),
    short="{experts}, {k}",
    keywords=("MoE", "Mixtral", "Switch", "router", "sparse", "gating", "load balancing"),
    pitfalls="Wire balance to the Optimizer too, by a Minimize of weight 0.01, or a few experts take all the work. An"
    " expert without rows in a batch gets no gradient there.",
    group="Experts",
)

LAYERS = (MIXTURE_OF_EXPERTS,)
