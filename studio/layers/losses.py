"""What training makes small: the losses one meets first."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import is_float
from studio.layers.loss_rules import (
    CLASS_WEIGHTS,
    CLASSES,
    DIFFERS,
    GUESS,
    IGNORE_INDEX,
    LOSS,
    LOSS_OUTPUT,
    NOT_EXPORTED,
    NUMBERS,
    REDUCTION,
    RIGHT,
    SCALAR,
    check_classes,
    class_weights,
    numbers_tensor,
    pair_text,
    squeezes,
)
from studio.layers.params import Float, Int, Numbers
from studio.layers.rules import Specs, axis_of, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import build_text


def _mse_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    squeezes(inputs[0], inputs[1], "MSE")
    return SCALAR


def _mse_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "MSE")
    return build_text("nn.MSELoss", reduction=(p.reduction, "mean")), f"{{self}}({guess}, {wanted})"


MSE = LayerSpec(
    name="MSE",
    category=Category.LOSS,
    summary="The mean of the squared differences: for predicting numbers.",
    formula=r"L = \frac{1}{n} \sum_i (y_i - t_i)^2",
    inputs=(GUESS, RIGHT),
    outputs=LOSS_OUTPUT,
    params=(REDUCTION,),
    shape=_mse_shape,
    torch=Torch(text=_mse_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(Example({}, (("N", 1), ("N", 1)), ()),),
    keywords=(
        "mean squared error",
        "L2",
        "regression",
        "MSELoss",
        "nn.MSELoss",
        "SquaredError",
        "mse",
        "l2loss",
    ),
    group=NUMBERS,
    torch_name="nn.MSELoss",
    differs=DIFFERS,
    pitfalls="A few wild targets weigh a lot; scale targets of large numbers first.",
)


def _class_axis(p: SimpleNamespace, rank: int) -> int:
    return axis_of(p.class_axis, rank, "CrossEntropy")


def _cross_entropy_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    given, target = inputs
    shape = given.shape
    axis = _class_axis(p, len(shape))
    if is_float(target):
        if target.shape != shape:
            squeezes(given, target, "CrossEntropy")
        return SCALAR
    if target.shape != (*shape[:axis], *shape[axis + 1 :]):
        _refuse_targets(p, shape, target.shape)
    check_classes("CrossEntropy", shape[axis], target.classes)
    class_weights(p.class_weights, shape[axis])
    return SCALAR


def _refuse_targets(p: SimpleNamespace, shape: tuple[Size, ...], wanted: tuple[Size, ...]) -> None:
    values = {"input": show(shape), "target": show(wanted), "axis": p.class_axis}
    if len(shape) > 2 and shape[:-1] == wanted:
        raise ShapeError(
            "CrossEntropy looks for classes on axis {axis} of {input}, but by the target {target} they are on"
            " the last: set -1",
            (("set", "class_axis", "-1"),),
            **values,
        )
    if len(shape) > 2 and len(wanted) == 1:
        raise ShapeError(
            "CrossEntropy needs N C for one label a sample, gets {input}: insert Flatten and Linear, or take"
            " one position with Select",
            (("insert", "Flatten"),),
            **values,
        )
    raise ShapeError(
        "CrossEntropy needs scores with one axis more than the target: gets {input} and {target}", **values
    )


def _cross_entropy_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    rank = len(inputs[0].shape)
    axis = p.class_axis % rank
    build = build_text(
        "nn.CrossEntropyLoss",
        **class_weights(p.class_weights, inputs[0].shape[axis]),
        ignore_index=(p.ignore_index, -100),
        reduction=(p.reduction, "mean"),
        label_smoothing=(p.label_smoothing, 0.0),
    )
    if axis == 1:
        return build, ""
    if axis == rank - 1:
        target = "{target}.flatten()" if not is_float(inputs[1]) else "{target}.flatten(0, -2)"
        return build, "{self}({input}.flatten(0, -2), " + target + ")"
    target = f"{{target}}.movedim({axis}, 1)" if is_float(inputs[1]) else "{target}"
    return build, f"{{self}}({{input}}.movedim({axis}, 1), {target})"


CROSS_ENTROPY = LayerSpec(
    name="CrossEntropy",
    category=Category.LOSS,
    summary="How surprised the network is by the right class: for classification.",
    formula=r"L = -\frac{1}{n} \sum_i \log \frac{e^{x_{i,t_i}}}{\sum_j e^{x_{i,j}}}",
    inputs=(
        Port("input", "N * C", doc="Scores for each class, before any Softmax."),
        Port(
            "target", "N *", "any", doc="The right class, a whole number from 0; or a share for each class."
        ),
    ),
    outputs=LOSS_OUTPUT,
    params=(
        Int(
            "class_axis",
            1,
            "The axis of the input that holds the classes; -1 for the last, as in N T C.",
            label="Class axis",
            essential=False,
        ),
        Float(
            "label_smoothing",
            0.0,
            "Share of certainty taken from the right class and spread over all.",
            label="Label smoothing",
            essential=False,
            min=0,
            max=1,
        ),
        CLASS_WEIGHTS,
        IGNORE_INDEX,
        REDUCTION,
    ),
    shape=_cross_entropy_shape,
    torch=Torch(text=_cross_entropy_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(
        Example({}, (("N", 10), ("N",)), ()),
        Example({"class_axis": -1}, (("N", 64, 75), ("N", 64)), ()),
        Example({}, (("N", 3, 8, 8), ("N", 8, 8)), ()),
    ),
    keywords=(
        "log loss",
        "softmax",
        "classification",
        "CrossEntropyLoss",
        "nn.CrossEntropyLoss",
        "SoftmaxCrossEntropy",
        "CategoricalCrossEntropy",
        "SparseCategoricalCrossentropy",
        "SoftmaxCrossEntropyLoss",
        "label smoothing",
        "index-crossentropy",
    ),
    group=CLASSES,
    torch_name="nn.CrossEntropyLoss",
    differs=DIFFERS
    | {"class_axis": "torch has the classes on axis 1; text has them last, so it can be chosen."},
    pitfalls="Feed it raw scores: it applies Softmax itself.",
)


def _bce_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    squeezes(inputs[0], inputs[1], "BCEWithLogits")
    last = inputs[1].shape[-1] if inputs[1].shape else 1
    if len(p.pos_weight) > 1 and len(p.pos_weight) != last:
        raise ShapeError(
            "there are {count} weights of yes for {outputs} outputs: give one for each, or one for all",
            count=len(p.pos_weight),
            outputs=last,
        )
    return SCALAR


def _bce_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, wanted = pair_text(inputs, "BCEWithLogits")
    weights = {"pos_weight": (numbers_tensor(p.pos_weight), None)} if p.pos_weight else {}
    build = build_text("nn.BCEWithLogitsLoss", reduction=(p.reduction, "mean"), **weights)
    return build, f"{{self}}({guess}, {wanted})"


BCE_WITH_LOGITS = LayerSpec(
    name="BCEWithLogits",
    category=Category.LOSS,
    summary="How surprised the network is by each yes or no.",
    formula=r"L = -\frac{1}{n} \sum_i t_i \log \sigma(x_i) + (1 - t_i) \log (1 - \sigma(x_i))",
    inputs=(
        Port("input", "N *", doc="Scores before any Sigmoid; above 0 means yes."),
        Port("target", "N *", "any", doc="1 for yes, 0 for no, or a share between."),
    ),
    outputs=LOSS_OUTPUT,
    params=(
        Numbers(
            "pos_weight",
            (),
            "What a missed yes counts for against a false yes: one number, or one for each output; nothing means 1.",
            label="Weight of yes",
            essential=False,
            min=0,
        ),
        REDUCTION,
    ),
    shape=_bce_shape,
    torch=Torch(text=_bce_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(Example({}, (("N", 1), ("N", 1)), ()), Example({}, (("N", 1), ("N",)), ())),
    keywords=(
        "binary cross entropy",
        "logistic",
        "yes or no",
        "GAN",
        "BCE",
        "nn.BCEWithLogitsLoss",
        "SigmoidCrossEntropy",
        "BinaryCrossentropy",
    ),
    group=CLASSES,
    torch_name="nn.BCEWithLogitsLoss",
    differs=DIFFERS,
    pitfalls="Feed it raw scores: it applies Sigmoid itself.",
)


def _perceptron_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    squeezes(inputs[0], inputs[1], "PerceptronLoss")
    return SCALAR


def _perceptron_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    guess, _ = pair_text(inputs, "PerceptronLoss")
    return "", f"((({guess} >= 0).float() - {{target}}) * {guess}).mean()"


PERCEPTRON_LOSS = LayerSpec(
    name="PerceptronLoss",
    category=Category.LOSS,
    summary="The perceptron's rule as a loss: only wrong answers move the weights.",
    formula=r"L = \frac{1}{n} \sum_i ([x_i \ge 0] - t_i)\, x_i",
    inputs=(
        Port("input", "N *", doc="The number before the step."),
        Port("target", "N *", "any", doc="1 where the neuron should fire, else 0."),
    ),
    outputs=LOSS_OUTPUT,
    params=(),
    shape=_perceptron_shape,
    torch=Torch(text=_perceptron_text),
    source="Rosenblatt, Principles of Neurodynamics, 1962; as a criterion: Bishop 2006, section 4.1.7",
    onnx=NOT_EXPORTED,
    exportable=False,
    traits=LOSS,
    examples=(Example({}, (("N", 1), ("N",)), ()), Example({}, (("N", 3), ("N", 3)), ())),
    keywords=("perceptron rule", "Rosenblatt", "hinge", "error correction"),
    group=CLASSES,
    pitfalls="Comes to rest only where a straight line parts the classes; on XOR it never does.",
)

LAYERS = (MSE, CROSS_ENTROPY, BCE_WITH_LOGITS, PERCEPTRON_LOSS)
