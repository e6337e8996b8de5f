"""Batches: complete epochs, the same after any resume, scaled as stated, on the right samples."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.engine.data import (
    SCALES,
    Augment,
    Batches,
    DataError,
    LoadedSet,
    load,
    scaling_from_json,
    split_set,
)
from studio.layers.datasets import DATASETS


def seen(batches: Batches, epoch: int) -> torch.Tensor:
    """All samples of an epoch in order."""
    return torch.cat([batches.sample_indices(epoch, step) for step in range(batches.steps_per_epoch)])


def test_an_epoch_uses_every_sample_once(pictures: LoadedSet) -> None:
    chosen = torch.arange(3, 40)
    batches = Batches(pictures, chosen, 8)
    assert len(batches) == batches.steps_per_epoch == 5
    for epoch in range(3):
        assert torch.equal(seen(batches, epoch).sort().values, chosen)
    assert not torch.equal(seen(batches, 0), seen(batches, 1))
    assert len(batches.batch(0, 4)["label"]) == 37 - 4 * 8
    assert Batches(pictures, chosen, 8, drop_last=True).steps_per_epoch == 4


def test_batch_holds_the_samples_it_says(pictures: LoadedSet) -> None:
    batch = Batches(pictures, torch.arange(40), 16, scale="none").batch(2, 1)
    rows = Batches(pictures, torch.arange(40), 16).sample_indices(2, 1)
    assert torch.equal(batch["image"][:, 0, 0, 0].long(), rows)
    assert torch.equal(batch["label"], rows % 10)
    assert batch["image"].dtype == torch.float32
    assert batch["label"].dtype == torch.int64


def test_resume_gives_the_same_batches(pictures: LoadedSet) -> None:
    augment = Augment(shift=3, rotation=20, flip=True, noise=0.1)
    straight = Batches(pictures, torch.arange(40), 8, seed=5, augment=augment)
    whole = [batch for epoch in range(2) for batch in straight.epoch(epoch)]
    resumed = list(Batches(pictures, torch.arange(40), 8, seed=5, augment=augment).epoch(1, start=2))
    for before, after in zip(whole[-3:], resumed, strict=True):
        assert torch.equal(before["image"], after["image"])
        assert torch.equal(before["label"], after["label"])


def test_seed_one_is_not_the_next_epoch_of_seed_zero(pictures: LoadedSet) -> None:
    zero, one = (Batches(pictures, torch.arange(40), 8, seed=seed) for seed in (0, 1))
    assert not torch.equal(zero.order(1), one.order(0))
    assert not torch.equal(zero.order(0), one.order(0))


def test_raw_data_and_global_generator_stay(pictures: LoadedSet) -> None:
    before, state = pictures.tensors["image"].clone(), torch.get_rng_state()
    list(Batches(pictures, torch.arange(40), 8, augment=Augment(2, 10, True, 0.2)).epoch(0))
    assert torch.equal(pictures.tensors["image"], before)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(("scale", "low", "high"), [("0..1", 0, 1), ("-1..1", -1, 1), ("none", 0, 16)])
def test_image_scales(scale: str, low: float, high: float, resources: Path) -> None:
    loaded = load("digits-8x8", resources)
    image = Batches(loaded, torch.arange(1797), 1797, scale=scale).batch(0, 0)["image"]
    assert [image.min().item(), image.max().item()] == [low, high]


def test_standard_is_measured_on_the_training_rows_only(resources: Path) -> None:
    loaded = load("wine", resources)
    parts = split_set(loaded, DATASETS["wine"].split, 0)
    train = Batches(loaded, parts["train"], 999, scale="standard")
    features = train.batch(0, 0)["features"]
    assert torch.allclose(features.mean(0), torch.zeros(13), atol=1e-4)
    assert torch.allclose(features.std(0, correction=0), torch.ones(13), atol=1e-4)
    test = train.evaluation(parts["test"])
    assert test.preprocessing == train.preprocessing
    assert torch.equal(test.sample_indices(0, 0), parts["test"])
    assert test.batch(0, 0)["features"].mean(0).abs().max() > 0.01


def test_table_range(resources: Path) -> None:
    features = Batches(load("iris", resources), torch.arange(150), 150).batch(0, 0)["features"]
    assert torch.allclose(features.amin(0), torch.zeros(4))
    assert torch.allclose(features.amax(0), torch.ones(4))


def test_each_sensor_of_a_series_has_its_own_scaling(resources: Path) -> None:
    loaded, record = load("basic-motions", resources), DATASETS["basic-motions"]
    train = split_set(loaded, record.split, 0)["train"]
    batch = Batches(loaded, train, 40, scale="standard").batch(0, 0)["sequence"]
    assert torch.allclose(batch.mean((0, 1)), torch.zeros(6), atol=1e-5)
    assert torch.allclose(batch.flatten(0, 1).std(0), torch.ones(6), atol=1e-3)


def test_series_fields_share_one_scaling(resources: Path) -> None:
    loaded = load("airline", resources)
    batches = Batches(loaded, torch.arange(loaded.samples), 999, scale="standard", shuffle=False)
    batch = batches.batch(0, 0)
    assert batches.scaling["past"] == batches.scaling["next"]
    assert torch.equal(batch["past"][1:, -1], batch["next"][:-1])
    assert torch.allclose(batches.scaling["next"].undo(batch["next"]), loaded.tensors["next"], rtol=1e-5)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("key", ["digits-8x8", "diabetes", "co2"])
def test_preprocessing_states_what_was_done(scale: str, key: str, resources: Path) -> None:
    loaded = load(key, resources)
    batches = Batches(loaded, torch.arange(50), 50, scale=scale)
    batch, rows = batches.batch(0, 0), batches.sample_indices(0, 0)
    restored = scaling_from_json(batches.preprocessing)
    assert restored == batches.scaling
    for name, stated in restored.items():
        raw = loaded.raw(name, rows).float()
        assert torch.allclose(stated.apply_(raw.clone()), batch[name])
        assert torch.allclose(stated.undo(batch[name]), raw, atol=1e-3)


def test_colour_channels_are_scaled_apart() -> None:
    image = torch.stack([torch.full((10, 4, 4), level) for level in (10, 100, 200)], dim=1).to(torch.uint8)
    image[::2] += 20
    fields = (DATASETS["digits-8x8"].fields[0],)
    loaded = LoadedSet("rgb", fields, {"image": image}, 255.0)
    batches = Batches(loaded, torch.arange(10), 10, scale="standard")
    assert batches.scaling["image"].subtract == (20, 110, 210)
    assert torch.allclose(batches.batch(0, 0)["image"].abs(), torch.ones(()))


def test_constant_column_becomes_zero(resources: Path) -> None:
    loaded = load("xor", resources)
    features = Batches(loaded, torch.tensor([0, 1]), 2, scale="standard").batch(0, 0)["features"]
    assert features[:, 0].tolist() == [0, 0]


def test_text_batches_are_token_ids(resources: Path) -> None:
    loaded = load("austen", resources, window=32)
    parts = split_set(loaded, DATASETS["austen"].split, 0)
    batch = Batches(loaded, parts["train"], 64).batch(0, 3)
    assert batch["tokens"].shape == batch["next"].shape == (64, 32)
    assert batch["tokens"].dtype == torch.int64
    assert torch.equal(batch["tokens"][:, 1:], batch["next"][:, :-1])


def test_one_scale_for_each_field(resources: Path) -> None:
    loaded = load("diabetes", resources)
    batches = Batches(loaded, torch.arange(442), 442, scale={"features": "standard"})
    assert batches.batch(0, 0)["target"].max() == 346


@pytest.mark.parametrize(
    ("indices", "size", "scale", "message"),
    [(0, 8, "0..1", "no samples"), (8, 0, "0..1", "at least 1"), (8, 8, "0..2", "Choose one of")],
)
def test_impossible_batches(indices: int, size: int, scale: str, message: str, pictures: LoadedSet) -> None:
    with pytest.raises(DataError, match=message):
        Batches(pictures, torch.arange(indices), size, scale=scale)


@pytest.mark.parametrize("step", [-1, 5])
def test_steps_outside_an_epoch(step: int, pictures: LoadedSet) -> None:
    with pytest.raises(IndexError):
        Batches(pictures, torch.arange(40), 8).batch(0, step)
