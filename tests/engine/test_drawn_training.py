"""Training that is drawn makes exactly the updates of hand-written PyTorch, with no more work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.engine.updates import Updates
from studio.files.presets import load_preset
from studio.graph.model import Source
from tests.engine.drawn_training import belief, boltzmann, cyclegan, distillation, gan, wasserstein
from tests.engine.test_drawn_blocks import module_of
from tests.reference import belief as belief_by_hand
from tests.reference import boltzmann as boltzmann_by_hand
from tests.reference import cyclegan as cyclegan_by_hand
from tests.reference import deep_belief as deep_belief_by_hand
from tests.reference import distillation as distillation_by_hand
from tests.reference import gan as gan_by_hand
from tests.reference import wasserstein as wasserstein_by_hand

SEED, STEPS = 3, 20


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def batches(count: int = STEPS, *keys: str) -> list[dict[str, Tensor]]:
    """Pictures that nobody drew."""
    generator = torch.Generator().manual_seed(7)
    return [
        {
            **{
                key: torch.rand(12, 1, 8, 8, generator=generator, dtype=torch.float64)
                for key in keys or ("image",)
            },
            "label": torch.randint(0, 10, (12,), generator=generator),
        }
        for _ in range(count)
    ]


def trained(doc: Document, epochs: list[list[dict[str, Tensor]]], *, reseeds: bool = True) -> nn.Module:
    """The drawing's own text, moved by the engine's own updates."""
    settings = generate(doc, analyze(doc)).training
    torch.manual_seed(SEED)
    training: Any = module_of(doc).Training().train()
    per_epoch = len(epochs[0])
    updates = Updates(training, settings["optimizers"], per_epoch * len(epochs), per_epoch)
    step = partial(training.step, acts=updates.acts) if settings["is_gated"] else training.step
    for epoch, group in enumerate(epochs):
        for batch in group:
            updates.epoch = epoch
            if reseeds:
                torch.manual_seed(SEED + updates.step)
            step(batch, updates.update)
            updates.step += 1
    return training


def differences(training: nn.Module, by_hand: dict[str, nn.Module]) -> dict[str, float]:
    """The largest difference of each module's tensors."""
    found = {}
    for name, other in by_hand.items():
        own = training.get_submodule(name).state_dict()
        assert own.keys() == other.state_dict().keys()
        pairs = [(own[key], value) for key, value in other.state_dict().items() if value.numel()]
        found[name] = max(float((mine.double() - its.double()).abs().max()) for mine, its in pairs)
    return found


def test_a_gan_makes_the_updates_of_one_written_by_hand() -> None:
    found = differences(trained(gan(), [batches()]), gan_by_hand.train(batches(), SEED))
    assert set(found.values()) == {0.0}, found


def test_a_wasserstein_gan_makes_the_updates_of_one_written_by_hand() -> None:
    found = differences(trained(wasserstein(), [batches()]), wasserstein_by_hand.train(batches(), SEED))
    assert set(found.values()) == {0.0}, found


def test_a_distillation_makes_the_updates_of_one_written_by_hand() -> None:
    found = differences(trained(distillation(), [batches()]), distillation_by_hand.train(batches(), SEED))
    assert set(found.values()) == {0.0}, found


def test_a_cyclegan_makes_the_updates_of_one_written_by_hand() -> None:
    given = batches(STEPS, "a.image", "b.image")
    found = differences(trained(cyclegan(), [given]), cyclegan_by_hand.train(given, SEED))
    assert set(found.values()) == {0.0}, found


def test_layer_by_layer_makes_the_updates_of_training_written_by_hand() -> None:
    epochs = [batches()[at : at + 4] for at in range(0, STEPS, 4)]
    found = differences(trained(belief(), epochs), belief_by_hand.train(epochs, SEED))
    assert set(found.values()) == {0.0}, found


def test_a_deep_belief_net_makes_the_updates_of_one_written_by_hand() -> None:
    epochs = [batches()[at : at + 4] for at in range(0, STEPS, 4)]
    found = differences(trained(boltzmann(), epochs), boltzmann_by_hand.train(epochs, SEED))
    assert set(found.values()) == {0.0}, found


