"""Functions applied to every number by itself: the usual ones, and those that squeeze, shrink and step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Choice, Float, Param
from studio.layers.rules import Specs, same
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import call_text

_INPUTS = (Port("x", "*", doc="Any numbers."),)
_OUTPUTS = (Port("y", "*", doc="The same shape."),)
_EXAMPLES = (Example({}, (("N", 84),), ("N", 84)), Example({}, (("N", 6, 28, 28),), ("N", 6, 28, 28)))
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
Text = Callable[[SimpleNamespace, Specs], tuple[str, str]]


def pointwise(
    name: str,
    call: str | Text,
    words: tuple[str, str, str],
    keywords: tuple[str, ...],
    *,
    params: tuple[Param, ...] = (),
    source: str = "",
    group: str = "",
    onnx: str = "",
    examples: tuple[Example, ...] = _EXAMPLES,
) -> LayerSpec:
    """The record of a function of torch.nn that works on each number by itself.

    Args:
        name: torch's, without "nn.".
        call: the expression, or the function that writes it.
        words: summary, formula, pitfalls.
        keywords: besides torch's own name.
        params: those of torch, without ``inplace``.
        source: a paper; torch's page when empty.
        group: fold of the palette.
        onnx: operators, where they are not called as the function.
        examples: besides the usual ones.
    """
    torch = Torch(call=call) if isinstance(call, str) else Torch(text=call)
    return LayerSpec(
        name=name,
        category=Category.ACTIVATION,
        summary=words[0],
        formula=words[1],
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        params=params,
        shape=same,
        torch=torch,
        source=source or f"{_DOCS}{name}.html",
        onnx=onnx or f"{name}.",
        examples=examples,
        short=", ".join(f"{{{param.name}}}" for param in params if param.essential),
        keywords=(*keywords, f"nn.{name}", "activation"),
        pitfalls=words[2],
        group=group,
        torch_name=f"nn.{name}",
    )


def called(function: str, **defaults: float) -> Text:
    """The rule that writes a call of ``function`` with those parameters that differ from torch's defaults."""

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        named = {name: (getattr(p, name), default) for name, default in defaults.items()}
        return "", call_text(function, "{x}", **named)

    return text


RELU = pointwise(
    "ReLU",
    "F.relu({x})",
    (
        "Keeps positive numbers and sets negative ones to 0.",
        r"y = \max(0, x)",
        "A neuron that is negative for every sample stops learning; LeakyReLU avoids that.",
    ),
    ("rectifier", "Relu", "ramp"),
    source="Nair and Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010",
    onnx="Relu.",
)
LEAKY_RELU = pointwise(
    "LeakyReLU",
    lambda p, inputs: (
        "",
        "F.leaky_relu({x})"
        if p.negative_slope == 0.01 and not hasattr(p.negative_slope, "text")
        else "F.leaky_relu({x}, {negative_slope})",
    ),
    (
        "Keeps positive numbers and shrinks negative ones.",
        r"y = \max(x, a x)",
        "A slope of 0.2 is usual in the discriminator of a GAN.",
    ),
    ("LeakyRelu", "rectifier", "GAN"),
    params=(
        Float(
            "negative_slope", 0.01, "What negative numbers are multiplied by.", label="Slope", min=0, max=1
        ),
    ),
    source="Maas, Hannun and Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013",
    onnx="LeakyRelu.",
    examples=(Example({"negative_slope": 0.2}, (("N", 84),), ("N", 84)),),
)


def _gelu_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", 'F.gelu({x}, approximate="tanh")' if p.approximate == "tanh" else "F.gelu({x})"


