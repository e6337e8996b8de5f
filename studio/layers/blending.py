"""What brings values in slowly or in measure: a learned factor, a branch that fades in, noise that multiplies."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, fixed, product, same, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_NUMBERS = (Port("x", "*", doc="Any numbers."),)
_SAME = (Port("y", "*", doc="The same shape."),)

_LEARNED_SCALE = '''
class LearnedScale(nn.Module):
    """Multiplies x by one learned number, which ``positive`` keeps above 0."""

    def __init__(self, start: float = 1.0, positive: bool = False) -> None:
        super().__init__()
        start = math.log(start) if positive else start
        self.weight = nn.Parameter(torch.tensor(start))
        self.positive = positive

    def forward(self, x: Tensor) -> Tensor:
        return x * (self.weight.exp() if self.positive else self.weight)
'''


def _scale_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if p.positive and p.start <= 0:
        raise ShapeError(
            "a factor that stays positive can't start at {start}: set 1",
            (("set", "start", "1"),),
            start=p.start,
        )
    return (inputs[0],)


def _scale_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": ()}


def _scale_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("LearnedScale", start=(p.start, 1.0), positive=(p.positive, False)), ""


LEARNED_SCALE = LayerSpec(
    name="LearnedScale",
    category=Category.LEARNED,
    summary="Multiplies everything by one learned number: a temperature, or how much a branch counts.",
    formula=r"y = w x, \quad \text{or } y = e^{w} x",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(
        Float("start", 1.0, "The factor before training.", label="Start", min=-1000, max=1000),
        Bool(
            "positive",
            False,
            "Learn the logarithm of the factor, so that it stays above 0.",
            label="Stays positive",
        ),
    ),
    shape=_scale_shape,
    weights=_scale_weights,
    torch=Torch(text=_scale_text, support=(_LEARNED_SCALE,), imports=("import math",)),
    source="Radford et al., Learning Transferable Visual Models From Natural Language Supervision, 2021, section 2.3;"
    " Bachlechner et al., ReZero is All You Need, 2021",
    onnx="Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({}, (("N", 8),), ("N", 8), 1),
        Example({"start": 14.3, "positive": True}, (("N", "T"),), ("N", "T"), 1),
    ),
    short="{start}",
    keywords=("temperature", "logit scale", "CLIP", "ReZero", "SkipInit", "scalar"),
    pitfalls="For CLIP start at 14.3 (1 / 0.07) and keep it positive. A branch that starts at 0 opens by itself.",
    group="Residual branches",
)

_FADE_IN = '''
class FadeIn(nn.Module):
    """Goes over from ``old`` to ``new`` within ``steps`` uses in training, after ``start`` of them."""

    def __init__(self, steps: int, start: int = 0) -> None:
        super().__init__()
        self.steps, self.start = steps, start
        self.register_buffer("used", torch.tensor(0))

    def forward(self, old: Tensor, new: Tensor) -> Tensor:
        share = ((self.used - self.start) / self.steps).clamp(0, 1)
        if self.training:
            self.used += 1
        return old + share.to(old.dtype) * (new - old)
'''


def _fade_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if inputs[0].shape != inputs[1].shape:
        raise ShapeError(
            "{layer} needs equal shapes, gets {first} and {second}",
            layer="FadeIn",
            first=show(inputs[0].shape),
            second=show(inputs[1].shape),
        )
    return (inputs[0],)


def _fade_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("FadeIn", p.steps, start=(p.start, 0)), ""


FADE_IN = LayerSpec(
    name="FadeIn",
    category=Category.SHAPE,
    summary="Goes over from one branch to another during training, as a network that grows stage by stage does.",
    formula=r"y = (1 - \alpha)\,a + \alpha\,b, \quad \alpha = \operatorname{clip}\left(\frac{n - n_0}{s}, 0, 1\right)",
    inputs=(
        Port("old", "*", doc="What counts at first, such as the picture of the stage before, enlarged."),
        Port("new", "*", doc="What counts in the end."),
    ),
    outputs=(Port("y", "*", doc="The mixture, in the same shape."),),
    params=(
        Int(
            "steps", 1000, "Within how many uses it goes over.", unit="steps", label="Steps", min=1, max=10**9
        ),
        Int(
            "start",
            0,
            "How many uses pass before it begins.",
            unit="steps",
            label="Begins after",
            min=0,
            max=10**9,
        ),
    ),
    shape=_fade_shape,
    torch=Torch(text=_fade_text, support=(_FADE_IN,)),
    source="Karras et al., Progressive Growing of GANs, 2018, fig. 2",
    onnx="Mul and Add, with the share reached in training.",
    traits=Traits(stateful=True),
    examples=(
        Example({}, (("N", 3, 8, 8), ("N", 3, 8, 8)), ("N", 3, 8, 8)),
        Example({"steps": 10, "start": 5}, (("N", 4), ("N", 4)), ("N", 4)),
    ),
    short="{steps}",
    keywords=("progressive growing", "StyleGAN", "ProGAN", "alpha", "lerp", "blend", "curriculum"),
    pitfalls="Counts its uses in training: a discriminator, which is used two or three times a step, needs as many"
    " times more. In evaluation it stays where it is.",
    group="Residual branches",
)

_GAUSSIAN_DROPOUT = '''
class GaussianDropout(nn.Module):
    """Multiplies by random numbers around 1 in training; nothing in evaluation."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.spread = (p / (1 - p)) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        return x * (1 + self.spread * torch.randn_like(x)) if self.training else x
