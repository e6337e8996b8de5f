"""What tells attention where each position lies: added tables, turned features, and biases on the scores."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec, is_float
from studio.layers.params import Float, Int, Pair
from studio.layers.rules import Specs, fixed
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

GROUP = "Positions"
_WORDS = Port("x", "N T E", doc="A sequence of features.")
_PLACED = Port("y", "N T E", doc="The same shape; each position now says where it lies.")
_LENGTH = Port("x", "N T *", "any", doc="Any sequence; only its length counts.")
_BIASES = Port("y", "heads T T", doc="What to add to the scores: row looks at column.")
_BASE = Float(
    "base",
    10000.0,
    "The slowest feature turns once in about this many positions, times 2π.",
    label="Base",
    essential=False,
    min=2,
    max=1e9,
)
_HEADS = Int("heads", 4, "How many heads the attention has.", label="Heads", min=1, max=4096)


def even(size: Size, layer: str) -> int:
    """The width as a number that two features a pair fill.

    Raises:
        ShapeError: it is odd.
    """
    width = fixed(size, "E")
    if width % 2:
        raise ShapeError(
            "{layer} works on pairs of features, but there are {width}: make their number even",
            layer=layer,
            width=width,
        )
    return width


_SINUSOIDAL = '''
def sinusoidal_positions(x: Tensor, base: float = 10000.0) -> Tensor:
    """The table (T, E) for x (N, T, E): pairs of sine and cosine, slower and slower."""
    time, width = x.shape[1:]
    place = torch.arange(time, device=x.device).unsqueeze(1)  # T 1
    rate = base ** (-torch.arange(0, width, 2, device=x.device) / width)  # E/2
    angle = place * rate  # T E/2
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1).to(x.dtype)
'''


def _sinusoidal_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    even(inputs[0].shape[2], "SinusoidalPositions")
    return (inputs[0],)


def _with_base(call: str, p: SimpleNamespace) -> tuple[str, str]:
    usual = p.base == 10000.0 and not hasattr(p.base, "text")
    return "", call.replace("BASE", "" if usual else f", {literal(p.base)}")


def _sinusoidal_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return _with_base("{x} + sinusoidal_positions({x}BASE)", p)


SINUSOIDAL_POSITIONS = LayerSpec(
    name="SinusoidalPositions",
    category=Category.SEQUENCE,
    summary="Adds a fixed pattern of sines and cosines that is different at each position.",
    formula=r"y_{t,2i} = x_{t,2i} + \sin(t\,b^{-2i/E}), \quad y_{t,2i+1} = x_{t,2i+1} + \cos(t\,b^{-2i/E})",
    inputs=(_WORDS,),
    outputs=(_PLACED,),
    params=(_BASE,),
    shape=_sinusoidal_shape,
    torch=Torch(text=_sinusoidal_text, support=(_SINUSOIDAL,)),
    source="Vaswani et al., Attention Is All You Need, 2017, section 3.5",
    onnx="Range, Sin, Cos and Add.",
    examples=(
        Example({}, (("N", 16, 32),), ("N", 16, 32)),
        Example({"base": 100.0}, (("N", "T", 8),), ("N", "T", 8)),
    ),
    keywords=(
        "positional encoding",
        "transformer",
        "sinusoidalPositionEncoding",
        "SinePositionEncoding",
        "sin",
        "cos",
    ),
    pitfalls="Works for any length. The pattern has numbers up to 1: scale small embeddings by the root of their"
    " width first.",
    group=GROUP,
)

_LEARNED = '''
class LearnedPositions(nn.Module):
    """Adds a learned row to each position of x (N, T, E)."""

    def __init__(self, length: int, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.02 * torch.randn(length, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.weight[: x.shape[1]]
'''


def _learned_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    time = inputs[0].shape[1]
    fixed(inputs[0].shape[2], "E")
    if isinstance(time, int) and time > p.length:
        raise ShapeError(
            "{time} positions come in, but LearnedPositions has rows for {length}: set {time}",
            (("set", "length", str(time)),),
            time=time,
            length=p.length,
        )
    return (inputs[0],)


def _learned_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (p.length, fixed(inputs[0].shape[2], "E"))}


LEARNED_POSITIONS = LayerSpec(
    name="LearnedPositions",
    category=Category.SEQUENCE,
    summary="Adds a learned row of numbers to each position.",
    formula=r"y_t = x_t + P_t",
    inputs=(_WORDS,),
    outputs=(_PLACED,),
    params=(Int("length", 1024, "The longest sequence that can come.", label="Longest", min=1, max=2**24),),
    shape=_learned_shape,
    weights=_learned_weights,
    torch=Torch(build="LearnedPositions({length}, {x.E})", support=(_LEARNED,)),
    source="Gehring et al., Convolutional Sequence to Sequence Learning, 2017, section 3.1",
    onnx="Slice and Add.",
    traits=Traits(learned=True),
    examples=(
        Example({"length": 64}, (("N", 64, 8),), ("N", 64, 8), 512),
        Example({"length": 20}, (("N", "T", 4),), ("N", "T", 4), 80),
    ),
    short="{length}",
    keywords=(
        "learned positional encoding",
        "positional embedding",
        "positionEmbedding",
        "PositionEmbedding",
        "GPT",
        "BERT",
        "ViT",
    ),
    pitfalls="Knows nothing of positions it never saw in training, and nothing beyond the longest.",
    group=GROUP,
)

_ROTARY = '''
def rotate_positions(x: Tensor, base: float = 10000.0) -> Tensor:
    """Turns pairs of features of x (…, T, E), number i with number i + E/2, by their position."""
    time, half = x.shape[-2], x.shape[-1] // 2
    rate = base ** (-torch.arange(half, device=x.device) / half)  # E/2
    angle = torch.arange(time, device=x.device).unsqueeze(1) * rate  # T E/2
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x.chunk(2, -1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)
'''


def _rotary_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    even(inputs[0].shape[-1], "RotaryPositions")
    return (inputs[0],)


def _rotary_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return _with_base("rotate_positions({x}BASE)", p)


ROTARY_POSITIONS = LayerSpec(
    name="RotaryPositions",
    category=Category.SEQUENCE,
    summary="Turns pairs of features by an angle that grows with the position, so scores see distances only.",
    formula=r"y_t = R(t\theta)\,x_t, \quad \langle y_t,\, y_s \rangle = \langle x_t,\, R((s-t)\theta)\,x_s \rangle",
    inputs=(Port("x", "N * T E", doc="Queries or keys; heads may stand before the positions."),),
    outputs=(Port("y", "N * T E", doc="The same shape, turned."),),
    params=(_BASE,),
    shape=_rotary_shape,
    torch=Torch(text=_rotary_text, support=(_ROTARY,)),
    source="Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding, 2021",
    onnx="Sin, Cos, Mul and Concat; RotaryEmbedding in operator set 23.",
    examples=(
        Example({}, (("N", 4, 16, 8),), ("N", 4, 16, 8)),
        Example({"base": 500000.0}, (("N", "T", 6),), ("N", "T", 6)),
    ),
    keywords=(
        "RoPE",
        "rotary positional encoding",
        "rotary embedding",
        "RotaryEmbedding",
        "LLaMA",
        "GPT-NeoX",
        "relative",
    ),
    pitfalls="Goes on queries and keys after the heads are split, not on values, and takes the place of added"
    " positions.",
    group=GROUP,
)

_RELATIVE = '''
class RelativePositionBias(nn.Module):
    """A learned number (heads, T, T) for each distance; those beyond ``farthest`` share one."""

    def __init__(self, heads: int, farthest: int) -> None:
        super().__init__()
        self.farthest = farthest
        self.weight = nn.Parameter(0.02 * torch.randn(2 * farthest + 1, heads))

    def forward(self, x: Tensor) -> Tensor:
        place = torch.arange(x.shape[1], device=x.device)
        distance = place - place.unsqueeze(1)  # T T, from row to column
        row = distance.clamp(-self.farthest, self.farthest) + self.farthest
        return self.weight[row].permute(2, 0, 1)
'''


def _bias_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    time = inputs[0].shape[1]
    return (TensorSpec((p.heads, time, time)),)


def _relative_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (2 * p.farthest + 1, p.heads)}


RELATIVE_POSITION_BIAS = LayerSpec(
    name="RelativePositionBias",
    category=Category.SEQUENCE,
    summary="A learned number for each head and distance, to be added to the scores of attention.",
    formula=r"y_{h,t,s} = B_{h,\, \operatorname{clip}(s - t,\, -d,\, d)}",
    inputs=(_LENGTH,),
    outputs=(_BIASES,),
    params=(
        _HEADS,
        Int(
            "farthest",
            32,
            "Distances beyond this share one number.",
            unit="steps",
            label="Farthest",
            min=1,
            max=2**20,
        ),
    ),
    shape=_bias_shape,
    weights=_relative_weights,
    torch=Torch(build="RelativePositionBias({heads}, {farthest})", support=(_RELATIVE,)),
    source="Shaw, Uszkoreit and Vaswani, Self-Attention with Relative Position Representations, 2018;"
    " Raffel et al., Exploring the Limits of Transfer Learning, 2020, section 2.1",
    onnx="Range, Clip and Gather.",
    traits=Traits(learned=True),
    examples=(
        Example({"heads": 2, "farthest": 8}, (("N", 16, 32),), (2, 16, 16), 34),
        Example({"heads": 3, "farthest": 2}, (("N", "T", 4),), (3, "T", "T"), 15),
    ),
    short="{heads}, {farthest}",
    keywords=("T5", "relative attention", "attention bias", "attn_mask", "distance"),
    pitfalls="Wire it to the mask of ScaledDotProductAttention. One for all layers is usual.",
    group=GROUP,
)

_WINDOW_BIAS = '''
class WindowPositionBias(nn.Module):
    """A learned number (heads, T, T) for each way from point to point of a window; T = height * width."""

    def __init__(self, heads: int, height: int, width: int) -> None:
        super().__init__()
        ways = (2 * height - 1) * (2 * width - 1)
        self.weight = nn.Parameter(0.02 * torch.randn(ways, heads))
        place = torch.cartesian_prod(torch.arange(height), torch.arange(width))  # T 2
        way = place.unsqueeze(1) - place  # T T 2
        way = way + torch.tensor([height - 1, width - 1])  # none below 0
        row = way[..., 0] * (2 * width - 1) + way[..., 1]  # T T
        self.register_buffer("row", row, persistent=False)

    def forward(self) -> Tensor:
        return self.weight[self.row].permute(2, 0, 1)
'''


def _window_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    time, wanted = inputs[0].shape[1], p.window[0] * p.window[1]
    if time != wanted:
        raise ShapeError(
            "a window of {height} by {width} has {wanted} points, but {time} positions come in",
            height=p.window[0],
            width=p.window[1],
            wanted=wanted,
            time=time,
        )
    return (TensorSpec((p.heads, wanted, wanted)),)


def _window_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    height, width = p.window
    return {"weight": ((2 * height - 1) * (2 * width - 1), p.heads)}


def _window_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("WindowPositionBias", p.heads, *p.window), "{self}()"


WINDOW_POSITION_BIAS = LayerSpec(
    name="WindowPositionBias",
    category=Category.SEQUENCE,
    summary="A learned number for each head and each way across a window of a picture, for the scores.",
    formula=r"y_{h,t,s} = B_{h,\, i_t - i_s,\, j_t - j_s}",
    inputs=(_LENGTH,),
    outputs=(_BIASES,),
    params=(
        _HEADS,
        Pair("window", (7, 7), "Height and width of the window, in patches.", label="Window", min=1, max=256),
    ),
    shape=_window_shape,
    weights=_window_weights,
    torch=Torch(text=_window_text, support=(_WINDOW_BIAS,)),
    source="Liu et al., Swin Transformer: Hierarchical Vision Transformer using Shifted Windows, 2021, eq. 4",
    onnx="Gather.",
    traits=Traits(learned=True),
    examples=(
        Example({"heads": 2, "window": 4}, (("N", 16, 32),), (2, 16, 16), 98),
        Example({"heads": 1, "window": (2, 3)}, (("N", 6, 4),), (1, 6, 6), 15),
    ),
    short="{heads}, {window}",
    keywords=("Swin", "relative position bias table", "window attention", "vision transformer"),
    pitfalls="The positions must come row by row, as PatchEmbedding gives them.",
    group=GROUP,
)

_ALIBI = '''
def alibi(x: Tensor, heads: int) -> Tensor:
    """(heads, T, T): minus the distance, times a slope that falls from head to head."""
    place = torch.arange(x.shape[1], device=x.device)
    distance = (place.unsqueeze(1) - place).abs()  # T T
    slope = 2 ** (-8 * torch.arange(1, heads + 1, device=x.device) / heads)  # heads
    bias = -slope[:, None, None] * distance
    return bias.to(x.dtype) if x.is_floating_point() else bias
'''


def _alibi_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    time = inputs[0].shape[1]
    return (TensorSpec((p.heads, time, time), inputs[0].dtype if is_float(inputs[0]) else "float32"),)


ALIBI = LayerSpec(
    name="ALiBi",
    category=Category.SEQUENCE,
    summary="Lowers the scores of attention with the distance, in each head at its own rate; nothing is learned.",
    formula=r"y_{h,t,s} = -2^{-8h/H}\, |t - s|",
    inputs=(_LENGTH,),
    outputs=(_BIASES,),
    params=(_HEADS,),
    shape=_alibi_shape,
    torch=Torch(call="alibi({x}, {heads})", support=(_ALIBI,)),
    source="Press, Smith and Lewis, Train Short, Test Long: Attention with Linear Biases, 2022",
    onnx="Range, Abs and Mul.",
    traits=Traits(differentiable=False),
    examples=(
        Example({"heads": 8}, (("N", 16, 32),), (8, 16, 16)),
        Example({"heads": 3}, (("N", "T", 4),), (3, "T", "T")),
    ),
    short="{heads}",
    keywords=("attention with linear biases", "attention bias", "attn_mask", "BLOOM", "long context"),
    pitfalls="Does not hide the future: add a causal mask. For heads that are no power of two the paper's program"
    " takes other slopes.",
    group=GROUP,
)

LAYERS = (
    SINUSOIDAL_POSITIONS,
    LEARNED_POSITIONS,
    ROTARY_POSITIONS,
    RELATIVE_POSITION_BIAS,
    WINDOW_POSITION_BIAS,
    ALIBI,
)
