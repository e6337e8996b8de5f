"""Networks on graphs and sets: convolution and attention along edges, pooling of members."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Int
from studio.layers.rules import Specs, fixed, product, show, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

GROUP = "Graphs and sets"
_NODES = Port("x", "N V F", doc="Features of each node of a graph.")
_EDGES = Port(
    "adjacency",
    "* V V",
    doc="Strength of the edge from column to row, 0 for none; one for all, or for each sample.",
)


def _check_edges(layer: str, inputs: Specs) -> None:
    x, edges = inputs
    fits = len(edges.shape) <= 3 and edges.shape[-2:] == (x.shape[1],) * 2
    if not fits or (len(edges.shape) == 3 and edges.shape[0] != x.shape[0]):
        raise ShapeError(
            "{layer} needs edges between all nodes of {x}, gets {edges}",
            layer=layer,
            x=show(x.shape),
            edges=show(edges.shape),
        )
    fixed(x.shape[2], "F")


_NORMALIZED = '''
def normalized_adjacency(adjacency: Tensor, loops: bool, symmetric: bool) -> Tensor:
    """Edges (…, V, V) divided by how many each node has, so that sums become means."""
    if loops:
        adjacency = adjacency + torch.eye(adjacency.shape[-1]).to(adjacency)
    degree = adjacency.abs().sum(-1, keepdim=True).clamp(min=1e-6)  # … V 1
    if symmetric:
        return adjacency * torch.rsqrt(degree) * torch.rsqrt(degree).transpose(-1, -2)
    return adjacency / degree
'''
_CONVOLUTION = '''
class GraphConvolution(nn.Module):
    """x (N, V, F) -> (N, V, out): each node gathers the features of its neighbours."""

    def __init__(
        self, features: int, out: int, bias: bool, loops: bool, symmetric: bool
    ) -> None:
        super().__init__()
        self.linear = nn.Linear(features, out, bias)
        self.loops, self.symmetric = loops, symmetric

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        return normalized_adjacency(
            adjacency, self.loops, self.symmetric
        ) @ self.linear(x)
'''


def _convolution_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _check_edges("GraphConvolution", inputs)
    return (TensorSpec((*inputs[0].shape[:2], p.out_features), inputs[0].dtype),)


def _convolution_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    found = weight_and_bias((p.out_features, fixed(inputs[0].shape[2], "F")), p.out_features, p.bias)
    return {f"linear.{name}": shape for name, shape in found.items()}


def _convolution_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    _, nodes, features = inputs[0].shape
    return product((2 * p.out_features, nodes, features)) + product((2 * p.out_features, nodes, nodes))


def _convolution_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    symmetric = p.normalization == "symmetric"
    build = build_text(
        "GraphConvolution", inputs[0].shape[2], p.out_features, p.bias, p.self_loops, symmetric
    )
    return build, ""


GRAPH_CONVOLUTION = LayerSpec(
    name="GraphConvolution",
    category=Category.LEARNED,
    summary="Each node of a graph gathers the features of its neighbours, then mixes them with learned weights.",
    formula=r"Y = \tilde{D}^{-1/2} \tilde{A} \tilde{D}^{-1/2} X W^\top + b, \quad \tilde{A} = A + I",
    inputs=(_NODES, _EDGES),
    outputs=(Port("y", "N V out_features", doc="New features of each node."),),
    params=(
        Int("out_features", 32, "Features of each node afterwards.", label="Outputs", min=1, max=2**24),
        Choice(
            "normalization",
            "symmetric",
            "symmetric: by the edges of both ends; mean: by those of the node that gathers.",
            label="Normalization",
            essential=False,
            options=("symmetric", "mean"),
        ),
        Bool(
            "self_loops", True, "Each node is a neighbour of itself too.", label="Itself too", essential=False
        ),
        Bool("bias", True, "Add a learned constant to each output.", label="Bias", essential=False),
    ),
    shape=_convolution_shape,
    weights=_convolution_weights,
    flops=_convolution_flops,
    torch=Torch(text=_convolution_text, support=(_NORMALIZED, _CONVOLUTION)),
    source="Kipf and Welling, Semi-Supervised Classification with Graph Convolutional Networks, 2017, eq. 2",
    onnx="MatMul, ReduceSum and Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_features": 16}, (("N", 10, 8), ("N", 10, 10)), ("N", 10, 16), 144),
        Example(
            {"out_features": 4, "normalization": "mean", "self_loops": False, "bias": False},
            (("N", 6, 3), (6, 6)),
            ("N", 6, 4),
            12,
        ),
    ),
    short="{out_features}",
    keywords=("GCN", "GCNConv", "message passing", "adjacency", "molecule", "network"),
    pitfalls="After many layers all nodes become alike; two or three are usual. Fill up small graphs with nodes"
    " without edges, and leave those out when pooling.",
    group=GROUP,
)

_ATTENTION = '''
class GraphAttention(nn.Module):
    """x (N, V, F) -> (N, V, heads * out): each node weighs its neighbours by their features."""

    def __init__(self, features: int, out: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.linear = nn.Linear(features, heads * out, bias=False)
        self.gathers = nn.Parameter(torch.randn(heads, 1, out) / out**0.5)
        self.gives = nn.Parameter(torch.randn(heads, 1, out) / out**0.5)

    def forward(self, x: Tensor, adjacency: Tensor) -> Tensor:
        x = (
            self.linear(x).unflatten(-1, (self.heads, -1)).transpose(1, 2)
        )  # N heads V out
        gathers = (x * self.gathers).sum(-1, keepdim=True)  # N heads V 1
        gives = (x * self.gives).sum(-1).unsqueeze(-2)  # N heads 1 V
        score = F.leaky_relu(gathers + gives, 0.2)  # N heads V V
        itself = torch.eye(x.shape[-2], dtype=torch.bool, device=x.device)
        edge = ((adjacency != 0) | itself).unsqueeze(-3)
        weight = score.masked_fill(~edge, -torch.inf).softmax(-1)
        return (weight @ x).transpose(1, 2).flatten(2)
'''


def _attention_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _check_edges("GraphAttention", inputs)
    return (TensorSpec((*inputs[0].shape[:2], p.heads * p.out_features), inputs[0].dtype),)


def _attention_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {
        "gathers": (p.heads, 1, p.out_features),
        "gives": (p.heads, 1, p.out_features),
        "linear.weight": (p.heads * p.out_features, fixed(inputs[0].shape[2], "F")),
    }


def _attention_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    _, nodes, features = inputs[0].shape
    width = p.heads * p.out_features
    return product((2 * width, nodes, features)) + product((2 * width, nodes, nodes))


GRAPH_ATTENTION = LayerSpec(
    name="GraphAttention",
    category=Category.LEARNED,
    summary="Each node of a graph weighs its neighbours by their features and gathers from those that matter.",
    formula=r"y_i = \sum_{j \in \mathcal{N}(i)} \operatorname{softmax}_j\left(\operatorname{LeakyReLU}("
    r"a^\top W x_i + b^\top W x_j)\right) W x_j",
    inputs=(_NODES, _EDGES),
    outputs=(Port("y", "N V heads_out", doc="New features of each node, head by head."),),
    params=(
        Int(
            "out_features", 8, "Features of each node and head afterwards.", label="Outputs", min=1, max=2**24
        ),
        Int("heads", 4, "How many ways of weighing run side by side.", label="Heads", min=1, max=1024),
    ),
    shape=_attention_shape,
    weights=_attention_weights,
    flops=_attention_flops,
    torch=Torch(build="GraphAttention({x.F}, {out_features}, {heads})", support=(_ATTENTION,)),
    source="Veličković et al., Graph Attention Networks, 2018, eq. 3 and 5",
    onnx="MatMul, LeakyRelu, Where and Softmax.",
    traits=Traits(learned=True),
    examples=(
        Example({}, (("N", 10, 6), ("N", 10, 10)), ("N", 10, 32), 256),
        Example({"out_features": 3, "heads": 2}, (("N", 5, 4), (5, 5)), ("N", 5, 6), 36),
    ),
    short="{out_features}, {heads}",
    keywords=("GAT", "GATConv", "message passing", "adjacency", "attention"),
    pitfalls="Only asks whether there is an edge, not how strong it is. Each node is its own neighbour.",
    group=GROUP,
)

_MASK = Port(
    "mask", "N V", "any", optional=True, doc="True or 1 for members that count; all where nothing is wired."
)
_POOLED = '''
def pooled(x: Tensor, mask: Tensor, how: str) -> Tensor:
    """Members of x (N, V, F) where the mask (N, V) is true, made one: (N, F)."""
    mask = mask.bool().unsqueeze(-1)  # N V 1
    if how == "max":
        return x.masked_fill(~mask, -torch.inf).amax(1)
    total = (x * mask).sum(1)
    return total if how == "sum" else total / mask.sum(1).clamp(min=1)
'''
_PLAIN = {"mean": "{x}.mean(1)", "sum": "{x}.sum(1)", "max": "{x}.amax(1)"}


def _check_mask(layer: str, p: SimpleNamespace, inputs: Specs) -> None:
    if "mask" in p.wired and inputs[1].shape != inputs[0].shape[:2]:
        raise ShapeError(
            "{layer} needs a mask for each member of {x}, gets {mask}",
            layer=layer,
            x=show(inputs[0].shape),
            mask=show(inputs[1].shape),
        )


def _pooling_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _check_mask("SetPooling", p, inputs)
    batch, _, features = inputs[0].shape
    return (TensorSpec((batch, features), inputs[0].dtype),)


def _pooling_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", f'pooled({{x}}, {{mask}}, "{p.how}")' if "mask" in p.wired else _PLAIN[p.how]


SET_POOLING = LayerSpec(
    name="SetPooling",
    category=Category.SHAPE,
    summary="Makes one row of the members of a set, whatever their order and number.",
    formula=r"y = \frac{1}{\sum_v m_v} \sum_v m_v x_v",
    inputs=(Port("x", "N V F", doc="Members of a set, nodes of a graph, or steps."), _MASK),
    outputs=(Port("y", "N F", doc="One row for each sample."),),
    params=(
        Choice(
            "how",
            "mean",
            "mean, sum (also tells how many there are) or max.",
            label="How",
            options=("mean", "sum", "max"),
        ),
    ),
    shape=_pooling_shape,
    torch=Torch(text=_pooling_text, support=(_POOLED,)),
    source="Zaheer et al., Deep Sets, 2017, theorem 2",
    onnx="ReduceMean, ReduceSum or ReduceMax.",
    examples=(
        Example({}, (("N", 10, 8),), ("N", 8)),
        Example({"how": "max"}, (("N", "T", 8),), ("N", 8)),
        Example({"how": "sum"}, (("N", 6, 4), ("N", 6)), ("N", 4), wired=("x", "mask")),
    ),
    short="{how}",
    keywords=(
        "deep sets",
        "readout",
        "permutation invariant",
        "global pooling",
        "GlobalAveragePooling1D",
        "masked mean",
    ),
    pitfalls="Without a mask fillers count as members too. A set without members gives 0, or minus infinity for max.",
    group=GROUP,
)

_ATTENTION_POOLING = '''
class AttentionPooling(nn.Module):
    """Weighs the members of x (N, V, F) by what they say; gives their mean and the weights (N, V)."""

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        score = self.score(torch.tanh(self.hidden(x))).squeeze(-1)  # N V
        if mask is not None:
            score = score.masked_fill(~mask.bool(), -torch.inf)
        weight = score.softmax(1)
        return (weight.unsqueeze(-1) * x).sum(1), weight
'''


def _attention_pooling_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _check_mask("AttentionPooling", p, inputs)
    batch, members, features = inputs[0].shape
    fixed(features, "F")
    return (TensorSpec((batch, features), inputs[0].dtype), TensorSpec((batch, members), inputs[0].dtype))


def _attention_pooling_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {
        "hidden.weight": (p.hidden, fixed(inputs[0].shape[2], "F")),
        "hidden.bias": (p.hidden,),
        "score.weight": (1, p.hidden),
    }


def _attention_pooling_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    _, members, features = inputs[0].shape
    return product((2 * p.hidden, members, features)) + product((2 * p.hidden, members))


ATTENTION_POOLING = LayerSpec(
    name="AttentionPooling",
    category=Category.SEQUENCE,
    summary="Makes one row of many by weighing them; the weights show which ones mattered.",
    formula=r"y = \sum_v a_v x_v, \quad a = \operatorname{softmax}_v(w^\top \tanh(V x_v + b))",
    inputs=(Port("x", "N V F", doc="Members of a set, nodes of a graph, or steps."), _MASK),
    outputs=(
        Port("y", "N F", doc="One row for each sample."),
        Port("weight", "N V", doc="How much each member counted; they sum to 1."),
    ),
    params=(Int("hidden", 64, "Width of the network that weighs.", label="Width", min=1, max=2**24),),
    shape=_attention_pooling_shape,
    weights=_attention_pooling_weights,
    flops=_attention_pooling_flops,
    torch=Torch(build="AttentionPooling({x.F}, {hidden})", support=(_ATTENTION_POOLING,)),
    source="Ilse, Tomczak and Welling, Attention-based Deep Multiple Instance Learning, 2018, eq. 8",
    onnx="MatMul, Tanh, Softmax and ReduceSum.",
    traits=Traits(learned=True),
    examples=(
        Example({"hidden": 16}, (("N", 10, 8),), ("N", 8), 160),
        Example({"hidden": 4}, (("N", "T", 3),), ("N", 3), 20),
        Example({"hidden": 2}, (("N", 6, 4), ("N", 6)), ("N", 4), 12, wired=("x", "mask")),
    ),
    short="{hidden}",
    keywords=(
        "multiple instance learning",
        "deepmil",
        "MIL",
        "weighted mean",
        "additive attention",
        "readout",
    ),
    pitfalls="A set without members gives numbers that are none (NaN).",
    group=GROUP,
)

LAYERS = (GRAPH_CONVOLUTION, GRAPH_ATTENTION, SET_POOLING, ATTENTION_POOLING)
