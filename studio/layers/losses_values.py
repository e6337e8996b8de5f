"""A loss out of any value that a layer gives: the balance of experts, the divergence of an RBM, a log-determinant."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch, Traits


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((), inputs[0].dtype),)


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return "", "{x}.mean()" if inputs[0].shape else "{x}"


MINIMIZE = LayerSpec(
    name="Minimize",
    category=Category.LOSS,
    summary="Makes any value a loss: the mean of what comes in becomes small, or large with a negative weight.",
    formula=r"L = \frac{1}{n} \sum_i x_i",
    inputs=(Port("x", "*", doc="What should become small."),),
    outputs=(Port("loss", "", doc="Its mean."),),
    params=(),
    shape=_shape,
    torch=Torch(text=_text),
    source="Bishop, Pattern Recognition and Machine Learning, 2006, section 1.5.5",
    onnx="Not exported: losses stay behind.",
    exportable=False,
    traits=Traits(role="loss"),
    examples=(Example({}, ((),), ()), Example({}, (("N", 4),), ())),
    keywords=("add_loss", "auxiliary loss", "maximize", "mean", "balance", "energy", "penalty"),
    pitfalls="A value that can fall without end, such as a plain score, makes training run away.",
)

LAYERS = (MINIMIZE,)
