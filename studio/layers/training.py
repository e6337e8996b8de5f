"""The Optimizer: which losses are made small, by which algorithm and schedule."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.optimizer_texts import IMPORTS
from studio.layers.optimizers import ALGORITHMS, algorithm_params, decaying
from studio.layers.params import Bool, Choice, Float, Int, Ints, NodeRefs, Numbers, Param
from studio.layers.rules import Specs, show
from studio.layers.schedule_records import SCHEDULES, used_by
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits


def _optimizer_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    for given in inputs:
        if given.shape:
            raise ShapeError(
                "Optimizer needs a loss, one number; it gets {shape}: wire a loss there",
                shape=show(given.shape),
            )
    return ()


_NOT_AGAIN = tuple(record.name for record in ALGORITHMS if not record.again)
_ALGORITHM: tuple[Param, ...] = (
    Int("order", 1, "Which Optimizer goes first in a step, where there are several.", label="Order", min=1),
    Choice(
        "algorithm",
        "AdamW",
        "AdamW suits nearly everything; SGD with momentum can end better but wants a tuned rate.",
        label="Algorithm",
        options=tuple(record.name for record in ALGORITHMS),
    ),
    Float("learning_rate", 0.001, "How far each step goes.", label="Learning rate", min=0, max=1000),
    *algorithm_params(),
    Bool(
        "decay_matrices_only",
        False,
        "Keeps weight decay off biases and normalizations: off all weights of one axis.",
        label="No decay on biases",
        essential=False,
        when=("algorithm", *decaying()),
    ),
    NodeRefs(
        "groups",
        (),
        "Nodes and blocks with a learning rate of their own.",
        label="Own rate",
        essential=False,
        when=("algorithm", *_NOT_AGAIN),
    ),
    Numbers(
        "group_rates",
        (0.1,),
        "What the learning rate is multiplied by in each of these, in their order; the last one for the rest.",
        label="Rate factors",
        essential=False,
        min=0,
        when=("algorithm", *_NOT_AGAIN),
    ),
)


def _when(name: str) -> tuple[str, ...]:
    return ("schedule", *used_by(name))


_FOLLOWED = tuple(record.name for record in SCHEDULES if record.name not in ("plateau", "one-cycle"))
_SCHEDULE: tuple[Param, ...] = (
    Choice(
        "schedule",
        "constant",
        "How the learning rate moves over the run: constant, down a cosine, up and down once, or in steps.",
        label="Schedule",
        options=tuple(record.name for record in SCHEDULES),
    ),
    Float(
        "warmup",
        0.0,
        "Share of all steps in which the learning rate climbs from near 0.",
        label="Warm-up",
        essential=False,
        min=0,
        max=0.9,
    ),
    Int(
        "step_size",
        10,
        "Schedule step: epochs between two drops.",
        unit="epochs",
        label="Step size",
        essential=False,
        min=1,
        when=_when("step_size"),
    ),
    Ints(
        "milestones",
        (10, 20),
        "Epochs at which the rate drops.",
        unit="epochs",
        label="Milestones",
        essential=False,
        count=0,
        min=1,
        when=_when("milestones"),
    ),
    Float(
        "gamma",
        0.1,
        "Schedule step: what the learning rate is multiplied by at a drop.",
        label="Drop factor",
        essential=False,
        min=0,
        max=1,
        when=_when("gamma"),
    ),
    Float(
        "epoch_gamma",
        0.95,
        "What is left of the rate after an epoch.",
        label="Left per epoch",
        essential=False,
        min=0,
        max=1,
        when=_when("epoch_gamma"),
    ),
    Float(
        "end_factor",
        0.0,
        "The lowest rate, as a share of the highest.",
        label="Lowest rate",
        essential=False,
        min=0,
        max=1,
        when=_when("end_factor"),
    ),
    Float(
        "power",
        2.0,
        "1 is a straight line; larger powers fall faster first.",
        label="Power",
        essential=False,
        min=0.01,
        max=20,
        when=_when("power"),
    ),
    Int(
        "period",
        10,
        "Epochs of a cycle.",
        unit="epochs",
        label="Period",
        essential=False,
        min=1,
        when=_when("period"),
    ),
    Int(
        "period_factor",
        1,
        "How many times longer each cycle is than the one before.",
        label="Cycles grow",
        essential=False,
        min=1,
        max=10,
        when=_when("period_factor"),
    ),
    Choice(
        "mode",
        "triangular",
        "Whether the peaks stay, are halved from cycle to cycle, or fall by epoch.",
        label="Peaks",
        essential=False,
        options=("triangular", "triangular2", "exp_range"),
        when=_when("mode"),
    ),
    Int(
        "patience",
        10,
        "Epochs without progress that are borne before the rate drops.",
        unit="epochs",
        label="Patience",
        essential=False,
        min=0,
        when=_when("patience"),
    ),
    Choice(
        "then",
        "none",
        "The schedule that follows after a part of the run; it begins at the full rate.",
        label="Then",
        essential=False,
        options=("none", *_FOLLOWED),
        when=("schedule", *(record.name for record in SCHEDULES if record.name != "plateau")),
    ),
    Float(
        "switch",
        0.5,
        "Share of the run after which the next schedule begins.",
        label="Then after",
        essential=False,
        min=0,
        max=1,
        when=("then", *_FOLLOWED),
    ),
)
_RANGE: tuple[Param, ...] = (
    Float(
        "clip",
        0.0,
        "Longest gradient that is let through; 0 lets all through.",
        label="Clip gradient",
        essential=False,
        min=0,
        when=("algorithm", *_NOT_AGAIN),
    ),
    Float(
        "clip_value",
        0.0,
        "Largest single number of a gradient that is let through; 0 lets all through.",
        label="Clip each number",
        essential=False,
        min=0,
        when=("algorithm", *_NOT_AGAIN),
    ),
    Int(
        "accumulate",
        1,
        "Batches whose gradients are averaged before a step: a larger batch in the same memory.",
        unit="steps",
        label="Accumulate",
        essential=False,
        min=1,
        max=10_000,
        when=("algorithm", *_NOT_AGAIN),
    ),
    Int("every", 1, "Acts in every k-th step only.", unit="steps", label="Every", essential=False, min=1),
    Int("from_epoch", 1, "First epoch in which it acts.", label="From epoch", essential=False, min=1),
    Int(
        "to_epoch", 0, "Last epoch in which it acts; 0 is the end.", label="To epoch", essential=False, min=0
    ),
    NodeRefs(
        "trains",
        (),
        "Nodes and blocks whose weights it moves; none chosen means all.",
        label="Trains",
        essential=False,
    ),
)

OPTIMIZER = LayerSpec(
    name="Optimizer",
    category=Category.OPTIMIZER,
    summary="Moves the weights, step by step, so that the losses become smaller.",
    formula=r"w \leftarrow w - \eta \, \nabla_w L",
    inputs=(Port("loss", "*", variadic=True, doc="One or more losses; their sum is made small."),),
    outputs=(),
    params=(*_ALGORITHM, *_SCHEDULE, *_RANGE),
    shape=_optimizer_shape,
    torch=Torch(imports=IMPORTS),
    source="Loshchilov and Hutter, Decoupled Weight Decay Regularization, 2019; Kingma and Ba, Adam, 2015",
    onnx="Not exported: training stays behind.",
    exportable=False,
    traits=Traits(role="optimizer"),
    examples=(Example({"algorithm": "SGD", "momentum": 0.9}, ((),), ()),),
    short="{algorithm}, {learning_rate}",
    keywords=(
        "learning rate",
        "gradient descent",
        "schedule",
        "train",
        *(record.name for record in ALGORITHMS),
        *(record.torch_name for record in ALGORITHMS if record.torch_name),
        *(word for record in ALGORITHMS for word in record.keywords),
        *(record.name for record in SCHEDULES),
        *(word for record in SCHEDULES for word in record.keywords),
    ),
    pitfalls="If the loss jumps about or becomes NaN, divide the learning rate by 10.",
)

LAYERS = (OPTIMIZER,)
