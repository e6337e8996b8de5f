"""Layers that enlarge pictures or move numbers between channels and pixels, without learning."""

from __future__ import annotations

import math
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Float, Int, Ints, Pair, Param
from studio.layers.rules import Specs, fixed, product, show, slide
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import call_text, square
from studio.layers.windows import AXES, GIVEN, per_axis

_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.nn."
_RESIZE, _MOVE = "Resize", "Channels and pixels"
_RANKS = {"nearest": (3, 4, 5), "linear": (3,), "bilinear": (4,), "bicubic": (4,), "trilinear": (5,)}


def _grown(size: Size, scale: float) -> Size:
    if isinstance(size, int):
        return math.floor(size * scale)
    if scale.is_integer():
        return size * int(scale)
    raise ShapeError(
        "the named size {size} can't grow {scale} times: choose a whole number", size=size, scale=scale
    )


def _upsample_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    axes = len(shape) - 2
    if len(shape) not in _RANKS[p.mode]:
        fits = "nearest" if not 3 <= len(shape) <= 5 else ("linear", "bilinear", "trilinear")[axes - 1]
        raise ShapeError(
            "the mode {mode} is not for {shape}: set {fits}",
            (("set", "mode", fits),),
            mode=p.mode,
            shape=show(shape),
            fits=fits,
        )
    if p.align_corners and p.mode == "nearest":
        raise ShapeError(
            "corners can stay in the modes that mix pixels only: switch it off",
            (("set", "align_corners", "false"),),
        )
    if len(p.size) not in (0, 1, axes):
        raise ShapeError("{count} axes need {count} sizes or one, gets {size}", count=axes, size=show(p.size))
    wanted = p.size * axes if len(p.size) == 1 else p.size
    sizes = wanted or tuple(_grown(size, p.scale_factor) for size in shape[2:])
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise ShapeError(
            "{scale} times {shape} leaves nothing: enlarge more", scale=p.scale_factor, shape=show(shape)
        )
    return (TensorSpec((*shape[:2], *sizes), inputs[0].dtype),)


def _upsample_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    size = square(p.size) if p.size else None
    scale = int(p.scale_factor) if p.scale_factor.is_integer() else p.scale_factor
    if hasattr(p.scale_factor, "text"):
        scale = p.scale_factor
    named = {
        "size": (size, None),
        "scale_factor": (None if p.size else scale, None),
        "mode": (p.mode, "nearest"),
        "align_corners": (p.align_corners, False),
    }
    return "", call_text("F.interpolate", "{x}", **named)


UPSAMPLE = LayerSpec(
    name="Upsample",
    category=Category.SHAPE,
    summary="Enlarges signals, pictures or volumes by copying numbers or mixing neighbours.",
    formula=r"(N, C, H, W) \to (N, C, sH, sW)",
    inputs=(Port("x", "N C *", doc="Signals, pictures or volumes with channels on the second axis."),),
    outputs=(Port("y", "N C *", doc="The same, enlarged."),),
    params=(
        Ints(
            "size",
            (),
            "Sizes that come out, one for all axes or one for each; empty takes the factor.",
            label="Size",
            essential=False,
            count=0,
            min=1,
            max=2**16,
        ),
        Float("scale_factor", 2.0, "How many times larger it becomes.", label="Factor", min=0.001, max=1024),
        Choice(
            "mode",
            "nearest",
            "nearest copies; linear (signals), bilinear, bicubic (pictures) and trilinear (volumes) mix.",
            label="Mode",
            options=tuple(_RANKS),
        ),
        Bool(
            "align_corners",
            False,
            "The outermost numbers keep their places; older networks were trained that way.",
            label="Corners stay",
            essential=False,
        ),
    ),
    shape=_upsample_shape,
    torch=Torch(text=_upsample_text),
    source=f"{_DOCS}Upsample.html",
    onnx="Resize.",
    examples=(
        Example({}, (("N", 8, 7, 7),), ("N", 8, 14, 14)),
        Example({"mode": "bilinear", "size": (9, 12)}, (("N", 3, 6, 6),), ("N", 3, 9, 12)),
        Example({"mode": "linear", "scale_factor": 3.0}, (("N", 2, "T"),), ("N", 2, "3T")),
        Example({"mode": "bicubic", "align_corners": True}, (("N", 2, 5, 5),), ("N", 2, 10, 10)),
    ),
    short="{scale_factor}, {mode}",
    keywords=(
        "enlarge",
        "resize",
        "interpolate",
        "UpSampling1D",
        "UpSampling2D",
        "UpSampling3D",
        "UpsamplingNearest2d",
        "UpsamplingBilinear2d",
        "Resize",
        "nn.Upsample",
        "zoom",
        "decoder",
    ),
    pitfalls="A Conv2d behind it makes a smoother enlargement than ConvTranspose2d, without checkerboards.",
    group=_RESIZE,
    torch_name="nn.Upsample",
    differs={
        "size": "empty stands for torch's None",
        "scale_factor": "starts at 2 where torch leaves the choice between size and factor open",
        "align_corners": "off where torch has None, which means the same",
        "recompute_scale_factor": "left out: it only repeats the rounding of the sizes",
    },
)