GELU = pointwise(
    "GELU",
    _gelu_text,
    (
        "A smooth ReLU: weighs each number by how likely a normal one is smaller.",
        r"y = x \, \Phi(x)",
        "The usual choice in transformers; slower than ReLU on a CPU.",
    ),
    ("gelu", "transformer", "GPT", "BERT"),
    params=(
        Choice(
            "approximate",
            "none",
            "none is exact; tanh is the formula that GPT-2 was trained with.",
            label="Approximation",
            essential=False,
            options=("none", "tanh"),
        ),
    ),
    source="Hendrycks and Gimpel, Gaussian Error Linear Units, 2016",
    onnx="Gelu, or Erf and arithmetic in older operator sets.",
)
SILU = pointwise(
    "SiLU",
    "F.silu({x})",
    (
        "A smooth ReLU: each number times its own sigmoid.",
        r"y = \frac{x}{1 + e^{-x}}",
        "Also called Swish; dips slightly below 0, so outputs are not all positive.",
    ),
    ("Swish", "silu", "EfficientNet", "diffusion", "LLaMA"),
    source="Elfwing, Uchibe and Doya, Sigmoid-Weighted Linear Units, 2017;"
    " Ramachandran, Zoph and Le, Searching for Activation Functions, 2017",
    onnx="Sigmoid and Mul.",
)
SIGMOID = pointwise(
    "Sigmoid",
    "torch.sigmoid({x})",
    (
        "Squeezes numbers between 0 and 1, like a probability.",
        r"y = \frac{1}{1 + e^{-x}}",
        "Learns slowly where it is near 0 or 1. Before BCEWithLogits it is one too many.",
    ),
    ("logistic", "probability", "gate"),
    source="https://docs.pytorch.org/docs/stable/generated/torch.sigmoid.html",
)
TANH = pointwise(
    "Tanh",
    "torch.tanh({x})",
    (
        "Squeezes numbers between -1 and 1.",
        r"y = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}}",
        "Learns slowly where it is near -1 or 1; keep its inputs small.",
    ),
    ("hyperbolic tangent", "squash"),
    source="https://docs.pytorch.org/docs/stable/generated/torch.tanh.html",
)

_SQUEEZE, _SHRINK = "Squeezing", "Shrinking"
HARDSIGMOID = pointwise(
    "Hardsigmoid",
    "F.hardsigmoid({x})",
    (
        "A sigmoid made of three straight lines, cheap on small devices.",
        r"y = \min(\max(x/6 + 1/2,\, 0),\, 1)",
        "Beyond -3 and 3 it does not learn at all.",
    ),
    ("hard_sigmoid", "HardSigmoid", "MobileNet", "quantize"),
    source="Courbariaux, Bengio and David, BinaryConnect, 2015; in this form: MobileNetV3, 2019",
    group=_SQUEEZE,
    onnx="HardSigmoid.",
)


def _hardtanh_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    if p.min_val >= p.max_val:
        raise ShapeError(
            "the lower end {low} must lie below the upper end {high}: set both",
            low=p.min_val,
            high=p.max_val,
        )
    return "", call_text("F.hardtanh", "{x}", min_val=(p.min_val, -1.0), max_val=(p.max_val, 1.0))


def _hardtanh_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _hardtanh_text(p, inputs)
    return same(p, inputs)


