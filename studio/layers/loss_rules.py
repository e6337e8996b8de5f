"""What losses share: shapes of predictions and targets, class weights, and the form of their records."""

from __future__ import annotations

from typing import Any

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec, is_float
from studio.layers.params import Choice, Int, Numbers, Param
from studio.layers.rules import Specs, show
from studio.layers.spec import Category, LayerSpec, Port, Rule, ShapeError, Torch, Traits
from studio.layers.text import NamedInt

LOSS = Traits(role="loss")
SCALAR = (TensorSpec(()),)
LOSS_OUTPUT = (Port("loss", "", doc="The loss, a mean over the batch."),)
NOT_EXPORTED = "Not exported: losses stay behind."
NUMBERS, CLASSES = "Numbers", "Classes"
REDUCTION = Choice(
    "reduction",
    "mean",
    "Whether the losses of all positions are averaged or added up.",
    label="Reduction",
    essential=False,
    options=("mean", "sum"),
)
GUESS = Port("input", "N *", doc="What the network says.")
RIGHT = Port("target", "N *", "any", doc="What is right.")
DIFFERS = {
    "reduction": "There is no “none”: a loss is one number, or an Optimizer could not make it small.",
    "weight": "The name is taken by what every loss counts for; torch's is class_weights here, or left out.",
}


def torch_page(torch_name: str) -> str:
    """The page of torch's documentation about "nn.MSELoss"."""
    return f"https://docs.pytorch.org/docs/stable/generated/torch.{torch_name}.html"


def numbers_tensor(numbers: tuple[float, ...]) -> NamedInt:
    """A list of numbers as an argument: torch.tensor([1.0, 2.0])."""
    inner = ", ".join(repr(float(number)) for number in numbers)
    return NamedInt(1, f"torch.tensor([{inner}])")


def class_weights(numbers: tuple[float, ...], classes: Size) -> dict[str, tuple[object, object]]:
    """The argument ``weight`` of a torch loss; none where no weights are given.

    Raises:
        ShapeError: their count is not that of the classes.
    """
    if not numbers:
        return {}
    if isinstance(classes, int) and classes != len(numbers):
        raise ShapeError(
            "there are {count} class weights for {classes} classes: give one for each, or none",
            count=len(numbers),
            classes=classes,
        )
    return {"weight": (numbers_tensor(numbers), None)}


def loss_record(
    name: str,
    texts: tuple[str, str, str],
    inputs: tuple[Port, ...],
    params: tuple[Param, ...],
    rules: tuple[Rule, Torch],
    *,
    module: str = "",
    **more: Any,
) -> LayerSpec:
    """A record with what losses share.

    Args:
        name: of the layer.
        texts: summary, formula and pitfalls.
        inputs: its ports.
        params: its parameters.
        rules: the shape rule and the text.
        module: the name in torch ("nn.L1Loss"), which gives source, keyword and what differs.
        more: other fields of the record.
    """
    more = {"source": torch_page(module), "traits": LOSS, "differs": DIFFERS if module else {}, **more}
    more["keywords"] = (*more["keywords"], module) if module else more["keywords"]
    return LayerSpec(
        name=name,
        category=Category.LOSS,
        summary=texts[0],
        formula=texts[1],
        inputs=inputs,
        outputs=LOSS_OUTPUT,
        params=params,
        shape=rules[0],
        torch=rules[1],
        onnx=NOT_EXPORTED,
        exportable=False,
        pitfalls=texts[2],
        torch_name=module,
        **more,
    )


CLASS_WEIGHTS = Numbers(
    "class_weights",
    (),
    "What a mistake counts for in each class, one number a class; nothing means all alike.",
    label="Class weights",
    essential=False,
    min=0,
)
IGNORE_INDEX = Int(
    "ignore_index",
    -100,
    "Targets of this number don't count, such as padding.",
    label="Ignored target",
    essential=False,
)


def check_classes(layer: str, outputs: Size, classes: int) -> None:
    """Refuses scores for fewer classes than the targets have.

    Raises:
        ShapeError: their numbers differ; the fix sets the layer that the scores come from.
    """
    if classes and isinstance(outputs, int) and outputs != classes:
        raise ShapeError(
            "{classes} classes in the data, {outputs} outputs into {layer}: set {classes}",
            (("set_source_features", str(classes), "input"),),
            classes=classes,
            outputs=outputs,
            layer=layer,
        )


def squeezes(input_spec: TensorSpec, target: TensorSpec, layer: str) -> bool:
    """Whether the input has one last axis of size 1 more than the target.

    Raises:
        ShapeError: the shapes differ otherwise.
    """
    shape, wanted = input_spec.shape, target.shape
    if shape == wanted:
        return False
    if len(shape) == len(wanted) + 1 and shape[:-1] == wanted:
        if shape[-1] == 1:
            return True
        raise ShapeError(
            "{layer} compares {input} with {target}: set 1 output, or use a loss for classes",
            (("set_source_features", "1", "input"),),
            layer=layer,
            input=show(shape),
            target=show(wanted),
        )
    fixes: tuple[tuple[str, ...], ...] = ()
    if len(shape) == len(wanted) == 2 and isinstance(wanted[1], int):
        fixes = (("set_source_features", str(wanted[1]), "input"),)
    raise ShapeError(
        "{layer} needs equal shapes on input and target, gets {input} and {target}",
        fixes,
        layer=layer,
        input=show(shape),
        target=show(wanted),
    )


def pair_text(inputs: Specs, layer: str) -> tuple[str, str]:
    """The texts of input and target, of one shape and kind."""
    squeezed = "{input}.squeeze(-1)" if squeezes(inputs[0], inputs[1], layer) else "{input}"
    return squeezed, "{target}" if is_float(inputs[1]) else "{target}.float()"
