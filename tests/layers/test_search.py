"""The one search of palette and canvas: by torch, Japanese, Keras and ONNX names and by what a layer does."""

from __future__ import annotations

import pytest

from studio.layers import CATALOGUE
from studio.layers.search import Findable, Index, catalogue_index, one_slip
from studio.text import load

JAPANESE = load("ja")


def first(text: str, count: int = 1) -> list[str]:
    """The best ``count`` answers."""
    return catalogue_index().ranked(text)[:count]


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_layer_is_found_first_by_its_own_name(name: str) -> None:
    assert first(name) == [name]
    assert first(name.lower()) == [name]
    assert first(name.upper()) == [name]


@pytest.mark.parametrize("name", [name for name, spec in CATALOGUE.items() if spec.torch_name])
def test_a_layer_is_found_by_its_torch_name(name: str) -> None:
    torch_name = CATALOGUE[name].torch_name
    for text in (torch_name, torch_name.rsplit(".", 1)[-1]):
        sharing = [other for other, spec in CATALOGUE.items() if spec.torch_name == torch_name]
        assert name in first(text, 6 + len(sharing)), text


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_layer_is_found_by_its_japanese_name(name: str) -> None:
    word = JAPANESE[f"layer:{name}"]
    sharing = [other for other in CATALOGUE if JAPANESE[f"layer:{other}"] == word]
    assert name in first(word, 3 + len(sharing))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("nn.Conv2d", "Conv2d"),
        ("torch.nn.Linear", "Linear"),
        ("Dense", "Linear"),
        ("fully connected", "Linear"),
        ("Gemm", "Linear"),
        ("keras.layers.Dense", "Linear"),
        ("batch norm", "BatchNorm1d"),
        ("batch_norm", "BatchNorm2d"),
        ("MaxPool", "MaxPool2d"),
        ("downsample", "MaxPool2d"),
        ("self attention", "MultiheadAttention"),
        ("ぷーりんぐ", "MaxPool2d"),
        ("畳み込み", "Conv2d"),
        ("じょうだん", ""),
        ("Conv2DTranspose", "ConvTranspose2d"),
        ("drop", "Dropout"),
        ("MHA", "MultiheadAttention"),
        ("cnov2d", "Conv2d"),
        ("lineer", "Linear"),
        ("sofmax", "Softmax"),
        ("qqqq", ""),
    ],
)
def test_other_names_find_it(text: str, name: str) -> None:
    found = first(text, 8)
    assert (name in found) if name else (not found)


def test_what_fits_the_name_comes_before_what_only_mentions_it() -> None:
    index = Index(
        [
            Findable("a", "Other", ("else",), "It is like Pool in a way."),
            Findable("b", "MaxPool2d", (), ""),
            Findable("c", "Pool", (), ""),
            Findable("d", "Poolside", (), ""),
            Findable("e", "Thing", ("pool",), ""),
        ]
    )
    assert index.ranked("pool") == ["c", "b", "e", "d", "a"]
    assert index.ranked("") == ["a", "b", "c", "d", "e"]
    assert index.ranked("  ") == ["a", "b", "c", "d", "e"]
    assert index.ranked("pool like") == ["a"]


def test_a_slip_is_one_and_not_at_the_start() -> None:
    assert one_slip("cnov", "conv2d") and one_slip("cov2", "conv2d") and one_slip("coonv", "conv2d")
    assert one_slip("comv", "conv2d") and one_slip("relux", "relu")
    assert not one_slip("vonv", "conv2d") and not one_slip("cabb", "conv2d")


def test_what_makes_smaller_leads_for_downsample() -> None:
    """A convolution does so only when it is told to."""
    assert first("downsample", 2) == ["MaxPool2d", "AvgPool2d"]
