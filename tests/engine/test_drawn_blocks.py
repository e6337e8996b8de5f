"""Blocks as they run: the text of larger drawings against networks written by hand."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.files.presets import load_preset, preset_names
from tests.analysis.drawings import block, document
from tests.analysis.drawings import node as N
from tests.analysis.drawn import gpt, odds, resnet


def module_of(doc: Document, name: str = "drawn_text") -> Any:
    """model.py as a module."""
    made = ModuleType(name)
    sys.modules[name] = made
    exec(generate(doc, analyze(doc)).files["model.py"], made.__dict__)
    return made


@pytest.mark.parametrize("make", [resnet, gpt, odds])
def test_counts_are_those_of_the_analysis(make: Callable[[], Document]) -> None:
    doc = make()
    network = module_of(doc).Training().network
    assert sum(weight.numel() for weight in network.parameters()) == analyze(doc).parameters


@pytest.mark.parametrize(
    ("name", "size"),
    [(name, size) for name in preset_names() for size in load_preset(name).sizes],
    ids=":".join,
)
def test_code_of_a_named_size_has_its_weights_and_outputs(name: str, size: str) -> None:
    doc = load_preset(name, size)
    module, analysis = module_of(doc), analyze(doc)
    with torch.device("meta"):
        network = module.Training().network
    assert sum(weight.numel() for weight in network.parameters()) == doc.expect["parameters"]
    known = {}
    for node, result in analysis.state.main.results.items():
        known |= {key: spec for port, spec in result.facts.outputs.items() for key in (node, port)}
    taken = [known[key] for key in inspect.signature(network.forward).parameters]
    made = [torch.empty(2, *one.shape[1:], device="meta", dtype=getattr(torch, one.dtype)) for one in taken]
    scores = network.eval()(*made)
    assert list(scores.shape[1:]) == doc.expect["outputs"]["prediction"][1:]


def test_published_resnets_count_right() -> None:
    classes = 10 * 2048 + 10 - (1000 * 2048 + 1000)
    first = 64 * 7 * 7 * (1 - 3)
    assert analyze(resnet()).parameters == 25_557_032 + classes + first
    assert analyze(resnet((3, 8, 36, 3))).parameters == 60_192_808 + classes + first


def test_sizes_are_what_the_network_is_built_with() -> None:
    module = module_of(gpt())
    small = module.GPT(module.Sizes(width=24, heads=3, blocks=2))
    assert len(small.stack) == 2 and small.stack[1].attention.mix.num_heads == 3
    assert small(torch.zeros(2, 64, dtype=torch.int64)).shape == (2, 64, 75)


def test_a_scan_is_the_recurrence_written_by_hand() -> None:
    module = module_of(odds())
    network = module.Training().network
    rows = torch.rand(3, 8, 8)
    h, found = torch.zeros(3, 32), []
    for at in reversed(range(8)):
        h = torch.tanh(network.scan.wx(rows[:, at]) + network.scan.wh(h))
        found.insert(0, h)
    sequence = torch.stack(found, 1)
    looked = module.Training()
    looked.network.load_state_dict(network.state_dict())
    assert torch.equal(looked.look({"image": rows[:, None]})["look"], sequence)


def test_frozen_parts_stay_still_and_averages_follow() -> None:
    training = module_of(odds()).Training().train()
    assert not training.network.third.training and not training.slow.training
    assert training.network.first.training
    weights = [weight for weight in training.parameters() if weight.requires_grad]
    optimizer = torch.optim.SGD(weights, 0.1)
    before = [weight.clone() for weight in training.slow.parameters()]

    def update(name: str, loss: Tensor) -> None:
        loss.backward()
        optimizer.step()

    training.step({"image": torch.rand(4, 1, 8, 8), "label": torch.arange(4)}, update)
    slow, first = training.slow, training.network.first
    for old, mine, its in zip(before, slow.parameters(), first.parameters(), strict=True):
        assert torch.equal(mine, torch.lerp(old, its, 1 - 0.99))
    assert torch.equal(slow.bn.running_mean, first.bn.running_mean)
    assert isinstance(first.bn, nn.BatchNorm1d) and int(first.bn.num_batches_tracked) == 2
    assert all(weight.grad is None for weight in training.network.third.parameters())


def test_weights_are_tied_between_layers() -> None:
    doc = document(
        N("novel", "Data", set="austen"),
        N("token", "Embedding", {"x": "novel.tokens"}, embedding_dim=16),
        N("logits", "Linear", {"x": "token"}, out_features=75, weight_of="token"),
        N("prediction", "Output", {"x": "logits"}),
        N("loss", "CrossEntropy", {"input": "logits", "target": "novel.next"}, class_axis=-1),
    )
    text = generate(doc, analyze(doc)).files["model.py"]
    assert "        return F.linear(x, self.token.weight)  # N 64 75" in text.splitlines()
    assert analyze(doc).parameters == 75 * 16
    training = module_of(doc).Training()
    assert len(list(training.parameters())) == 1


def test_a_convolution_may_use_the_weight_of_another() -> None:
    nodes = [
        N("digits", "Data", set="digits-8x8"),
        N("widen", "Conv2d", {"x": "digits.image"}, out_channels=4, kernel_size=3, padding=1),
        N("one", "Conv2d", {"x": "widen"}, out_channels=4, kernel_size=3, padding=1),
        N("two", "Conv2d", {"x": "one"}, out_channels=4, kernel_size=3, padding=1, weight_of="one"),
        N("flat", "Flatten", {"x": "two"}),
        N("logits", "Linear", {"x": "flat"}, out_features=10),
        N("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
    ]
    doc = document(*nodes)
    network = module_of(doc).Training().network
    image = torch.rand(2, 1, 8, 8)
    seen = network.one(network.widen(image))
    again = nn.functional.conv2d(seen, network.one.weight, padding=1)
    assert torch.equal(network(image), network.logits(again.flatten(1)))
    assert analyze(doc).parameters == sum(weight.numel() for weight in network.parameters())
    wrong = doc.with_graph("", doc.main.with_node(nodes[3].with_params({"kernel_size": (5, 5)})))
    assert "4×4×5×5" in next(p.message for p in analyze(wrong).problems if p.code == "tied")


def test_weights_of_a_use_outside_the_network_are_built_inside_it() -> None:
    """The Output reads ``second``, which borrows from ``first``, of which only a loss reads."""
    part = block("part", N("x", "Input"), N("line", "Linear", {"x": "x"}, out_features=4))
    part = block("part", *part.graph.nodes.values(), N("y", "Output", {"x": "line"}))
    doc = document(
        N("flowers", "Data", set="iris"),
        N("first", "Block", {"x": "flowers.features"}, block="part"),
        N("same", "MSE", {"input": "first", "target": "flowers.features"}),
        N("second", "Block", {"x": "flowers.features"}, block="part", weights_of="first"),
        N("prediction", "Output", {"x": "second"}),
        blocks={"part": part},
    )
    training = module_of(doc).Training()
    assert sorted(dict(training.named_parameters())) == [
        "network.first.line.bias",
        "network.first.line.weight",
    ]
    rows = torch.rand(3, 4)
    assert torch.equal(training.network(rows), training.network.first(rows))
