"""Convolutions run backwards: they enlarge signals, pictures and volumes with learned filters."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.convolution import BIAS, FILTERS, GROUPS, check_groups, dilation, filter_size
from studio.layers.params import Param
from studio.layers.rules import Specs, product, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, square
from studio.layers.windows import AXES, FOLD, NOT_TYPED, per_axis

_SMALL = {1: "Short signals.", 2: "Small pictures.", 3: "Small volumes."}
_LARGE = {
    1: "Longer signals, one for each filter.",
    2: "Larger pictures, one for each filter.",
    3: "Larger volumes, one for each filter.",
}
_STEP = {
    1: "How many times longer the signal becomes.",
    2: "How many times larger the picture becomes.",
    3: "How many times larger the volume becomes.",
}
_TRIM = {
    1: "Positions trimmed from each end.",
    2: "Rows trimmed from each side.",
    3: "Slices trimmed from each side.",
}
_EXTRA = {
    1: "Extra positions at the end, to reach an exact length.",
    2: "Extra rows and columns at the bottom and right, to reach an exact size.",
    3: "Extra slices at the far sides, to reach an exact size.",
}


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    check_groups(p, inputs)
    sizes = []
    for at, size in enumerate(shape[2:]):
        if p.output_padding[at] >= max(p.stride[at], p.dilation[at]):
            raise ShapeError(
                "the extra edge of {edge} must be smaller than the stride: set 0",
                (("set", "output_padding", "0"),),
                edge=p.output_padding[at],
            )
        span = p.dilation[at] * (p.kernel_size[at] - 1) + 1
        grown = (size - 1) * p.stride[at] - 2 * p.padding[at] + span + p.output_padding[at]
        if isinstance(grown, int) and grown < 1:
            raise ShapeError(
                "padding {padding} leaves nothing of {size}: pad less", padding=p.padding[at], size=size
            )
        sizes.append(grown)
    return (TensorSpec((shape[0], p.out_channels, *sizes), inputs[0].dtype),)


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    channels = check_groups(p, inputs)
    return weight_and_bias((channels, p.out_channels // p.groups, *p.kernel_size), p.out_channels, p.bias)


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.out_channels // p.groups, *p.kernel_size, *inputs[0].shape[1:]))


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        f"nn.ConvTranspose{len(p.kernel_size)}d",
        inputs[0].shape[1],
        p.out_channels,
        square(p.kernel_size),
        stride=(square(p.stride), 1),
        padding=(square(p.padding), 0),
        output_padding=(square(p.output_padding), 0),
        groups=(p.groups, 1),
        bias=(p.bias, True),
        dilation=(square(p.dilation), 1),
    )
    return build, ""


def _params(dims: int) -> tuple[Param, ...]:
    return (
        FILTERS,
        per_axis(dims, "kernel_size", 4, filter_size(dims).doc, "Filter size", min=1, essential=True),
        per_axis(dims, "stride", 2, _STEP[dims], "Stride", min=1, essential=True),
        per_axis(dims, "padding", 1, _TRIM[dims], "Padding", essential=True),
        per_axis(dims, "output_padding", 0, _EXTRA[dims], "Extra edge"),
        GROUPS,
        BIAS,
        dilation(dims),
    )


_DIFFERS = {
    "in_channels": NOT_TYPED,
    "stride": "starts at 2: enlarging is what the layer is for",
    "padding": "starts at 1, which with filters of 4 and stride 2 makes exactly twice the size",
    "padding_mode": "torch allows zeros only here",
}


def _conv_transpose(
    dims: int, summary: str, pitfalls: str, keywords: tuple[str, ...], examples: tuple[Example, ...]
) -> LayerSpec:
    """The record of the transposed convolution over ``dims`` axes."""
    module = f"ConvTranspose{dims}d"
    outputs = " ".join(f"{axis}_out" for axis in AXES[dims].split())
    return LayerSpec(
        name=module,
        category=Category.LEARNED,
        summary=summary,
        formula=r"H_{out} = (H - 1)s - 2p + d(k-1) + 1 + o".replace("H", AXES[dims][0]),
        inputs=(Port("x", f"N C {AXES[dims]}", doc=_SMALL[dims]),),
        outputs=(Port("y", f"N out_channels {outputs}", doc=_LARGE[dims]),),
        params=_params(dims),
        shape=_shape,
        weights=_weights,
        flops=_flops,
        torch=Torch(text=_text),
        source=f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{module}.html",
        onnx="ConvTranspose.",
        traits=Traits(learned=True),
        examples=examples,
        short="{out_channels}, {kernel_size}",
        keywords=(
            "deconvolution",
            "upsample",
            "enlarge",
            "decoder",
            "generator",
            "ConvTranspose",
            f"nn.{module}",
            f"Conv{dims}DTranspose",
            *keywords,
        ),
        pitfalls=pitfalls,
        group=FOLD[dims],
        torch_name=f"nn.{module}",
        differs=_DIFFERS,
    )


CONV_TRANSPOSE1D = _conv_transpose(
    1,
    "Lengthens a signal with learned filters: a convolution run backwards.",
    "A filter size that the stride does not divide leaves a buzz with the period of the stride.",
    ("audio", "vocoder", "signal"),
    (
        Example({"out_channels": 16}, (("N", 32, 50),), ("N", 16, 100), 2064),
        Example({"out_channels": 2, "kernel_size": 2, "padding": 0}, (("N", 4, "T"),), ("N", 2, "2T"), 18),
    ),
)
CONV_TRANSPOSE2D = _conv_transpose(
    2,
    "Enlarges a picture with learned filters: a convolution run backwards.",
    "A filter size that the stride does not divide leaves a checkerboard in the picture.",
    ("GAN", "segmentation"),
    (
        Example({"out_channels": 16}, (("N", 32, 7, 7),), ("N", 16, 14, 14), 8208),
        Example(
            {
                "out_channels": 3,
                "kernel_size": 3,
                "stride": 2,
                "padding": 1,
                "output_padding": 1,
                "bias": False,
            },
            (("N", 8, 14, 14),),
            ("N", 3, 28, 28),
            216,
        ),
    ),
)
CONV_TRANSPOSE3D = _conv_transpose(
    3,
    "Enlarges a volume with learned filters: a convolution run backwards.",
    "Eight times as many numbers come out with stride 2: keep the channels few.",
    ("volume", "voxel", "video"),
    (
        Example({"out_channels": 2}, (("N", 4, 3, 4, 4),), ("N", 2, 6, 8, 8), 514),
        Example(
            {"out_channels": 1, "kernel_size": 2, "padding": 0, "bias": False},
            (("N", 8, 4, 4, 4),),
            ("N", 1, 8, 8, 8),
            64,
        ),
    ),
)
LAYERS = (CONV_TRANSPOSE1D, CONV_TRANSPOSE2D, CONV_TRANSPOSE3D)