def test_the_deep_belief_network_of_the_gallery_makes_the_updates_of_one_written_by_hand() -> None:
    doc = load_preset("deep-belief-network")
    ranges = {"layer1": (1, 1), "layer2": (2, 2), "layer3": (3, 3), "tune": (4, 0)}
    nodes = [doc.main.nodes["digits"].with_params({"set": "digits-8x8"})]
    nodes += [
        doc.main.nodes[name].with_params({"from_epoch": first, "to_epoch": last})
        for name, (first, last) in ranges.items()
    ]
    small = doc.with_graph("", doc.main.with_nodes(nodes).without("view").without("seen"))
    epochs = [batches()[at : at + 4] for at in range(0, STEPS, 4)]
    found = differences(trained(small, epochs), deep_belief_by_hand.train(epochs, SEED))
    assert set(found.values()) == {0.0}, found


def test_an_output_that_only_a_later_optimizer_reads_is_there() -> None:
    doc = boltzmann()
    both_at_once = {"from_epoch": 1, "to_epoch": 0}
    for name in ("layer1", "layer2"):
        doc = doc.with_graph("", doc.main.with_node(doc.main.nodes[name].with_params(both_at_once)))
    tuned = doc.main.nodes["layer1"].with_params({"trains": ("two",)}).with_input("loss", (Source("second"),))
    last = doc.main.nodes["tune"].with_params({"trains": ("logits",), "from_epoch": 1})
    seen = doc.main.nodes["first"].with_input("x", (Source("one", "seen"),))
    sums = doc.main.nodes["tune"].with_input("loss", (Source("last"), Source("first")))
    doc = doc.with_graph(
        "", doc.main.without("layer2").with_nodes([tuned, seen, replace(last, inputs=sums.inputs)])
    )
    text = generate(doc, analyze(doc)).files["model.py"]
    assert "            one_hidden, _, one_seen = self.network.one(pixels)  # N 32" in text.splitlines()
    assert text.split("def evaluate")[0].count("self.network.one(pixels)") == 1
    trained(doc, [batches(2)])


def work_of(modules: dict[str, nn.Module], run: Any) -> dict[str, tuple[int, int]]:
    """How often each module ran forward, and how often a gradient went back through it."""
    counts = {name: [0, 0] for name in modules}

    def forward(name: str) -> Any:
        def hook(module: nn.Module, given: Any, gave: Tensor) -> None:
            counts[name][0] += 1
            if gave.requires_grad:
                gave.register_hook(lambda gradient: counts[name].__setitem__(1, counts[name][1] + 1))

        return hook

    handles = [module.register_forward_hook(forward(name)) for name, module in modules.items()]
    run()
    for handle in handles:
        handle.remove()
    return {name: (count[0], count[1]) for name, count in counts.items()}


def test_a_gan_does_no_more_work_than_one_written_by_hand() -> None:
    torch.manual_seed(SEED)
    training: Any = module_of(gan()).Training().train()
    updates = Updates(training, generate(gan(), analyze(gan())).training["optimizers"], 1, 1)
    modules = {"generator": training.network.fake, "discriminator": training.real_score}
    (batch,) = batches(1)
    found = work_of(modules, lambda: training.step(batch, updates.update))
    # Forward: one fake, three scores. Backward: judge through two scores, forge through one and through the fake.
    assert found == {"generator": (1, 1), "discriminator": (3, 3)}
    assert int(training.network.fake.norm.num_batches_tracked) == 1


def test_two_optimizers_read_as_a_person_would_write_them() -> None:
    text = generate(gan(), analyze(gan())).files["model.py"]
    for line in (
        "        fake = self.network.fake(noise)  # N 64",
        "        fake_score = self.real_score(fake.detach())  # N 1",
        '        update("judge", true + false)',
        "        fake_score = self.real_score(fake)  # N 1",
        '        update("forge", fooled)',
    ):
        assert line in text.splitlines(), line
    assert text.count("self.network.fake(noise)") == 2  # once a step, once in evaluation


def test_what_rests_is_not_computed() -> None:
    text = generate(belief(), analyze(belief())).files["model.py"]
    for line in (
        '        if acts("layer2"):',
        '            if not acts("layer1"):',
        '                pixels = batch["image"].flatten(1)  # N 64',
        "            with torch.no_grad():",
        "                one = self.network.one(pixels)  # N 32",
    ):
        assert line in text.splitlines(), line
