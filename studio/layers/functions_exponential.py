"""Exponentials, logarithms and their relatives, and rounding."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.dtypes import is_whole, real
from studio.layers.functions import ONE, function, keep, number_text, of_two, on_each
from studio.layers.params import Float, Int
from studio.layers.rules import Specs
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch

_GROUP, _ROUND, _LIMIT = "Exponential", "Round", "Limit"

EXP = on_each(
    "Exp",
    "Raises e to the power of every number.",
    r"y = e^{x}",
    "{x}.exp()",
    "Overflows above 88. A network that must give a positive number often gives its logarithm and ends here.",
    takes="number|complex",
    group=_GROUP,
    torch_name="torch.exp",
    onnx="Exp.",
    keywords=("exponential", "e^x", "log-variance"),
)

EXP2 = on_each(
    "Exp2",
    "Raises 2 to the power of every number.",
    r"y = 2^{x}",
    "{x}.exp2()",
    "Overflows above 127.",
    group=_GROUP,
    torch_name="torch.exp2",
    onnx="Pow.",
    keywords=("power of two", "octave"),
)

EXPM1 = on_each(
    "Expm1",
    "Raises e to the power of every number and takes 1 away, exactly even near 0.",
    r"y = e^{x} - 1",
    "{x}.expm1()",
    "Undoes Log1p. Better than Exp and a subtraction where numbers are small.",
    group=_GROUP,
    torch_name="torch.expm1",
    onnx="Exp and Sub.",
    keywords=("exponential minus one", "log1p inverse", "returns"),
)

LOG = on_each(
    "Log",
    "Takes the natural logarithm of every number.",
    r"y = \ln x",
    "{x}.log()",
    "0 gives minus infinity and negative numbers none: add a small number or clamp first.",
    group=_GROUP,
    torch_name="torch.log",
    onnx="Log.",
    keywords=("logarithm", "ln", "natural log"),
)

LOG2 = on_each(
    "Log2",
    "Takes the logarithm to the base 2: how many bits.",
    r"y = \log_2 x",
    "{x}.log2()",
    "0 gives minus infinity and negative numbers none.",
    group=_GROUP,
    torch_name="torch.log2",
    onnx="Log and Div.",
    keywords=("logarithm", "bits", "octave", "entropy"),
)

LOG10 = on_each(
    "Log10",
    "Takes the logarithm to the base 10: how many digits.",
    r"y = \log_{10} x",
    "{x}.log10()",
    "0 gives minus infinity and negative numbers none. Ten times it is a level in decibels.",
    group=_GROUP,
    torch_name="torch.log10",
    onnx="Log and Div.",
    keywords=("logarithm", "decibel", "dB", "orders of magnitude"),
)

LOG1P = on_each(
    "Log1p",
    "Takes the logarithm of 1 plus every number, exactly even near 0.",
    r"y = \ln (1 + x)",
    "{x}.log1p()",
    "Tames counts and prices that reach from 0 to very large.",
    group=_GROUP,
    torch_name="torch.log1p",
    onnx="Add and Log.",
    keywords=("log(1+x)", "counts", "compress"),
)

LOGIT = on_each(
    "Logit",
    "Turns a probability back into the score that Sigmoid would make it of.",
    r"y = \ln \frac{x}{1 - x}",
    "{x}.logit()",
    "0 and 1 give infinity, and numbers outside give none.",
    takes="float",
    group=_GROUP,
    torch_name="torch.logit",
    onnx="Log, Div and Sub.",
    keywords=("inverse sigmoid", "log odds", "probability"),
    differs={"eps": "a Clamp before it keeps the numbers between 0 and 1"},
)

ERF = on_each(
    "Erf",
    "Gives the error function: the share of a bell curve within this distance.",
    r"y = \frac{2}{\sqrt{\pi}} \int_0^x e^{-t^2} dt",
    "{x}.erf()",
    "It is the heart of GELU; flat beyond 2, where little is learned.",
    group=_GROUP,
    torch_name="torch.erf",
    onnx="Erf.",
    keywords=("error function", "gauss", "normal distribution"),
)

ERFC = on_each(
    "Erfc",
    "Gives 1 minus the error function: the share of a bell curve beyond this distance.",
    r"y = 1 - \operatorname{erf}(x)",
    "{x}.erfc()",
    "Exact for tails where 1 - Erf would be 0.",
    group=_GROUP,
    torch_name="torch.erfc",
    onnx="Erf and Sub.",
    keywords=("complementary error function", "tail", "gauss"),
)

ERFINV = on_each(
    "Erfinv",
    "Undoes the error function: turns a share into a distance on the bell curve.",
    r"y = \operatorname{erf}^{-1}(x)",
    "{x}.erfinv()",
    "Only for numbers between -1 and 1; infinite at both ends.",
    group=_GROUP,
    torch_name="torch.erfinv",
    source="https://docs.pytorch.org/docs/stable/special.html#torch.special.erfinv",
    onnx="ONNX has no such operator.",
    exportable=False,
    keywords=("inverse error function", "quantile", "gaussianize"),
)

LGAMMA = on_each(
    "LogGamma",
    "Takes the logarithm of the gamma function, which extends factorials.",
    r"y = \ln |\Gamma(x)|",
    "{x}.lgamma()",
    "Stands in likelihoods of counts: ln n! is LogGamma of n + 1.",
    group=_GROUP,
    torch_name="torch.lgamma",
    onnx="ONNX has no such operator.",
    exportable=False,
    keywords=("lgamma", "factorial", "gamma function", "Poisson"),
)

SINC = on_each(
    "Sinc",
    "Gives the cardinal sine: sin(πx) / (πx), and 1 at 0.",
    r"y = \frac{\sin \pi x}{\pi x}",
    "torch.sinc({x})",
    "As an activation it waves; it is also the ideal low-pass filter.",
    group=_GROUP,
    torch_name="torch.sinc",
    onnx="Sin, Div and Where.",
    keywords=("cardinal sine", "low-pass", "sin(x)/x", "NNC Sinc"),
)

LOG_ADD_EXP = of_two(
    "LogAddExp",
    "Adds two numbers that are given as logarithms, without overflow.",
    r"y = \ln (e^{x_1} + e^{x_2})",
    "torch.logaddexp({x}, {other})",
    "A soft Maximum. For more than two values use LogSumExp.",
    takes="float",
    group=_GROUP,
    torch_name="torch.logaddexp",
    onnx="Exp, Add and Log.",
    keywords=("soft maximum", "log probabilities", "logsumexp"),
)

XLOGY = of_two(
    "XLogY",
    "Multiplies one value by the logarithm of another; 0 where the first is 0.",
    r"y = x_1 \ln x_2",
    "torch.xlogy({x}, {other})",
    "For entropies and cross entropies: no trouble where a probability is 0 on both sides.",
    dtype=real,
    group=_GROUP,
    torch_name="torch.xlogy",
    source="https://docs.pytorch.org/docs/stable/special.html#torch.special.xlogy",
    onnx="Log, Mul and Where.",
    keywords=("entropy", "cross entropy", "x log y", "KL"),
)

FLOOR = on_each(
    "Floor",
    "Rounds every number down.",
    r"y = \lfloor x \rfloor",
    "{x}.floor()",
    "No gradient passes it.",
    dtype=keep,
    group=_ROUND,
    torch_name="torch.floor",
    onnx="Floor.",
    keywords=("round down", "integer part"),
)

CEIL = on_each(
    "Ceil",
    "Rounds every number up.",
    r"y = \lceil x \rceil",
    "{x}.ceil()",
    "No gradient passes it.",
    dtype=keep,
    group=_ROUND,
    torch_name="torch.ceil",
    onnx="Ceil.",
    keywords=("round up", "ceiling"),
)

TRUNC = on_each(
    "Trunc",
    "Cuts off what stands behind the point.",
    r"y = \operatorname{sign}(x) \lfloor |x| \rfloor",
    "{x}.trunc()",
    "Rounds towards 0; no gradient passes it.",
    dtype=keep,
    group=_ROUND,
    torch_name="torch.trunc",
    onnx="Floor, Abs and Sign.",
    keywords=("truncate", "fix", "towards zero", "integer part"),
)

FRAC = on_each(
    "Frac",
    "Keeps only what stands behind the point.",
    r"y = x - \operatorname{trunc}(x)",
    "{x}.frac()",
    "Has the sign of the number: of -1.5 it is -0.5.",
    takes="float",
    group=_ROUND,
    torch_name="torch.frac",
    onnx="Floor, Abs, Sign and Sub.",
    keywords=("fraction", "decimals", "fractional part"),
)


def _round_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "{x}.round(decimals={decimals})" if p.decimals else "{x}.round()"


ROUND = on_each(
    "Round",
    "Rounds every number to the nearest whole one, or to so many decimals.",
    r"y = \operatorname{round}(x)",
    "",
    "Halves go to the even side: 0.5 becomes 0 and 1.5 becomes 2. No gradient passes it.",
    dtype=keep,
    takes="float",
    group=_ROUND,
    params=(
        Int(
            "decimals",
            0,
            "How many digits stay behind the point.",
            label="Decimals",
            essential=False,
            min=0,
            max=12,
        ),
    ),
    torch=Torch(text=_round_text),
    torch_name="torch.round",
    onnx="Round.",
    keywords=("nearest", "quantize", "integer"),
)


def _clamp_check(p: SimpleNamespace) -> None:
    if p.min > p.max:
        raise ShapeError(
            "Clamp has a lower limit of {low} above its upper limit of {high}: exchange them",
            low=p.min,
            high=p.max,
        )


def _clamp_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _clamp_check(p)
    dtype = inputs[0].dtype
    return (TensorSpec(inputs[0].shape, dtype if is_whole(p.min) and is_whole(p.max) else real(dtype)),)


def _clamp_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", f"{{x}}.clamp({number_text(p.min)}, {number_text(p.max)})"


CLAMP = function(
    "Clamp",
    "Keeps every number between a lower and an upper limit.",
    r"y = \min(\max(x, a), b)",
    inputs=(Port("x", "*", "number", doc="Any numbers."),),
    outputs=(Port("y", "*", "number", doc="The same shape."),),
    params=(
        Float("min", -1.0, "The lower limit.", label="Lower limit"),
        Float("max", 1.0, "The upper limit.", label="Upper limit"),
    ),
    shape=_clamp_shape,
    torch=Torch(text=_clamp_text),
    examples=(*ONE, Example({"min": 0.0, "max": 6.0}, (("N", 8),), ("N", 8))),
    short="{min}, {max}",
    pitfalls="No gradient passes it beyond the limits; nn.Hardtanh is the same as an activation.",
    group=_LIMIT,
    torch_name="torch.clamp",
    onnx="Clip.",
    keywords=("clip", "ClipByValue", "limit", "bound", "clippedRelu", "hardtanh", "saturate"),
    differs={
        "min": "None, no limit, is MinimumScalar",
        "max": "None, no limit, is MaximumScalar",
    },
)


def _nan_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    parts = [number_text(p.nan)]
    if p.posinf or p.neginf:
        parts += [number_text(p.posinf), number_text(p.neginf)]
        return "", f"{{x}}.nan_to_num({', '.join(parts)})"
    return "", "{x}.nan_to_num()" if p.nan == 0 else f"{{x}}.nan_to_num({parts[0]})"


NAN_TO_NUM = on_each(
    "NanToNum",
    "Puts plain numbers where a value is not a number or infinite.",
    r"y = \begin{cases} a & x \text{ is NaN} \\ \pm b & x = \pm\infty \\ x & \text{else} \end{cases}",
    "",
    "It hides the cause: find out first where the broken numbers come from.",
    dtype=keep,
    takes="float",
    group=_LIMIT,
    params=(
        Float("nan", 0.0, "Stands for what is not a number.", label="For no number"),
        Float(
            "posinf",
            0.0,
            "Stands for plus infinity; 0 for both takes the largest numbers there are.",
            label="For +infinity",
            essential=False,
        ),
        Float(
            "neginf",
            0.0,
            "Stands for minus infinity; 0 for both takes the largest numbers there are.",
            label="For -infinity",
            essential=False,
        ),
    ),
    torch=Torch(text=_nan_text),
    torch_name="torch.nan_to_num",
    onnx="IsNaN, IsInf and Where.",
    keywords=("NaN", "ResetNaN", "ResetInf", "infinity", "missing values", "repair"),
    differs={"posinf": "0 stands for None", "neginf": "0 stands for None"},
)


LAYERS: tuple[LayerSpec, ...] = (
    EXP,
    EXP2,
    EXPM1,
    LOG,
    LOG2,
    LOG10,
    LOG1P,
    LOGIT,
    ERF,
    ERFC,
    ERFINV,
    LGAMMA,
    SINC,
    LOG_ADD_EXP,
    XLOGY,
    FLOOR,
    CEIL,
    TRUNC,
    FRAC,
    ROUND,
    CLAMP,
    NAN_TO_NUM,
)
