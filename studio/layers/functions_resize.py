"""Pictures and signals at another size or seen through a grid."""

from __future__ import annotations

import math
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.functions import Written, function, number_text
from studio.layers.params import Bool, Choice, Float, Ints
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text, literal

_GROUP = "Resize"
_CALLED = {"input": "called x, as in the other layers"}
_CORNERS = Bool(
    "align_corners",
    False,
    "The middles of the corner points keep their places, instead of the outer edges.",
    label="Corners stay",
    essential=False,
)
_WORDS = {  # our word, number of axes -> torch's
    ("linear", 1): "linear",
    ("linear", 2): "bilinear",
    ("linear", 3): "trilinear",
    ("cubic", 2): "bicubic",
}


def _scaled(size: Size, scale: float) -> Size:
    if isinstance(size, int):
        return math.floor(size * scale)
    if scale.is_integer():
        return size * int(scale)
    if scale > 0 and (1 / scale).is_integer():
        return size // int(1 / scale)
    raise ShapeError(
        "Interpolate can't scale the named size {size} by {scale}: choose a whole number or one over it",
        size=size,
        scale=scale,
    )


def _interpolated(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    axes = len(shape) - 2
    if not 1 <= axes <= 3:
        raise ShapeError("Interpolate needs N C and one to three axes, gets {shape}", shape=show(shape))
    if p.mode == "cubic" and axes != 2 or p.antialias and (axes != 2 or p.mode not in ("linear", "cubic")):
        raise ShapeError(
            "cubic needs pictures N C H W, and smoothing linear or cubic there; it gets {mode} and {shape}",
            (("set", "mode", "linear"), ("set", "antialias", "false")),
            mode=p.mode,
            shape=show(shape),
        )
    if p.align_corners and p.mode not in ("linear", "cubic"):
        raise ShapeError(
            "corners can stay with linear and cubic only, not with {mode}: switch it off",
            (("set", "align_corners", "false"),),
            mode=p.mode,
        )
    if p.size and len(p.size) not in (1, axes):
        raise ShapeError(
            "Interpolate needs one size or {count} for {shape}, gets {size}",
            count=axes,
            shape=show(shape),
            size=show(p.size),
        )
    wanted = p.size * axes if len(p.size) == 1 else p.size
    sizes = wanted or tuple(_scaled(size, p.scale_factor) for size in shape[2:])
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise ShapeError(
            "Interpolate leaves nothing of {shape} at {scale} times its size",
            shape=show(shape),
            scale=p.scale_factor,
        )
    return (TensorSpec((*shape[:2], *sizes), inputs[0].dtype),)


def _interpolate_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    mode = _WORDS.get((p.mode, len(inputs[0].shape) - 2), p.mode)
    how: dict[str, tuple[object, object]] = {
        "size": (p.size[0] if len(p.size) == 1 else p.size, ()),
        "scale_factor": (Written(number_text(p.scale_factor)) if not p.size else None, None),
        "mode": (mode, "nearest"),
        "align_corners": (p.align_corners, False),
        "antialias": (p.antialias, False),
    }
    return "", build_text("F.interpolate", Written("{x}"), **how)


INTERPOLATE = function(
    "Interpolate",
    "Makes pictures, volumes or signals larger or smaller.",
    r"(N, C, H, W) \to (N, C, s H, s W)",
    inputs=(Port("x", "N C *", doc="Pictures, volumes or signals."),),
    outputs=(Port("y", "N C *", doc="The same in another size."),),
    params=(
        Float(
            "scale_factor",
            2.0,
            "How many times as large; below 1 makes it smaller.",
            label="Scale",
            min=0.01,
            max=64,
        ),
        Ints(
            "size",
            (),
            "The new size instead of a scale, one for all axes or one for each; empty takes the scale.",
            label="Size",
            essential=False,
            count=0,
            min=1,
        ),
        Choice(
            "mode",
            "nearest",
            "How points in between are found.",
            label="Mode",
            options=("nearest", "nearest-exact", "linear", "cubic", "area"),
        ),
        _CORNERS,
        Bool(
            "antialias",
            False,
            "Smooths before making smaller, so that fine patterns do not flicker.",
            label="Smooth first",
            essential=False,
        ),
    ),
    shape=_interpolated,
    torch=Torch(text=_interpolate_text),
    examples=(
        Example({}, (("N", 16, 7, 7),), ("N", 16, 14, 14)),
        Example({"size": (9, 5), "mode": "linear"}, (("N", 3, 7, 7),), ("N", 3, 9, 5)),
        Example({"scale_factor": 0.5, "mode": "cubic", "antialias": True}, (("N", 3, 8, 6),), ("N", 3, 4, 3)),
        Example({"mode": "linear"}, (("N", 4, "T"),), ("N", 4, "2T")),
    ),
    short="{scale_factor}, {mode}",
    pitfalls="Before a convolution it makes smoother pictures than ConvTranspose2d, without its checkerboards.",
    group=_GROUP,
    torch_name="nn.functional.interpolate",
    onnx="Resize.",
    keywords=(
        "upsample",
        "downsample",
        "resize",
        "Resize",
        "resize2d",
        "bilinear",
        "bicubic",
        "zoom",
        "scale",
    ),
    differs={
        **_CALLED,
        "scale_factor": "2 unless said, and the same for all axes",
        "size": "empty stands for None",
        "mode": "linear and cubic fit the number of axes: bilinear, trilinear, bicubic",
        "align_corners": "off unless said",
        "recompute_scale_factor": "sizes are known beforehand",
    },
)

_FILL = Choice(
    "padding_mode",
    "zeros",
    "What stands outside the picture: zeros, its edge, or its mirror image.",
    label="Outside",
    essential=False,
    options=("zeros", "border", "reflection"),
)


def _sampled(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, grid = inputs
    if x.shape[0] != grid.shape[0] or x.dtype != grid.dtype:
        raise ShapeError(
            "GridSample needs a grid for each picture, of its kind of numbers; gets {x} and {grid}",
            x=f"{x.dtype} {show(x.shape)}",
            grid=f"{grid.dtype} {show(grid.shape)}",
        )
    return (TensorSpec((*x.shape[:2], *grid.shape[1:3]), x.dtype),)


GRID_SAMPLE = function(
    "GridSample",
    "Reads a picture at the places that a grid names, as if it were bent or moved.",
    r"y_{ij} = x(g_{ij})",
    inputs=(
        Port("x", "N C H W", doc="Pictures."),
        Port("grid", "N P Q 2", doc="For each new point where to look: across and down, from -1 to 1."),
    ),
    outputs=(Port("y", "N C P Q", doc="What was seen there."),),
    params=(
        Choice(
            "mode",
            "bilinear",
            "How points in between are found.",
            label="Mode",
            options=("bilinear", "nearest", "bicubic"),
        ),
        _FILL,
        _CORNERS,
    ),
    shape=_sampled,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text(
                "F.grid_sample",
                Written("{x}"),
                Written("{grid}"),
                mode=(p.mode, "bilinear"),
                padding_mode=(p.padding_mode, "zeros"),
                align_corners=(p.align_corners, None),
            ),
        )
    ),
    examples=(
        Example({}, (("N", 3, 8, 6), ("N", 4, 5, 2)), ("N", 3, 4, 5)),
        Example(
            {"mode": "nearest", "padding_mode": "border"}, (("N", 1, 8, 8), ("N", 8, 8, 2)), ("N", 1, 8, 8)
        ),
    ),
    short="{mode}",
    pitfalls="The grid counts across first, then down. With AffineGrid before it, a spatial transformer.",
    group=_GROUP,
    torch_name="nn.functional.grid_sample",
    source="Jaderberg, Simonyan, Zisserman and Kavukcuoglu, Spatial Transformer Networks, 2015",
    onnx="GridSample.",
    keywords=("warp", "optical flow", "spatial transformer", "deform", "rotate", "remap"),
    differs={**_CALLED, "align_corners": "off unless said"},
)


