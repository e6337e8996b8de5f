"""Contrast of the tokens in both themes."""

from __future__ import annotations

import pytest

from studio.layers.spec import Category
from studio.ui.tokens import (
    DARK,
    GLYPHS,
    LIGHT,
    PAINTS,
    category_colour,
    colour,
    contrast,
    paint_colour,
    port_colour,
)

TEXT_PAIRS = [
    (ink, ground)
    for ink in ("text", "secondary", "accent_text")
    for ground in ("canvas", "panel", "card", "field")
] + [
    ("on_button", "button"),
    ("on_button", "button_hover"),
    ("on_button", "error_fill"),
    ("error", "panel"),
    ("error", "card"),
    ("warning", "panel"),
    ("good", "panel"),
    ("text", "hover"),
    ("text", "pressed"),
    ("second", "field"),
]
GRAPHIC_PAIRS = [
    ("wire", "canvas"),
    ("wire", "card"),
    ("border", "field"),
    ("border", "panel"),
    ("border", "card"),
    ("accent", "canvas"),
    ("accent", "card"),
    ("accent", "field"),
    ("error", "canvas"),
]


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_can_be_read(ink: str, ground: str, dark: bool) -> None:
    assert contrast(colour(ink, dark), colour(ground, dark)) >= 4.5


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize(("ink", "ground"), GRAPHIC_PAIRS)
def test_graphics_can_be_seen(ink: str, ground: str, dark: bool) -> None:
    assert contrast(colour(ink, dark), colour(ground, dark)) >= 3


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("category", list(Category))
def test_categories_can_be_seen_and_have_a_glyph(category: Category, dark: bool) -> None:
    for ground in ("card", "panel", "canvas"):
        assert contrast(category_colour(category, dark), colour(ground, dark)) >= 3
    assert GLYPHS[category]


def test_both_themes_name_the_same_colours() -> None:
    assert set(LIGHT) == set(DARK)
    assert len(set(GLYPHS.values())) == len(Category)


def test_black_on_white_is_the_largest_contrast() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("kind", ["float", "int", "bool", "complex"])
def test_ports_can_be_seen(kind: str, dark: bool) -> None:
    for ground in ("card", "canvas"):
        assert contrast(port_colour(kind, dark), colour(ground, dark)) >= 3


@pytest.mark.parametrize("dark", [True, False])
def test_ports_of_different_kinds_differ_in_lightness_or_hue_for_everyone(dark: bool) -> None:
    seen = [_as_seen_without_red(port_colour(kind, dark)) for kind in ("float", "int", "bool", "complex")]
    for at, one in enumerate(seen):
        for other in seen[at + 1 :]:
            assert sum(abs(a - b) for a, b in zip(one, other, strict=True)) > 60


def _as_seen_without_red(text: str) -> tuple[float, float, float]:
    """As deuteranopes see it, roughly. Source: Viénot, Brettel and Mollon, 1999, simplified matrix."""
    r, g, b = (int(text[at : at + 2], 16) for at in (1, 3, 5))
    return 0.29 * r + 0.71 * g, 0.29 * r + 0.71 * g, b - 0.02 * (r - g)


def test_paints_have_a_colour() -> None:
    assert all(paint_colour(name, dark) for name in PAINTS for dark in (True, False))
    assert paint_colour("mauve", True) == ""
