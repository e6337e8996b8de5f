"""A CSV file: which columns are what, and which rows are left out and why."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.engine.data import DataError, load_table

PENGUINS = """mass,island,bill,species
3750,Biscoe,39.1,Adelie
3800,Dream,39.5,Gentoo
,Dream,40.3,Adelie
3450,Torgersen,36.7,Adelie
3650,Biscoe
3625,Biscoe,38.9,
4675,"Dream",thirty,Gentoo
"""
MORE = "".join(f"{3000 + n},Dream,{30 + n},Gentoo\n" for n in range(20))


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "table.csv"
    path.write_bytes(text.encode("utf-8"))
    return path


def test_columns_find_their_kind(tmp_path: Path) -> None:
    loaded, report = load_table(written(tmp_path, PENGUINS + MORE))
    columns = ("mass", "island=Biscoe", "island=Dream", "island=Torgersen", "bill")
    assert loaded.field("features").columns == columns
    assert loaded.field("label").classes == ("Adelie", "Gentoo")
    assert loaded.tensors["features"].dtype == torch.float32
    assert loaded.tensors["features"][0].tolist() == pytest.approx([3750, 1, 0, 0, 39.1])
    assert loaded.tensors["label"][:3].tolist() == [0, 1, 0]
    assert report.rows == loaded.samples == 23
    assert (report.label, report.task) == ("species", "classify")
    assert report.classes == {"Adelie": 2, "Gentoo": 21}
    assert report.numeric == ("mass", "bill")


def test_every_bad_row_is_named(tmp_path: Path) -> None:
    bad = [(row.line, row.reason) for row in load_table(written(tmp_path, PENGUINS + MORE))[1].bad]
    assert bad == [
        (4, "has no value in mass"),
        (6, "has 2 cells instead of 4"),
        (7, "has no value in species"),
        (8, "has 'thirty' in bill, which is not a number"),
    ]


def test_chosen_label_and_task(tmp_path: Path) -> None:
    path = written(tmp_path, PENGUINS + MORE)
    loaded, report = load_table(path, label="mass")
    assert report.task == "regress"
    assert loaded.tensors["target"].shape == (loaded.samples, 1)
    assert loaded.field("target").columns == ("mass",)
    with pytest.raises(DataError, match="mass, island, bill, species"):
        load_table(path, label="weight")
    with pytest.raises(DataError, match="no usable row"):
        load_table(path, label="island", task="regress")
    with pytest.raises(DataError, match="classify or regress"):
        load_table(path, task="cluster")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_no_header(separator: str, tmp_path: Path) -> None:
    rows = "\r\n".join(separator.join(("1.5", "2", str(n % 3))) for n in range(9))
    loaded, report = load_table(written(tmp_path, "\ufeff" + rows))
    assert loaded.samples == 9
    assert report.label == "column 3"
    assert loaded.field("label").classes == ("0", "1", "2")


def test_classes_that_are_numbers_stand_in_their_order(tmp_path: Path) -> None:
    text = "x,y\n" + "".join(f"{n}.5,{n}\n" for n in (10, 9, 2))
    assert load_table(written(tmp_path, text))[0].field("label").classes == ("2", "9", "10")


def test_names_and_empty_columns_are_left_out(tmp_path: Path) -> None:
    text = "name,none,x,y\n" + "".join(f"person {n}x,,{n},{n % 2}\n" for n in range(60))
    report = load_table(written(tmp_path, text))[1]
    assert set(report.left_out) == {"name", "none"}
    assert "60 different words" in report.left_out["name"]


def test_line_numbers_count_lines_inside_quotes(tmp_path: Path) -> None:
    text = 'a,b,y\n1,"two\nlines",0\n1,x\n2,x,1\n'
    assert [row.line for row in load_table(written(tmp_path, text))[1].bad] == [4]


@pytest.mark.parametrize(("text", "message"), [("", "empty"), ("\n\n", "empty"), ("y\n1\n2\n", "learn from")])
def test_files_without_data(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        load_table(written(tmp_path, text))


def test_only_a_header(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        load_table(written(tmp_path, "a,b\n"))


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be read"):
        load_table(tmp_path / "gone.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes("größe,y\n1,2\n".encode("latin-1"))
    with pytest.raises(DataError, match="UTF-8"):
        load_table(path)


def test_repeated_names_stay_apart(tmp_path: Path) -> None:
    text = "a,a,,y\n1,2,3,0\n4,5,6,1\n"
    assert load_table(written(tmp_path, text))[0].field("features").columns == ("a", "a'", "column 3")
