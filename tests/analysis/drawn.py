"""Larger drawings that tests of code share: a ResNet of stages, a GPT, a piece of everything."""

from __future__ import annotations

from dataclasses import replace

from studio.document.model import Document
from studio.graph.expression import Expression as E
from studio.graph.expression import parse
from studio.graph.model import BlockParam as P
from studio.graph.model import Node
from tests.analysis.drawings import block, document
from tests.analysis.drawings import node as N


def cond(node: Node, text: str) -> Node:
    """The node, present only where an expression holds."""
    return replace(node, present_if=parse(text))


def resnet(depths: tuple[int, ...] = (3, 4, 6, 3)) -> Document:
    """ResNet of bottlenecks on pictures of one channel: stages in blocks in repeats."""
    bott = block(
        "bottleneck",
        N("x", "Input"),
        N("conv1", "Conv2d", {"x": "x"}, out_channels=E("width"), kernel_size=1, bias=False),
        N("bn1", "BatchNorm2d", {"x": "conv1"}),
        N("relu1", "ReLU", {"x": "bn1"}),
        N(
            "conv2",
            "Conv2d",
            {"x": "relu1"},
            out_channels=E("width"),
            kernel_size=3,
            padding=1,
            stride=E("stride"),
            bias=False,
        ),
        N("bn2", "BatchNorm2d", {"x": "conv2"}),
        N("relu2", "ReLU", {"x": "bn2"}),
        N("conv3", "Conv2d", {"x": "relu2"}, out_channels=E("4 * width"), kernel_size=1, bias=False),
        N("bn3", "BatchNorm2d", {"x": "conv3"}),
        cond(
            N(
                "shortcut",
                "Conv2d",
                {"x": "x"},
                out_channels=E("4 * width"),
                kernel_size=1,
                stride=E("stride"),
                bias=False,
            ),
            "first",
        ),
        cond(N("bns", "BatchNorm2d", {"x": "shortcut"}), "first"),
        N("add", "Add", {"x": ["bn3", "bns"]}),
        N("relu3", "ReLU", {"x": "add"}),
        N("y", "Output", {"x": "relu3"}),
        params=(P("width", "int", 64), P("stride", "int", 1), P("first", "bool", False)),
    )
    stage = block(
        "stage",
        N("x", "Input"),
        N(
            "blocks",
            "Repeat",
            {"x": "x"},
            block="bottleneck",
            times=E("depth"),
            arguments={"width": E("width"), "stride": E("stride if i == 0 else 1"), "first": E("i == 0")},
        ),
        N("y", "Output", {"x": "blocks"}),
        params=(P("width", "int", 64), P("depth", "int", 3), P("stride", "int", 1)),
    )
    return document(
        N("photos", "Data", set="fashion-5k"),
        N(
            "stem",
            "Conv2d",
            {"x": "photos.image"},
            out_channels=64,
            kernel_size=7,
            stride=2,
            padding=3,
            bias=False,
        ),
        N("bn", "BatchNorm2d", {"x": "stem"}),
        N("relu", "ReLU", {"x": "bn"}),
        N("pool", "MaxPool2d", {"x": "relu"}, kernel_size=3, stride=2, padding=1),
        N(
            "stages",
            "Repeat",
            {"x": "pool"},
            block="stage",
            times=4,
            arguments={"width": E("widths[i]"), "depth": E("depths[i]"), "stride": E("1 if i == 0 else 2")},
        ),
        N("mean", "AdaptiveAvgPool2d", {"x": "stages"}, output_size=1),
        N("flat", "Flatten", {"x": "mean"}),
        N("logits", "Linear", {"x": "flat"}, out_features=10),
        N("prediction", "Output", {"x": "logits"}),
        N("loss", "CrossEntropy", {"input": "logits", "target": "photos.label"}),
        N("adam", "Optimizer", {"loss": "loss"}),
        blocks={"bottleneck": bott, "stage": stage},
        title="ResNet",
        params=(P("depths", "ints", depths), P("widths", "ints", (64, 128, 256, 512))),
    )


