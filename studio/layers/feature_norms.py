"""Normalizations that look at one sample only: over its features, groups of channels or neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.normalization import EPS, SHIFT, scale_and_shift
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, fixed, product, same_axes, show
from studio.layers.spec import Category, Example, LayerSpec, Port, Rule, ShapeError, Torch
from studio.layers.text import build_text, call_text
from studio.layers.windows import NOT_TYPED

_AXES = Int(
    "axes",
    1,
    "How many of the last axes are normalized together.",
    label="Axes",
    essential=False,
    min=1,
    max=8,
)
_SHAPE_DIFFERS = {
    "normalized_shape": f"{NOT_TYPED}: the sizes of the last axes",
    "axes": "says how many axes stand for torch's normalized_shape",
}
_FEATURES = (Port("x", "N * F", doc="Features on the last axis."),)
_SAME = (Port("y", "N * F", doc="The same shape."),)


def _sizes(p: SimpleNamespace, inputs: Specs, layer: str) -> tuple[int, ...]:
    shape = inputs[0].shape
    if p.axes >= len(shape):
        raise ShapeError(
            "{layer} works on the last {axes} axes, but a sample of {shape} has {count}",
            layer=layer,
            axes=p.axes,
            shape=show(shape),
            count=len(shape) - 1,
        )
    return tuple(fixed(size, "the last") for size in shape[-p.axes :])


def _shape_of(layer: str) -> Rule:
    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        _sizes(p, inputs, layer)
        return (TensorSpec(inputs[0].shape, inputs[0].dtype),)

    return shape


def _layer_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    if not p.elementwise_affine:
        return {}
    sizes = _sizes(p, inputs, "LayerNorm")
    return {"weight": sizes, "bias": sizes} if p.bias else {"weight": sizes}


def _layer_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    sizes = _sizes(p, inputs, "LayerNorm")
    build = build_text(
        "nn.LayerNorm",
        sizes[0] if len(sizes) == 1 else sizes,
        eps=(p.eps, 1e-5),
        elementwise_affine=(p.elementwise_affine, True),
        bias=(p.bias or not p.elementwise_affine, True),
    )
    return build, ""


LAYER_NORM = LayerSpec(
    name="LayerNorm",
    category=Category.NORMALIZATION,
    summary="Brings the features of each position to mean 0 and spread 1, then rescales them.",
    formula=r"y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} \, \gamma + \beta",
    inputs=_FEATURES,
    outputs=_SAME,
    params=(
        _AXES,
        EPS,
        Bool("elementwise_affine", True, "Learn a scale for each feature.", label="Scale", essential=False),
        Bool(
            "bias",
            True,
            "Learn a shift for each feature, where there is a scale.",
            label="Bias",
            essential=False,
        ),
    ),
    shape=_shape_of("LayerNorm"),
    weights=_layer_weights,
    torch=Torch(text=_layer_text),
    source="Ba, Kiros and Hinton, Layer Normalization, 2016",
    onnx="LayerNormalization.",
    examples=(
        Example({}, (("N", "T", 32),), ("N", "T", 32), 64),
        Example({"axes": 3, "elementwise_affine": False}, (("N", 3, 8, 8),), ("N", 3, 8, 8), 0),
    ),
    keywords=("normalize", "transformer", "LayerNormalization", "nn.LayerNorm", "layer norm"),
    pitfalls="Does not depend on the batch, so it also works with a batch of one.",
    torch_name="nn.LayerNorm",
    differs=_SHAPE_DIFFERS,
)


def _rms_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": _sizes(p, inputs, "RMSNorm")} if p.elementwise_affine else {}


def _rms_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    sizes = _sizes(p, inputs, "RMSNorm")
    build = build_text(
        "nn.RMSNorm",
        sizes[0] if len(sizes) == 1 else sizes,
        eps=(p.eps or None, None),
        elementwise_affine=(p.elementwise_affine, True),
    )
    return build, ""


RMS_NORM = LayerSpec(
    name="RMSNorm",
    category=Category.NORMALIZATION,
    summary="Divides the features of each position by their root mean square, then rescales them.",
    formula=r"y = \frac{x}{\sqrt{\operatorname{mean}(x^2) + \epsilon}} \, \gamma",
    inputs=_FEATURES,
    outputs=_SAME,
    params=(
        _AXES,
        Float(
            "eps",
            0.0,
            "Small number that keeps the division safe; 0 takes the smallest that the precision knows.",
            label="Epsilon",
            essential=False,
            min=0,
            max=1,
        ),
        Bool("elementwise_affine", True, "Learn a scale for each feature.", label="Scale", essential=False),
    ),
    shape=_shape_of("RMSNorm"),
    weights=_rms_weights,
    torch=Torch(text=_rms_text),
    source="Zhang and Sennrich, Root Mean Square Layer Normalization, 2019",
    onnx="RMSNormalization, or arithmetic in older operator sets.",
    examples=(
        Example({}, (("N", "T", 32),), ("N", "T", 32), 32),
        Example({"axes": 2, "eps": 1e-6}, (("N", 4, 8),), ("N", 4, 8), 32),
    ),
    keywords=("normalize", "root mean square", "LLaMA", "RMSNormalization", "nn.RMSNorm", "transformer"),
    pitfalls="Cheaper than LayerNorm and as good in transformers; it leaves the mean as it is.",
    torch_name="nn.RMSNorm",
    differs={**_SHAPE_DIFFERS, "eps": "0 stands for torch's None"},
)


def _group_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    channels = fixed(inputs[0].shape[1], "C")
    if channels % p.num_groups:
        fits = next(count for count in range(min(p.num_groups, channels), 0, -1) if channels % count == 0)
        raise ShapeError(
            "{channels} channels can't be split into {groups} groups evenly: set {fits}",
            (("set", "num_groups", str(fits)),),
            channels=channels,
            groups=p.num_groups,
            fits=fits,
        )
    if product(inputs[0].shape[2:]) * (channels // p.num_groups) == 1:
        raise ShapeError(
            "each of {groups} groups of {shape} has one number, which nothing can be measured of: set 1",
            (("set", "num_groups", "1"),),
            groups=p.num_groups,
            shape=show(inputs[0].shape),
        )
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _group_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return scale_and_shift(p, (fixed(inputs[0].shape[1], "C"),))


def _group_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    build = build_text(
        "nn.GroupNorm",
        p.num_groups,
        inputs[0].shape[1],
        eps=(p.eps, 1e-5),
        affine=(p.affine, True),
        bias=(p.bias or not p.affine, True),
    )
    return build, ""


GROUP_NORM = LayerSpec(
    name="GroupNorm",
    category=Category.NORMALIZATION,
    summary="Brings groups of channels of each sample to mean 0 and spread 1, then rescales them.",
    formula=r"y = \frac{x - \mu_G}{\sqrt{\sigma_G^2 + \epsilon}} \, \gamma + \beta",
    inputs=(Port("x", "N C *", doc="Anything with channels on the second axis."),),
    outputs=(Port("y", "N C *", doc="The same shape."),),
    params=(
        Int(
            "num_groups",
            8,
            "Groups of channels measured together; 1 takes all, as many as channels takes each alone.",
            label="Groups",
            min=1,
            max=2**16,
        ),
        EPS,
        Bool(
            "affine",
            True,
            "Learn a scale and a shift for each channel.",
            label="Scale and shift",
            essential=False,
        ),
        SHIFT,
    ),
    shape=_group_shape,
    weights=_group_weights,
    torch=Torch(text=_group_text),
    source="Wu and He, Group Normalization, 2018",
    onnx="GroupNormalization, or InstanceNormalization between Reshape operators.",
    examples=(
        Example({}, (("N", 32, 8, 8),), ("N", 32, 8, 8), 64),
        Example({"num_groups": 1, "affine": False}, (("N", 6, "T"),), ("N", 6, "T"), 0),
    ),
    short="{num_groups}",
    keywords=("normalize", "GroupNormalization", "diffusion", "U-Net", "nn.GroupNorm", "group norm"),
    pitfalls="Does not depend on the batch: use it instead of BatchNorm where batches are small.",
    torch_name="nn.GroupNorm",
    differs={"num_channels": NOT_TYPED, "num_groups": "starts at 8; torch has no default"},
)


def _local_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named = {"alpha": (p.alpha, 1e-4), "beta": (p.beta, 0.75), "k": (p.k, 1.0)}
    return "", call_text("F.local_response_norm", "{x}", "{size}", **named)


LOCAL_RESPONSE_NORM = LayerSpec(
    name="LocalResponseNorm",
    category=Category.NORMALIZATION,
    summary="Divides each number by how strong its neighbours in the channels beside it are.",
    formula=r"y_c = x_c \left( k + \frac{\alpha}{n} \sum_{|c' - c| \le n/2} x_{c'}^2 \right)^{-\beta}",
    inputs=(Port("x", "N C * L", doc="Signals, pictures or volumes with channels on the second axis."),),
    outputs=(Port("y", "N C * L", doc="The same shape."),),
    params=(
        Int("size", 5, "How many channels count as neighbours.", label="Neighbours", min=1, max=4096),
        Float("alpha", 1e-4, "How much they count.", label="Strength", min=0),
        Float("beta", 0.75, "The power that the sum is taken to.", label="Power", essential=False, min=0),
        Float("k", 1.0, "What is added to the sum.", label="Added", essential=False, min=0.001),
    ),
    shape=same_axes,
    torch=Torch(text=_local_text),
    source="Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural"
    " Networks, 2012, section 3.3",
    onnx="AveragePool and arithmetic; LRN in files of others.",
    examples=(
        Example({}, (("N", 8, 6, 6),), ("N", 8, 6, 6)),
        Example({"size": 3, "k": 2.0}, (("N", 4, 20),), ("N", 4, 20)),
    ),
    short="{size}",
    keywords=("normalize", "LRN", "AlexNet", "GoogLeNet", "crossChannelNorm", "nn.LocalResponseNorm"),
    pitfalls="For rebuilding networks of 2012 to 2014; BatchNorm took its place.",
    torch_name="nn.LocalResponseNorm",
    differs={"size": "starts at 5; torch has no default"},
)
LAYERS = (LAYER_NORM, RMS_NORM, GROUP_NORM, LOCAL_RESPONSE_NORM)
