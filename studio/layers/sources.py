"""Where values come from: data, noise, constants, block inputs; and where they go: outputs and views."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size, symbol
from studio.graph.spec import TensorSpec
from studio.layers.datasets import DataField
from studio.layers.params import Bool, Choice, Float, Int, Ints, Numbers, Text
from studio.layers.ports import fields_of
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import literal

N = symbol("N")
DRAWN = ("Noise", "RandomTimestep")
"""Sources that draw for each sample. An exported network takes what they give as an input."""


def _data_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    fields = fields_of(p.set, p.schemas)
    if fields is None:
        raise ShapeError(
            "there is no data set {set} here: choose one, or drop its file on the window", set=p.set
        )
    cut = any(field.name == "next" for field in fields)  # rows of tokens have the length they have
    return tuple(_field_spec(field, p.window if cut else 0) for field in fields)


def _field_spec(field: DataField, window: int) -> TensorSpec:
    shape: tuple[Size, ...] = field.shape
    if window and field.kind == "tokens" and "T" in field.axes:
        at = field.axes.split().index("T")
        shape = (*shape[:at], window, *shape[at + 1 :])
    return TensorSpec(
        (N, *shape), field.dtype, field.vocabulary or len(field.classes), f"N {field.axes}".strip()
    )


DATA = LayerSpec(
    name="Data",
    category=Category.SOURCE,
    summary="Brings samples of a data set into the drawing, a batch at a time.",
    formula=r"(x_i, t_i),\quad i = 1 \dots N",
    inputs=(),
    outputs=(),
    params=(
        Text("set", "digits-28x28", "The data set.", label="Data set", suggestions="datasets"),
        Choice(
            "scale",
            "none",
            "How numbers are scaled before the network sees them: 0..1 and -1..1 by their range, standard to"
            " mean 0 and spread 1. Measured on the training part only.",
            label="Scale",
            options=("none", "0..1", "-1..1", "standard"),
        ),
        Numbers(
            "split",
            (),
            "Samples for training, validation and test, as counts or fractions. Empty takes the set's own.",
            label="Split",
            essential=False,
            min=0,
        ),
        Int(
            "split_seed",
            0,
            "Decides which samples fall into which part; apart from the seed of a run, so that runs compare.",
            label="Split seed",
            essential=False,
            min=0,
        ),
        Int(
            "window",
            0,
            "Length of one sample cut from a text or a series; 0 takes the set's own.",
            unit="steps",
            label="Window",
            essential=False,
            min=0,
            max=65536,
        ),
        Int(
            "stride",
            0,
            "Distance between the starts of two windows; 0 takes the set's own.",
            unit="steps",
            label="Window stride",
            essential=False,
            min=0,
        ),
        Int(
            "shift",
            0,
            "Moves training pictures at random by up to this far in each direction.",
            unit="px",
            label="Random shift",
            essential=False,
            min=0,
        ),
        Float(
            "rotation",
            0.0,
            "Turns training pictures at random by up to this angle.",
            unit="°",
            label="Random rotation",
            essential=False,
            min=0,
            max=180,
        ),
        Bool(
            "flip",
            False,
            "Mirrors half of the training pictures left to right. Not for digits or letters.",
            label="Random flip",
            essential=False,
        ),
        Float(
            "noise",
            0.0,
            "Spread of the noise added to training pictures, as a share of their full range.",
            label="Added noise",
            essential=False,
            min=0,
        ),
    ),
    shape=_data_shape,
    torch=Torch(),
    source="Bishop, Pattern Recognition and Machine Learning, 2006, section 1.3 (validation and test sets)",
    onnx="Becomes an input of the exported network; scaling is described in the file's metadata.",
    traits=Traits(random=True, role="source"),
    examples=(Example({"set": "digits-28x28"}, (), ("N", 1, 28, 28)),),
    short="{set}",
    keywords=("dataset", "DataLoader", "input", "images", "table", "text", "series"),
    pitfalls="Scale measured numbers (standard) or training is slow. Look at the test part once, at the end.",
)


def _noise_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((N, *p.shape)),)


def _noise_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    sizes = ", ".join(literal(size) for size in p.shape)
    maker = "torch.rand" if p.distribution == "uniform" else "torch.randn"
    return "", f"{maker}({', '.join(filter(None, ('len({batch})', sizes)))}, device={{batch}}.device)"


NOISE = LayerSpec(
    name="Noise",
    category=Category.SOURCE,
    summary="Gives fresh random numbers for each sample of the batch.",
    formula=r"z \sim \mathcal{N}(0, 1)",
    inputs=(),
    outputs=(Port("y", "N *", doc="Random numbers, drawn once for each training step."),),
    params=(
        Ints("shape", (16,), "Sizes of one sample, without the batch.", label="Shape", count=0, min=1),
        Choice(
            "distribution",
            "normal",
            "normal: mean 0 and spread 1; uniform: all numbers from 0 to 1 alike.",
            label="Distribution",
            essential=False,
            options=("normal", "uniform"),
        ),
    ),
    shape=_noise_shape,
    torch=Torch(text=_noise_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.randn.html",
    onnx="RandomNormal; usually made an input instead, so that results can be repeated.",
    traits=Traits(random=True, role="source"),
    examples=(Example({"shape": (16,)}, (), ("N", 16)), Example({"shape": (3, 8, 8)}, (), ("N", 3, 8, 8))),
    short="{shape}",
    keywords=("randn", "latent", "RandomNormal", "GAN", "seed"),
    pitfalls="A generator needs it: without noise it makes the same thing every time.",
)


def _constant_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    return (TensorSpec((N, *p.shape)),)


def _constant_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    sizes = ", ".join(("len({batch})", *(literal(size) for size in p.shape)))
    sizes = sizes if p.shape else sizes + ","
    return "", f"torch.full(({sizes}), {literal(p.value)}, device={{batch}}.device)"


CONSTANT = LayerSpec(
    name="Constant",
    category=Category.SOURCE,
    summary="Gives the same number everywhere, for each sample of the batch.",
    formula=r"y = c",
    inputs=(),
    outputs=(Port("y", "N *", doc="The number, in the shape asked for."),),
    params=(
        Float("value", 1.0, "The number.", label="Value"),
        Ints("shape", (1,), "Sizes of one sample, without the batch.", label="Shape", count=0, min=1),
    ),
    shape=_constant_shape,
    torch=Torch(text=_constant_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.full.html",
    onnx="ConstantOfShape.",
    traits=Traits(role="source"),
    examples=(Example({"value": 1.0, "shape": (1,)}, (), ("N", 1)),),
    short="{value}",
    keywords=("full", "ones", "zeros", "ConstantOfShape", "target"),
    pitfalls="Feed it to a loss as the wanted answer, e.g. 1 for real in a GAN.",
)


def _worked_out_elsewhere(p: SimpleNamespace, inputs: Specs) -> Specs:
    raise AssertionError("the analysis works this out from the block; no rule of the catalogue does")


INPUT = LayerSpec(
    name="Input",
    category=Category.SOURCE,
    summary="A way into a block: what is wired to the block comes out here.",
    formula=r"y = x",
    inputs=(),
    outputs=(Port("y", "*", "any", doc="What was wired to the block."),),
    params=(
        Text(
            "axes",
            "*",
            "Names of the axes that the block expects, such as N C H W; * takes anything.",
            label="Axes",
            essential=False,
        ),
    ),
    shape=_worked_out_elsewhere,
    torch=Torch(),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
    onnx="An input of the block's function; inlined on export.",
    traits=Traits(role="input"),
    examples=(Example({}, (), ()),),
    short="{axes}",
    keywords=("placeholder", "argument", "block", "parameter"),
    pitfalls="Only inside blocks; in the main drawing values come from Data, Noise and Constant.",
)


def _swallow(p: SimpleNamespace, inputs: Specs) -> Specs:
    return ()


OUTPUT = LayerSpec(
    name="Output",
    category=Category.OUTPUT,
    summary="Names a result of the network; in a block, a way out.",
    formula=r"y = x",
    inputs=(Port("x", "*", "any", doc="The result."),),
    outputs=(),
    params=(),
    shape=_swallow,
    torch=Torch(),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
    onnx="An output of the exported network, under the node's name.",
    traits=Traits(role="output"),
    examples=(Example({}, (("N", 10),), ()),),
    keywords=("result", "prediction", "return", "export"),
    pitfalls="What lies between the data and the Outputs is exported; losses and metrics are not part of it.",
)

VIEW = LayerSpec(
    name="View",
    category=Category.OUTPUT,
    summary="Shows what flows through a wire while the network trains.",
    formula=r"",
    inputs=(Port("x", "*", "any", doc="What to look at."),),
    outputs=(),
    params=(
        Choice(
            "kind",
            "auto",
            "How to draw it; auto goes by the shape.",
            label="Kind",
            options=("auto", "image", "histogram", "heatmap", "curve", "text"),
        ),
    ),
    shape=_swallow,
    torch=Torch(),
    source="Zeiler and Fergus, Visualizing and Understanding Convolutional Networks, 2014",
    onnx="Left out.",
    traits=Traits(role="view"),
    examples=(Example({}, (("N", 1, 28, 28),), ()),),
    short="{kind}",
    keywords=("plot", "show", "inspect", "histogram", "picture", "debug"),
    pitfalls="Costs a little time a few times a second; it changes nothing in training.",
)

LAYERS: tuple[LayerSpec, ...] = (DATA, NOISE, CONSTANT, INPUT, OUTPUT, VIEW)
