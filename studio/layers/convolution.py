"""Layers that slide learned filters along a signal, over a picture or through a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Int, Param, Text
from studio.layers.rules import Specs, fixed, product, slide, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import NamedInt, build_text, square
from studio.layers.windows import AXES, FOLD, NOT_TYPED, given, per_axis

FILTERS = Int(
    "out_channels", 32, "Number of filters, so of output channels.", label="Filters", min=1, max=2**31
)
GROUPS = Int(
    "groups",
    1,
    "Splits the channels into groups that do not mix; must divide inputs and outputs.",
    label="Groups",
    essential=False,
    min=1,
)
BIAS = Bool("bias", True, "Add a learned constant to each output channel.", label="Bias", essential=False)
_TAPS = {
    1: "Length of a filter.",
    2: "Height and width of a filter.",
    3: "Depth, height and width of a filter.",
}
_ONE_FOR_EACH = {
    1: "One channel for each filter.",
    2: "One picture for each filter.",
    3: "One volume for each filter.",
}
_EDGE = 'Zeros added on each side; "same" keeps the size (with stride 1), "valid" adds none.'


def filter_size(dims: int) -> Param:
    """The parameter that says how far a filter reaches."""
    return per_axis(dims, "kernel_size", 3, _TAPS[dims], "Filter size", min=1, essential=True)


def dilation(dims: int) -> Param:
    """The parameter that pulls a filter apart."""
    return per_axis(dims, "dilation", 1, "Distance between two taps of a filter.", "Dilation", min=1)


def check_groups(p: SimpleNamespace, inputs: Specs) -> int:
    """The number of input channels, which ``groups`` must divide, like that of outputs."""
    channels = fixed(inputs[0].shape[1], "C")
    if channels % p.groups or p.out_channels % p.groups:
        raise ShapeError(
            "{channels} input and {filters} output channels can't both be split into {groups} groups: set 1",
            (("set", "groups", "1"),),
            channels=channels,
            filters=p.out_channels,
            groups=p.groups,
        )
    return channels


def _edge(p: SimpleNamespace, axis: int, size: Size) -> Size:
    """The size along an axis after padding.

    Raises:
        ShapeError: a stride with "same", or an edge that copies more than there is.
    """
    span = p.dilation[axis] * (p.kernel_size[axis] - 1)
    if p.padding == "same":
        if any(step > 1 for step in p.stride):
            raise ShapeError('padding "same" goes with stride 1 only: set 1', (("set", "stride", "1"),))
        before, both = span - span // 2, int(span)
    else:
        before = 0 if p.padding == "valid" else p.padding[axis]
        both = int(2 * before)
    room = {"reflect": 1, "circular": 0}.get(p.padding_mode)
    if room is not None and isinstance(size, int) and before > size - room:
        raise ShapeError(
            "the edge of {edge} can't be copied out of {size}: pad less, or with zeros",
            (("set", "padding_mode", "zeros"),),
            edge=before,
            size=size,
        )
    return size + both


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    """For one, two and three axes alike: each parameter of a place holds one number for each axis."""
    shape = inputs[0].shape
    check_groups(p, inputs)
    if p.weight_of and p.padding_mode != "zeros":
        raise ShapeError(
            "with the weight of another node the edge must hold zeros: set zeros",
            (("set", "padding_mode", "zeros"),),
        )
    sizes = []
    for at, (size, name) in enumerate(zip(shape[2:], AXES[len(shape) - 2].split(), strict=True)):
        wide, way = _edge(p, at, size), (p.kernel_size[at], p.stride[at])
        if isinstance(p.padding, tuple):  # so that the message names the padding
            sizes.append(slide(size, name, *way, p.padding[at], p.dilation[at]))
        else:
            sizes.append(slide(wide, name, *way, 0, p.dilation[at]))
    return (TensorSpec((shape[0], p.out_channels, *sizes), inputs[0].dtype),)


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = check_groups(p, inputs)
    if p.weight_of:
        return {}
    return weight_and_bias((p.out_channels, channels // p.groups, *p.kernel_size), p.out_channels, p.bias)


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    channels = fixed(inputs[0].shape[1], "C") // p.groups
    return product((2 * channels, *p.kernel_size, *outputs[0].shape[1:]))


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    if p.weight_of:
        call = build_text(
            f"F.conv{len(p.kernel_size)}d",
            NamedInt(0, "{x}"),
            NamedInt(0, "{weight_of}.weight"),
            stride=(square(p.stride), 1),
            padding=(p.padding if isinstance(p.padding, str) else square(p.padding), 0),
            dilation=(square(p.dilation), 1),
            groups=(p.groups, 1),
        )
        return "", call
    build = build_text(
        f"nn.Conv{len(p.kernel_size)}d",
        inputs[0].shape[1],
        p.out_channels,
        square(p.kernel_size),
        stride=(square(p.stride), 1),
        padding=(p.padding if isinstance(p.padding, str) else square(p.padding), 0),
        dilation=(square(p.dilation), 1),
        groups=(p.groups, 1),
        bias=(p.bias, True),
        padding_mode=(p.padding_mode, "zeros"),
    )
    return build, ""


def _params(dims: int) -> tuple[Param, ...]:
    return (
        FILTERS,
        filter_size(dims),
        per_axis(dims, "stride", 1, "Step between two positions of a filter.", "Stride", min=1),
        replace(
            per_axis(dims, "padding", 0, _EDGE, "Padding", essential=True),
            words=("same", "valid"),
        ),
        dilation(dims),
        GROUPS,
        BIAS,
        Choice(
            "padding_mode",
            "zeros",
            "What the added edge holds: zeros, a mirror image, copies of the border, or the other side.",
            label="Edge",
            essential=False,
            options=("zeros", "reflect", "replicate", "circular"),
        ),
        Text(
            "weight_of",
            "",
            "Name of a node whose weight is used here too, without bias; empty for an own weight.",
            label="Weight of",
            essential=False,
            suggestions="nodes",
        ),
    )


def _conv(
    dims: int, summary: str, pitfalls: str, keywords: tuple[str, ...], examples: tuple[Example, ...]
) -> LayerSpec:
    """The record of the convolution over ``dims`` axes."""
    module = f"Conv{dims}d"
    return LayerSpec(
        name=module,
        category=Category.LEARNED,
        summary=summary,
        formula=r"y_k = b_k + \sum_c w_{k,c} \star x_c,\quad"
        r" L_{out} = \left\lfloor \frac{L + 2p - d(k-1) - 1}{s} \right\rfloor + 1".replace(
            "L", AXES[dims][0]
        ),
        inputs=given(dims),
        outputs=(
            Port(
                "y",
                "N out_channels " + " ".join(f"{axis}_out" for axis in AXES[dims].split()),
                doc=_ONE_FOR_EACH[dims],
            ),
        ),
        params=_params(dims),
        shape=_shape,
        weights=_weights,
        flops=_flops,
        torch=Torch(text=_text),
        source=f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{module}.html",
        onnx="Conv; Pad before it where the edge does not hold zeros.",
        traits=Traits(learned=True),
        examples=examples,
        short="{out_channels}, {kernel_size}",
        keywords=("convolution", "filter", "kernel", "Conv", f"nn.{module}", f"Conv{dims}D", *keywords),
        pitfalls=pitfalls,
        group=FOLD[dims],
        torch_name=f"nn.{module}",
        differs={"in_channels": NOT_TYPED},
    )


CONV1D = _conv(
    1,
    "Slides learned filters along a signal or a text.",
    "Wants channels before the line: N C L, not N T F.",
    ("signal", "sensor", "audio", "time series"),
    (
        Example({"out_channels": 8, "kernel_size": 5}, (("N", 3, 100),), ("N", 8, 96), 128),
        Example({"out_channels": 4, "kernel_size": 3, "padding": 1}, (("N", 2, "T"),), ("N", 4, "T"), 28),
        Example(
            {"out_channels": 4, "kernel_size": 4, "padding": "same", "padding_mode": "circular"},
            (("N", 2, 9),),
            ("N", 4, 9),
            36,
        ),
    ),
)
CONV2D = _conv(
    2,
    "Slides learned filters over a picture and sums the products.",
    "A filter of 3 with padding 1 keeps the size; without padding each layer trims the edge.",
    ("image", "picture", "CNN"),
    (
        Example({"out_channels": 6, "kernel_size": 5}, (("N", 1, 32, 32),), ("N", 6, 28, 28), 156),
        Example(
            {"out_channels": 64, "kernel_size": 7, "stride": 2, "padding": 3, "bias": False},
            (("N", 3, 224, 224),),
            ("N", 64, 112, 112),
            9408,
        ),
        Example(
            {"out_channels": 8, "kernel_size": 3, "padding": (1, 2), "padding_mode": "reflect"},
            (("N", 3, 8, 8),),
            ("N", 8, 8, 10),
            224,
        ),
    ),
)
CONV3D = _conv(
    3,
    "Slides learned filters through a volume or a film and sums the products.",
    "Costs far more time and memory than Conv2d: start with few filters and small volumes.",
    ("volume", "voxel", "video", "medical", "CT", "MRI"),
    (
        Example({"out_channels": 4, "kernel_size": 3}, (("N", 1, 8, 8, 8),), ("N", 4, 6, 6, 6), 112),
        Example(
            {"out_channels": 8, "kernel_size": (1, 3, 3), "stride": (1, 2, 2), "padding": (0, 1, 1)},
            (("N", 3, 16, 32, 32),),
            ("N", 8, 16, 16, 16),
            224,
        ),
    ),
)
LAYERS = (CONV1D, CONV2D, CONV3D)