'''

GAUSSIAN_DROPOUT = LayerSpec(
    name="GaussianDropout",
    category=Category.NORMALIZATION,
    summary="Multiplies by random numbers around 1 in training, as strongly as Dropout would disturb.",
    formula=r"y = x \odot (1 + \varepsilon), \quad \varepsilon \sim \mathcal{N}\left(0, \frac{p}{1 - p}\right)",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(
        Float(
            "p", 0.5, "Share that a Dropout as strong would set to 0.", label="Share dropped", min=0, max=0.99
        ),
    ),
    shape=same,
    torch=Torch(build="GaussianDropout({p})", support=(_GAUSSIAN_DROPOUT,)),
    source="Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014, section 10",
    onnx="Left out: it does nothing in evaluation.",
    traits=Traits(random=True),
    examples=(Example({}, (("N", 84),), ("N", 84)), Example({"p": 0.1}, (("N", 6, 8, 8),), ("N", 6, 8, 8))),
    short="{p}",
    keywords=("dropout", "multiplicative noise", "regularize", "overfitting"),
    pitfalls="In evaluation it does nothing. It never sets numbers to 0, so nothing is hidden entirely.",
    group="Random",
)

_CLIP_NORM = '''
def clip_norm(x: Tensor, limit: float, dim: int) -> Tensor:
    """x with vectors along ``dim`` that are longer than ``limit`` shortened to it."""
    length = torch.linalg.vector_norm(x, dim=dim, keepdim=True)
    return x * (limit / length.clamp(min=limit))
'''


def _clip_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    axis_of(p.dim, len(inputs[0].shape), "ClipNorm")
    return (inputs[0],)


CLIP_NORM = LayerSpec(
    name="ClipNorm",
    category=Category.NORMALIZATION,
    summary="Shortens vectors that are longer than a limit; leaves all others as they are.",
    formula=r"y = x \min\left(1, \frac{c}{\lVert x \rVert}\right)",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(
        Float("limit", 1.0, "The longest a vector may be.", label="Limit", min=1e-6, max=1e6),
        Int("dim", -1, "The axis along which a vector lies.", label="Axis", essential=False),
    ),
    shape=_clip_shape,
    torch=Torch(call="clip_norm({x}, {limit}, {dim})", support=(_CLIP_NORM,)),
    source="https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html",
    onnx="ReduceL2, Max, Div and Mul.",
    examples=(
        Example({}, (("N", 84),), ("N", 84)),
        Example({"limit": 2.0, "dim": 1}, (("N", 6, 8),), ("N", 6, 8)),
    ),
    short="{limit}",
    keywords=("ClipByNorm", "max norm", "limit", "length"),
    pitfalls="A shortened vector gets no gradient along its own direction.",
)

_LOW_RANK = '''
class LowRankAdapter(nn.Module):
    """x (…, F) -> (…, out): a correction of few weights beside a frozen layer, 0 at first."""

    def __init__(self, features: int, out: int, rank: int, strength: float) -> None:
        super().__init__()
        self.down = nn.Linear(features, rank, bias=False)
        self.up = nn.Linear(rank, out, bias=False)
        nn.init.zeros_(self.up.weight)
        self.strength = strength

    def forward(self, x: Tensor) -> Tensor:
        return self.strength * self.up(self.down(x))
'''


def _low_rank_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[-1], "F")
    return (TensorSpec((*inputs[0].shape[:-1], p.out_features), inputs[0].dtype),)


def _low_rank_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    features = fixed(inputs[0].shape[-1], "F")
    return {"down.weight": (p.rank, features), "up.weight": (p.out_features, p.rank)}


def _low_rank_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    features = fixed(inputs[0].shape[-1], "F")
    return product((2 * p.rank * (features + p.out_features), *inputs[0].shape[1:-1]))


LOW_RANK_ADAPTER = LayerSpec(
    name="LowRankAdapter",
    category=Category.LEARNED,
    summary="A correction of few weights, added to what a frozen Linear says: fine-tuning for little memory.",
    formula=r"y = s \, B A x, \quad A \in \mathbb{R}^{r \times F}",
    inputs=(Port("x", "N * F", doc="The same features that the frozen layer reads."),),
    outputs=(Port("y", "N * out_features", doc="What to add to the result of the frozen layer."),),
    params=(
        Int(
            "out_features", 64, "Outputs, as many as the frozen layer has.", label="Outputs", min=1, max=2**24
        ),
        Int("rank", 8, "Width of the narrow middle.", label="Rank", min=1, max=65536),
        Float(
            "strength", 2.0, "What the correction is multiplied by.", label="Strength", min=0.001, max=1000
        ),
    ),
    shape=_low_rank_shape,
    weights=_low_rank_weights,
    flops=_low_rank_flops,
    torch=Torch(
        build="LowRankAdapter({x.F}, {out_features}, {rank}, {strength})",
        support=(_LOW_RANK,),
    ),
    source="Hu et al., LoRA: Low-Rank Adaptation of Large Language Models, 2022, section 4.1",
    onnx="Two MatMul and Mul.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_features": 16, "rank": 2}, (("N", 8),), ("N", 16), 48),
        Example({"out_features": 4, "rank": 3, "strength": 1.0}, (("N", "T", 6),), ("N", "T", 4), 30),
    ),
    short="{out_features}, {rank}",
    keywords=("LoRA", "PEFT", "fine-tuning", "adapter", "lstmProjected", "gruProjected"),
    pitfalls="Freeze the layer beside it, and add the two. The first of its matrices only learns from the second"
    " step on, because the second one starts at 0.",
    group="Residual branches",
    no_gradient={"down.weight": "The matrix after it starts at 0, so nothing comes back in the first step."},
)

LAYERS = (LEARNED_SCALE, FADE_IN, LOW_RANK_ADAPTER, GAUSSIAN_DROPOUT, CLIP_NORM)
