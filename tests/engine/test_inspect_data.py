"""Own data is shown as it will be used, and trains from the schema a document keeps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from studio.engine.build import load_data
from studio.engine.data import DataError
from studio.engine.inspect_data import inspect_data
from studio.files.datasets import OwnData, remember
from studio.layers.ports import fields_of


def quiet(fraction: float, text: str) -> None:
    """Nobody watches."""


@pytest.fixture
def flowers(tmp_path: Path) -> Path:
    path = tmp_path / "flowers.csv"
    rows = [f"{n % 7},{n % 3}.5,{'rose' if n % 2 else 'tulip'}" for n in range(40)]
    path.write_text("\n".join(["height,width,kind", *rows, "oops,1,rose", "3,rose"]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    folder = tmp_path / "shapes"
    for number, name in enumerate(("dark", "light")):
        (folder / name).mkdir(parents=True)
        for index in range(15):
            pixels = np.full((8, 10), 40 + 170 * number + index, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{index:02}.png")
    (folder / "dark" / "broken.png").write_bytes(b"\x89PNG nothing")
    return folder


def test_a_table_is_shown_with_its_bad_rows(flowers: Path) -> None:
    found = inspect_data({"path": str(flowers), "label": ""}, quiet)
    json.dumps(found)
    assert (found["kind"], found["samples"], found["label"], found["task"]) == (
        "table",
        40,
        "kind",
        "classify",
    )
    assert found["classes"] == [["rose", 20], ["tulip", 20]]
    assert [place for place, _ in found["bad"]] == ["line 42", "line 43"]
    assert len(found["preview"]) == 20 and found["columns"] == ["height", "width"]
    assert found["labels"] == ["height", "width", "kind"]


def test_another_column_can_be_predicted(flowers: Path) -> None:
    found = inspect_data({"path": str(flowers), "label": "height", "task": "regress"}, quiet)
    assert found["task"] == "regress" and found["classes"] == []
    assert [field["name"] for field in found["schema"]["fields"]] == ["features", "target"]


def test_a_folder_is_shown_with_pictures_of_every_class(shapes: Path) -> None:
    found = inspect_data({"path": str(shapes)}, quiet)
    assert (found["kind"], found["samples"], found["colour"]) == ("folder", 30, "grey")
    assert {item["label"] for item in found["preview"]} == {"dark", "light"}
    assert found["bad"][0][0] == "dark/broken.png"
    assert found["schema"]["fields"][0]["shape"] == [1, 8, 10]


def test_the_schema_gives_the_ports_and_no_path(shapes: Path) -> None:
    schema = inspect_data({"path": str(shapes)}, quiet)["schema"]
    fields = fields_of("own:shapes", {"own:shapes": schema})
    assert fields is not None and [field.name for field in fields] == ["image", "label"]
    assert fields[1].classes == ("dark", "light")
    assert str(shapes) not in json.dumps(schema)


def test_what_was_confirmed_is_what_trains(flowers: Path) -> None:
    own = OwnData(str(flowers), "table", "kind", "classify")
    remember("own:flowers", own)
    loaded, split = load_data({"set": "own:flowers", "split": [0.8, 0.1, 0.1]})
    assert loaded.samples == 40 and len(split["train"]) == 32
    remember("own:flowers", replace_path(own, flowers.with_name("gone.csv")))
    with pytest.raises(DataError, match="gone"):
        load_data({"set": "own:flowers"})


def replace_path(own: OwnData, path: Path) -> OwnData:
    import msgspec

    return msgspec.structs.replace(own, path=str(path))


def test_nothing_usable_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(DataError, match="empty"):
        inspect_data({"path": str(tmp_path / "empty.csv")}, quiet)
