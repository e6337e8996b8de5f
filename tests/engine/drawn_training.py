"""Drawings whose training is held against hand-written PyTorch: the twins lie in tests/reference."""

from __future__ import annotations

from dataclasses import replace

from studio.document.model import Document
from studio.graph.model import Block
from tests.analysis.drawings import block, document
from tests.analysis.drawings import node as N


def mlp(name: str, hidden: int, out: int, *, norm: bool = False, drop: float = 0.0) -> Block:
    """Linear, perhaps BatchNorm, ReLU, perhaps Dropout, Linear."""
    nodes = [N("x", "Input"), N("wide", "Linear", {"x": "x"}, out_features=hidden)]
    if norm:
        nodes.append(N("norm", "BatchNorm1d", {"x": nodes[-1].id}))
    nodes.append(N("relu", "ReLU", {"x": nodes[-1].id}))
    if drop:
        nodes.append(N("drop", "Dropout", {"x": nodes[-1].id}, p=drop))
    nodes.append(N("narrow", "Linear", {"x": nodes[-1].id}, out_features=out))
    return block(name, *nodes, N("y", "Output", {"x": "narrow"}))


def gan() -> Document:
    """A generator with normalization, a discriminator with dropout, two Optimizers."""
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("real", "Flatten", {"x": "digits.image"}),
        N("noise", "Noise", shape=(16,)),
        N("fake", "Block", {"x": "noise"}, block="generator"),
        N("image", "Output", {"x": "fake"}),
        N("one", "Constant", value=1.0, shape=(1,)),
        N("zero", "Constant", value=0.0, shape=(1,)),
        N("real_score", "Block", {"x": "real"}, block="discriminator"),
        N("fake_score", "Block", {"x": "fake"}, block="discriminator", weights_of="real_score"),
        N("true", "BCEWithLogits", {"input": "real_score", "target": "one"}),
        N("false", "BCEWithLogits", {"input": "fake_score", "target": "zero"}),
        N("fooled", "BCEWithLogits", {"input": "fake_score", "target": "one"}),
        N(
            "judge",
            "Optimizer",
            {"loss": ["true", "false"]},
            order=1,
            algorithm="Adam",
            learning_rate=0.002,
            trains=("real_score",),
        ),
        N(
            "forge",
            "Optimizer",
            {"loss": "fooled"},
            order=2,
            algorithm="Adam",
            learning_rate=0.001,
            trains=("fake",),
        ),
        blocks={
            "generator": mlp("generator", 32, 64, norm=True),
            "discriminator": mlp("discriminator", 32, 1, drop=0.3),
        },
        title="GAN",
    )


def wasserstein() -> Document:
    """A critic whose slope is held, and a generator that moves in every second step."""
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("real", "Flatten", {"x": "digits.image"}),
        N("noise", "Noise", shape=(16,)),
        N("fake", "Block", {"x": "noise"}, block="generator"),
        N("image", "Output", {"x": "fake"}),
        N("mixed", "RandomInterpolate", {"a": "real", "b": "fake"}),
        N("real_score", "Block", {"x": "real"}, block="critic"),
        N("fake_score", "Block", {"x": "fake"}, block="critic", weights_of="real_score"),
        N("mixed_score", "Block", {"x": "mixed"}, block="critic", weights_of="real_score"),
        N("up", "Wasserstein", {"score": "real_score"}),
        N("down", "Wasserstein", {"score": "fake_score"}, target="fake"),
        N("steep", "GradientPenalty", {"input": "mixed", "score": "mixed_score"}, weight=10.0),
        N("fooled", "Wasserstein", {"score": "fake_score"}),
        N(
            "judge",
            "Optimizer",
            {"loss": ["up", "down", "steep"]},
            order=1,
            algorithm="Adam",
            betas=(0.5, 0.9),
            learning_rate=0.002,
            trains=("real_score",),
        ),
        N(
            "forge",
            "Optimizer",
            {"loss": "fooled"},
            order=2,
            algorithm="Adam",
            betas=(0.5, 0.9),
            learning_rate=0.001,
            trains=("fake",),
            every=2,
        ),
        blocks={"generator": mlp("generator", 32, 64, norm=True), "critic": mlp("critic", 32, 1)},
        title="Wasserstein",
    )


def distillation() -> Document:
    """A frozen teacher, a student that learns from it and from the labels."""
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("pixels", "Flatten", {"x": "digits.image"}),
        replace(N("teacher", "Block", {"x": "pixels"}, block="teacher"), frozen=True),
        N("student", "Block", {"x": "pixels"}, block="student"),
        N("prediction", "Output", {"x": "student"}),
        N("wanted", "Softmax", {"x": "teacher"}),
        N("alike", "CrossEntropy", {"input": "student", "target": "wanted"}, weight=0.7),
        N("right", "CrossEntropy", {"input": "student", "target": "digits.label"}, weight=0.3),
        N("adam", "Optimizer", {"loss": ["alike", "right"]}, learning_rate=0.01, clip=1.0),
        blocks={
            "teacher": mlp("teacher", 64, 10, norm=True, drop=0.5),
            "student": mlp("student", 16, 10, drop=0.1),
        },
        title="Distillation",
    )


