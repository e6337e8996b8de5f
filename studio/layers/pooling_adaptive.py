"""Pooling that is told what must come out, whatever comes in; and the way back from MaxPool."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Expr, Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Numbers, Param
from studio.layers.pooling import INDICES, PLACES, STRIDE_DIFFERS, window_and_stride
from studio.layers.rules import Specs, fixed, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, square
from studio.layers.windows import AXES, GIVEN, check_half, given, per_axis, stride_of

_ASKED = {
    1: "A signal of the length asked for.",
    2: "Pictures of the size asked for.",
    3: "Volumes of the size asked for.",
}
_WANTED = {
    1: "Length that comes out; 0 keeps the input's.",
    2: "Height and width that come out; 0 keeps the input's.",
    3: "Depth, height and width that come out; 0 keeps the input's.",
}
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."


def _group(dims: int) -> str:
    return "Pooling" if dims == 2 else f"Pooling {dims}-D"


def _outputs(dims: int, doc: str, indices: bool) -> tuple[Port, ...]:
    axes = "N C " + " ".join(f"{axis}_out" for axis in AXES[dims].split())
    y = Port("y", axes, doc=doc)
    return (y, Port("indices", axes, "int", doc=PLACES, times="return_indices")) if indices else (y,)


def _with_places(p: SimpleNamespace, kept: TensorSpec) -> Specs:
    return (kept, TensorSpec(kept.shape, "int64")) if getattr(p, "return_indices", False) else (kept,)


def _adaptive_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    sizes = tuple(wanted or size for wanted, size in zip(p.output_size, shape[2:], strict=True))
    return _with_places(p, TensorSpec((*shape[:2], *sizes), inputs[0].dtype))


def _adaptive_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    kind = "Max" if hasattr(p, "return_indices") else "Avg"
    places = (getattr(p, "return_indices", False), False)
    have = (None if isinstance(size, Expr) else size for size in inputs[0].shape[2:])
    sizes = tuple(wanted or size for wanted, size in zip(p.output_size, have, strict=True))
    return build_text(f"nn.Adaptive{kind}Pool{len(sizes)}d", square(sizes), return_indices=places), ""


def _adaptive(
    kind: str, dims: int, words: tuple[str, str], keywords: tuple[str, ...], examples: tuple[Example, ...]
) -> LayerSpec:
    """The record of an adaptive pooling; ``words`` are summary and pitfalls."""
    module = f"Adaptive{kind}Pool{dims}d"
    what = "mean" if kind == "Avg" else "max"
    size: Param = per_axis(dims, "output_size", 1, _WANTED[dims], "Output size", essential=True)
    return LayerSpec(
        name=module,
        category=Category.SHAPE,
        summary=words[0],
        formula=rf"y_i = \operatorname{{{what}}}\, x_{{\lfloor iL/l \rfloor : \lceil (i+1)L/l \rceil}}",
        inputs=given(dims),
        outputs=_outputs(dims, _ASKED[dims], kind == "Max"),
        params=(size, INDICES) if kind == "Max" else (size,),
        shape=_adaptive_shape,
        torch=Torch(text=_adaptive_text),
        source=f"{_DOCS}{module}.html",
        onnx=f"Global{'Average' if kind == 'Avg' else 'Max'}Pool for size 1; other sizes must divide the input's.",
        examples=examples,
        short="{output_size}",
        keywords=("pooling", "any size", "downsample", f"nn.{module}", *keywords),
        pitfalls=words[1],
        group=_group(dims),
        torch_name=f"nn.{module}",
        differs={"output_size": "0 stands for torch's None: the input's own size"},
    )


_UNEVEN = "Windows differ by one where the size does not divide the input's."
_AVERAGE = ("global average pooling", "GlobalAveragePool", "mean")
_LARGEST = ("global max pooling", "GlobalMaxPool", "maximum")

ADAPTIVE_AVG_POOL1D = _adaptive(
    "Avg",
    1,
    ("Averages a signal of any length down to the length asked for.", _UNEVEN),
    (*_AVERAGE, "GlobalAveragePooling1D", "AdaptiveAveragePooling1D"),
    (
        Example({}, (("N", 16, "T"),), ("N", 16, 1)),
        Example({"output_size": 5}, (("N", 4, 20),), ("N", 4, 5)),
    ),
)
ADAPTIVE_AVG_POOL2D = _adaptive(
    "Avg",
    2,
    (
        "Averages a picture of any size down to the size asked for.",
        "Before the last Linear it lets the network take pictures of any size.",
    ),
    (*_AVERAGE, "GlobalAveragePooling2D", "AdaptiveAveragePooling2D"),
    (
        Example({}, (("N", 512, 7, 7),), ("N", 512, 1, 1)),
        Example({"output_size": (2, 4)}, (("N", 8, 8, 8),), ("N", 8, 2, 4)),
    ),
)
ADAPTIVE_AVG_POOL3D = _adaptive(
    "Avg",
    3,
    ("Averages a volume of any size down to the size asked for.", _UNEVEN),
    (*_AVERAGE, "GlobalAveragePooling3D", "volume", "video"),
    (
        Example({}, (("N", 8, 4, 8, 8),), ("N", 8, 1, 1, 1)),
        Example({"output_size": (0, 2, 2)}, (("N", 8, 4, 8, 8),), ("N", 8, 4, 2, 2)),
    ),
)
_ONE_VOICE = "Only the largest number of each window learns; use the mean where all should."
ADAPTIVE_MAX_POOL1D = _adaptive(
    "Max",
    1,
    ("Keeps the largest numbers of a signal of any length, as many as asked for.", _ONE_VOICE),
    (*_LARGEST, "GlobalMaxPooling1D", "AdaptiveMaxPooling1D"),
    (
        Example({}, (("N", 16, "T"),), ("N", 16, 1)),
        Example({"output_size": 5}, (("N", 4, 20),), ("N", 4, 5)),
    ),
)
ADAPTIVE_MAX_POOL2D = _adaptive(
    "Max",
    2,
    ("Keeps the largest numbers of a picture of any size, as many as asked for.", _ONE_VOICE),
    (*_LARGEST, "GlobalMaxPooling2D", "AdaptiveMaxPooling2D"),
    (
        Example({}, (("N", 64, 7, 7),), ("N", 64, 1, 1)),
        Example({"output_size": (4, 2)}, (("N", 8, 8, 8),), ("N", 8, 4, 2)),
    ),
)
ADAPTIVE_MAX_POOL3D = _adaptive(
    "Max",
    3,
    ("Keeps the largest numbers of a volume of any size, as many as asked for.", _ONE_VOICE),
    (*_LARGEST, "GlobalMaxPooling3D", "volume", "video"),
    (
        Example({}, (("N", 8, 4, 8, 8),), ("N", 8, 1, 1, 1)),
        Example({"output_size": 2}, (("N", 2, 4, 6, 8),), ("N", 2, 2, 2, 2)),
    ),
)


def _fractional_sizes(p: SimpleNamespace, inputs: Specs) -> tuple[int, ...]:
    """What comes out along each axis.

    Raises:
        ShapeError: a share outside 0 to 1, windows that do not fit, or a size that is not known.
    """
    dims = len(p.kernel_size)
    ratio = p.output_ratio * dims if len(p.output_ratio) == 1 else p.output_ratio
    if len(ratio) != dims or any(not 0 < share < 1 for share in ratio):
        raise ShapeError(
            "each axis needs a share between 0 and 1, gets {ratio}: set 0.5",
            ratio=", ".join(map(str, ratio)),
        )
    sizes = []
    for at, size in enumerate(inputs[0].shape[2:]):
        whole = fixed(size, AXES[dims].split()[at])
        wanted = p.output_size[at] if all(p.output_size) else int(whole * ratio[at])
        spare = 1 if dims == 3 else 0  # torch's three-axis kernel asks for one more
        if wanted < 1 or wanted + p.kernel_size[at] - 1 + spare > whole:
            raise ShapeError(
                "{count} windows of {kernel} do not fit into {size}: ask for fewer",
                count=wanted,
                kernel=p.kernel_size[at],
                size=whole,
            )
        sizes.append(wanted)
    return tuple(sizes)


def _fractional_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    sizes = _fractional_sizes(p, inputs)
    return _with_places(p, TensorSpec((*inputs[0].shape[:2], *sizes), inputs[0].dtype))


def _fractional_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    ratio = p.output_ratio[0] if len(set(p.output_ratio)) == 1 else p.output_ratio
    by_size = all(p.output_size)
    build = build_text(
        f"nn.FractionalMaxPool{len(p.kernel_size)}d",
        square(p.kernel_size),
        output_size=(square(p.output_size) if by_size else None, None),
        output_ratio=(None if by_size else ratio, None),
        return_indices=(p.return_indices, False),
    )
    return build, ""


def _fractional(dims: int, summary: str, example: Example, keywords: tuple[str, ...]) -> LayerSpec:
    """The record of the pooling with windows of random places."""
    module = f"FractionalMaxPool{dims}d"
    return LayerSpec(
        name=module,
        category=Category.SHAPE,
        summary=summary,
        formula=r"y_i = \max_{u \in [a_i,\, a_i + k)} x_u, \quad a_{i+1} - a_i \in"
        r" \{\lfloor L/l \rfloor, \lceil L/l \rceil\}",
        inputs=given(dims),
        outputs=_outputs(dims, _ASKED[dims], True),
        params=(
            window_and_stride(dims)[0],
            per_axis(
                dims,
                "output_size",
                0,
                "Sizes that come out; 0 takes them from the share.",
                "Output size",
                essential=True,
            ),
            Numbers(
                "output_ratio",
                (0.5,),
                "Share of each size that is kept, one for all axes or one for each.",
                label="Share kept",
                min=0,
            ),
            INDICES,
        ),
        shape=_fractional_shape,
        torch=Torch(text=_fractional_text),
        source="Graham, Fractional Max-Pooling, 2014",
        onnx="Not exportable: ONNX has no pooling with windows at random places.",
        exportable=False,
        traits=Traits(random=True),
        examples=(example,),
        short="{kernel_size}",
        keywords=("pooling", "downsample", "random", "stochastic", f"nn.{module}", *keywords),
        pitfalls="Its windows lie at random places in evaluation too: average several answers.",
        group=_group(dims),
        torch_name=f"nn.{module}",
        differs={
            "output_size": "0 stands for torch's None",
            "output_ratio": "one half where torch leaves the choice between size and share open",
        },
    )


FRACTIONAL_MAX_POOL2D = _fractional(
    2,
    "Makes pictures smaller by any factor: keeps the largest number of windows at random places.",
    Example({"output_ratio": (0.7,)}, (("N", 3, 10, 10),), ("N", 3, 7, 7)),
    ("augmentation",),
)
FRACTIONAL_MAX_POOL3D = _fractional(
    3,
    "Makes volumes smaller by any factor: keeps the largest number of windows at random places.",
    Example({"output_size": 3}, (("N", 3, 6, 6, 6),), ("N", 3, 3, 3, 3)),
    ("volume", "video"),
)


def _unpool_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, places = inputs[0], inputs[1]
    if x.shape != places.shape:
        raise ShapeError(
            "{layer} needs a place for each number, gets {shape} and {places}: wire both from one MaxPool",
            layer=f"MaxUnpool{len(p.kernel_size)}d",
            shape=show(x.shape),
            places=show(places.shape),
        )
    check_half(p.kernel_size, p.padding)
    stride = stride_of(p)
    sizes: list[Size] = []
    for at, size in enumerate(x.shape[2:]):
        usual = (size - 1) * stride[at] - 2 * p.padding[at] + p.kernel_size[at]
        wanted = inputs[2].shape[2 + at] if "like" in p.wired else usual
        apart = wanted - usual
        if (isinstance(usual, int) and usual < 1) or (isinstance(apart, int) and abs(apart) >= stride[at]):
            raise ShapeError(
                "{size} can't be pooled from {wanted} with these windows: use those of the MaxPool",
                size=size,
                wanted=wanted,
            )
        sizes.append(wanted)
    return (TensorSpec((*x.shape[:2], *sizes), x.dtype),)


def _unpool_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        f"nn.MaxUnpool{len(p.kernel_size)}d",
        square(p.kernel_size),
        stride=(square(stride_of(p)), square(p.kernel_size)),
        padding=(square(p.padding), 0),
    )
    size = ", output_size={like}.shape[2:]" if "like" in p.wired else ""
    return build, f"{{self}}({{x}}, {{indices}}{size})"


def _unpool(dims: int, words: tuple[str, str], keywords: tuple[str, ...]) -> LayerSpec:
    """The record of the way back from MaxPool over ``dims`` axes."""
    module = f"MaxUnpool{dims}d"
    axes = f"N C {AXES[dims]}"
    small, large = (4,) * dims, (8,) * dims
    return LayerSpec(
        name=module,
        category=Category.SHAPE,
        summary=words[0],
        formula=r"y_{u} = x_i \;\text{for}\; u = \text{place}_i,\quad y_u = 0 \;\text{elsewhere}",
        inputs=(
            Port("x", axes, doc=GIVEN[dims]),
            Port("indices", axes, "int", doc="The places that a MaxPool gave."),
            Port("like", axes, "any", optional=True, doc="What the MaxPool got: its size comes out."),
        ),
        outputs=_outputs(dims, words[1], False),
        params=(
            *window_and_stride(dims),
            per_axis(dims, "padding", 0, "The padding of the MaxPool.", "Padding"),
        ),
        shape=_unpool_shape,
        torch=Torch(text=_unpool_text),
        source=f"{_DOCS}{module}.html",
        onnx="ScatterElements into zeros.",
        examples=(Example({}, (("N", 3, *small), ("N", 3, *small)), ("N", 3, *large)),),
        short="{kernel_size}",
        keywords=("unpooling", "upsample", "enlarge", "SegNet", "MaxUnpool", f"nn.{module}", *keywords),
        pitfalls="Set window, stride and padding as in the MaxPool that gave the places.",
        group=_group(dims),
        torch_name=f"nn.{module}",
        differs={"stride": STRIDE_DIFFERS},
    )


MAX_UNPOOL1D = _unpool(
    1,
    ("Puts the numbers of a shortened signal back where they came from, zeros between.", "A longer signal."),
    ("signal",),
)
MAX_UNPOOL2D = _unpool(
    2,
    ("Puts the numbers of a shrunk picture back where they came from, zeros between.", "Larger pictures."),
    ("maxUnpooling2d", "segmentation"),
)
MAX_UNPOOL3D = _unpool(
    3,
    ("Puts the numbers of a shrunk volume back where they came from, zeros between.", "Larger volumes."),
    ("volume",),
)
LAYERS = (
    ADAPTIVE_AVG_POOL2D,
    ADAPTIVE_MAX_POOL2D,
    FRACTIONAL_MAX_POOL2D,
    MAX_UNPOOL2D,
    ADAPTIVE_AVG_POOL1D,
    ADAPTIVE_MAX_POOL1D,
    MAX_UNPOOL1D,
    ADAPTIVE_AVG_POOL3D,
    ADAPTIVE_MAX_POOL3D,
    FRACTIONAL_MAX_POOL3D,
    MAX_UNPOOL3D,
)
