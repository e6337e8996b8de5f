"""Texts become tokens and come back, letter by letter and in pieces."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.engine.data import load
from studio.engine.data.spelling import Letters, Pieces


@pytest.fixture(scope="module")
def novel(resources: Path) -> str:
    return (resources / "data" / "austen.txt").read_bytes().decode()


def test_letters_leave_out_what_they_do_not_know() -> None:
    letters = Letters("\n abc")
    assert letters.encode("a bäc\n") == [2, 1, 3, 4, 0]
    assert letters.decode([2, 1, 3, 4, 0]) == "a bc\n"


def test_the_pair_learned_first_is_joined_first() -> None:
    pieces = Pieces(((98, 99), (97, 98), (256, 100)))  # bc, ab, bcd
    assert pieces.encode("abcd") == [97, 258]
    assert pieces.encode("ab cd") == [257, 32, 99, 100]  # none reaches beyond a word


@pytest.mark.parametrize(
    "text", ["", "It was a truth", "漢字 and ünïcode\n\n 1813", "\x00\ttab", '\'tis--"_so_"!']
)
def test_any_text_comes_back_from_pieces(text: str, resources: Path) -> None:
    spelling = load("austen-pieces", resources).spelling
    assert spelling is not None and spelling.decode(spelling.encode(text)) == text


def test_marks_without_a_text_and_torn_bytes_are_no_error() -> None:
    assert Pieces(((97, 98),)).decode([256, 99, 1024, 0xE6]) == "abc\ufffd"


def test_the_shipped_tokens_are_the_novel(novel: str, resources: Path) -> None:
    loaded = load("austen-pieces", resources)
    tokens, spelling = loaded.tensors["tokens"].tolist(), loaded.spelling
    assert spelling is not None and spelling.decode(tokens) == novel
    assert spelling.encode(novel) == tokens


def test_a_passage_is_speech_where_a_quotation_mark_is_open_before_it(novel: str, resources: Path) -> None:
    loaded = load("austen-speech", resources)
    assert loaded.spelling is not None
    flat = [part.replace("\n", " ") for part in novel.split("\n\n")]
    bare = [part.replace('"', "") for part in flat]
    for row, label in zip(loaded.tensors["tokens"][:60], loaded.tensors["label"][:60].tolist(), strict=True):
        assert row[0] == 1024
        passage = loaded.spelling.decode(row.tolist())
        found = set()
        for part, plain in zip(flat, bare, strict=True):
            if passage in plain and passage in part:
                found.add(part[: part.index(passage)].count('"') % 2)
        assert label in found, passage


def test_a_caption_names_the_class_of_its_picture_and_its_brightness(resources: Path) -> None:
    loaded = load("fashion-captions", resources)
    assert loaded.spelling is not None
    image, label = loaded.tensors["image"].float(), loaded.tensors["label"]
    inside = image > 25
    light = (image * inside).sum((1, 2, 3)) / inside.sum((1, 2, 3)).clamp_min(1)
    captions = [loaded.spelling.decode(row.tolist()) for row in loaded.tensors["tokens"]]
    common = []
    for number in range(10):
        rows = (label == number).nonzero().flatten().tolist()
        common.append(set.intersection(*(set(captions[row].split()) for row in rows)) - {"a", "of", "pair"})
        bright = [float(light[row]) for row in rows if " bright " in captions[row]]
        dark = [float(light[row]) for row in rows if " dark " in captions[row]]
        assert len(bright) + len(dark) == 250 and min(bright) >= max(dark)
    assert common[:3] == [{"t-shirt"}, {"trousers"}, {"pullover"}] and all(common)


def test_a_translation_is_wanted_one_piece_later(resources: Path) -> None:
    loaded = load("en-es", resources)
    assert loaded.spelling is not None
    spanish, wanted = loaded.tensors["spanish"], loaded.tensors["wanted"]
    assert (spanish[:, 0] == 1024).all()
    kept = (wanted < 1024).sum(1)
    for row in range(len(wanted)):
        count = int(kept[row])
        assert (wanted[row, :count] == spanish[row, 1 : count + 1]).all()
        assert wanted[row, count] == 1025 and (wanted[row, count + 1 :] == 1026).all()
        assert (spanish[row, count + 1 :] == 1026).all()
    pairs = {
        loaded.spelling.decode(first.tolist()): loaded.spelling.decode(second.tolist())
        for first, second in zip(loaded.tensors["english"], spanish, strict=True)
    }
    assert pairs["for we walk by faith, not by sight."] == "porque por fe andamos, no por vista;"
