"""What changes nothing on the way forward, but the gradient on the way back."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.params import Choice, Float, Int
from studio.layers.rules import Specs, same
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch
from studio.layers.text import literal

GROUP = "Gradients"
_INPUTS = (Port("x", "*", doc="Any numbers."),)
_OUTPUTS = (Port("y", "*", doc="The very same numbers."),)
_EXAMPLES = (Example({}, (("N", 84),), ("N", 84)), Example({}, (("N", 6, 8, 8),), ("N", 6, 8, 8)))

_REVERSE = '''
def reverse_gradient(x: Tensor, strength: float = 1.0) -> Tensor:
    """x itself; what comes back is turned round and multiplied by ``strength``."""
    return x.detach() - strength * (x - x.detach())
'''


def _reverse_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    usual = p.strength == 1.0 and not hasattr(p.strength, "text")
    return "", "reverse_gradient({x})" if usual else "reverse_gradient({x}, {strength})"


GRADIENT_REVERSAL = LayerSpec(
    name="GradientReversal",
    category=Category.SHAPE,
    summary="Passes numbers on unchanged and turns the gradient round: what comes before learns the opposite.",
    formula=r"y = x, \quad \frac{\partial L}{\partial x} = -\lambda \frac{\partial L}{\partial y}",
    inputs=_INPUTS,
    outputs=_OUTPUTS,
    params=(
        Float(
            "strength", 1.0, "What the turned gradient is multiplied by.", label="Strength", min=0, max=1000
        ),
    ),
    shape=same,
    torch=Torch(text=_reverse_text, support=(_REVERSE,)),
    source="Ganin and Lempitsky, Unsupervised Domain Adaptation by Backpropagation, 2015, section 3.2",
    onnx="Passed through.",
    examples=(*_EXAMPLES, Example({"strength": 0.1}, (("N", 8),), ("N", 8))),
    short="{strength}",
    keywords=("domain adaptation", "DANN", "adversarial", "gradient reversal layer", "GRL"),
    pitfalls="Start with a small strength and let it grow, or features become noise. With a strength of 0 nothing"
    " before it learns from this side.",
    group=GROUP,
)

_CLIP = '''
class ClipGradient(torch.autograd.Function):
    """x itself; what comes back keeps within a limit: each number, or the length of all."""

    @staticmethod
    def forward(ctx, x: Tensor, limit: float, by_length: bool) -> Tensor:
        ctx.limit, ctx.by_length = limit, by_length
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        if ctx.by_length:
            length = torch.linalg.vector_norm(gradient)
            return gradient * (ctx.limit / length.clamp(min=ctx.limit)), None, None
        return gradient.clamp(-ctx.limit, ctx.limit), None, None
'''


def _clip_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", f"ClipGradient.apply({{x}}, {literal(p.limit)}, {p.by == 'length'})"


CLIP_GRADIENT = LayerSpec(
    name="ClipGradient",
    category=Category.SHAPE,
    summary="Passes numbers on unchanged and keeps the gradient that comes back within a limit.",
    formula=r"y = x, \quad \frac{\partial L}{\partial x} = \operatorname{clip}(\frac{\partial L}{\partial y})",
    inputs=_INPUTS,
    outputs=_OUTPUTS,
    params=(
        Float(
            "limit", 1.0, "The largest number, or length, that passes back.", label="Limit", min=1e-6, max=1e6
        ),
        Choice(
            "by",
            "value",
            "value: each number for itself; length: all together, keeping their direction.",
            label="Measured by",
            options=("value", "length"),
        ),
    ),
    shape=same,
    torch=Torch(text=_clip_text, support=(_CLIP,)),
    source="Pascanu, Mikolov and Bengio, On the Difficulty of Training Recurrent Neural Networks, 2013",
    onnx="Passed through.",
    examples=(*_EXAMPLES, Example({"by": "length"}, (("N", 8),), ("N", 8))),
    short="{limit}",
    keywords=("ClipGradByValue", "ClipGradByNorm", "exploding gradients", "LSTM", "clip"),
    pitfalls="The Optimizer can clip the gradient of all weights at once; this one is for a single wire.",
    group=GROUP,
)

_TOP_K = '''
class TopKGradient(torch.autograd.Function):
    """x (N, …) itself; of what comes back only the k largest of each sample pass."""

    @staticmethod
    def forward(ctx, x: Tensor, k: int) -> Tensor:
        ctx.k = k
        return x.view_as(x)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        rows = gradient.flatten(1)
        place = rows.abs().topk(min(ctx.k, rows.shape[1]), 1).indices
        kept = torch.zeros_like(rows).scatter(1, place, rows.gather(1, place))
        return kept.view_as(gradient), None
'''

TOP_K_GRADIENT = LayerSpec(
    name="TopKGradient",
    category=Category.SHAPE,
    summary="Passes numbers on unchanged; of the gradient only the largest numbers of each sample pass back.",
    formula=r"y = x, \quad \frac{\partial L}{\partial x} = \operatorname{top}_k(\frac{\partial L}{\partial y})",
    inputs=(Port("x", "N F *", doc="Any numbers."),),
    outputs=(Port("y", "N F *", doc="The very same numbers."),),
    params=(Int("k", 8, "How many numbers of each sample's gradient pass.", label="Kept", min=1, max=2**31),),
    shape=same,
    torch=Torch(call="TopKGradient.apply({x}, {k})", support=(_TOP_K,)),
    source="Sun et al., meProp: Sparsified Back Propagation, 2017, section 2",
    onnx="Passed through.",
    examples=(*_EXAMPLES, Example({"k": 2}, (("N", 8),), ("N", 8))),
    short="{k}",
    keywords=("TopKGrad", "meProp", "sparse gradient"),
    pitfalls="Saves no time by itself; it makes training sparser, and rougher.",
    group=GROUP,
)

LAYERS = (GRADIENT_REVERSAL, CLIP_GRADIENT, TOP_K_GRADIENT)
