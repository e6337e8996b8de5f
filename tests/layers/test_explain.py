"""What help says is worked out from the record: numbers in formulas, ranges, related layers, links."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.explain import (
    axes_text,
    formula_with_numbers,
    links,
    range_text,
    related,
    weight_lines,
)
from studio.layers.formula import plain_text
from studio.layers.params import Bool, Choice, Float, Int, Ints
from studio.layers.signs import SIGNS
from studio.layers.spec import LayerSpec
from studio.layers.values import values
from studio.text import set_language

N = symbol("N")


def filled(spec: LayerSpec, params: dict[str, object], *shapes: tuple[object, ...]) -> str:
    """The formula with numbers, on one line; "" for none."""
    p = values(spec, params)  # type: ignore[arg-type]
    inputs = tuple(TensorSpec(shape) for shape in shapes)  # type: ignore[arg-type]
    row = formula_with_numbers(spec, p, inputs, spec.shape(p, inputs))
    return plain_text(row) if row else ""


def test_a_convolution_works_its_size_out() -> None:
    text = filled(CATALOGUE["Conv2d"], {"kernel_size": 5, "stride": 2, "padding": 1}, (N, 3, 28, 28))
    assert text == "H_out = ⌊(28 + 2 · 1 − 1(5 − 1) − 1)/(2)⌋ + 1 = 13"


def test_numbers_of_parameters_stand_in_the_formula() -> None:
    assert "1 − 0.25" in filled(CATALOGUE["Dropout"], {"p": 0.25}, (N, 8))
    assert filled(CATALOGUE["LeakyReLU"], {"negative_slope": 0.2}, (N, 8)) == "y = max (0.2x,x)".replace(
        "0.2x,x", "x,0.2 · x"
    )
    assert "0.00001" in filled(CATALOGUE["LayerNorm"], {}, (N, 8))
    assert filled(CATALOGUE["Tanh"], {}, (N, 8)) == ""


def test_a_sign_with_an_index_stays_and_a_negative_number_gets_brackets() -> None:
    spec = replace(CATALOGUE["LeakyReLU"], formula=r"y = a_t + 2 a - a^2")
    assert filled(spec, {"negative_slope": 0.5}, (N, 8)) == "y = a_t + 2 · 0.5 − 0.5^2"


def test_ranges_in_words() -> None:
    assert range_text(Int("a", 1, "", min=1)) == "whole number ≥ 1"
    assert range_text(Int("a", 1, "", min=1, max=2**31)) == "whole number ≥ 1"
    assert range_text(Float("a", 0.5, "", min=0, max=1)) == "number 0 … 1"
    assert range_text(Ints("a", (1, 1), "", min=0)) == "2 whole numbers ≥ 0"
    assert range_text(Choice("a", "x", "", options=("x", "y"))) == "x, y"
    assert range_text(Bool("a", True, "")) == "yes or no"
    assert (axes_text("N *"), axes_text("*"), axes_text("")) == ("N …", "any shape", "one number")
    set_language("ja")
    try:
        assert range_text(Int("a", 1, "", min=1)) == "整数 ≥ 1"
    finally:
        set_language("en")


@pytest.mark.parametrize("name", CATALOGUE)
def test_related_layers_are_others_of_the_catalogue(name: str) -> None:
    found = related(name)
    assert name not in found and set(found) <= set(CATALOGUE)
    assert len(found) == len(set(found)) <= 6
    assert set(CATALOGUE[name].related) <= set(CATALOGUE)


def test_neighbours_are_related() -> None:
    assert {"GRU", "RNN"} <= set(related("LSTM"))
    assert "AvgPool2d" in related("MaxPool2d")


def test_weights_are_counted() -> None:
    assert weight_lines({"weight": (16, 6, 5, 5), "bias": (16,)}) == [
        ("weight", "16 × 6 × 5 × 5", 2400),
        ("bias", "16", 16),
    ]


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_layer_has_a_page_to_open(name: str) -> None:
    found = links(CATALOGUE[name])
    assert found and all(url.startswith("https://") and title for title, url in found)


@pytest.mark.parametrize("name", sorted(SIGNS))
def test_each_sign_stands_in_its_formula_for_a_parameter(name: str) -> None:
    spec = CATALOGUE[name]
    known = {param.name for param in spec.params}
    for sign, param in SIGNS[name].items():
        assert param in known, param
        p = SimpleNamespace(**{one.name: one.default for one in spec.params} | {param: 12345})
        assert "12345" in str(formula_with_numbers(spec, p, (), ())), sign
