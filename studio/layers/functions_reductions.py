"""Functions that gather many numbers into few, over any axes: sums, means, extremes, lengths, spreads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.dtypes import real, summed, without_phase
from studio.layers.functions import Written, function, keep, yes_or_no
from studio.layers.params import Bool, Float, Int, Ints
from studio.layers.rules import Specs, axes_of, product
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_GROUP = "Reduce"
_DIMS = Ints("dim", (), "The axes that are gathered; empty takes all.", label="Axes", count=0)
KEEPDIM = Bool("keepdim", False, "Keep each gathered axis with size 1.", label="Keep axes", essential=False)
_EVERYTHING = {"dim": "an empty list stands for None, all axes"}
_OVER = (
    Example({}, (("N", 6, 8),), ()),
    Example({"dim": (-1,)}, (("N", "T", 8),), ("N", "T")),
    Example({"dim": (2, 3), "keepdim": True}, (("N", 4, 5, 6),), ("N", 4, 1, 1)),
)


def reduced(shape: tuple[Size, ...], axes: tuple[int, ...], keepdim: bool) -> tuple[Size, ...]:
    """``shape`` without ``axes``, or with size 1 there."""
    if keepdim:
        return tuple(1 if at in axes else size for at, size in enumerate(shape))
    return tuple(size for at, size in enumerate(shape) if at not in axes)


def _every(p: SimpleNamespace, inputs: Specs, layer: str) -> tuple[int, ...]:
    rank = len(inputs[0].shape)
    return axes_of(p.dim, rank, layer) if p.dim else tuple(range(rank))


def _over(
    name: str,
    word: str,
    summary: str,
    formula: str,
    pitfalls: str,
    *,
    dtype: Callable[[str], str] = keep,
    arguments: Callable[[SimpleNamespace], Mapping[str, tuple[object, object]]] | None = None,
    whole: str | None = "",
    check: Callable[[SimpleNamespace, Size], None] | None = None,
    **rest: Any,
) -> LayerSpec:
    """A function over any axes. ``word`` is its text before the bracket ("{x}.sum").

    ``arguments`` gives more of them: name -> (value, torch's default); ``whole`` is the text for all
    axes at once, None where torch wants them named; ``check`` sees how many numbers are gathered into one.
    """
    taken = rest.pop("takes", "number")

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        axes = _every(p, inputs, name)
        if check is not None:
            check(p, product(inputs[0].shape[axis] for axis in axes))
        return (
            TensorSpec(reduced(inputs[0].shape, axes, getattr(p, "keepdim", False)), dtype(inputs[0].dtype)),
        )

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        keepdim = getattr(p, "keepdim", False)
        dims = p.dim or (_every(p, inputs, name) if keepdim or whole is None else ())
        positional = () if not dims else (dims[0],) if len(dims) == 1 else (dims,)
        if whole and not dims:
            return "", whole
        more = arguments(p) if arguments is not None else {}
        named = {**more, "keepdim": (keepdim, False)}
        return "", build_text(word, *positional, **named)

    rest.setdefault("inputs", (Port("x", "*", taken, doc="Any numbers."),))
    kind = "bool" if dtype("float32") == "bool" else "float" if dtype is real else taken
    rest.setdefault("outputs", (Port("y", "*", kind, doc="One number where many were."),))
    rest.setdefault("params", (_DIMS, *rest.pop("more", ()), KEEPDIM))
    rest.setdefault("examples", _OVER)
    rest.setdefault("short", "{dim}")
    rest.setdefault("differs", _EVERYTHING)
    rest.setdefault("group", _GROUP)
    return function(name, summary, formula, shape=shape, torch=Torch(text=text), pitfalls=pitfalls, **rest)


def _spread_check(layer: str) -> Callable[[SimpleNamespace, Size], None]:
    def check(p: SimpleNamespace, count: Size) -> None:
        if isinstance(count, int) and count <= p.correction:
            raise ShapeError(
                "{layer} of {count} numbers with a correction of {correction} divides by 0: set correction to 0",
                (("set", "correction", "0"),),
                layer=layer,
                count=count,
                correction=p.correction,
            )

    return check


_CORRECTION = Int(
    "correction",
    1,
    "What is taken from the count before dividing: 1 for the spread of a sample, 0 for that of all there is.",
    label="Correction",
    essential=False,
    min=0,
    max=1,
)

SUM = _over(
    "Sum",
    "{x}.sum",
    "Adds up all numbers along axes.",
    r"y = \sum_i x_i",
    "Grows with the count; Mean does not.",
    dtype=summed,
    takes="any",
    torch_name="torch.sum",
    onnx="ReduceSum.",
    keywords=("total", "add up", "ReduceSum", "pool", "global sum"),
)
MEAN = _over(
    "Mean",
    "{x}.mean",
    "Takes the average of all numbers along axes.",
    r"y = \frac{1}{n} \sum_i x_i",
    "Over height and width it is global average pooling; over everything it makes a loss one number.",
    takes="float|complex",
    torch_name="torch.mean",
    onnx="ReduceMean.",
    keywords=("average", "ReduceMean", "global average pooling", "GlobalAveragePooling", "pool"),
)
MAX = _over(
    "Max",
    "{x}.amax",
    "Takes the largest number along axes.",
    r"y = \max_i x_i",
    "Only the largest learns. ArgMax says where it is; Maximum compares two wires.",
    whole="{x}.max()",
    torch_name="torch.amax",
    onnx="ReduceMax.",
    keywords=("maximum", "largest", "torch.max", "ReduceMax", "global max pooling", "amax"),
)
MIN = _over(
    "Min",
    "{x}.amin",
    "Takes the smallest number along axes.",
    r"y = \min_i x_i",
    "Only the smallest learns. ArgMin says where it is; Minimum compares two wires.",
    whole="{x}.min()",
    torch_name="torch.amin",
    onnx="ReduceMin.",
    keywords=("minimum", "smallest", "torch.min", "ReduceMin", "amin"),
)
VAR = _over(
    "Var",
    "{x}.var",
    "Gives the variance along axes: the mean of the squared distances from the mean.",
    r"y = \frac{1}{n - c} \sum_i (x_i - \bar{x})^2",
    "Of a single number it does not exist. In the square of the unit; Std has the unit itself.",
    takes="float",
    more=(_CORRECTION,),
    arguments=lambda p: {"correction": (p.correction, 1)},
    check=_spread_check("Var"),
    torch_name="torch.var",
    onnx="ReduceMean, Sub, Mul and Div.",
    keywords=("variance", "spread", "ReduceVariance", "moments"),
)
STD = _over(
    "Std",
    "{x}.std",
    "Gives the standard deviation along axes: how far numbers lie from their mean.",
    r"y = \sqrt{\frac{1}{n - c} \sum_i (x_i - \bar{x})^2}",
    "Of equal numbers the gradient is infinite: add a small noise, or use Var.",
    takes="float",
    more=(_CORRECTION,),
    arguments=lambda p: {"correction": (p.correction, 1)},
    check=_spread_check("Std"),
    torch_name="torch.std",
    onnx="ReduceMean, Sub, Mul, Div and Sqrt.",
    keywords=("standard deviation", "spread", "sigma", "moments"),
)
LOG_SUM_EXP = _over(
    "LogSumExp",
    "{x}.logsumexp",
    "Adds numbers that are given as logarithms, without overflow: a soft maximum.",
    r"y = \ln \sum_i e^{x_i}",
    "It is the normalizer of Softmax, and the energy of a classifier read as an energy model.",
    takes="float",
    whole=None,
    torch_name="torch.logsumexp",
    onnx="ReduceLogSumExp.",
    keywords=("log-sum-exp", "soft maximum", "ReduceLogSumExp", "partition function", "energy"),
)


def _norm_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    dims = p.dim or (_every(p, inputs, "Norm") if p.keepdim else ())
    return "", build_text(
        "torch.linalg.vector_norm",
        Written("{x}"),
        ord=(p.ord, 2.0),
        dim=(dims[0] if len(dims) == 1 else dims, ()),
        keepdim=(p.keepdim, False),
    )


def _norm_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    axes = _every(p, inputs, "Norm")
    return (TensorSpec(reduced(inputs[0].shape, axes, p.keepdim), without_phase(inputs[0].dtype)),)


NORM = function(
    "Norm",
    "Gives the length of the vectors along axes.",
    r"y = \left( \sum_i |x_i|^p \right)^{1/p}",
    inputs=(Port("x", "*", "float|complex", doc="Any numbers."),),
    outputs=(Port("y", "*", "float", doc="One number where many were."),),
    params=(
        Float(
            "ord",
            2.0,
            "The power p: 2 is the usual length, 1 the sum of sizes.",
            label="Power",
            min=0.5,
            max=16,
        ),
        _DIMS,
        KEEPDIM,
    ),
    shape=_norm_shape,
    torch=Torch(text=_norm_text),
    examples=_OVER,
    short="{ord}, {dim}",
    pitfalls="At 0 the gradient is set to 0. Normalize divides by it.",
    group=_GROUP,
    torch_name="torch.linalg.vector_norm",
    onnx="ReduceL1, ReduceL2, or Abs, Pow and ReduceSum.",
    keywords=("length", "L1", "L2", "euclidean", "ReduceL2", "magnitude", "torch.norm"),
    differs=_EVERYTHING,
)

_QUESTION = Traits(differentiable=False)
ANY = _over(
    "Any",
    "{x}.any",
    "Yes where at least one along the axes is yes.",
    r"y = \bigvee_i x_i",
    "Numbers count as yes unless they are 0.",
    dtype=yes_or_no,
    takes="any",
    traits=_QUESTION,
    torch_name="torch.any",
    onnx="ReduceMax, or ReduceSum and Greater.",
    keywords=("or", "exists", "ReduceOr"),
)
ALL = _over(
    "All",
    "{x}.all",
    "Yes where all along the axes are yes.",
    r"y = \bigwedge_i x_i",
    "Numbers count as yes unless they are 0.",
    dtype=yes_or_no,
    takes="any",
    traits=_QUESTION,
    torch_name="torch.all",
    onnx="ReduceMin, or Not and ReduceSum.",
    keywords=("and", "every", "ReduceAnd"),
)
COUNT_NONZERO = _over(
    "CountNonzero",
    "{x}.count_nonzero",
    "Counts the numbers along axes that are not 0, or the answers that are yes.",
    r"y = \sum_i [x_i \ne 0]",
    "With a padding mask it gives the length of each text. No gradient passes it.",
    dtype=lambda dtype: "int64",
    takes="any",
    traits=_QUESTION,
    params=(_DIMS,),
    outputs=(Port("y", "*", "int", doc="How many there are."),),
    examples=(Example({}, (("N", 8),), ()), Example({"dim": (1,)}, (("N", "T"),), ("N",))),
    torch_name="torch.count_nonzero",
    onnx="Equal, Not, Cast and ReduceSum.",
    keywords=("count", "length", "sparsity", "how many"),
)


LAYERS: tuple[LayerSpec, ...] = (
    SUM,
    MEAN,
    MAX,
    MIN,
    NORM,
    VAR,
    STD,
    LOG_SUM_EXP,
    ANY,
    ALL,
    COUNT_NONZERO,
)
