"""Every shipped set loads, equals its record, and is refused when its file is not the published one."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from studio.codegen.data_text import data_script
from studio.engine.data import DataError, encode, load, split_set
from studio.layers.datasets import DATASETS

FEWER_THAN_CLASSES = (
    "shapes-224",
)  # 256 pictures of 1,000 classes: there to run large networks, not to judge them


@pytest.mark.parametrize("key", DATASETS)
def test_record_equals_the_loaded_arrays(key: str, resources: Path) -> None:
    record, loaded = DATASETS[key], load(key, resources)
    assert (loaded.points or loaded.samples) == record.samples
    assert loaded.fields == record.fields
    assert loaded.raw_max == record.raw_max
    for field in record.fields:
        values = loaded.raw(field.name, torch.arange(loaded.samples))
        assert values.shape[1:] == field.shape
        assert len(values) == loaded.samples
        assert len(field.axes.split()) == len(field.shape)
        if field.kind == "image":
            assert values.dtype == torch.uint8
            assert values.max() == record.raw_max
        else:
            assert str(values.dtype) == f"torch.{field.dtype}"
        if field.kind == "label" and key not in FEWER_THAN_CLASSES:
            assert torch.unique(values).tolist() == list(range(len(field.classes)))
        if field.columns and field.kind == "number":
            assert len(field.columns) == field.shape[-1]
        if field.dtype == "float32":
            assert values.float().isfinite().all()


@pytest.mark.parametrize("key", DATASETS)
def test_default_split_holds_all_classes(key: str, resources: Path) -> None:
    record, loaded = DATASETS[key], load(key, resources)
    parts = split_set(loaded, record.split, seed=0)
    for indices in parts.values():
        assert len(indices)
        if record.task == "classify" and key not in FEWER_THAN_CLASSES:
            classes = torch.unique(loaded.raw("label", indices))
            assert len(classes) == len(loaded.field("label").classes)


@pytest.mark.parametrize("key", [key for key, record in DATASETS.items() if record.synthetic])
def test_written_code_makes_the_same_samples(key: str, resources: Path) -> None:
    text = data_script({"points": {"set": key}}, {})
    module: Any = ModuleType("data_text")
    module.__file__ = str(resources / "data.py")
    exec(compile(text, "data.py", "exec"), module.__dict__)
    made, loaded = module.Data(), load(key, resources)
    if loaded.is_text:
        for name, rows in split_set(loaded, DATASETS[key].split, seed=0).items():
            for field in ("tokens", "next"):
                made_rows = torch.cat([batch[field] for batch in made.part(name, 512)])
                assert torch.equal(made_rows, loaded.raw(field, rows))
        return
    for name, values in loaded.tensors.items():
        assert torch.equal(getattr(made, name), values)


@pytest.mark.parametrize("key", ["austen-pieces", "austen-speech"])
def test_written_code_reads_word_pieces(key: str, resources: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.copy(resources / "data" / f"{key}.npz", tmp_path / "data")
    module: Any = ModuleType("data_text")
    module.__file__ = str(tmp_path / "data.py")
    exec(compile(data_script({"text": {"set": key}}, {}), "data.py", "exec"), module.__dict__)
    made, loaded = module.Data(), load(key, resources)
    rows = split_set(loaded, DATASETS[key].split, seed=0)["test"]
    for field in loaded.fields:
        found = torch.cat([batch[field.name] for batch in made.part("test", 64)])
        assert torch.equal(found, loaded.raw(field.name, rows))


def test_generated_tokens_count_up_by_one_step_in_each_run(resources: Path) -> None:
    steps = load("tokens-50257", resources).tensors["tokens"].diff().remainder(50257).reshape(-1)
    assert steps.min() >= 1 and steps.max() <= 99
    inside = torch.arange(1, len(steps) + 1) % 64 != 0
    assert (steps[1:] == steps[:-1])[inside[1:] & inside[:-1]].all()
    assert len(set(steps.tolist())) > 90


def test_shapes_have_the_hue_and_stripes_of_their_class(resources: Path) -> None:
    loaded = load("shapes-224", resources)
    image, label = loaded.tensors["image"].float(), loaded.tensors["label"]
    grey = image.amax(1) == image.amin(1)
    for picture, plain, number in zip(image, grey, label.tolist(), strict=True):
        assert plain.any() and not plain.all()
        hue = number // 10 % 10
        shown = picture[:, ~plain].mean(1)
        expected = 128 + 127 * torch.cos(2 * torch.pi * (hue / 10 - torch.arange(3) / 3))
        assert (shown - expected).abs().max() < 1


def test_rows_in_file_order_are_balanced(resources: Path) -> None:
    counts = load("digits-28x28", resources).tensors["label"][:1000].bincount()
    assert counts.min() > 70
    assert counts.max() < 130


def test_sources_state_every_file(resources: Path) -> None:
    sources = json.loads((resources / "data" / "SOURCES.json").read_text(encoding="utf-8"))
    assert set(sources) == {key for key, record in DATASETS.items() if record.file}
    for key, source in sources.items():
        record = DATASETS[key]
        assert source["file"] == record.file
        assert source["rows"] == record.samples
        assert source["title"] == record.title
        assert source["licence"] == record.licence
        assert source["size_bytes"] == (resources / "data" / record.file).stat().st_size
        assert source["source"]


def test_text_windows_follow_each_other(resources: Path) -> None:
    text = (resources / "data" / "austen.txt").read_bytes().decode()
    loaded = load("austen", resources, window=16, stride=5)
    chosen = torch.tensor([0, 7, loaded.samples - 1])
    tokens, following = loaded.raw("tokens", chosen), loaded.raw("next", chosen)
    assert loaded.field("tokens").shape == (16,)
    assert tokens.dtype == following.dtype == torch.int64
    assert torch.equal(tokens[:, 1:], following[:, :-1])
    assert "".join(loaded.characters[token] for token in tokens[1]) == text[35 : 35 + 16]
    assert loaded.tensors["tokens"].numel() == len(text)
    assert loaded.tensors["tokens"].dtype == torch.uint8
    assert loaded.starts is not None
    assert loaded.starts[-1] + 16 < len(text) <= loaded.starts[-1] + 16 + 5


def test_text_windows_touch_by_default(resources: Path) -> None:
    loaded = load("austen", resources)
    assert loaded.starts is not None
    assert loaded.starts[:3].tolist() == [0, 64, 128]


def test_series_target_follows_its_past(resources: Path) -> None:
    loaded = load("airline", resources)
    past, following = loaded.tensors["past"], loaded.tensors["next"]
    assert len(past) == 144 - 24
    assert past[0, :3, 0].tolist() == [112, 118, 132]
    assert torch.equal(past[1:, -1], following[:-1])
    assert following[-1].item() == 432


def test_generated_sets_do_not_touch_the_global_generator(resources: Path) -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first, second = load("spirals", resources), load("spirals", resources)
    assert torch.equal(first.tensors["features"], second.tensors["features"])
    assert torch.equal(torch.get_rng_state(), state)


def test_changed_file_is_refused(resources: Path, tmp_path: Path) -> None:
    shutil.copytree(resources / "data", tmp_path / "data")
    path = tmp_path / "data" / "iris.npz"
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(DataError, match=re.escape(str(path)) + ".*expected.*build_data"):
        load("iris", tmp_path)


@pytest.mark.parametrize("missing", ["iris.npz", "SOURCES.json"])
def test_missing_file_is_named(missing: str, resources: Path, tmp_path: Path) -> None:
    shutil.copytree(resources / "data", tmp_path / "data")
    (tmp_path / "data" / missing).unlink()
    with pytest.raises(DataError, match=f"{missing}.*Install"):
        load("iris", tmp_path)


def test_unknown_key_lists_the_choices(resources: Path) -> None:
    with pytest.raises(DataError, match="digits-8x8"):
        load("cifar", resources)


@pytest.mark.parametrize(("window", "stride"), [(0, None), (8, 0), (1_000_000, None)])
def test_impossible_windows(window: int, stride: int | None, resources: Path) -> None:
    with pytest.raises(DataError, match="Data node"):
        load("austen", resources, window, stride)


def test_encode_names_a_foreign_character() -> None:
    assert encode("cab", "abc").tolist() == [2, 0, 1]
    with pytest.raises(DataError, match="'é' at position 2"):
        encode("abé", "abc")
    assert encode("積木", "木積").dtype == torch.uint8


def test_many_characters_need_wide_ids() -> None:
    assert encode("Ā", "".join(map(chr, range(300)))).dtype == torch.int64


def test_unknown_field_is_named(resources: Path) -> None:
    with pytest.raises(DataError, match="features, label"):
        load("xor", resources).field("image")


def test_drum_hits_are_parted_in_order_with_each_kind_in_each_part(resources: Path) -> None:
    record, loaded = DATASETS["drum-hits"], load("drum-hits", resources)
    parts = split_set(loaded, record.split, seed=5)
    assert torch.cat(list(parts.values())).tolist() == list(range(68))
    sound = loaded.tensors["sound"]
    assert sound.shape == (68, 4000, 1)
    assert torch.equal(sound.abs().amax((1, 2)), torch.ones(68))
    train = {row.numpy().tobytes() for row in sound[parts["train"]]}
    assert not any(row.numpy().tobytes() in train for row in sound[parts["test"]])
    text = data_script({"hits": {"set": "drum-hits", "split": record.split}}, {})
    assert "order = torch.arange(68)" in text


def test_short_utterances_have_silence_in_front(resources: Path) -> None:
    sequence = load("japanese-vowels", resources).tensors["sequence"]
    silent = (sequence == 0).all(2)
    assert not silent[:, -1].any()
    assert (silent[:, 1:] <= silent[:, :-1]).all()  # once it speaks, it does not stop
    assert int((~silent).sum(1).min()) >= 7 and int((~silent).sum(1).max()) == 29


def test_strings_read_as_the_digits_pasted_into_them(resources: Path) -> None:
    record, loaded = DATASETS["digit-strings"], load("digit-strings", resources)
    image, digits = loaded.tensors["image"], loaded.tensors["digits"]
    assert (digits > 0).sum(1).bincount(minlength=6)[:2].tolist() == [0, 0]
    single = load("digits-28x28", resources).tensors
    parts = split_set(loaded, record.split, 3)
    for name, low, high in (("train", 0, 4000), ("validation", 4000, 4500), ("test", 4500, 5000)):
        row = int(parts[name][7])
        found = []
        for left in range(5):
            first = image[row, 0, :, left : left + 17]  # the second digit does not reach here
            fits = (single["image"][low:high, 0, :, :17] == first).flatten(1).all(1).nonzero() + low
            found += single["label"][fits].flatten().tolist()
        assert found == [int(digits[row, 0]) - 1]
    filled = (digits == 0).long()
    assert (filled.diff(dim=1) >= 0).all()  # what fills up stands behind


def test_dates_say_the_same_in_words_and_in_numbers(resources: Path) -> None:
    loaded = load("dates", resources)
    assert torch.equal(loaded.tensors["before"][:, 1:], loaded.tensors["date"][:, :-1])
    assert (loaded.tensors["before"][:, 0] == 11).all()
    letters, symbols = "\0 ,./0123456789abcdefghijklmnopqrstuvwxyz", "-0123456789"
    manners = set()
    for text, date in zip(
        loaded.tensors["text"][:300].tolist(), loaded.tensors["date"].tolist(), strict=False
    ):
        written = "".join(letters[letter] for letter in text).strip("\0")
        year, month, day = "".join(symbols[symbol] for symbol in date).split("-")
        numbers = [int(number) for number in re.findall(r"\d+", written)]
        words = re.findall(r"[a-z]+", written)
        wanted = [int(day), int(year)] if words else [int(day), int(month), int(year)]
        wanted = [int(month), int(day), int(year)] if "/" in written else wanted
        assert numbers == wanted, written
        assert (
            not words or words[0][:3] == time.strftime("%b", (2000, int(month), 1, 0, 0, 0, 0, 1, 0)).lower()
        )
        manners.add(re.sub(r"\d+", "9", re.sub(r"[a-z]{4,}", "month", written)))
    assert len(manners) >= 6
