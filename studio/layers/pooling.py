"""Layers that make signals, pictures and volumes smaller without learning: a window slides and sums up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int, Param
from studio.layers.rules import Specs, slide
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch
from studio.layers.text import build_text, square
from studio.layers.windows import AXES, FOLD, check_half, given, per_axis, stride_of, windows

SMALLER = {
    1: "A shorter signal with the same channels.",
    2: "Smaller pictures with the same channels.",
    3: "Smaller volumes with the same channels.",
}
_WINDOW = {
    1: "Length of the window.",
    2: "Height and width of the window.",
    3: "Depth, height and width of the window.",
}
_ADDED = {
    1: "Positions added at each end, at most half of the window.",
    2: "Rows and columns added on each side, at most half of the window.",
    3: "Slices added on each side, at most half of the window.",
}
INDICES = Bool(
    "return_indices",
    False,
    "Also give the place of each largest number, for MaxUnpool.",
    label="Give places",
    essential=False,
)
PLACES = "The place of each of them, counted over the whole input of its channel."
CEIL = Bool(
    "ceil_mode",
    False,
    "Let the last window stick out, so that no number is left over.",
    label="Keep the rest",
    essential=False,
)
_KEPT_BACK = {"divisor_override": "ONNX's AveragePool always divides by the size of the window."}
_NO_DIVISOR = {"divisor_override": "0 stands for torch's None"}
STRIDE_DIFFERS = "0 stands for torch's None: the size of the window"


def window_and_stride(dims: int) -> tuple[Param, Param]:
    """The first two parameters of every pooling."""
    return (
        per_axis(dims, "kernel_size", 2, _WINDOW[dims], "Window", min=1, essential=True),
        per_axis(dims, "stride", 0, "Step between two windows; 0 sets them side by side.", "Stride"),
    )


def _padding(dims: int) -> Param:
    return per_axis(dims, "padding", 0, _ADDED[dims], "Padding")


def pooled(p: SimpleNamespace, inputs: Specs, dilation: tuple[int, ...], padding: tuple[int, ...]) -> Specs:
    """One value with the sizes that the windows leave."""
    shape = inputs[0].shape
    names, stride = AXES[len(shape) - 2].split(), stride_of(p)
    if len(names) == 3 and not hasattr(p, "return_indices"):
        for size, name, kernel in zip(shape[2:], names, p.kernel_size, strict=True):
            slide(size, name, kernel)  # torch's mean over volumes wants a whole window inside
    sizes = tuple(
        windows(size, names[at], p.kernel_size[at], stride[at], padding[at], dilation[at], p.ceil_mode)
        for at, size in enumerate(shape[2:])
    )
    return (TensorSpec((*shape[:2], *sizes), inputs[0].dtype),)


def _max_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    check_half(p.kernel_size, p.padding)
    (kept,) = pooled(p, inputs, p.dilation, p.padding)
    return (kept, TensorSpec(kept.shape, "int64")) if p.return_indices else (kept,)


def _average_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    check_half(p.kernel_size, p.padding)
    _inside(p, inputs)
    return pooled(p, inputs, (1,) * len(p.kernel_size), p.padding)


def _inside(p: SimpleNamespace, inputs: Specs) -> None:
    """Over three axes torch wants the window inside the input, whatever is added around it."""
    dims = len(p.kernel_size)
    for at, size in enumerate(inputs[0].shape[2:] if dims == 3 else ()):
        slide(size, AXES[dims].split()[at], p.kernel_size[at])


def _power_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    dims = len(p.kernel_size)
    _inside(p, inputs)
    return pooled(p, inputs, (1,) * dims, (0,) * dims)


def stride_text(p: SimpleNamespace) -> tuple[object, object]:
    """The stride as ``build_text`` takes it: left out where windows lie side by side."""
    return square(stride_of(p)), square(p.kernel_size)


def _max_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        f"nn.MaxPool{len(p.kernel_size)}d",
        square(p.kernel_size),
        stride=stride_text(p),
        padding=(square(p.padding), 0),
        dilation=(square(p.dilation), 1),
        return_indices=(p.return_indices, False),
        ceil_mode=(p.ceil_mode, False),
    )
    return build, ""


def _average_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        f"nn.AvgPool{len(p.kernel_size)}d",
        square(p.kernel_size),
        stride=stride_text(p),
        padding=(square(p.padding), 0),
        ceil_mode=(p.ceil_mode, False),
        count_include_pad=(p.count_include_pad, True),
        divisor_override=(getattr(p, "divisor_override", 0) or None, None),
    )
    return build, ""


def _power_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        f"nn.LPPool{len(p.kernel_size)}d",
        p.norm_type,
        square(p.kernel_size),
        stride=stride_text(p),
        ceil_mode=(p.ceil_mode, False),
    )
    return build, ""


def _pool(
    kind: str,
    dims: int,
    words: tuple[str, str],
    keywords: tuple[str, ...],
    examples: tuple[Example, ...],
) -> LayerSpec:
    """The record of a pooling of this kind over ``dims`` axes; ``words`` are summary and pitfalls."""
    about = _KINDS[kind]
    module = f"{kind}{dims}d"
    axes = " ".join(f"{axis}_out" for axis in AXES[dims].split())
    outputs: tuple[Port, ...] = (Port("y", f"N C {axes}", doc=SMALLER[dims]),)
    if kind == "MaxPool":
        outputs = (*outputs, Port("indices", f"N C {axes}", "int", doc=PLACES, times="return_indices"))
    return LayerSpec(
        name=module,
        category=Category.SHAPE,
        summary=words[0],
        formula=about.formula,
        inputs=given(dims),
        outputs=outputs,
        params=about.params(dims),
        shape=about.shape,
        torch=Torch(text=about.text),
        source=f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{module}.html",
        onnx=about.onnx,
        examples=examples,
        short="{kernel_size}",
        keywords=(
            "pooling",
            *(("downsample",) if kind != "LPPool" else ()),
            "subsampling",
            f"nn.{module}",
            *keywords,
        ),
        pitfalls=words[1],
        group="Pooling" if dims == 2 else f"Pooling {FOLD[dims]}",
        torch_name=f"nn.{module}",
        kept_back=_KEPT_BACK if kind == "AvgPool" and dims > 1 else {},
        differs={**about.differs, **_NO_DIVISOR} if kind == "AvgPool" and dims > 1 else about.differs,
    )


class _Kind(SimpleNamespace):
    """What the three poolings of one kind share."""

    formula: str
    params: Callable[[int], tuple[Param, ...]]
    shape: Callable[[SimpleNamespace, Specs], Specs]
    text: Callable[[SimpleNamespace, Specs], tuple[str, str]]
    onnx: str
    differs: Mapping[str, str]


def _max_params(dims: int) -> tuple[Param, ...]:
    apart = per_axis(dims, "dilation", 1, "Distance between two numbers of a window.", "Dilation", min=1)
    return (*window_and_stride(dims), _padding(dims), apart, INDICES, CEIL)


def _average_params(dims: int) -> tuple[Param, ...]:
    include = Bool(
        "count_include_pad", True, "Count added zeros in the mean.", label="Count zeros", essential=False
    )
    divisor = Int(
        "divisor_override",
        0,
        "Divide each sum by this number; 0 divides by the size of the window.",
        label="Divisor",
        essential=False,
        min=0,
        max=2**31,
    )
    common = (*window_and_stride(dims), _padding(dims), CEIL, include)
    return common if dims == 1 else (*common, divisor)


def _power_params(dims: int) -> tuple[Param, ...]:
    power = Float(
        "norm_type",
        2.0,
        "1 gives the sum, 2 the root of the sum of squares; the larger, the nearer to the largest number.",
        label="Power",
        min=1,
        max=64,
    )
    return (power, *window_and_stride(dims), CEIL)


_KINDS = {
    "MaxPool": _Kind(
        formula=r"y_i = \max_{u \in W_i} x_u",
        params=_max_params,
        shape=_max_shape,
        text=_max_text,
        onnx="MaxPool.",
        differs={"stride": STRIDE_DIFFERS},
    ),
    "AvgPool": _Kind(
        formula=r"y_i = \frac{1}{|W|} \sum_{u \in W_i} x_u",
        params=_average_params,
        shape=_average_shape,
        text=_average_text,
        onnx="AveragePool; PyTorch's exporter loses a divisor of one's own: multiply by a Constant instead.",
        differs={"stride": STRIDE_DIFFERS},
    ),
    "LPPool": _Kind(
        formula=r"y_i = \left( \sum_{u \in W_i} |x_u|^p \right)^{1/p}",
        params=_power_params,
        shape=_power_shape,
        text=_power_text,
        onnx="AveragePool between Pow operators.",
        differs={"stride": STRIDE_DIFFERS},
    ),
}
_DROPPED = "Numbers that do not fill a whole window are dropped, unless the rest is kept."
_BLURS = "Blurs what a maximum would keep; added zeros count in the mean unless switched off."
_POWERS = "A fractional power of a negative number is no number: put ReLU before it, or use an even power."

MAX_POOL1D = _pool(
    "MaxPool",
    1,
    ("Keeps the largest number of each window, so the signal becomes shorter.", _DROPPED),
    ("MaxPooling1D", "MaxPool", "signal", "time series"),
    (
        Example({}, (("N", 8, 100),), ("N", 8, 50)),
        Example({"kernel_size": 3, "stride": 2, "ceil_mode": True}, (("N", 4, 10),), ("N", 4, 5)),
        Example({"kernel_size": 2, "return_indices": True}, (("N", 4, "T"),), ("N", 4, "T//2")),
    ),
)
MAX_POOL2D = _pool(
    "MaxPool",
    2,
    (
        "Keeps the largest number of each window, so pictures become smaller.",
        "Rows that do not fill a whole window are dropped.",
    ),
    ("MaxPooling2D", "MaxPool", "image"),
    (
        Example({"kernel_size": 2}, (("N", 6, 28, 28),), ("N", 6, 14, 14)),
        Example({"kernel_size": 3, "stride": 2, "padding": 1}, (("N", 64, 112, 112),), ("N", 64, 56, 56)),
        Example(
            {"kernel_size": 3, "stride": 2, "ceil_mode": True, "return_indices": True},
            (("N", 3, 8, 9),),
            ("N", 3, 4, 4),
        ),
    ),
)
MAX_POOL3D = _pool(
    "MaxPool",
    3,
    ("Keeps the largest number of each window, so volumes become smaller.", _DROPPED),
    ("MaxPooling3D", "MaxPool", "volume", "video"),
    (
        Example({}, (("N", 4, 8, 8, 8),), ("N", 4, 4, 4, 4)),
        Example({"kernel_size": (1, 2, 2)}, (("N", 4, 16, 8, 8),), ("N", 4, 16, 4, 4)),
    ),
)
AVG_POOL1D = _pool(
    "AvgPool",
    1,
    ("Keeps the mean of each window, so the signal becomes shorter and smoother.", _BLURS),
    ("AveragePooling1D", "AveragePool", "mean", "moving average", "smooth"),
    (
        Example({}, (("N", 8, 100),), ("N", 8, 50)),
        Example({"kernel_size": 3, "stride": 1, "padding": 1}, (("N", 2, "T"),), ("N", 2, "T")),
    ),
)
AVG_POOL2D = _pool(
    "AvgPool",
    2,
    ("Keeps the mean of each window, so pictures become smaller.", _BLURS),
    ("AveragePooling2D", "AveragePool", "mean", "blur"),
    (
        Example({"kernel_size": 2}, (("N", 16, 10, 10),), ("N", 16, 5, 5)),
        Example({"kernel_size": (2, 4)}, (("N", 3, 8, 8),), ("N", 3, 4, 2)),
        Example(
            {"kernel_size": 3, "padding": 1, "count_include_pad": False}, (("N", 3, 9, 9),), ("N", 3, 3, 3)
        ),
    ),
)
AVG_POOL3D = _pool(
    "AvgPool",
    3,
    ("Keeps the mean of each window, so volumes become smaller.", _BLURS),
    ("AveragePooling3D", "AveragePool", "mean", "volume", "video"),
    (
        Example({}, (("N", 4, 8, 8, 8),), ("N", 4, 4, 4, 4)),
        Example({"kernel_size": (4, 1, 1)}, (("N", 2, 8, 6, 6),), ("N", 2, 2, 6, 6)),
    ),
)
LP_POOL1D = _pool(
    "LPPool",
    1,
    ("Sums up each window of a signal by a power: between a sum and a maximum.", _POWERS),
    ("LpPool", "power average", "root mean square", "RMS", "energy"),
    (
        Example({}, (("N", 8, 100),), ("N", 8, 50)),
        Example({"norm_type": 1.0, "kernel_size": 4}, (("N", 2, 16),), ("N", 2, 4)),
    ),
)
LP_POOL2D = _pool(
    "LPPool",
    2,
    ("Sums up each window of a picture by a power: between a sum and a maximum.", _POWERS),
    ("LpPool", "power average", "SumPooling", "generalized mean"),
    (
        Example({}, (("N", 3, 8, 8),), ("N", 3, 4, 4)),
        Example({"norm_type": 1.0, "kernel_size": (2, 4)}, (("N", 3, 8, 8),), ("N", 3, 4, 2)),
    ),
)
LP_POOL3D = _pool(
    "LPPool",
    3,
    ("Sums up each window of a volume by a power: between a sum and a maximum.", _POWERS),
    ("LpPool", "power average", "volume", "video"),
    (Example({}, (("N", 2, 8, 8, 8),), ("N", 2, 4, 4, 4)),),
)
LAYERS = (
    MAX_POOL2D,
    AVG_POOL2D,
    LP_POOL2D,
    MAX_POOL1D,
    AVG_POOL1D,
    LP_POOL1D,
    MAX_POOL3D,
    AVG_POOL3D,
    LP_POOL3D,
)
