"""A folder of images: what is read, what is left out and why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from studio.engine.data import Batches, DataError, load_folder


def picture(path: Path, size: tuple[int, int] = (10, 8), mode: str = "L", level: int = 90) -> None:
    """Writes an image of one brightness."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, level).convert(mode).save(path)


@pytest.fixture
def animals(tmp_path: Path) -> Path:
    """Three cats of 10x8, two dogs, one of them 20x20, and much that is no image."""
    for number in range(3):
        picture(tmp_path / "cat" / f"{number}.png", level=50 * number)
    picture(tmp_path / "dog" / "old" / "a.png")
    picture(tmp_path / "dog" / "b.png", (20, 20))
    (tmp_path / "dog" / "notes.txt").write_text("woof")
    (tmp_path / "dog" / "empty.jpg").write_bytes(b"")
    (tmp_path / "dog" / ".DS_Store").write_bytes(b"x")
    noise = np.random.default_rng(0).integers(0, 256, (8, 10), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "cat" / "cut.png")
    whole = (tmp_path / "cat" / "cut.png").read_bytes()
    (tmp_path / "cat" / "cut.png").write_bytes(whole[:-60])
    (tmp_path / "fish").mkdir()
    (tmp_path / "readme.md").write_text("mine")
    return tmp_path


def test_folders_become_classes(animals: Path) -> None:
    loaded, report = load_folder(animals)
    assert loaded.field("label").classes == ("cat", "dog")
    assert loaded.tensors["label"].tolist() == [0, 0, 0, 1, 1]
    assert loaded.tensors["image"].shape == (5, 1, 8, 10)
    assert loaded.tensors["image"].dtype == torch.uint8
    assert loaded.tensors["image"][:3, 0, 0, 0].tolist() == [0, 50, 100]
    assert loaded.name_of[3] == "dog/b.png"
    assert report.classes == {"cat": 3, "dog": 2, "fish": 0}
    assert (report.size, report.colour) == ((10, 8), "grey")
    assert report.sizes[20, 20] == 1
    assert report.preview == loaded.name_of
    assert Batches(loaded, torch.arange(5), 5).batch(0, 0)["image"].max() <= 1


def test_every_bad_file_is_named_with_its_reason(animals: Path) -> None:
    bad = {item.path: item.reason for item in load_folder(animals)[1].bad}
    assert set(bad) == {"readme.md", "dog/notes.txt", "dog/empty.jpg", "cat/cut.png"}
    assert "class" in bad["readme.md"]
    assert "not an image" in bad["dog/notes.txt"]
    assert "empty" in bad["dog/empty.jpg"]
    assert "damaged" in bad["cat/cut.png"]


def test_chosen_size_and_colour(animals: Path) -> None:
    loaded, report = load_folder(animals, (6, 5), "rgb")
    assert loaded.field("image").shape == loaded.tensors["image"].shape[1:] == (3, 5, 6)
    assert report.size == (6, 5)


def test_colour_pictures_make_a_colour_set(animals: Path) -> None:
    picture(animals / "cat" / "c.png", mode="RGB")
    assert load_folder(animals)[0].tensors["image"].shape[1] == 3


def test_large_pictures_shrink_in_proportion(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", (640, 320))
    assert load_folder(tmp_path)[1].size == (64, 32)


def test_sixteen_bits_keep_their_brightness(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    Image.fromarray(np.full((4, 4), 257 * 100, dtype=np.uint16)).save(tmp_path / "a" / "1.png")
    assert torch.unique(load_folder(tmp_path)[0].tensors["image"]).tolist() == [100]


def test_progress_can_cancel(animals: Path) -> None:
    calls: list[tuple[int, int]] = []
    load_folder(animals, progress=lambda done, all_of: calls.append((done, all_of)))
    assert calls[-1][0] == calls[-1][1] == len(calls)

    def cancel(done: int, all_of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load_folder(animals, progress=cancel)


def test_folders_that_hold_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        load_folder(tmp_path / "gone")
    with pytest.raises(DataError, match="one folder for each class"):
        load_folder(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(DataError, match="no image that can be read"):
        load_folder(tmp_path)
    picture(tmp_path / "a" / "1.png")
    with pytest.raises(DataError, match="smaller size"):
        load_folder(tmp_path, (100, 100), limit_bytes=100)
    with pytest.raises(DataError, match="grey or rgb"):
        load_folder(tmp_path, colour="blue")
