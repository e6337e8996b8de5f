"""Layers that bring each channel to mean 0 and spread 1: over the batch, or over each sample alone."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Param
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import AXES, FOLD, GIVEN, NOT_TYPED

EPS = Float(
    "eps",
    1e-5,
    "Small number that keeps the division safe.",
    label="Epsilon",
    essential=False,
    min=1e-12,
    max=1,
)
SHIFT = Bool(
    "bias",
    True,
    "Learn a shift too, where there is a scale.",
    label="Shift",
    essential=False,
)


def scale_and_shift(p: SimpleNamespace, sizes: tuple[int, ...]) -> Mapping[str, tuple[int, ...]]:
    """The weights of a normalization that may rescale."""
    if not p.affine:
        return {}
    return {"weight": sizes, "bias": sizes} if p.bias else {"weight": sizes}


def _params(affine: bool, track: bool) -> tuple[Param, ...]:
    return (
        Float(
            "momentum",
            0.1,
            "Weight of the newest batch in the running mean that evaluation uses.",
            label="Momentum",
            essential=False,
            min=0,
            max=1,
        ),
        EPS,
        Bool(
            "affine",
            affine,
            "Learn a scale and a shift for each channel.",
            label="Scale and shift",
            essential=False,
        ),
        Bool(
            "track_running_stats",
            track,
            "Keep a running mean and spread for evaluation; else it measures there as in training.",
            label="Keep measures",
            essential=False,
        ),
        SHIFT,
    )


def _batch_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if len(inputs[0].shape) > 3:
        raise ShapeError(
            "BatchNorm1d needs N C or N C L, gets {shape}: use BatchNorm2d for pictures",
            shape=show(inputs[0].shape),
        )
    return _shape(p, inputs)


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    fixed(shape[1], "C")
    if not p.track_running_stats and product(shape[2:]) == 1:
        raise ShapeError(
            "one sample of {shape} has one number for each channel, which nothing can be measured of:"
            " keep measures",
            (("set", "track_running_stats", "true"),),
            shape=show(shape),
        )
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _instance_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    if product(shape[2:]) == 1:
        raise ShapeError(
            "{layer} measures each channel of a sample, but {shape} has one number there: use LayerNorm",
            layer=f"InstanceNorm{len(shape) - 2}d",
            shape=show(shape),
        )
    return _shape(p, inputs)


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return scale_and_shift(p, (fixed(inputs[0].shape[1], "C"),))


def _norm(
    kind: str, dims: int, words: tuple[str, str], keywords: tuple[str, ...], examples: tuple[Example, ...]
) -> LayerSpec:
    """The record of a batch or instance normalization; ``words`` are summary and pitfalls."""
    batch = kind == "BatchNorm"
    module = f"{kind}{dims}d"
    affine = track = batch  # torch's defaults

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        build = build_text(
            f"nn.{module}",
            inputs[0].shape[1],
            eps=(p.eps, 1e-5),
            momentum=(p.momentum, 0.1),
            affine=(p.affine, affine),
            track_running_stats=(p.track_running_stats, track),
            bias=(p.bias or not p.affine, True),
        )
        return build, ""

    line = batch and dims == 1
    axes = "N C *" if line else f"N C {AXES[dims]}"
    over = "B" if batch else "I"
    return LayerSpec(
        name=module,
        category=Category.NORMALIZATION,
        summary=words[0],
        formula=rf"y = \frac{{x - \mu_{over}}}{{\sqrt{{\sigma_{over}^2 + \epsilon}}}} \, \gamma + \beta",
        inputs=(Port("x", axes, doc="Rows of features, or channels along a line." if line else GIVEN[dims]),),
        outputs=(Port("y", axes, doc="The same shape."),),
        params=_params(affine, track),
        shape=_batch_shape if line else _shape if batch else _instance_shape,
        weights=_weights,
        torch=Torch(text=text),
        source="Ioffe and Szegedy, Batch Normalization: Accelerating Deep Network Training, 2015"
        if batch
        else "Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016",
        onnx="BatchNormalization; folded into the convolution before it."
        if batch
        else "InstanceNormalization, or BatchNormalization where measures are kept.",
        traits=Traits(stateful=True),
        examples=examples,
        keywords=("normalize", "running mean", f"nn.{module}", *keywords),
        pitfalls=words[1],
        group=FOLD[dims] if dims != 1 or not batch else "",
        torch_name=f"nn.{module}",
        differs={
            "num_features": NOT_TYPED,
            "momentum": "torch's None, the plain mean over all batches, can't be chosen",
        },
    )


_BATCH = ("BatchNormalization", "SyncBatchNorm", "batch norm")
_INSTANCE = ("InstanceNormalization", "style transfer", "contrast", "instance norm")

BATCH_NORM1D = _norm(
    "BatchNorm",
    1,
    (
        "Brings each feature to mean 0 and spread 1 over the batch, then rescales it.",
        "Needs batches of several samples in training; for N T F use LayerNorm.",
    ),
    _BATCH,
    (
        Example({}, (("N", 64),), ("N", 64), 128),
        Example({"affine": False}, (("N", 8, 20),), ("N", 8, 20), 0),
        Example({"bias": False}, (("N", 8),), ("N", 8), 8),
    ),
)
BATCH_NORM2D = _norm(
    "BatchNorm",
    2,
    (
        "Brings each channel of pictures to mean 0 and spread 1 over the batch, then rescales it.",
        "The Conv2d before it needs no bias. With batches under about 8 its measures become noisy.",
    ),
    (*_BATCH, "ResNet"),
    (
        Example({}, (("N", 64, 8, 8),), ("N", 64, 8, 8), 128),
        Example({"track_running_stats": False}, (("N", 4, 8, 8),), ("N", 4, 8, 8), 8),
    ),
)
BATCH_NORM3D = _norm(
    "BatchNorm",
    3,
    (
        "Brings each channel of volumes to mean 0 and spread 1 over the batch, then rescales it.",
        "Volumes leave room for small batches only, where its measures are noisy: GroupNorm is steadier.",
    ),
    (*_BATCH, "volume", "video"),
    (Example({}, (("N", 4, 4, 8, 8),), ("N", 4, 4, 8, 8), 8),),
)
INSTANCE_NORM1D = _norm(
    "InstanceNorm",
    1,
    (
        "Brings each channel of each signal to mean 0 and spread 1 by itself.",
        "Takes away how loud a signal is: not where loudness is the answer.",
    ),
    (*_INSTANCE, "signal"),
    (
        Example({}, (("N", 8, 20),), ("N", 8, 20), 0),
        Example({"affine": True}, (("N", 8, "T"),), ("N", 8, "T"), 16),
    ),
)
INSTANCE_NORM2D = _norm(
    "InstanceNorm",
    2,
    (
        "Brings each channel of each picture to mean 0 and spread 1 by itself.",
        "Takes away brightness and contrast: right for style transfer, wrong where they are the answer.",
    ),
    (*_INSTANCE, "CycleGAN", "pix2pix"),
    (
        Example({}, (("N", 8, 8, 8),), ("N", 8, 8, 8), 0),
        Example({"affine": True, "track_running_stats": True}, (("N", 8, 6, 6),), ("N", 8, 6, 6), 16),
    ),
)
INSTANCE_NORM3D = _norm(
    "InstanceNorm",
    3,
    (
        "Brings each channel of each volume to mean 0 and spread 1 by itself.",
        "Takes away brightness and contrast, which scanners set differently, but also tissue may differ by.",
    ),
    (*_INSTANCE, "volume", "medical"),
    (Example({"affine": True}, (("N", 2, 4, 6, 6),), ("N", 2, 4, 6, 6), 4),),
)
LAYERS = (BATCH_NORM2D, BATCH_NORM1D, INSTANCE_NORM2D, INSTANCE_NORM1D, BATCH_NORM3D, INSTANCE_NORM3D)