def gpt() -> Document:
    """A small GPT whose sizes are the drawing's own parameters."""
    mha = block(
        "attention",
        N("x", "Input"),
        N("mix", "MultiheadAttention", {"query": "x"}, num_heads=E("heads")),
        N("y", "Output", {"x": "mix"}),
        params=(P("heads", "int", 4),),
    )
    blk = block(
        "block",
        N("x", "Input"),
        N("norm1", "LayerNorm", {"x": "x"}),
        N("attention", "Block", {"x": "norm1"}, block="attention", arguments={"heads": E("heads")}),
        N("add1", "Add", {"x": ["x", "attention"]}),
        N("norm2", "LayerNorm", {"x": "add1"}),
        N("wide", "Linear", {"x": "norm2"}, out_features=E("4 * width")),
        N("gelu", "GELU", {"x": "wide"}),
        N("narrow", "Linear", {"x": "gelu"}, out_features=E("width")),
        N("drop", "Dropout", {"x": "narrow"}, p=E("0.1 * (i + 1) / blocks")),
        N("add2", "Add", {"x": ["add1", "drop"]}),
        N("y", "Output", {"x": "add2"}),
        params=(P("width", "int", 64), P("heads", "int", 4), P("blocks", "int", 2)),
    )
    return document(
        N("text", "Data", set="austen"),
        N("token", "Embedding", {"x": "text.tokens"}, embedding_dim=E("width")),
        N(
            "stack",
            "Repeat",
            {"x": "token"},
            block="block",
            times=E("blocks"),
            arguments={"width": E("width"), "heads": E("heads"), "blocks": E("blocks")},
        ),
        N("norm", "LayerNorm", {"x": "stack"}),
        N("logits", "Linear", {"x": "norm"}, out_features=75),
        N("prediction", "Output", {"x": "logits"}),
        N("loss", "CrossEntropy", {"input": "logits", "target": "text.next"}, class_axis=-1),
        N("adam", "Optimizer", {"loss": "loss"}),
        blocks={"block": blk, "attention": mha},
        title="GPT",
        params=(P("width", "int", 96), P("heads", "int", 6), P("blocks", "int", 3)),
    )


def odds() -> Document:
    """Scans, shared weights, a frozen repeat of one set of weights, an average that stands in, a view."""
    cell = block(
        "cell",
        N("x", "Input"),
        N("h", "Input"),
        N("wx", "Linear", {"x": "x"}, out_features=32),
        N("wh", "Linear", {"x": "h"}, out_features=32),
        N("sum", "Add", {"x": ["wx", "wh"]}),
        N("tanh", "Tanh", {"x": "sum"}),
        N("next", "Output", {"x": "tanh"}),
    )
    lay = block(
        "layer",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=E("width")),
        N("bn", "BatchNorm1d", {"x": "linear"}),
        N("relu", "ReLU", {"x": "bn"}),
        N("y", "Output", {"x": "relu"}),
        params=(P("width", "int", 32),),
    )
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("rows", "Reshape", {"x": "digits.image"}, shape=(8, 8)),
        N("scan", "Scan", {"x": "rows"}, block="cell", state_shape=(32,), reverse=True),
        N("last", "Scan", {"x": "scan"}, block="cell", state_shape=(32,), output="last"),
        N("first", "Block", {"x": "last"}, block="layer"),
        N("second", "Block", {"x": "first"}, block="layer", weights_of="first"),
        replace(N("third", "Repeat", {"x": "second"}, block="layer", times=2, shared=True), frozen=True),
        N("slow", "EMA", block="layer", of="first", decay=0.99, stands_in=True),
        N("logits", "Linear", {"x": "third"}, out_features=10),
        N("prediction", "Output", {"x": "logits"}),
        N("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        N("accuracy", "Accuracy", {"input": "logits", "target": "digits.label"}),
        N("look", "View", {"x": "scan"}),
        N("adam", "Optimizer", {"loss": "loss"}),
        blocks={"cell": cell, "layer": lay},
        title="Odds and ends",
    )
