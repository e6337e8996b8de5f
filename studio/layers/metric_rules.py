"""What metrics share: scores of classes or one score for yes or no, and the form of their records.

A metric from torchmetrics is a meter: the record's text makes it and says what it is fed. model.py holds all meters
of a drawing in one function, from which the trainer and train.py both take them.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from studio.graph.spec import TensorSpec, is_float
from studio.layers.loss_rules import SCALAR, check_classes, pair_text, squeezes
from studio.layers.params import Choice, Float, Param
from studio.layers.rules import Specs, fixed, show
from studio.layers.spec import Category, LayerSpec, Port, Rule, ShapeError, Torch, Traits
from studio.layers.text import build_text

METRIC = Traits(role="metric", differentiable=False)
RISING = Traits(role="metric", differentiable=False, rises=True)
NOT_EXPORTED = "Not exported: metrics stay behind."
_PAGE = "https://lightning.ai/docs/torchmetrics/stable/{}.html"
SCORES = Port("input", "N *", doc="Scores for each class; or one score, above 0 for yes.")
CLASS = Port("target", "N *", "any", doc="The right class, a whole number from 0.")
GUESS = Port("input", "N *", doc="What the network says.")
RIGHT = Port("target", "N *", "any", doc="What is right.")
AVERAGE = Choice(
    "average",
    "macro",
    "macro takes the mean over classes, weighted by their samples with weighted; micro counts all samples alike.",
    label="Average",
    essential=False,
    options=("macro", "weighted", "micro"),
)
THRESHOLD = Float(
    "threshold",
    0.5,
    "For yes or no: the share from which it counts as yes.",
    label="Threshold",
    essential=False,
    min=0,
    max=1,
)


def metric_record(
    name: str,
    texts: tuple[str, str, str],
    inputs: tuple[Port, ...],
    params: tuple[Param, ...],
    rules: tuple[Rule, Torch],
    *,
    page: str,
    gives: str,
    **more: Any,
) -> LayerSpec:
    """A record with what metrics share.

    Args:
        name: of the metric.
        texts: summary, formula and pitfalls.
        inputs: its ports.
        params: its parameters.
        rules: the shape rule and the text.
        page: of torchmetrics' documentation, e.g. "classification/auroc".
        gives: the meaning of its value.
        more: other fields of the record.
    """
    return LayerSpec(
        name=name,
        category=Category.LOSS,
        summary=texts[0],
        formula=texts[1],
        inputs=inputs,
        outputs=(Port("value", "" if more.pop("scalar", True) else "C C", "any", doc=gives),),
        params=params,
        shape=rules[0],
        torch=rules[1],
        source=_PAGE.format(page),
        onnx=NOT_EXPORTED,
        exportable=False,
        pitfalls=texts[2],
        **{"traits": METRIC, **more},
    )


def class_axis(layer: str, inputs: Specs) -> int:
    """The axis of the scores that holds the classes; -1 when the input is one score for yes or no.

    Raises:
        ShapeError: the shapes do not belong together.
    """
    shape, wanted = inputs[0].shape, inputs[1].shape
    if shape == wanted or (shape[:-1] == wanted and shape[-1] == 1):
        return -1
    for axis in (len(shape) - 1, 1):
        if 0 < axis < len(shape) and (*shape[:axis], *shape[axis + 1 :]) == wanted:
            check_classes(layer, shape[axis], inputs[1].classes)
            return axis
    raise ShapeError(
        "{layer} needs scores for each class and the right class, gets {input} and {target}",
        layer=layer,
        input=show(shape),
        target=show(wanted),
    )


def class_rule(layer: str, *, several: bool = False) -> Rule:
    """The shape rule of a metric of classes; ``several`` refuses one score for yes or no."""

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        axis = class_axis(layer, inputs)
        if axis < 0 and several:
            raise ShapeError(
                "{layer} needs scores for each class, gets one score: use Accuracy",
                layer=layer,
            )
        if axis > 0:
            classes_of(inputs, axis)
        return SCALAR

    return shape


def classes_of(inputs: Specs, axis: int) -> int:
    """How many classes the scores are for; 2 for one score for yes or no.

    Raises:
        ShapeError: their number is no plain number.
    """
    return 2 if axis < 0 else fixed(inputs[0].shape[axis], "C")


def class_text(layer: str, kind: str, *, certain: bool, names: tuple[str, ...] = ()) -> Torch:
    """The text of a metric of classes that torchmetrics has in a binary and a multiclass form.

    Args:
        layer: the name of the metric.
        kind: torchmetrics' name without "Binary" and "Multiclass".
        certain: whether it reads shares, not only which class is the first.
        names: parameters that the multiclass form takes.
    """

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        axis = class_axis(layer, inputs)
        if axis < 0:
            single = {"threshold": (p.threshold, 0.5)} if hasattr(p, "threshold") else {}
            return build_text(f"Binary{kind}", **single, **UNCHECKED), binary_call(inputs)
        named = {name: (getattr(p, name), _DEFAULTS.get(name)) for name in names}
        build = build_text(f"Multiclass{kind}", classes_of(inputs, axis), **named, **UNCHECKED)
        return build, class_call(inputs, axis, "softmax" if certain else "")

    lines = tuple(
        f"from torchmetrics.classification import {form}{kind}" for form in ("Binary", "Multiclass")
    )
    return Torch(text=text, imports=lines)


UNCHECKED = {"validate_args": (False, True)}  # a check would wait for the device at every batch
_DEFAULTS = {"average": "macro", "top_k": 1}


def binary_call(inputs: Specs) -> str:
    """The call for one score for yes or no: shares, and whole numbers."""
    guess = "{input}.squeeze(-1)" if inputs[0].shape != inputs[1].shape else "{input}"
    return f"{{self}}({guess}.sigmoid(), {_whole(inputs[1])})"


def class_call(inputs: Specs, axis: int, function: str = "") -> str:
    """The call for scores of classes, which torchmetrics wants on axis 1."""
    guess = f"{{input}}.{function}({axis})" if function else "{input}"
    if axis != 1:
        guess = f"{guess}.movedim({axis}, 1)"
    return f"{{self}}({guess}, {_whole(inputs[1])})"


def _whole(target: TensorSpec) -> str:
    return "{target}.long()" if is_float(target) else "{target}"


def number_rule(layer: str) -> Rule:
    """The shape rule of a metric of numbers: equal shapes, or one last axis of size 1 more."""

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        squeezes(inputs[0], inputs[1], layer)
        return SCALAR

    return shape


def number_text(layer: str, module: str, kind: str, **named: tuple[object, object]) -> Torch:
    """The text of a metric of numbers, which are compared one by one."""

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        guess, wanted = pair_text(inputs, layer)
        flat = ".flatten()" if len(inputs[1].shape) > 1 else ""
        return build_text(kind, **named), f"{{self}}({guess}{flat}, {wanted}{flat})"

    return Torch(text=text, imports=(f"from torchmetrics.{module} import {kind}",))
