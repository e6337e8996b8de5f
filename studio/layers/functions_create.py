"""Values made beside another: of its shape, or as long as one of its axes; fixed ones and random ones."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from studio.graph.spec import TensorSpec, kind_of
from studio.layers.dtypes import is_whole
from studio.layers.functions import function, number_text
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits

_GROUP = "Create"
_FIXED = Traits(differentiable=False)
_RANDOM = Traits(differentiable=False, random=True)
_LIKE = Port("x", "*", "any", doc="Only its shape and kind count.")
_FLOAT_LIKE = Port("x", "*", doc="Only its shape and kind count.")
_AXIS = Int("dim", 1, "The axis whose length is taken.", label="Axis")
_CALLED = {"input": "called x, as in the other layers"}
_PLACED = {"out": "a drawing names its values itself", "dim": "the axis whose length is taken"}
_KINDS = {
    "dtype": "that of x: Cast changes it",
    "layout": "always dense",
    "device": "that of x",
    "requires_grad": "never: it is not learned",
    "memory_format": "that of x",
}
_EXAMPLES = (Example({}, (("N", 8),), ("N", 8)), Example({}, (("N", "T", 3),), ("N", "T", 3)))


def _like_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _like(name: str, summary: str, tex: str, call: str, pitfalls: str, **rest: Any) -> LayerSpec:
    """A value of the shape and kind of another."""
    rest.setdefault("inputs", (_LIKE,))
    rest.setdefault("outputs", (Port("y", "*", rest["inputs"][0].dtype, doc="A value of the same shape."),))
    rest.setdefault("traits", _FIXED)
    rest.setdefault("torch", Torch(call=call))
    rest.setdefault("examples", _EXAMPLES)
    rest.setdefault("shape", _like_shape)
    rest.setdefault("differs", _CALLED | _KINDS)
    return function(name, summary, tex, pitfalls=pitfalls, group=_GROUP, **rest)


ZEROS_LIKE = _like(
    "ZerosLike",
    "Gives zeros in the shape of another value.",
    r"y = 0",
    "torch.zeros_like({x})",
    "The target of a discriminator for what is fake, or a state to start with.",
    torch_name="torch.zeros_like",
    onnx="ConstantOfShape.",
    keywords=("zeros", "empty", "initial state", "fake"),
)
ONES_LIKE = _like(
    "OnesLike",
    "Gives ones in the shape of another value.",
    r"y = 1",
    "torch.ones_like({x})",
    "The target of a discriminator for what is real; with Tril a mask.",
    torch_name="torch.ones_like",
    onnx="ConstantOfShape.",
    keywords=("ones", "real", "mask"),
)


def _full_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    if kind_of(x) in ("int", "bool") and not is_whole(p.fill_value):
        raise ShapeError(
            "whole numbers can't be filled with {value}: choose a whole number, or insert Cast",
            (("insert", "Cast"),),
            value=p.fill_value,
        )
    return _like_shape(p, inputs)


FULL_LIKE = _like(
    "FullLike",
    "Gives one number everywhere, in the shape of another value.",
    r"y = c",
    "",
    "For a smoothed target such as 0.9 in a GAN.",
    params=(Float("fill_value", 1.0, "The number.", label="Number"),),
    shape=_full_shape,
    torch=Torch(text=lambda p, inputs: ("", f"torch.full_like({{x}}, {number_text(p.fill_value)})")),
    short="{fill_value}",
    torch_name="torch.full_like",
    onnx="ConstantOfShape.",
    keywords=("constant", "fill", "label smoothing", "one number"),
)
RAND_LIKE = _like(
    "RandLike",
    "Gives random numbers between 0 and 1 in the shape of another value.",
    r"y \sim \mathcal{U}(0, 1)",
    "torch.rand_like({x})",
    "Drawn anew each time, in use as well. Noise is the same without a value to follow.",
    inputs=(_FLOAT_LIKE,),
    traits=_RANDOM,
    torch_name="torch.rand_like",
    onnx="RandomUniformLike.",
    keywords=("uniform", "random", "noise", "dequantize"),
    differs=_CALLED | _KINDS | {"generator": "that of the run"},
)
RANDN_LIKE = _like(
    "RandnLike",
    "Gives random numbers of a bell curve in the shape of another value.",
    r"y \sim \mathcal{N}(0, 1)",
    "torch.randn_like({x})",
    "Drawn anew each time, in use as well. The noise that a diffusion model learns to see.",
    inputs=(_FLOAT_LIKE,),
    traits=_RANDOM,
    torch_name="torch.randn_like",
    onnx="RandomNormalLike.",
    keywords=("normal", "gaussian", "random", "noise", "diffusion"),
    differs=_CALLED | _KINDS | {"generator": "that of the run"},
)
BERNOULLI = _like(
    "Bernoulli",
    "Throws a coin for each number, which is the probability of a 1.",
    r"y \sim \operatorname{Bernoulli}(x)",
    "torch.bernoulli({x}.clamp(0, 1))",
    "No gradient passes it. Drawn anew each time, in use as well.",
    inputs=(Port("x", "*", doc="Probabilities from 0 to 1."),),
    outputs=(Port("y", "*", doc="Zeros and ones of the same shape."),),
    traits=_RANDOM,
    torch_name="torch.bernoulli",
    onnx="Bernoulli.",
    keywords=("coin", "sample", "binary", "RBM", "random mask"),
    differs=_CALLED | {"generator": "that of the run"},
)


def _multinomial_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x = inputs[0]
    classes = x.shape[-1]
    if not p.replacement and isinstance(classes, int) and p.num_samples > classes:
        raise ShapeError(
            "{count} different ones can't be drawn from {classes}: put each back, or draw fewer",
            (("set", "replacement", "true"),),
            count=p.num_samples,
            classes=classes,
        )
    known = classes if isinstance(classes, int) else 0
    return (TensorSpec((*x.shape[:-1], p.num_samples), "int64", known),)


MULTINOMIAL = _like(
    "Multinomial",
    "Draws classes at random, each as often as its probability says.",
    r"y \sim \operatorname{Categorical}(\operatorname{softmax}(x))",
    "",
    "Takes scores as they come before Softmax. No gradient passes it: GumbelSoftmax has one.",
    inputs=(Port("x", "N K", doc="Scores of each class."),),
    outputs=(Port("y", "N S", "int", doc="The classes that were drawn."),),
    params=(
        Int("num_samples", 1, "How many are drawn.", label="Count", min=1, max=65536),
        Bool("replacement", False, "The same class may be drawn again.", label="Put back"),
    ),
    shape=_multinomial_shape,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            f"torch.multinomial({{x}}.softmax(-1), {p.num_samples}{', replacement=True' if p.replacement else ''})",
        )
    ),
    examples=(
        Example({}, (("N", 10),), ("N", 1)),
        Example({"num_samples": 5, "replacement": True}, (("N", 4),), ("N", 5)),
    ),
    traits=_RANDOM,
    short="{num_samples}",
    torch_name="torch.multinomial",
    onnx="Multinomial.",
    keywords=("sample", "categorical", "draw a token", "generate text", "random class"),
    differs=_CALLED | {"num_samples": "1 unless said", "generator": "that of the run"},
)


def _beside(name: str, summary: str, tex: str, pitfalls: str, **rest: Any) -> LayerSpec:
    """A value whose length is that of an axis of another."""
    return function(name, summary, tex, pitfalls=pitfalls, group=_GROUP, traits=_FIXED, **rest)


def _arange_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    size = inputs[0].shape[axis_of(p.dim, len(inputs[0].shape), "Arange")]
    return (TensorSpec((size,), "int64", size if isinstance(size, int) else 0),)


ARANGE = _beside(
    "Arange",
    "Counts the places of an axis: 0, 1, 2 and so on.",
    r"y = (0, 1, \dots, n - 1)",
    "With an Embedding behind it, learned positions; the result has no batch axis and stretches.",
    inputs=(Port("x", "*", "any", doc="Only the length of its axis counts."),),
    outputs=(Port("y", "L", "int", doc="The places, from 0."),),
    params=(_AXIS,),
    shape=_arange_shape,
    torch=Torch(call="torch.arange({x}.shape[{dim}], device={x}.device)"),
    examples=(
        Example({}, (("N", 8),), (8,)),
        Example({}, (("N", "T", 3),), ("T",)),
    ),
    short="{dim}",
    torch_name="torch.arange",
    onnx="Range.",
    keywords=("range", "positions", "index", "count", "Range"),
    differs=_KINDS
    | {
        "start": "always 0",
        "end": "the length of an axis",
        "step": "1: MultiplyScalar changes it",
        **_PLACED,
    },
)


def _linspace_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    size = inputs[0].shape[axis_of(p.dim, len(inputs[0].shape), "Linspace")]
    return (TensorSpec((size,)),)


LINSPACE = _beside(
    "Linspace",
    "Gives numbers at equal distances from one end to the other, as many as an axis is long.",
    r"y_i = a + \frac{i}{n - 1} (b - a)",
    "Says to a layer where it stands; AddCoordinates does it for both axes of a picture.",
    inputs=(Port("x", "*", "any", doc="Only the length of its axis counts."),),
    outputs=(Port("y", "L", doc="The numbers in order."),),
    params=(
        Float("start", 0.0, "The first number.", label="From"),
        Float("end", 1.0, "The last number.", label="To"),
        _AXIS,
    ),
    shape=_linspace_shape,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            f"torch.linspace({number_text(p.start)}, {number_text(p.end)}, {{x}}.shape[{{dim}}], device={{x}}.device)",
        )
    ),
    examples=(
        Example({}, (("N", 8),), (8,)),
        Example({"start": -1.0, "dim": 2}, (("N", 3, 6, 5),), (6,)),
    ),
    short="{start}, {end}",
    torch_name="torch.linspace",
    onnx="Range, Mul and Add.",
    keywords=("positions", "coordinates", "grid", "even steps"),
    differs=_KINDS
    | {
        "start": "0 unless said",
        "end": "1 unless said",
        "steps": "the length of an axis",
        **_PLACED,
    },
)


def _eye_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    size = inputs[0].shape[axis_of(p.dim, len(inputs[0].shape), "Eye")]
    return (TensorSpec((size, size)),)


EYE = _beside(
    "Eye",
    "Gives the identity matrix, as large as an axis is long.",
    r"y_{ij} = [\,i = j\,]",
    "Self-loops of a graph, or the targets of a contrast in which each fits itself only.",
    inputs=(Port("x", "*", "any", doc="Only the length of its axis counts."),),
    outputs=(Port("y", "L L", doc="Ones on the diagonal, zeros elsewhere."),),
    params=(_AXIS,),
    shape=_eye_shape,
    torch=Torch(call="torch.eye({x}.shape[{dim}], device={x}.device)"),
    examples=(Example({}, (("N", 8),), (8, 8)), Example({"dim": -1}, (("N", "T", 3),), (3, 3))),
    short="{dim}",
    torch_name="torch.eye",
    onnx="EyeLike.",
    keywords=("identity matrix", "EyeLike", "self-loop", "diagonal"),
    differs=_KINDS
    | {
        "n": "the length of an axis",
        "m": "as many as n",
        **_PLACED,
    },
)

LAYERS: tuple[LayerSpec, ...] = (
    ZEROS_LIKE,
    ONES_LIKE,
    FULL_LIKE,
    RAND_LIKE,
    RANDN_LIKE,
    BERNOULLI,
    MULTINOMIAL,
    ARANGE,
    LINSPACE,
    EYE,
)