def _grid_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    theta = inputs[0]
    return (TensorSpec((theta.shape[0], *p.size, 2), theta.dtype),)


def _grid_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    high, wide = (literal(size) for size in p.size)
    size = f"({{theta}}.shape[0], 1, {high}, {wide})"  # len() would freeze the batch on export
    return "", f"F.affine_grid({{theta}}, {size}, align_corners={{align_corners}})"


AFFINE_GRID = function(
    "AffineGrid",
    "Makes the grid that turns, moves, scales or shears a picture, of a 2 × 3 matrix for each sample.",
    r"g_{ij} = \Theta \, (x_j, y_i, 1)^\top",
    inputs=(Port("theta", "N 2 3", doc="The matrix of each sample."),),
    outputs=(Port("y", "N H W 2", doc="For each new point where to look, from -1 to 1."),),
    params=(
        Ints(
            "size", (28, 28), "Height and width of the new picture.", label="Size", count=2, min=2, unit="px"
        ),
        _CORNERS,
    ),
    shape=_grid_shape,
    torch=Torch(text=_grid_text),
    examples=(
        Example({}, (("N", 2, 3),), ("N", 28, 28, 2)),
        Example({"size": (8, 6)}, (("N", 2, 3),), ("N", 8, 6, 2)),
    ),
    short="{size}",
    pitfalls="Let the layer that makes the matrix start at 1 0 0, 0 1 0: no change.",
    group=_GROUP,
    torch_name="nn.functional.affine_grid",
    source="Jaderberg, Simonyan, Zisserman and Kavukcuoglu, Spatial Transformer Networks, 2015",
    onnx="AffineGrid, or MatMul of a fixed grid.",
    keywords=("spatial transformer", "rotate", "scale", "shear", "warp", "AffineGrid"),
    differs={
        "size": "height and width: batch and channels are those of the picture",
        "align_corners": "off unless said",
    },
)

LAYERS: tuple[LayerSpec, ...] = (INTERPOLATE, GRID_SAMPLE, AFFINE_GRID)
