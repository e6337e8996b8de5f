"""Ways to begin: all of torch.nn.init, on every layer that learns, in the class that is written."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.engine.rng import draws_random
from studio.files.presets import load_preset
from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.initializers import DEFAULT, INITIALIZERS, LEFT_OUT, PARAMS, init_lines
from studio.layers.spec import LayerSpec, ShapeError
from studio.layers.values import values
from studio.text import load
from tests.conformance.test_rules import inputs_of, layer_of, values_of
from tests.engine.test_generated_code import both, changed
from tests.engine.test_optimizers import with_optimizer

LEARNED = [spec for spec in CATALOGUE.values() if any(param.name == "weight_init" for param in spec.params)]


def test_every_initializer_of_torch_is_here_or_has_a_reason() -> None:
    theirs = {
        name
        for name, value in vars(nn.init).items()
        if inspect.isfunction(value) and not name.startswith("_") and value.__module__ == "torch.nn.init"
    }
    ours = {record.torch_name.removeprefix("nn.init.") for record in INITIALIZERS}
    aliases = {name for name in theirs if f"{name}_" in theirs}  # the old names without the underscore
    assert theirs - aliases - ours <= set(LEFT_OUT)
    assert ours <= theirs
    for record in INITIALIZERS:
        signature = inspect.signature(getattr(nn.init, f"{record.name}_")).parameters
        for name, _, default in record.arguments:
            given = signature[name].default
            assert (given is inspect.Parameter.empty and default is None) or given == default, (record, name)


@pytest.mark.parametrize("spec", LEARNED, ids=lambda spec: spec.name)
def test_each_layer_begins_in_every_way_that_fits(spec: LayerSpec) -> None:
    example = spec.examples[0]
    inputs, p = inputs_of(spec, example), values_of(spec, example)
    assert spec.weights is not None
    weights = spec.weights(p, inputs)
    layer = layer_of(spec, p, inputs)
    before = {name: weight.detach().clone() for name, weight in layer.named_parameters()}
    ran = 0
    for record in INITIALIZERS:
        p.weight_init, p.bias_init, p.bias_value = record.name, "constant", 0.125
        try:
            spec.shape(p, inputs)
        except ShapeError as error:
            assert "choose another beginning" in str(error)
            continue
        lines = init_lines(p, weights, "self.layer")
        exec("\n".join(lines), {"self": layer, "nn": nn})  # our own text, of a test
        ran += any("nn.init." in line for line in lines)
    after = dict(layer.named_parameters())
    moved = [name for name, weight in after.items() if not torch.equal(weight, before[name])]
    assert ran >= 3 and moved, f"{spec.name} begins as torch does it, whatever is chosen"
    assert all(bool((after[name] == 0.125).all()) for name in after if "bias" in name.rpartition(".")[2])


def weight_of(init: str, **more: Any) -> Tensor:
    """The first weight of a Linear layer of 8 to 6."""
    spec = CATALOGUE["Linear"]
    p = values(spec, {"out_features": 6, "weight_init": init, **more})
    inputs = (TensorSpec((symbol("N"), 8)),)
    layer = layer_of(spec, p, inputs)
    assert spec.weights is not None
    torch.manual_seed(0)
    exec("\n".join(init_lines(p, spec.weights(p, inputs), "self.layer")), {"self": layer, "nn": nn})
    weight: Tensor = layer.layer.weight.detach()  # type: ignore[union-attr, assignment]
    return weight


def test_they_begin_as_their_formulas_say() -> None:
    assert torch.equal(weight_of("eye"), torch.eye(6, 8))
    assert torch.equal(weight_of("constant", init_value=0.5), torch.full((6, 8), 0.5))
    turned = weight_of("orthogonal", init_gain=2.0)
    assert torch.allclose(turned @ turned.T, 4 * torch.eye(6), atol=1e-5)
    assert float(weight_of("uniform", init_bound=0.25).abs().max()) <= 0.25
    assert int((weight_of("sparse", init_sparsity=0.5) == 0).sum()) == 3 * 8
    torch.manual_seed(0)
    by_hand = nn.init.kaiming_normal_(torch.empty(6, 8), mode="fan_out", nonlinearity="tanh")
    assert torch.equal(weight_of("kaiming_normal", init_mode="fan_out", init_nonlinearity="tanh"), by_hand)


def begun(document: Document) -> Document:
    """LeNet-5 begun as a ResNet would be, its block included."""
    document = changed(
        document, "conv1", weight_init="kaiming_normal", init_mode="fan_out", bias_init="zeros"
    )
    block = document.blocks["head"]
    first = next(node for node in block.graph.nodes.values() if node.layer == "Linear")
    inner = block.graph.with_node(first.with_params({"weight_init": "xavier_uniform", "init_gain": 1.5}))
    return replace(document, blocks=document.blocks.set("head", replace(block, graph=inner)))


def test_the_class_says_it_and_the_run_follows(tmp_path: Path) -> None:
    document = begun(load_preset("lenet5"))
    document = replace(document, run=replace(document.run, steps=3, batch_size=500))
    text = generate(document, analyze(document)).files["model.py"]
    made = text.index("self.conv1 = nn.Conv2d(")
    said = text.index('nn.init.kaiming_normal_(self.conv1.weight, mode="fan_out")')
    assert made < said and "nn.init.zeros_(self.conv1.bias)" in text
    assert "nn.init.xavier_uniform_(self.linear1.weight, gain=1.5)" in text
    reader, losses, _ = both(document, tmp_path)
    assert list(reader.series["train.loss"].values) == losses
    plain = with_optimizer(load_preset("lenet5"))
    assert "nn.init" not in generate(plain, analyze(plain)).files["model.py"]


def test_many_weights_of_one_word_are_a_loop() -> None:
    spec = CATALOGUE["LSTM"]
    p = values(spec, {"weight_init": "orthogonal", "num_layers": 2})
    assert spec.weights is not None
    lines = init_lines(p, spec.weights(p, (TensorSpec((symbol("N"), 5, 4)),)), "self.lstm")
    assert lines == [
        "for name, weight in self.lstm.named_parameters():",
        '    if "weight" in name:',
        "        nn.init.orthogonal_(weight)",
    ]


def test_a_beginning_is_no_dropout() -> None:
    assert not draws_random("nn.init.normal_(self.linear.weight)")
    assert draws_random("x = torch.randn(3)") and draws_random("nn.Dropout(0.1)")


def test_japanese_of_initializers() -> None:
    table = load("ja")
    for record in INITIALIZERS:
        for text in (record.summary, record.pitfalls):
            assert text.endswith(".") and table.get(text, text) != text, text
    assert all(param.default == DEFAULT or param.when for param in PARAMS)
