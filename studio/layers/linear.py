"""Learned weighted sums of all inputs: Linear, and Bilinear for pairs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Int, Text
from studio.layers.rules import Specs, fixed, product, show, weight_and_bias
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED


def _linear_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    shape = inputs[0].shape
    if len(shape) > 3:
        raise ShapeError(
            "Linear needs N F, gets {shape}: insert Flatten", (("insert", "Flatten"),), shape=show(shape)
        )
    return (TensorSpec((*shape[:-1], p.out_features), inputs[0].dtype),)


def _linear_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    if p.weight_of:
        return {}
    return weight_and_bias((p.out_features, fixed(inputs[0].shape[-1], "F")), p.out_features, p.bias)


def _linear_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2 * p.out_features, *inputs[0].shape[1:]))


def _linear_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    if p.weight_of:
        return "", "F.linear({x}, {weight_of}.weight)"
    return build_text("nn.Linear", inputs[0].shape[-1], p.out_features, bias=(p.bias, True)), ""


LINEAR = LayerSpec(
    name="Linear",
    category=Category.LEARNED,
    summary="Every output is a learned weighted sum of all inputs.",
    formula=r"y = x W^\top + b",
    inputs=(Port("x", "N * F", doc="Rows of features; the last axis is mixed."),),
    outputs=(Port("y", "N * out_features", doc="The same rows with new features."),),
    params=(
        Int("out_features", 64, "Number of outputs, so of neurons.", label="Outputs", min=1, max=2**31),
        Bool("bias", True, "Add a learned constant to each output.", label="Bias", essential=False),
        Text(
            "weight_of",
            "",
            "Name of a node whose weight is used here too, without bias; empty for an own weight.",
            label="Weight of",
            essential=False,
            suggestions="nodes",
        ),
    ),
    shape=_linear_shape,
    weights=_linear_weights,
    flops=_linear_flops,
    torch=Torch(text=_linear_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html",
    onnx="Gemm, or MatMul and Add where there are more than two axes.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_features": 120}, (("N", 400),), ("N", 120), 48120),
        Example({"out_features": 8, "bias": False}, (("N", "T", 32),), ("N", "T", 8), 256),
    ),
    short="{out_features}",
    keywords=("Dense", "fully connected", "Gemm", "MatMul", "perceptron", "affine", "nn.Linear"),
    pitfalls="Two in a row without an activation between them can do no more than one.",
    torch_name="nn.Linear",
    differs={"in_features": NOT_TYPED, "weight_of": "shares the weight of another node, as a tied head does"},
)


def _bilinear_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    first, second = (given.shape for given in inputs)
    if first[:-1] != second[:-1]:
        raise ShapeError(
            "Bilinear needs rows side by side, gets {first} and {second}: only the last axis may differ",
            first=show(first),
            second=show(second),
        )
    return (TensorSpec((*first[:-1], p.out_features), inputs[0].dtype),)


def _bilinear_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    sizes = tuple(fixed(given.shape[-1], "F") for given in inputs)
    return weight_and_bias((p.out_features, *sizes), p.out_features, p.bias)


def _bilinear_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    """Each output is a row times a matrix times a row."""
    first, second = (given.shape for given in inputs)
    return product((2 * p.out_features, second[-1], *first[1:-1], first[-1] + 1))


def _bilinear_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    sizes = (given.shape[-1] for given in inputs)
    return build_text("nn.Bilinear", *sizes, p.out_features, bias=(p.bias, True)), ""


BILINEAR = LayerSpec(
    name="Bilinear",
    category=Category.LEARNED,
    summary="Every output is a learned weighted sum of all products of two rows of features.",
    formula=r"y_k = x_1^\top W_k \, x_2 + b_k",
    inputs=(
        Port("input1", "N * F", doc="Rows of features."),
        Port("input2", "N * F", doc="Other rows, as many; they may have another number of features."),
    ),
    outputs=(Port("y", "N * out_features", doc="What each pair of rows gives."),),
    params=(
        Int("out_features", 16, "Number of outputs, so of neurons.", label="Outputs", min=1, max=2**31),
        Bool("bias", True, "Add a learned constant to each output.", label="Bias", essential=False),
    ),
    shape=_bilinear_shape,
    weights=_bilinear_weights,
    flops=_bilinear_flops,
    torch=Torch(text=_bilinear_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html",
    onnx="MatMul, Mul and ReduceSum.",
    traits=Traits(learned=True),
    examples=(
        Example({"out_features": 4}, (("N", 8), ("N", 5)), ("N", 4), 164),
        Example({"out_features": 2, "bias": False}, (("N", 3, 6), ("N", 3, 6)), ("N", 3, 2), 72),
    ),
    short="{out_features}",
    keywords=("pair", "interaction", "relation", "tensor product", "nn.Bilinear", "biaffine"),
    pitfalls="Its weights grow with the product of both numbers of features: narrow them with Linear first.",
    torch_name="nn.Bilinear",
    differs={"in1_features": NOT_TYPED, "in2_features": NOT_TYPED},
)

LAYERS = (LINEAR, BILINEAR)
