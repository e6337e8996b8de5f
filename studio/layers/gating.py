"""Activations that need more than their input number: gated linear layers, CReLU, squash, the k largest."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, fixed, product, same, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

GROUP = "Gates and capsules"
_NUMBERS = (Port("x", "*", doc="Any numbers."),)
_SAME = (Port("y", "*", doc="The same shape."),)

_GATED = '''
class NAME(nn.Module):
    """x (…, F) -> (…, hidden): one linear layer, let through by another."""

    def __init__(self, features: int, hidden: int, bias: bool = False) -> None:
        super().__init__()
        self.value = nn.Linear(features, hidden, bias)
        self.gate = nn.Linear(features, hidden, bias)

    def forward(self, x: Tensor) -> Tensor:
        return FUNCTION(self.gate(x)) * self.value(x)
'''


def _gated_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fixed(inputs[0].shape[-1], "F")
    return (TensorSpec((*inputs[0].shape[:-1], p.hidden), inputs[0].dtype),)


def _gated_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    one = weight_and_bias((p.hidden, fixed(inputs[0].shape[-1], "F")), p.hidden, p.bias)
    return {f"{part}.{name}": shape for part in ("value", "gate") for name, shape in one.items()}


def _gated_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((4 * p.hidden, *inputs[0].shape[1:]))


def _gated(name: str, function: str, formula: str, summary: str, used: tuple[str, ...]) -> LayerSpec:
    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        return build_text(name, inputs[0].shape[-1], p.hidden, bias=(p.bias, False)), ""

    return LayerSpec(
        name=name,
        category=Category.LEARNED,
        summary=summary,
        formula=formula,
        inputs=(Port("x", "N * F", doc="Features on the last axis."),),
        outputs=(Port("y", "N * hidden", doc="The gated features."),),
        params=(
            Int("hidden", 128, "Features after the gate.", label="Width", min=1, max=2**31),
            Bool("bias", False, "Add learned constants to both parts.", label="Bias", essential=False),
        ),
        shape=_gated_shape,
        weights=_gated_weights,
        flops=_gated_flops,
        torch=Torch(text=text, support=(_GATED.replace("NAME", name).replace("FUNCTION", function),)),
        source="Shazeer, GLU Variants Improve Transformer, 2020, eq. 5 and 6",
        onnx="Two MatMul, the activation and Mul.",
        traits=Traits(learned=True),
        examples=(
            Example({"hidden": 24}, (("N", "T", 8),), ("N", "T", 24), 384),
            Example({"hidden": 5, "bias": True}, (("N", 3),), ("N", 5), 40),
        ),
        short="{hidden}",
        keywords=(*used, "GLU", "gated linear unit", "feed-forward", "transformer"),
        pitfalls="A Linear back to the old width follows. Two thirds of the usual width cost the same as a plain"
        " feed-forward layer.",
        group=GROUP,
    )


SWIGLU = _gated(
    "SwiGLU",
    "F.silu",
    r"y = \operatorname{SiLU}(W_g x) \odot W_v x",
    "A linear layer let through by a second one with the SiLU activation.",
    ("LLaMA", "PaLM", "swish"),
)
GEGLU = _gated(
    "GEGLU",
    "F.gelu",
    r"y = \operatorname{GELU}(W_g x) \odot W_v x",
    "A linear layer let through by a second one with the GELU activation.",
    ("T5", "Gemma", "gelu"),
)


def _crelu_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    axis = axis_of(p.dim, len(shape), "CReLU")
    if axis == 0:
        raise ShapeError("CReLU would join along the batch: set dim to 1 or more", (("set", "dim", "1"),))
    return (TensorSpec((*shape[:axis], 2 * shape[axis], *shape[axis + 1 :]), inputs[0].dtype),)


CRELU = LayerSpec(
    name="CReLU",
    category=Category.ACTIVATION,
    summary="Keeps the positive and the negative part side by side, so nothing is lost; twice the channels.",
    formula=r"y = [\max(0, x),\; \max(0, -x)]",
    inputs=(Port("x", "N *", doc="Any numbers."),),
    outputs=(Port("y", "N *", doc="Twice as many channels."),),
    params=(Int("dim", 1, "The axis that doubles.", label="Axis", essential=False),),
    shape=_crelu_shape,
    torch=Torch(call="F.relu(torch.cat([{x}, -{x}], {dim}))"),
    source="Shang et al., Understanding and Improving Convolutional Neural Networks via Concatenated ReLU, 2016",
    onnx="Neg, Concat and Relu.",
    examples=(
        Example({}, (("N", 6, 8, 8),), ("N", 12, 8, 8)),
        Example({"dim": -1}, (("N", "T", 5),), ("N", "T", 10)),
    ),
    keywords=("concatenated ReLU", "rectifier", "pairs"),
    pitfalls="Worth it in the first layers, whose filters come in pairs of opposite sign.",
    group=GROUP,
)

_SQUASH = '''
def squash(x: Tensor, dim: int = -1) -> Tensor:
    """Keeps the direction of each vector along ``dim`` and brings its length below 1."""
    square = x.square().sum(dim, keepdim=True)
    return x * torch.sqrt(square + 1e-8) / (1 + square)
'''


def _squash_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    axis_of(p.dim, len(inputs[0].shape), "Squash")
    return (inputs[0],)


def _squash_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "squash({x})" if p.dim == -1 else f"squash({{x}}, {literal(p.dim)})"


SQUASH = LayerSpec(
    name="Squash",
    category=Category.ACTIVATION,
    summary="Keeps the direction of each vector and brings its length between 0 and 1: for capsules.",
    formula=r"y = \frac{\lVert x \rVert^2}{1 + \lVert x \rVert^2} \, \frac{x}{\lVert x \rVert}",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(Int("dim", -1, "The axis along which a vector lies.", label="Axis", essential=False),),
    shape=_squash_shape,
    torch=Torch(text=_squash_text, support=(_SQUASH,)),
    source="Sabour, Frosst and Hinton, Dynamic Routing Between Capsules, 2017, eq. 1",
    onnx="ReduceSum, Sqrt, Mul and Div.",
    examples=(
        Example({}, (("N", 10, 16),), ("N", 10, 16)),
        Example({"dim": 1}, (("N", 8, 6, 6),), ("N", 8, 6, 6)),
    ),
    keywords=("capsule", "CapsNet", "length", "routing"),
    pitfalls="The length of the vector then says how sure it is that something is there: take it as the score.",
    group=GROUP,
)

_KEEP_TOP_K = '''
def keep_top_k(x: Tensor, k: int, dim: int = -1) -> Tensor:
    """The k largest numbers along ``dim`` at their places, 0 elsewhere."""
    value, place = x.topk(k, dim)
    return torch.zeros_like(x).scatter(dim, place, value)
'''


def _top_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    size = shape[axis_of(p.dim, len(shape), "KeepTopK")]
    if isinstance(size, int) and size < p.k:
        raise ShapeError(
            "the {k} largest of {size} numbers can't be chosen: set {size}",
            (("set", "k", str(size)),),
            k=p.k,
            size=size,
        )
    return (inputs[0],)


def _top_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    dim = "" if p.dim == -1 else f", {literal(p.dim)}"
    return "", f"keep_top_k({{x}}, {literal(p.k)}{dim})"


KEEP_TOP_K = LayerSpec(
    name="KeepTopK",
    category=Category.ACTIVATION,
    summary="Keeps the k largest numbers and sets all others to 0.",
    formula=r"y_i = x_i \,[\,x_i \text{ among the } k \text{ largest}\,]",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(
        Int("k", 8, "How many numbers stay.", label="Kept", min=1, max=2**31),
        Int("dim", -1, "The axis along which they are compared.", label="Axis", essential=False),
    ),
    shape=_top_shape,
    torch=Torch(text=_top_text, support=(_KEEP_TOP_K,)),
    source="Makhzani and Frey, k-Sparse Autoencoders, 2014",
    onnx="TopK and ScatterElements.",
    examples=(
        Example({"k": 8}, (("N", 84),), ("N", 84)),
        Example({"k": 2, "dim": 1}, (("N", 6, 4),), ("N", 6, 4)),
    ),
    short="{k}",
    keywords=("TopKData", "sparse autoencoder", "winner take all", "topk", "sparsity"),
    pitfalls="Only what stays gets a gradient; numbers that never win stop learning. Start with a large k.",
    group=GROUP,
)

_GAUSSIAN_NOISE = '''
class GaussianNoise(nn.Module):
    """Adds random numbers in training; nothing in evaluation."""

    def __init__(self, std: float) -> None:
        super().__init__()
        self.std = std

    def forward(self, x: Tensor) -> Tensor:
        return x + self.std * torch.randn_like(x) if self.training else x
'''


GAUSSIAN_NOISE = LayerSpec(
    name="GaussianNoise",
    category=Category.NORMALIZATION,
    summary="Adds random numbers in training, so that the network learns to see through them.",
    formula=r"y = x + \sigma \varepsilon, \quad \varepsilon \sim \mathcal{N}(0, 1)",
    inputs=_NUMBERS,
    outputs=_SAME,
    params=(Float("std", 0.1, "How large the noise is.", label="Spread", min=0, max=1000),),
    shape=same,
    torch=Torch(build="GaussianNoise({std})", support=(_GAUSSIAN_NOISE,)),
    source="Vincent et al., Stacked Denoising Autoencoders, 2010, section 3.3",
    onnx="Left out: it does nothing in evaluation.",
    traits=Traits(random=True),
    examples=(
        Example({}, (("N", 84),), ("N", 84)),
        Example({"std": 0.5}, (("N", 1, 8, 8),), ("N", 1, 8, 8)),
    ),
    short="{std}",
    keywords=("denoising autoencoder", "regularize", "jitter", "random"),
    pitfalls="The target of a denoising autoencoder is wired from before it. In evaluation nothing is added.",
    group="Random",
)

LAYERS = (SWIGLU, GEGLU, CRELU, SQUASH, KEEP_TOP_K, GAUSSIAN_NOISE)