def _shuffle_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    n, c, high, wide = inputs[0].shape
    channels, times = fixed(c, "C"), p.upscale_factor
    if channels % times**2:
        raise ShapeError(
            "PixelShuffle turns {each} channels into one, but {channels} can't be divided so",
            (("set_source_features", str(-(-channels // times**2) * times**2), "x"),),
            each=times**2,
            channels=channels,
        )
    return (TensorSpec((n, channels // times**2, high * times, wide * times), inputs[0].dtype),)


PIXEL_SHUFFLE = LayerSpec(
    name="PixelShuffle",
    category=Category.SHAPE,
    summary="Enlarges pictures by turning channels into pixels: r·r channels become one r times larger.",
    formula=r"(N, C r^2, H, W) \to (N, C, H r, W r)",
    inputs=(Port("x", "N C H W", doc=GIVEN[2]),),
    outputs=(Port("y", "N C_out H_out W_out", doc="Larger pictures with fewer channels."),),
    params=(
        Int("upscale_factor", 2, "How many times larger the pictures become.", label="Factor", min=1, max=64),
    ),
    shape=_shuffle_shape,
    torch=Torch(call="F.pixel_shuffle({x}, {upscale_factor})"),
    source="Shi et al., Real-Time Single Image and Video Super-Resolution Using an Efficient Sub-Pixel"
    " Convolutional Neural Network, 2016",
    onnx="DepthToSpace.",
    examples=(
        Example({}, (("N", 12, 5, 5),), ("N", 3, 10, 10)),
        Example({"upscale_factor": 3}, (("N", 9, 4, "W"),), ("N", 1, 12, "3W")),
    ),
    short="{upscale_factor}",
    keywords=(
        "upsample",
        "super resolution",
        "sub-pixel",
        "DepthToSpace",
        "depthToSpace2d",
        "nn.PixelShuffle",
    ),
    pitfalls="The Conv2d before it must make r·r times as many channels as are wanted.",
    group=_MOVE,
    torch_name="nn.PixelShuffle",
    differs={"upscale_factor": "starts at 2; torch has no default"},
)


def _unshuffle_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    n, c, high, wide = inputs[0].shape
    times = p.downscale_factor
    for size in (high, wide):
        if size // times * times != size:
            raise ShapeError(
                "{layer} cuts pictures into squares of {times}, but {size} can't be divided so",
                layer="PixelUnshuffle",
                times=times,
                size=size,
            )
    return (TensorSpec((n, c * times**2, high // times, wide // times), inputs[0].dtype),)


PIXEL_UNSHUFFLE = LayerSpec(
    name="PixelUnshuffle",
    category=Category.SHAPE,
    summary="Makes pictures smaller without losing a number: each square of pixels becomes channels.",
    formula=r"(N, C, H r, W r) \to (N, C r^2, H, W)",
    inputs=(Port("x", "N C H W", doc=GIVEN[2]),),
    outputs=(Port("y", "N C_out H_out W_out", doc="Smaller pictures with more channels."),),
    params=(
        Int(
            "downscale_factor",
            2,
            "How many times smaller the pictures become.",
            label="Factor",
            min=1,
            max=64,
        ),
    ),
    shape=_unshuffle_shape,
    torch=Torch(call="F.pixel_unshuffle({x}, {downscale_factor})"),
    source=f"{_DOCS}PixelUnshuffle.html",
    onnx="Reshape and Transpose; SpaceToDepth orders channels otherwise.",
    examples=(
        Example({}, (("N", 3, 10, 8),), ("N", 12, 5, 4)),
        Example({"downscale_factor": 3}, (("N", 1, 9, 9),), ("N", 9, 3, 3)),
    ),
    short="{downscale_factor}",
    keywords=("downsample", "SpaceToDepth", "spaceToDepth", "focus", "reorg", "nn.PixelUnshuffle"),
    pitfalls="Height and width must be divisible by the factor: pad odd pictures first.",
    group=_MOVE,
    torch_name="nn.PixelUnshuffle",
    differs={"downscale_factor": "starts at 2; torch has no default"},
)


def _channel_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    channels = fixed(inputs[0].shape[1], "C")
    if channels % p.groups:
        fits = next(count for count in range(min(p.groups, channels), 0, -1) if channels % count == 0)
        raise ShapeError(
            "{channels} channels can't be split into {groups} groups evenly: set {fits}",
            (("set", "groups", str(fits)),),
            channels=channels,
            groups=p.groups,
            fits=fits,
        )
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


CHANNEL_SHUFFLE = LayerSpec(
    name="ChannelShuffle",
    category=Category.SHAPE,
    summary="Deals channels out like cards, so that groups of a grouped convolution get to know each other.",
    formula=r"y_{k g + j} = x_{j K + k}, \quad K = C / g",
    inputs=(Port("x", "N C * L", doc="Signals, pictures or volumes with channels on the second axis."),),
    outputs=(Port("y", "N C * L", doc="The same channels in another order."),),
    params=(
        Int("groups", 2, "Into how many groups the channels were split.", label="Groups", min=1, max=2**16),
    ),
    shape=_channel_shape,
    torch=Torch(call="F.channel_shuffle({x}, {groups})"),
    source="Zhang, Zhou, Lin and Sun, ShuffleNet, 2017",
    onnx="Reshape and Transpose.",
    examples=(
        Example({}, (("N", 8, 6, 6),), ("N", 8, 6, 6)),
        Example({"groups": 3}, (("N", 6, 5, 7),), ("N", 6, 5, 7)),
    ),
    short="{groups}",
    keywords=("ShuffleNet", "permute", "mix", "grouped", "nn.ChannelShuffle"),
    pitfalls="Only between convolutions with the same number of groups; elsewhere it changes nothing.",
    group=_MOVE,
    torch_name="nn.ChannelShuffle",
    differs={"groups": "starts at 2; torch has no default"},
)


def _patch_params() -> tuple[Param, ...]:
    return (
        per_axis(2, "kernel_size", 3, "Height and width of a patch.", "Patch", min=1, essential=True),
        per_axis(2, "dilation", 1, "Distance between two pixels of a patch.", "Dilation", min=1),
        per_axis(2, "padding", 0, "Zeros added on each side.", "Padding"),
        per_axis(2, "stride", 1, "Step between two patches.", "Stride", min=1),
    )


def _patches(p: SimpleNamespace, sizes: tuple[Size, ...]) -> Size:
    """How many patches lie in a picture of these sizes."""
    counts = [
        slide(size, axis, p.kernel_size[at], p.stride[at], p.padding[at], p.dilation[at])
        for at, (size, axis) in enumerate(zip(sizes, AXES[2].split(), strict=True))
    ]
    return product(counts)


def _patch_text(function: str, first: str) -> Torch:
    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        named = {name: (square(getattr(p, name)), usual) for name, usual in _USUAL.items()}
        return "", call_text(function, *first.split("; "), str(_written(p.kernel_size)), **named)

    return Torch(text=text)


_USUAL = {"dilation": 1, "padding": 0, "stride": 1}


def _written(kernel: tuple[int, ...]) -> object:
    found = square(kernel)
    return getattr(found, "text", found)


def _unfold_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    n, c, *sizes = inputs[0].shape
    return (TensorSpec((n, product((*p.kernel_size, c)), _patches(p, tuple(sizes))), inputs[0].dtype),)


UNFOLD = LayerSpec(
    name="Unfold",
    category=Category.SHAPE,
    summary="Cuts pictures into patches that may overlap: one column of numbers for each patch.",
    formula=r"(N, C, H, W) \to (N, C k^2, L)",
    inputs=(Port("x", "N C H W", doc=GIVEN[2]),),
    outputs=(Port("y", "N F L", doc="Patches one after the other, the numbers of each on the second axis."),),
    params=_patch_params(),
    shape=_unfold_shape,
    torch=_patch_text("F.unfold", "{x}"),
    source=f"{_DOCS}Unfold.html",
    onnx="Pad and Gather.",
    examples=(
        Example({}, (("N", 3, 8, 8),), ("N", 27, 36)),
        Example({"kernel_size": 4, "stride": 4}, (("N", 1, 8, 12),), ("N", 16, 6)),
    ),
    short="{kernel_size}",
    keywords=("patches", "im2col", "extract_patches", "window", "nn.Unfold", "Im2Col"),
    pitfalls="Overlapping patches multiply the memory; for patches side by side take PatchEmbedding.",
    group=_MOVE,
    torch_name="nn.Unfold",
    differs={"kernel_size": "starts at 3; torch has no default"},
)


def _fold_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    n, features, long = inputs[0].shape
    each = product(p.kernel_size)
    count = _patches(p, p.output_size)
    numbers = fixed(features, "F")
    if numbers % fixed(each) or long != count:
        raise ShapeError(
            "Fold needs {count} patches of {each} numbers for each channel, gets {shape}",
            count=count,
            each=each,
            shape=show(inputs[0].shape),
        )
    return (TensorSpec((n, numbers // fixed(each), *p.output_size), inputs[0].dtype),)


FOLD = LayerSpec(
    name="Fold",
    category=Category.SHAPE,
    summary="Puts patches back into pictures; where they overlap, their numbers are added.",
    formula=r"(N, C k^2, L) \to (N, C, H, W)",
    inputs=(Port("x", "N F L", doc="Patches one after the other, as Unfold gives them."),),
    outputs=(Port("y", "N C H W", doc="Pictures of the size asked for."),),
    params=(
        Pair(
            "output_size", (8, 8), "Height and width of the pictures.", label="Output size", min=1, unit="px"
        ),
        *_patch_params(),
    ),
    shape=_fold_shape,
    torch=_patch_text("F.fold", "{x}; {output_size}"),
    source=f"{_DOCS}Fold.html",
    onnx="Col2Im.",
    examples=(
        Example({}, (("N", 27, 36),), ("N", 3, 8, 8)),
        Example({"output_size": (8, 12), "kernel_size": 4, "stride": 4}, (("N", 16, 6),), ("N", 1, 8, 12)),
    ),
    short="{output_size}",
    keywords=("patches", "col2im", "Col2Im", "overlap add", "nn.Fold"),
    pitfalls="Divide by how often each pixel was covered, or overlaps come out brighter.",
    group=_MOVE,
    torch_name="nn.Fold",
    differs={
        "output_size": "starts at 8 × 8; torch has no default",
        "kernel_size": "starts at 3; torch has no default",
    },
)
LAYERS = (UPSAMPLE, PIXEL_SHUFFLE, PIXEL_UNSHUFFLE, CHANNEL_SHUFFLE, UNFOLD, FOLD)