def cyclegan() -> Document:
    """Four blocks, two sources: pictures of one kind become those of the other and back."""
    nodes = [
        N("a", "Data", set="digits-8x8"),
        N("b", "Data", set="digits-8x8", split_seed=5),
        N("real_a", "Flatten", {"x": "a.image"}),
        N("real_b", "Flatten", {"x": "b.image"}),
        N("fake_b", "Block", {"x": "real_a"}, block="changer"),
        N("fake_a", "Block", {"x": "real_b"}, block="changer"),
        N("back_a", "Block", {"x": "fake_b"}, block="changer", weights_of="fake_a"),
        N("back_b", "Block", {"x": "fake_a"}, block="changer", weights_of="fake_b"),
        N("same_a", "Block", {"x": "real_a"}, block="changer", weights_of="fake_a"),
        N("same_b", "Block", {"x": "real_b"}, block="changer", weights_of="fake_b"),
        N("out", "Output", {"x": "fake_b"}),
        N("one", "Constant", value=1.0, shape=(1,)),
        N("zero", "Constant", value=0.0, shape=(1,)),
        N("true_a", "Block", {"x": "real_a"}, block="critic"),
        N("true_b", "Block", {"x": "real_b"}, block="critic"),
        N("false_a", "Block", {"x": "fake_a"}, block="critic", weights_of="true_a"),
        N("false_b", "Block", {"x": "fake_b"}, block="critic", weights_of="true_b"),
    ]
    for side in "ab":
        nodes += [
            N(f"fooled_{side}", "MSE", {"input": f"false_{side}", "target": "one"}),
            N(f"cycle_{side}", "MSE", {"input": f"back_{side}", "target": f"real_{side}"}, weight=10.0),
            N(f"kept_{side}", "MSE", {"input": f"same_{side}", "target": f"real_{side}"}, weight=5.0),
            N(f"seen_{side}", "MSE", {"input": f"true_{side}", "target": "one"}),
            N(f"caught_{side}", "MSE", {"input": f"false_{side}", "target": "zero"}),
            N(
                f"judge_{side}",
                "Optimizer",
                {"loss": [f"seen_{side}", f"caught_{side}"]},
                order=2,
                algorithm="Adam",
                learning_rate=0.002,
                trains=(f"true_{side}",),
            ),
        ]
    losses = [f"{kind}_{side}" for kind in ("fooled", "cycle", "kept") for side in "ab"]
    change = N(
        "change",
        "Optimizer",
        {"loss": losses},
        order=1,
        algorithm="Adam",
        learning_rate=0.001,
        trains=("fake_a", "fake_b"),
    )
    return document(
        *nodes,
        change,
        blocks={"changer": mlp("changer", 24, 64), "critic": mlp("critic", 16, 1)},
        title="CycleGAN",
    )


def belief() -> Document:
    """Autoencoders stacked: a layer after the other learns in epochs of its own, then all are fine-tuned."""

    def layer(size: int) -> Block:
        return block(
            f"layer{size}",
            N("x", "Input"),
            N("linear", "Linear", {"x": "x"}, out_features=size),
            N("sigmoid", "Sigmoid", {"x": "linear"}),
            N("y", "Output", {"x": "sigmoid"}),
        )

    def optimizer(name: str, loss: str, order: int, trains: tuple[str, ...], first: int, last: int) -> object:
        return N(
            name,
            "Optimizer",
            {"loss": loss},
            order=order,
            algorithm="SGD",
            momentum=0.9,
            learning_rate=0.1,
            trains=trains,
            from_epoch=first,
            to_epoch=last,
        )

    return document(
        N("digits", "Data", set="digits-8x8", scale="0..1"),
        N("pixels", "Flatten", {"x": "digits.image"}),
        N("one", "Block", {"x": "pixels"}, block="layer32"),
        N("seen", "Linear", {"x": "one"}, out_features=64),
        N("two", "Block", {"x": "one"}, block="layer16"),
        N("felt", "Linear", {"x": "two"}, out_features=32),
        N("logits", "Linear", {"x": "two"}, out_features=10),
        N("prediction", "Output", {"x": "logits"}),
        N("first", "MSE", {"input": "seen", "target": "pixels"}),
        N("second", "MSE", {"input": "felt", "target": "one"}),
        N("last", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        optimizer("layer1", "first", 1, ("one", "seen"), 1, 2),
        optimizer("layer2", "second", 2, ("two", "felt"), 2, 3),
        optimizer("tune", "last", 3, ("one", "two", "logits"), 4, 0),
        blocks={"layer32": layer(32), "layer16": layer(16)},
        title="Belief",
    )


def boltzmann() -> Document:
    """A deep belief network: two machines learn to dream one after the other, then all is fine-tuned."""

    def optimizer(name: str, loss: str, order: int, trains: tuple[str, ...], first: int, last: int) -> object:
        return N(
            name,
            "Optimizer",
            {"loss": loss},
            order=order,
            algorithm="SGD",
            learning_rate=0.1,
            trains=trains,
            from_epoch=first,
            to_epoch=last,
        )

    return document(
        N("digits", "Data", set="digits-8x8", scale="0..1"),
        N("pixels", "Flatten", {"x": "digits.image"}),
        N("one", "RBM", {"x": "pixels"}, hidden=32, steps=2),
        N("two", "RBM", {"x": "one.hidden"}, hidden=16, particles=8),
        N("logits", "Linear", {"x": "two.hidden"}, out_features=10),
        N("prediction", "Output", {"x": "logits"}),
        N("first", "Minimize", {"x": "one.loss"}),
        N("second", "Minimize", {"x": "two.loss"}),
        N("last", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        optimizer("layer1", "first", 1, ("one",), 1, 2),
        optimizer("layer2", "second", 2, ("two",), 3, 4),
        optimizer("tune", "last", 3, ("one", "two", "logits"), 5, 0),
        title="Boltzmann",
    )
