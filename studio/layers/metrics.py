"""What is measured beside the loss: the metrics one meets first, means over the samples of a batch."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import is_float
from studio.layers.loss_rules import SCALAR, pair_text, squeezes
from studio.layers.metric_rules import METRIC, RISING, class_axis
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch

NUMBERS, CLASSES = "Metrics of numbers", "Metrics of classes"


def _accuracy_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    class_axis("Accuracy", inputs)
    return SCALAR


def _accuracy_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    axis = class_axis("Accuracy", inputs)
    if axis > 0:
        return "", f"({{input}}.argmax({axis}) == {{target}}).float().mean()"
    guess = "{input}.squeeze(-1)" if inputs[0].shape != inputs[1].shape else "{input}"
    wanted = "({target} > 0.5)" if is_float(inputs[1]) else "{target}.bool()"
    return "", f"(({guess} > 0) == {wanted}).float().mean()"


ACCURACY = LayerSpec(
    name="Accuracy",
    category=Category.LOSS,
    summary="The share of samples whose highest score is the right class.",
    formula=r"a = \frac{1}{n} \sum_i [\arg\max_j x_{ij} = t_i]",
    inputs=(
        Port("input", "N *", doc="Scores for each class; or one score, above 0 for yes."),
        Port("target", "N *", "any", doc="The right class, a whole number from 0."),
    ),
    outputs=(Port("value", "", doc="A share between 0 and 1."),),
    params=(),
    shape=_accuracy_shape,
    torch=Torch(text=_accuracy_text),
    source="https://scikit-learn.org/stable/modules/generated/sklearn.metrics.accuracy_score.html",
    onnx="Not exported: metrics stay behind.",
    exportable=False,
    traits=RISING,
    group=CLASSES,
    examples=(Example({}, (("N", 10), ("N",)), ()), Example({}, (("N", 1), ("N",)), ())),
    keywords=("correct", "classification", "score", "hits", "percent"),
    pitfalls="Compare it with guessing: 0.9 is poor where nine of ten samples are of one class.",
)


def _mae_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    squeezes(inputs[0], inputs[1], "MeanAbsoluteError")
    return SCALAR


def _mae_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "MeanAbsoluteError")
    return "", f"({guess} - {wanted}).abs().mean()"


MEAN_ABSOLUTE_ERROR = LayerSpec(
    name="MeanAbsoluteError",
    category=Category.LOSS,
    summary="How far off predictions are on average, in the unit of the target.",
    formula=r"m = \frac{1}{n} \sum_i |y_i - t_i|",
    inputs=(
        Port("input", "N *", doc="What the network says."),
        Port("target", "N *", "any", doc="What is right."),
    ),
    outputs=(Port("value", "", doc="The mean distance."),),
    params=(),
    shape=_mae_shape,
    torch=Torch(text=_mae_text),
    source="https://scikit-learn.org/stable/modules/generated/sklearn.metrics.mean_absolute_error.html",
    onnx="Not exported: metrics stay behind.",
    exportable=False,
    traits=METRIC,
    group=NUMBERS,
    examples=(Example({}, (("N", 1), ("N", 1)), ()),),
    keywords=("MAE", "L1", "regression", "error", "distance"),
    pitfalls="Where the target was scaled, it is in scaled units.",
)

LAYERS = (ACCURACY, MEAN_ABSOLUTE_ERROR)
