"""Pictures: vector without our fonts, the project inside, read back as strictly as a file."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from studio.document.model import Document
from studio.files.errors import FileError
from studio.files.pictures import KEYWORD, read_picture
from studio.files.presets import load_preset
from studio.ui.picture import picture_bytes, write_picture


@pytest.mark.parametrize("end", ["png", "svg"])
def test_a_picture_carries_the_project_it_shows(qtbot: QtBot, tmp_path: Path, end: str) -> None:
    document = load_preset("lenet5")
    path = tmp_path / f"network.{end}"
    write_picture(document, path)
    assert read_picture(path).document == document


def test_texts_are_outlines_in_vector_pictures(qtbot: QtBot) -> None:
    svg = picture_bytes(load_preset("lenet5"), ".svg").decode("utf-8")
    assert "<text" not in svg
    assert svg.count("<path") > 100
    pdf = picture_bytes(load_preset("lenet5"), ".pdf")
    assert b"/Font" not in re.sub(rb"/Font\s*<<\s*>>", b"", pdf)


def test_a_selection_alone_is_smaller_and_still_carries_everything(qtbot: QtBot, tmp_path: Path) -> None:
    document = load_preset("lenet5")
    whole = picture_bytes(document, ".svg")
    part = picture_bytes(document, ".svg", names=frozenset({"conv1", "tanh1"}))
    assert _size(part) < _size(whole)
    path = tmp_path / "part.svg"
    path.write_bytes(part)
    assert read_picture(path).document == document


def _size(svg: bytes) -> float:
    found = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found
    return float(found.group(1)) * float(found.group(2))


def test_pictures_of_others_carry_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    for name, data in (
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
        ("b.svg", b"<svg></svg>"),
        ("c.png", b"GIF"),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(FileError, match="carries no project"):
            read_picture(path)


def test_bombs_damage_and_entities_are_refused(qtbot: QtBot, tmp_path: Path) -> None:
    bomb = base64.b64encode(zlib.compress(b"0" * (64 << 20))).decode()
    entity = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    for text, said in ((bomb, "too large"), ("AAAA", "damaged"), ("AAA", "damaged")):
        path = tmp_path / "x.svg"
        path.write_text(f'{entity}<svg><metadata id="{KEYWORD}">{text}</metadata></svg>')
        with pytest.raises(FileError, match=said):
            read_picture(path)


def test_every_cut_of_a_png_is_refused_or_whole(qtbot: QtBot, tmp_path: Path) -> None:
    data = picture_bytes(Document(title="x"), ".png")
    path = tmp_path / "cut.png"
    for end in range(8, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:end])
        try:
            assert read_picture(path).document.title == "x"
        except FileError:
            continue
