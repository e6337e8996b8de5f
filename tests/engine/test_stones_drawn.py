"""Stones in drawings: the analysis is content, model.py is tidy, counts right and takes a step."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.engine.saver import named_tensors
from tests.analysis.drawings import document, node

DIGITS = node("digits", "Data", set="digits-28x28", scale="0..1")
BATCH = {"image": torch.rand(6, 1, 28, 28), "label": torch.randint(0, 10, (6,))}


def transformer() -> Document:
    """Patches, a class token, attention on a stochastic branch, and experts with their balance."""
    return document(
        DIGITS,
        node("patches", "PatchEmbedding", {"x": "digits.image"}, patch_size=(7, 7), embedding_dim=24),
        node("first", "ClassToken", {"x": "patches"}),
        node("placed", "LearnedPositions", {"x": "first"}, length=17),
        node("attention", "MultiheadAttention", {"query": "placed"}, num_heads=4),
        node("scale", "LayerScale", {"x": "attention"}, start=0.1),
        node("depth", "StochasticDepth", {"x": "scale"}, p=0.2),
        node("sum", "Add", {"x": ["placed", "depth"]}),
        node("experts", "MixtureOfExperts", {"x": "sum"}, experts=3, k=2, hidden=16),
        node("token", "Select", {"x": "experts"}, dim=1, index=0),
        node("gate", "SwiGLU", {"x": "token"}, hidden=20),
        node("logits", "Linear", {"x": "gate"}, out_features=10, weight_norm="weight"),
        node("prediction", "Output", {"x": "logits"}),
        node("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        node("even", "Minimize", {"x": "experts.balance"}, weight=0.01),
        node("adam", "Optimizer", {"loss": ["loss", "even"]}),
    )


def convolutional() -> Document:
    """Spectral norm, channel weights, blur, coordinates, quantized vectors."""
    return document(
        DIGITS,
        node("placed", "AddCoordinates", {"x": "digits.image"}),
        node("conv", "Conv2d", {"x": "placed"}, out_channels=8, kernel_size=(3, 3), weight_norm="spectral"),
        node("weighed", "SqueezeExcitation", {"x": "conv"}, squeeze_channels=2, activation="silu"),
        node("small", "BlurPool2d", {"x": "weighed"}),
        node("codes", "VectorQuantize", {"x": "small"}, codes=16),
        node("flat", "Flatten", {"x": "codes"}),
        node("logits", "Linear", {"x": "flat"}, out_features=10),
        node("prediction", "Output", {"x": "logits"}),
        node("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        node("near", "Minimize", {"x": "codes.loss"}),
        node("adam", "Optimizer", {"loss": ["loss", "near"]}),
    )


def diffusion() -> Document:
    """A tiny network that guesses the noise, told the step."""
    return document(
        DIGITS,
        node("noise", "Noise", shape=(1, 28, 28)),
        node("step", "RandomTimestep", steps=50),
        node("noisy", "NoiseSchedule", {"x": "digits.image", "t": "step", "noise": "noise"}, steps=50),
        node("time", "TimestepEmbedding", {"t": "step"}, width=16),
        node("conv", "Conv2d", {"x": "noisy"}, out_channels=8, kernel_size=(3, 3), padding=(1, 1)),
        node("told", "FiLM", {"x": "conv", "condition": "time"}),
        node("guess", "Conv2d", {"x": "told"}, out_channels=1, kernel_size=(3, 3), padding=(1, 1)),
        node("noise_guess", "Output", {"x": "guess"}),
        node("loss", "MSE", {"input": "guess", "target": "noise"}),
        node("adam", "Optimizer", {"loss": "loss"}),
    )


def belief() -> Document:
    """Two Boltzmann machines, each trained by its own Optimizer."""
    return document(
        DIGITS,
        node("flat", "Flatten", {"x": "digits.image"}),
        node("rbm1", "RBM", {"x": "flat"}, hidden=32),
        node("rbm2", "RBM", {"x": "rbm1.hidden"}, hidden=16, particles=8),
        node("features", "Output", {"x": "rbm2.hidden"}),
        node("dream1", "Minimize", {"x": "rbm1.loss"}),
        node("dream2", "Minimize", {"x": "rbm2.loss"}),
        node("first", "Optimizer", {"loss": "dream1"}, trains=("rbm1",), order=1),
        node("second", "Optimizer", {"loss": "dream2"}, trains=("rbm2",), order=2),
    )


def flow() -> Document:
    """Two couplings, and the same two backwards from noise."""
    return document(
        node("iris", "Data", set="iris", scale="standard"),
        node("one", "AffineCoupling", {"x": "iris.features"}, hidden=8),
        node("two", "AffineCoupling", {"x": "one"}, hidden=8, swap=True),
        node("noise", "Noise", shape=(4,)),
        node("back", "AffineCoupling", {"x": "noise"}, hidden=8, swap=True, inverse=True, weight_of="two"),
        node("made", "AffineCoupling", {"x": "back"}, hidden=8, inverse=True, weight_of="one"),
        node("sample", "Output", {"x": "made"}),
        node("code", "Output", {"x": "two"}),
        node("zero", "Constant", value=0.0, shape=(4,)),
        node("loss", "MSE", {"input": "two", "target": "zero"}, weight=2.0),
        node("stretch", "Add", {"x": ["one.log_det", "two.log_det"]}),
        node("wide", "Minimize", {"x": "stretch"}, weight=-1.0),
        node("adam", "Optimizer", {"loss": ["loss", "wide"]}),
    )


DRAWINGS = [transformer, convolutional, diffusion, belief, flow]


def module_of(doc: Document) -> Any:
    """model.py as a module."""
    made = ModuleType("drawn_stones")
    sys.modules["drawn_stones"] = made
    exec(generate(doc, analyze(doc)).files["model.py"], made.__dict__)
    return made


@pytest.mark.parametrize("make", DRAWINGS)
def test_the_analysis_is_content_and_the_text_tidy(make: Callable[[], Document], tmp_path: Path) -> None:
    doc = make()
    assert not [problem for problem in analyze(doc).problems if problem.severity == "error"]
    path = tmp_path / "model.py"
    path.write_text(generate(doc, analyze(doc)).files["model.py"], encoding="utf-8")
    for arguments in (["check"], ["format", "--check", "--diff", "--line-length", "88"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("make", DRAWINGS)
def test_a_step_is_taken(make: Callable[[], Document]) -> None:
    torch.manual_seed(0)
    doc = make()
    training = module_of(doc).Training()
    assert sum(weight.numel() for weight in training.parameters()) == analyze(doc).parameters
    batch = BATCH if make is not flow else {"features": torch.randn(6, 4), "label": BATCH["label"] % 3}
    optimizer = torch.optim.SGD(training.parameters(), 0.01)
    before = [weight.clone() for weight in training.parameters()]
    losses: list[float] = []

    def update(name: str, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    training.train().step(batch, update)
    assert losses and all(abs(loss) < 1e4 for loss in losses)
    moved = [not torch.equal(old, new) for old, new in zip(before, training.parameters(), strict=True)]
    assert sum(moved) >= 0.8 * len(moved)  # but for an expert without work
    with torch.no_grad():
        first = training.eval().evaluate(batch).losses if make is not diffusion else {}
        again = training.evaluate(batch).losses if make is not diffusion else {}
    assert first == again  # nothing is drawn in evaluation, but by sources


def test_the_noise_that_is_mixed_in_is_the_noise_that_is_guessed() -> None:
    training = module_of(diffusion()).Training()
    training.network.forward = lambda image, step, noise: noise  # a network that guesses right
    losses: list[float] = []
    training.step(BATCH, lambda name, loss: losses.append(float(loss)))
    assert losses == [0.0] and float(training.evaluate(BATCH).losses["loss"]) == 0.0


def test_what_the_text_makes_anew_is_not_saved() -> None:
    training = module_of(diffusion()).Training()
    assert named_tensors(training).keys() == training.state_dict().keys()
    assert "network.noisy.beta" in dict(training.named_buffers())


def test_a_learned_constant_takes_the_count_of_samples_from_its_wire() -> None:
    doc = document(
        DIGITS,
        node("noise", "Noise", shape=(16,)),
        node("start", "LearnedConstant", {"batch": "noise"}, shape=(784,)),
        node("square", "Reshape", {"x": "start"}, shape=(1, 28, 28)),
        node("picture", "Output", {"x": "square"}),
        node("loss", "MSE", {"input": "square", "target": "digits.image"}),
    )
    assert module_of(doc).Training().network(torch.randn(3, 16)).shape == (3, 1, 28, 28)


def test_the_flow_runs_backwards_with_the_same_weights() -> None:
    network = module_of(flow()).Training().network
    x = torch.randn(5, 4)
    there = network.two(network.one(x)[0])[0]
    back = network.one.inverse(network.two.inverse(there)[0])[0]
    torch.testing.assert_close(back, x, atol=1e-5, rtol=1e-5)
    assert {name.split(".")[0] for name, _ in network.named_parameters()} == {"one", "two"}


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"weight_of": "zero"}, "no such learned node"),
        ({"weight_of": "nobody"}, "no such learned node"),
        ({"hidden": 9}, "other weights"),
    ],
)
def test_a_coupling_shares_the_weights_of_its_like(wrong: dict[str, Any], word: str) -> None:
    doc = flow()
    back = doc.main.nodes["back"].with_params(wrong)
    found = analyze(replace(doc, main=doc.main.with_node(back))).problems
    assert [p.node for p in found if p.code == "tied" and word in p.template] == ["back"]