_HARDTANH = pointwise(
    "Hardtanh",
    _hardtanh_text,
    (
        "Cuts numbers off below and above a range.",
        r"y = \min(\max(x,\, a),\, b)",
        "Outside the range it does not learn at all.",
    ),
    ("clamp", "clip", "clippedRelu", "HardTanh", "Clip"),
    params=(
        Float("min_val", -1.0, "Lower end of the range.", label="From"),
        Float("max_val", 1.0, "Upper end of the range.", label="To"),
    ),
    source="Collobert, Large Scale Machine Learning, 2004",
    group=_SQUEEZE,
    onnx="Clip.",
    examples=(Example({"min_val": 0.0, "max_val": 6.0}, (("N", 84),), ("N", 84)), *_EXAMPLES),
)
LOG_SIGMOID = pointwise(
    "LogSigmoid",
    "F.logsigmoid({x})",
    (
        "The logarithm of a sigmoid, worked out without running out of digits.",
        r"y = \log \frac{1}{1 + e^{-x}}",
        "Gives numbers below 0: for log probabilities in a loss, seldom between layers.",
    ),
    ("log probability", "log_sigmoid"),
    group=_SQUEEZE,
    onnx="Sigmoid and Log.",
)
SOFTSIGN = pointwise(
    "Softsign",
    "F.softsign({x})",
    (
        "Squeezes numbers between -1 and 1, more gently than Tanh.",
        r"y = \frac{x}{1 + |x|}",
        "Never quite reaches its ends, so it learns on where Tanh has stopped, but slowly.",
    ),
    ("SoftSign", "squash"),
    source="Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009",
    group=_SQUEEZE,
)
HARDSHRINK = pointwise(
    "Hardshrink",
    called("F.hardshrink", lambd=0.5),
    (
        "Sets numbers near 0 to 0 and keeps the others.",
        r"y = x \;\text{where}\; |x| > \lambda,\; \text{else}\; 0",
        "Jumps at the threshold; Softshrink does not.",
    ),
    ("Shrink", "denoise", "sparse", "hard threshold"),
    params=(Float("lambd", 0.5, "Numbers up to this far from 0 become 0.", label="Threshold", min=0),),
    group=_SHRINK,
    onnx="Comparisons and Where.",
)
SOFTSHRINK = pointwise(
    "Softshrink",
    called("F.softshrink", lambd=0.5),
    (
        "Sets numbers near 0 to 0 and moves the others towards 0.",
        r"y = \operatorname{sign}(x)\, \max(|x| - \lambda,\, 0)",
        "Makes every number that passes smaller; the step of sparse coding.",
    ),
    ("Shrink", "denoise", "sparse coding", "soft threshold", "ISTA"),
    params=(Float("lambd", 0.5, "Numbers up to this far from 0 become 0.", label="Threshold", min=0),),
    group=_SHRINK,
    onnx="Comparisons and Where.",
)
TANHSHRINK = pointwise(
    "Tanhshrink",
    "F.tanhshrink({x})",
    (
        "What Tanh leaves: each number less its hyperbolic tangent.",
        r"y = x - \tanh(x)",
        "Almost flat around 0, where most numbers of a network lie: it learns slowly there.",
    ),
    ("TanhShrink", "shrink"),
    group=_SHRINK,
    onnx="Tanh and Sub.",
)


def _step_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec(inputs[0].shape),)


PERCEPTRON_STEP = LayerSpec(
    name="PerceptronStep",
    category=Category.ACTIVATION,
    summary="Fires 1 where its input is 0 or more, else 0: the neuron of 1958.",
    formula=r"y = [x \ge 0]",
    inputs=_INPUTS,
    outputs=(Port("y", "*", doc="Zeros and ones of the same shape."),),
    params=(),
    shape=_step_shape,
    torch=Torch(call="torch.where({x} >= 0, 1.0, 0.0)"),
    source="Rosenblatt, The Perceptron: A Probabilistic Model for Information Storage and Organization, 1958",
    onnx="GreaterOrEqual and Where.",
    traits=Traits(differentiable=False),
    examples=(Example({}, (("N", 1),), ("N", 1)),),
    keywords=("heaviside", "threshold", "binary", "Rosenblatt"),
    pitfalls="No gradient passes it: train with PerceptronLoss on the number before the step.",
    group=_SQUEEZE,
)
HARDTANH = replace(_HARDTANH, shape=_hardtanh_shape)
LAYERS = (
    RELU,
    LEAKY_RELU,
    GELU,
    SILU,
    SIGMOID,
    TANH,
    HARDSIGMOID,
    HARDTANH,
    LOG_SIGMOID,
    SOFTSIGN,
    PERCEPTRON_STEP,
    HARDSHRINK,
    SOFTSHRINK,
    TANHSHRINK,
)
