"""Every preset: opens, has no problems, has the parameters and outputs it promises, and tells where it is from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.difference import apply_difference, difference
from studio.document.model import Document
from studio.files import presets
from studio.files.errors import FileError
from studio.files.presets import Size, list_presets, load_preset, open_named, preset_names
from studio.files.project import parse_project, project_bytes
from studio.text import load

NAMES = preset_names()
TOLD = ("roots", "cnn", "sequence", "transformer", "learning")
LESSON = ("summary", "showed", "differs", "baseline", "lesson")


def spec_lists(document: Document) -> dict[str, list[int | str]]:
    """The shape of each output, as files have it."""
    return {
        key: [size if isinstance(size, int) else str(size) for size in spec.shape]
        for key, spec in analyze(document).outputs.items()
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_keeps_its_promise(name: str) -> None:
    document = load_preset(name)
    analysis = analyze(document)
    assert analysis.problems == () and analysis.can_run
    assert analysis.parameters == document.expect["parameters"]
    assert spec_lists(document) == document.expect["outputs"]
    assert parse_project(project_bytes(document)).document == document
    for text in generate(document, analysis).files.values():
        assert text


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_says_where_it_comes_from_and_how_it_differs(name: str) -> None:
    about = load_preset(name).about
    assert isinstance(about["year"], int) and 1940 < about["year"] < 2030
    for field in ("source", "summary", "differs", "baseline"):
        assert isinstance(about[field], str) and len(about[field]) > 20, field


@pytest.mark.parametrize("name", [card.name for card in list_presets() if card.family in TOLD])
def test_a_lesson_is_told_in_japanese_too(name: str) -> None:
    document, japanese = load_preset(name), load("ja")
    if "lesson" in document.about:
        texts = [document.title, *(str(document.about[field]) for field in LESSON)]
        assert [text for text in texts if text not in japanese] == []


@pytest.mark.parametrize("name", NAMES)
def test_cards_stand_apart(name: str) -> None:
    document = load_preset(name)
    for key in ("", *document.blocks):
        places = document.layout(key).positions
        assert set(places) == set(document.graph(key).nodes)
        spots = list(places.values())
        for index, (x, y) in enumerate(spots):
            for other_x, other_y in spots[index + 1 :]:
                assert abs(x - other_x) >= 200 or abs(y - other_y) >= 64


SIZES = [(name, size) for name in NAMES for size in load_preset(name).sizes]


@pytest.mark.parametrize(("name", "size"), SIZES, ids=":".join)
def test_a_named_size_keeps_its_promise(name: str, size: str) -> None:
    document = load_preset(name, size)
    analysis = analyze(document)
    assert analysis.problems == () and analysis.can_run
    assert analysis.parameters == document.expect["parameters"]
    assert spec_lists(document) == document.expect["outputs"]


PUBLISHED = {
    "alexnet:224": 61_100_840,
    "bert:base": 109_482_240,
    "densenet:121": 7_978_856,
    "efficientnet:b0": 5_288_548,
    "efficientnet:b7": 66_347_960,
    "gpt:gpt2": 124_439_808,
    "mobilenet:v2": 3_504_872,
    "resnet:18": 11_689_512,
    "resnet:50": 25_557_032,
    "resnet:152": 60_192_808,
    "vgg:11": 132_863_336,
    "vgg:16": 138_357_544,
    "vit:b16": 86_567_656,
}


def test_published_sizes_have_the_published_parameters() -> None:
    listed = {f"{card.name}:{size.name}": size.parameters for card in list_presets() for size in card.sizes}
    assert {name: listed[name] for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("name", NAMES)
def test_the_first_view_is_small(name: str) -> None:
    assert len(load_preset(name).main.nodes) <= 20


def test_a_size_opens_as_a_dozen_cards() -> None:
    assert len(load_preset("resnet", "152").main.nodes) <= 12


def test_the_list() -> None:
    cards = list_presets()
    assert [card.name for card in cards] == NAMES and cards[0].name == "lenet5"
    assert {"lenet5", "perceptron", "mlp-xor", "mlp-table", "char-lstm"} <= set(NAMES)
    assert all(card.summary and card.parameters for card in cards)


def test_named_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "family"
    folder.mkdir()
    plain = {
        "format": 1,
        "title": "wide",
        "main": [],
        "params": [
            {"name": "width", "kind": "int", "default": 8},
            {"name": "depths", "kind": "ints", "default": [2, 2]},
        ],
        "sizes": {
            "small": {
                "values": {"width": 4, "depths": [1, 3]},
                "parameters": 12,
                "outputs": {"y": ["N", 4]},
                "run": {"batch_size": 8},
            },
            "bad": {"values": {"depth": 4}},
            "worse": {"values": {"depths": ["a"]}},
        },
    }
    (folder / "wide.json").write_text(json.dumps(plain))
    monkeypatch.setattr(presets.places, "presets", lambda: tmp_path)
    presets._paths.cache_clear()
    try:
        assert list_presets()[0].sizes == (Size("small", 12), Size("bad", 0), Size("worse", 0))
        small = open_named("preset:wide:small").document
        assert {param.name: param.default for param in small.params} == {"width": 4, "depths": (1, 3)}
        assert small.title == "wide (small)"
        assert small.expect == {"parameters": 12, "outputs": {"y": ["N", 4]}}
        assert (small.run.batch_size, small.run.epochs) == (8, 10)
        assert parse_project(project_bytes(small)).document == small
        before = load_preset("wide")
        assert apply_difference(before, difference(before, small)) == small
        assert isinstance(load_preset("wide"), Document)
        with pytest.raises(FileError, match="no such size"):
            load_preset("wide", "vast")
        with pytest.raises(ValueError, match="no parameter"):
            load_preset("wide", "bad")
        with pytest.raises(ValueError, match="kind ints"):
            load_preset("wide", "worse")
    finally:
        presets._paths.cache_clear()


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(FileError, match="lenet5"):
        load_preset("lenet6")
