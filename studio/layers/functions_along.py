"""Functions along one axis: positions of extremes, sorting, running totals, differences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.dtypes import summed
from studio.layers.functions import function
from studio.layers.functions_reductions import KEEPDIM, reduced
from studio.layers.params import Bool, Choice, Float, Int, Param
from studio.layers.rules import Specs, axis_of
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

_GROUP = "Reduce"
_AXIS = Int("dim", -1, "The axis that is worked along; -1 is the last.", label="Axis")
_ONE_AXIS = {"dim": "one axis, the last; all numbers at once are Flatten with start 0 before it"}
_ALONG = (Example({}, (("N", 8),), ("N", 8)), Example({"dim": 1}, (("N", "T", 8),), ("N", "T", 8)))
_PICK = (
    Example({}, (("N", 8),), ("N",)),
    Example({"dim": 1, "keepdim": True}, (("N", "T", 8),), ("N", 1, 8)),
)
_INDEX = Port("index", "*", "int", doc="Where each of them stood along the axis.")
_QUESTION = Traits(differentiable=False)


def _along(
    name: str,
    summary: str,
    formula: str,
    pitfalls: str,
    rule: Callable[[SimpleNamespace, TensorSpec, int], Specs],
    call: str,
    *,
    defaults: Mapping[str, object] | None = None,
    **rest: Any,
) -> LayerSpec:
    """A function along one axis. ``rule`` gets the parameters, the input and the axis from the front.

    ``call`` is the text before the bracket; parameters follow in order, or by name behind ``defaults``
    (name -> torch's default) and are left out where they equal it.
    """
    taken = rest.pop("takes", "number")
    params: tuple[Param, ...] = rest.setdefault("params", (_AXIS,))
    named = defaults or {}

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        return rule(p, inputs[0], axis_of(p.dim, len(inputs[0].shape), name))

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        positional = [getattr(p, param.name) for param in params if param.name not in named]
        return "", build_text(call, *positional, **{key: (getattr(p, key), named[key]) for key in named})

    rest.setdefault("inputs", (Port("x", "*", taken, doc="Any numbers with the axis."),))
    rest.setdefault("outputs", (Port("y", "*", taken, doc="The same shape."),))
    rest.setdefault("examples", _ALONG)
    rest.setdefault("short", "{dim}")
    rest.setdefault("group", _GROUP)
    return function(name, summary, formula, shape=shape, torch=Torch(text=text), pitfalls=pitfalls, **rest)


def _removed(p: SimpleNamespace, x: TensorSpec, axis: int) -> tuple[Size, ...]:
    return reduced(x.shape, (axis,), p.keepdim)


def _where_of(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    return (_positions(_removed(p, x, axis), x, axis),)


def _positions(shape: tuple[Size, ...], x: TensorSpec, axis: int) -> TensorSpec:
    """Positions along an axis; an Embedding after it knows how many there can be."""
    size = x.shape[axis]
    return TensorSpec(shape, "int64", size if isinstance(size, int) else 0)


_POSITION = (Port("y", "*", "int", doc="The position along the axis, from 0."),)
_AXIS_KEPT = (_AXIS, KEEPDIM)
_DEFAULT_KEPT: Mapping[str, object] = {"keepdim": False}

ARG_MAX = _along(
    "ArgMax",
    "Gives the position of the largest number along an axis.",
    r"y = \operatorname{argmax}_i x_i",
    "Turns scores into the class that is meant. No gradient passes it: never before a loss.",
    _where_of,
    "{x}.argmax",
    params=_AXIS_KEPT,
    defaults=_DEFAULT_KEPT,
    outputs=_POSITION,
    examples=_PICK,
    traits=_QUESTION,
    torch_name="torch.argmax",
    onnx="ArgMax.",
    keywords=("predicted class", "largest", "index of the maximum", "decide"),
    differs=_ONE_AXIS,
)
ARG_MIN = _along(
    "ArgMin",
    "Gives the position of the smallest number along an axis.",
    r"y = \operatorname{argmin}_i x_i",
    "Finds the nearest of several centres. No gradient passes it.",
    _where_of,
    "{x}.argmin",
    params=_AXIS_KEPT,
    defaults=_DEFAULT_KEPT,
    outputs=_POSITION,
    examples=_PICK,
    traits=_QUESTION,
    torch_name="torch.argmin",
    onnx="ArgMin.",
    keywords=("nearest", "smallest", "index of the minimum", "k-means"),
    differs=_ONE_AXIS,
)
PROD = _along(
    "Prod",
    "Multiplies all numbers along an axis.",
    r"y = \prod_i x_i",
    "Vanishes or explodes for long axes: add logarithms instead.",
    lambda p, x, axis: (TensorSpec(_removed(p, x, axis), summed(x.dtype)),),
    "{x}.prod",
    params=_AXIS_KEPT,
    defaults=_DEFAULT_KEPT,
    outputs=(Port("y", "*", "number", doc="One number where many were."),),
    examples=_PICK,
    torch_name="torch.prod",
    onnx="ReduceProd.",
    keywords=("product", "ReduceProd", "multiply all"),
    differs=_ONE_AXIS,
)


def _value_and_place(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    shape = _removed(p, x, axis)
    return (TensorSpec(shape, x.dtype), _positions(shape, x, axis))


_PICKED = (Port("y", "*", "number", doc="One number where many were."), _INDEX)
MEDIAN = _along(
    "Median",
    "Takes the number in the middle of all along an axis.",
    r"y = x_{(\lfloor (n - 1) / 2 \rfloor)}",
    "Of an even count it is the lower of the middle two. Outliers do not move it.",
    _value_and_place,
    "{x}.median",
    params=_AXIS_KEPT,
    defaults=_DEFAULT_KEPT,
    outputs=_PICKED,
    examples=_PICK,
    torch_name="torch.median",
    onnx="PyTorch's exporter does not know it; Quantile leaves, and its 0.5 is the middle too.",
    exportable=False,
    keywords=("middle", "robust", "50 %"),
    differs=_ONE_AXIS,
)
MODE = _along(
    "Mode",
    "Takes the number that occurs most often along an axis.",
    r"y = \operatorname{mode}_i x_i",
    "A vote among several classifiers. Of real numbers it means little.",
    _value_and_place,
    "{x}.mode",
    params=_AXIS_KEPT,
    defaults=_DEFAULT_KEPT,
    outputs=_PICKED,
    examples=_PICK,
    torch_name="torch.mode",
    onnx="ONNX has no such operator.",
    exportable=False,
    keywords=("vote", "majority", "most frequent"),
)
QUANTILE = _along(
    "Quantile",
    "Gives the number below which a given share of all along an axis lies.",
    r"y = \inf \{ v : P(x \le v) \ge q \}",
    "0.5 is the median. Between two numbers it takes the point between them.",
    lambda p, x, axis: (TensorSpec(_removed(p, x, axis), x.dtype),),
    "{x}.quantile",
    takes="float",
    params=(
        Float("q", 0.5, "The share, from 0 (the smallest) to 1 (the largest).", label="Share", min=0, max=1),
        *_AXIS_KEPT,
        Choice(
            "interpolation",
            "linear",
            "What is taken between two numbers.",
            label="Between",
            essential=False,
            options=("linear", "lower", "higher", "midpoint", "nearest"),
        ),
    ),
    defaults={"keepdim": False, "interpolation": "linear"},
    outputs=(Port("y", "*", "float", doc="One number where many were."),),
    examples=_PICK,
    short="{q}, {dim}",
    torch_name="torch.quantile",
    onnx="TopK, Gather and arithmetic.",
    keywords=("percentile", "share", "threshold", "tau"),
    differs=_ONE_AXIS,
)


def _running(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    return (TensorSpec(x.shape, summed(x.dtype)),)


CUM_SUM = _along(
    "CumSum",
    "Gives the running total along an axis.",
    r"y_i = \sum_{j \le i} x_j",
    "Long axes of 16-bit numbers lose digits.",
    _running,
    "{x}.cumsum",
    torch_name="torch.cumsum",
    onnx="CumSum.",
    keywords=("running total", "cumulative", "integral", "prefix sum"),
)
CUM_PROD = _along(
    "CumProd",
    "Gives the running product along an axis.",
    r"y_i = \prod_{j \le i} x_j",
    "Vanishes or explodes quickly. Of the shares that noise leaves it makes the schedule of a diffusion.",
    _running,
    "{x}.cumprod",
    torch_name="torch.cumprod",
    onnx="CumProd in operator set 26; before that ONNX has none.",
    exportable=False,
    keywords=("running product", "cumulative", "alpha bar", "discount"),
)
LOG_CUM_SUM_EXP = _along(
    "LogCumSumExp",
    "Gives the running total of numbers given as logarithms, without overflow.",
    r"y_i = \ln \sum_{j \le i} e^{x_j}",
    "A running soft maximum.",
    lambda p, x, axis: (TensorSpec(x.shape, x.dtype),),
    "{x}.logcumsumexp",
    takes="float",
    torch_name="torch.logcumsumexp",
    onnx="Exp, CumSum and Log.",
    keywords=("running soft maximum", "prefix", "log probabilities"),
)


def _extreme_so_far(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    return (TensorSpec(x.shape, x.dtype), _positions(x.shape, x, axis))


_SORTED = (Port("y", "*", "number", doc="The same shape."), _INDEX)
CUM_MAX = _along(
    "CumMax",
    "Gives the largest number so far along an axis.",
    r"y_i = \max_{j \le i} x_j",
    "Never falls. With the price of a share it shows the high-water mark.",
    _extreme_so_far,
    "{x}.cummax",
    outputs=_SORTED,
    torch_name="torch.cummax",
    onnx="ONNX has no such operator.",
    exportable=False,
    keywords=("running maximum", "high-water mark", "cumulative"),
)


def _topk(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    size = x.shape[axis]
    if isinstance(size, int) and p.k > size:
        raise ShapeError(
            "{k} can't be taken from {size} along axis {axis}: set {size}",
            (("set", "k", str(size)),),
            k=p.k,
            size=size,
            axis=axis,
        )
    shape = (*x.shape[:axis], p.k, *x.shape[axis + 1 :])
    return (TensorSpec(shape, x.dtype), _positions(shape, x, axis))


TOP_K = _along(
    "TopK",
    "Keeps the k largest or smallest numbers along an axis, and says where they stood.",
    r"y = x_{(1)}, \dots, x_{(k)}",
    "What is not kept learns nothing. The router of a mixture of experts is built on it.",
    _topk,
    "{x}.topk",
    params=(
        Int("k", 1, "How many are kept.", label="Count", min=1, max=2**31),
        _AXIS,
        Bool("largest", True, "Keep the largest; else the smallest.", label="Largest"),
        Bool("sorted", True, "Give them in order.", label="In order", essential=False),
    ),
    defaults={"dim": -1, "largest": True, "sorted": True},
    outputs=(Port("y", "*", "number", doc="The numbers that were kept."), _INDEX),
    examples=(
        Example({"k": 2}, (("N", 8),), ("N", 2)),
        Example({"k": 3, "dim": 1, "largest": False}, (("N", 6, 8),), ("N", 3, 8)),
    ),
    short="{k}, {dim}",
    torch_name="torch.topk",
    differs={"dim": "the last axis, as torch takes when none is given"},
    onnx="TopK.",
    keywords=("best", "largest", "TopKData", "beam", "router", "kWTA"),
)
_DESCENDING = Bool("descending", False, "Largest first.", label="Descending")
SORT = _along(
    "Sort",
    "Puts the numbers along an axis in order, and says where they stood.",
    r"y = x_{(1)} \le x_{(2)} \le \dots",
    "Gradients follow each number to its old place; the places themselves learn nothing.",
    lambda p, x, axis: (TensorSpec(x.shape, x.dtype), _positions(x.shape, x, axis)),
    "{x}.sort",
    params=(_AXIS, _DESCENDING),
    defaults={"descending": False},
    outputs=_SORTED,
    torch_name="torch.sort",
    onnx="TopK.",
    keywords=("order", "rank", "ascending", "descending"),
    differs={"stable": "the order of equal numbers is left open"},
)
ARG_SORT = _along(
    "ArgSort",
    "Gives the positions that would put the numbers along an axis in order.",
    r"y = \pi,\quad x_{\pi_1} \le x_{\pi_2} \le \dots",
    "ArgSort of ArgSort gives the rank of each number. No gradient passes it.",
    lambda p, x, axis: (_positions(x.shape, x, axis),),
    "{x}.argsort",
    params=(_AXIS, _DESCENDING),
    defaults={"descending": False},
    outputs=_POSITION,
    traits=_QUESTION,
    torch_name="torch.argsort",
    onnx="TopK.",
    keywords=("order", "rank", "permutation"),
    differs={"stable": "the order of equal numbers is left open"},
)


def _difference(p: SimpleNamespace, x: TensorSpec, axis: int) -> Specs:
    size = x.shape[axis] - p.n
    if isinstance(size, int) and size < 1:
        raise ShapeError(
            "no difference is left of {size} numbers along axis {axis} after {n} rounds: take fewer",
            size=x.shape[axis],
            axis=axis,
            n=p.n,
        )
    return (TensorSpec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype),)


DIFF = _along(
    "Diff",
    "Takes each number along an axis from the next: the change from step to step.",
    r"y_i = x_{i+1} - x_i",
    "The axis becomes one shorter each time. Makes a drifting series steady.",
    _difference,
    "{x}.diff",
    params=(
        Int("n", 1, "How many times it is done.", label="Rounds", essential=False, min=1, max=16),
        _AXIS,
    ),
    defaults={"n": 1, "dim": -1},
    outputs=(Port("y", "*", "number", doc="The changes: one fewer along the axis each time."),),
    examples=(
        Example({}, (("N", 8),), ("N", 7)),
        Example({"dim": 1, "n": 2}, (("N", "T", 3),), ("N", "T - 2", 3)),
    ),
    torch_name="torch.diff",
    onnx="Slice and Sub.",
    keywords=("difference", "derivative", "change", "returns", "velocity"),
    differs={
        "prepend": "Concat before it does the same",
        "append": "Concat before it does the same",
    },
)

LAYERS: tuple[LayerSpec, ...] = (
    ARG_MAX,
    ARG_MIN,
    PROD,
    MEDIAN,
    MODE,
    QUANTILE,
    CUM_SUM,
    CUM_PROD,
    LOG_CUM_SUM_EXP,
    CUM_MAX,
    TOP_K,
    SORT,
    ARG_SORT,
    DIFF,
)
