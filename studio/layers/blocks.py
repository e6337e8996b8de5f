"""Instances of blocks. Their ports, shapes and weights come from the block's own graph, by analysis."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.params import BlockRef, Bool, Choice, Float, Int, Ints, Text
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Torch, Traits

_BLOCK = BlockRef("block", "", "The block of this project that is used.", label="Block")
_WEIGHTS_OF = Text(
    "weights_of",
    "",
    "Name of another use of this block whose weights it uses too; empty for weights of its own.",
    label="Weights of",
    essential=False,
    suggestions="nodes",
)
_LOADED = Text(
    "weights",
    "",
    "Trained weights that it starts from, by the name they were added under; empty for fresh ones.",
    label="Trained weights",
    essential=False,
    suggestions="weights",
)
_STATISTICS = Bool(
    "keep_statistics",
    False,
    "While it is frozen, normalization still follows the data and dropout still drops.",
    label="Frozen: train statistics",
    essential=False,
)


def _worked_out_elsewhere(p: SimpleNamespace, inputs: Specs) -> Specs:
    raise AssertionError("the shapes of a block come from its graph: analysis works them out, not this rule")


BLOCK = LayerSpec(
    name="Block",
    category=Category.LEARNED,
    summary="Uses a drawing of your own as one layer.",
    formula=r"y = f(x)",
    inputs=(),
    outputs=(),
    params=(_BLOCK, _WEIGHTS_OF, _LOADED, _STATISTICS),
    shape=_worked_out_elsewhere,
    torch=Torch(),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html",
    onnx="Its layers one by one.",
    traits=Traits(role="block"),
    examples=(Example({"block": "head"}, (), ()),),
    short="{block}",
    keywords=("module", "group", "subgraph", "function", "nn.Module", "reuse"),
    pitfalls="Each use has weights of its own unless they are shared.",
)

REPEAT = LayerSpec(
    name="Repeat",
    category=Category.LEARNED,
    summary="Uses a block several times in a row, each with its own weights.",
    formula=r"y = f_n(\dots f_2(f_1(x)))",
    inputs=(),
    outputs=(),
    params=(
        _BLOCK,
        Int(
            "times", 2, "How many times in a row; 0 lets the input through.", label="Times", min=0, max=10_000
        ),
        Bool("shared", False, "All turns use the same weights.", label="One set of weights", essential=False),
        _WEIGHTS_OF,
        _LOADED,
        _STATISTICS,
    ),
    shape=_worked_out_elsewhere,
    torch=Torch(),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html",
    onnx="Its layers one by one.",
    traits=Traits(role="block"),
    examples=(Example({"block": "head", "times": 12}, (), ()),),
    short="{block} × {times}",
    keywords=("stack", "loop", "ModuleList", "nn.ModuleList", "depth", "residual"),
    pitfalls="What comes out of the block must fit what goes in.",
)

SCAN = LayerSpec(
    name="Scan",
    category=Category.SEQUENCE,
    summary="Runs a block over the steps of a sequence and hands its states on from step to step.",
    formula=r"h_t = f(x_t, h_{t-1})",
    inputs=(),
    outputs=(),
    params=(
        _BLOCK,
        Int(
            "states",
            1,
            "How many values are handed on: the last inputs of the block take them, its last outputs give them.",
            label="States",
            min=1,
            max=16,
        ),
        Ints(
            "state_shape",
            (64,),
            "Sizes of a state without the batch, where none is wired: it starts at 0.",
            label="State shape",
            count=0,
            min=1,
        ),
        Bool("reverse", False, "Goes from the last step to the first.", label="Reverse", essential=False),
        Choice(
            "output",
            "all",
            "all: the first output of every step, in a row; last: that of the last step alone.",
            label="Output",
            options=("all", "last"),
        ),
        _WEIGHTS_OF,
        _LOADED,
        _STATISTICS,
    ),
    shape=_worked_out_elsewhere,
    torch=Torch(),
    source="Elman, Finding Structure in Time, 1990",
    onnx="Its steps one after another, for the length the network was drawn with.",
    traits=Traits(role="block"),
    examples=(Example({"block": "cell", "state_shape": (32,)}, (), ()),),
    short="{block}",
    keywords=("recurrent", "RNN", "loop", "time", "unroll", "fold", "state"),
    pitfalls="Each step waits for the one before: LSTM and GRU are much faster than the same drawn by hand.",
)

EMA = LayerSpec(
    name="EMA",
    category=Category.LEARNED,
    summary="A copy of a block whose weights follow it slowly: the exponential moving average.",
    formula=r"\bar{w} \leftarrow d \, \bar{w} + (1 - d) \, w",
    inputs=(),
    outputs=(),
    params=(
        _BLOCK,
        Text("of", "", "Name of the use of the block that it follows.", label="Follows", suggestions="nodes"),
        Float(
            "decay",
            0.999,
            "Share of the average that stays at each step of the Optimizer.",
            label="Decay",
            min=0,
            max=1,
        ),
        Bool(
            "stands_in",
            False,
            "Validation and export use it in place of what it follows.",
            label="Validate and export it",
        ),
    ),
    shape=_worked_out_elsewhere,
    torch=Torch(),
    source="Polyak and Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992;"
    " Tarvainen and Valpola, Mean Teachers, 2017",
    onnx="Its layers one by one.",
    traits=Traits(role="block"),
    examples=(Example({"block": "head", "of": "head1", "decay": 0.99}, (), ()),),
    short="{of}, {decay}",
    keywords=(
        "exponential moving average",
        "average",
        "teacher",
        "momentum encoder",
        "Polyak",
        "target network",
    ),
    pitfalls="It starts as a copy. Nothing is learned through it: its inputs may stay unwired.",
)

LAYERS = (BLOCK, REPEAT, SCAN, EMA)
