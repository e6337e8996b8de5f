"""Colours, type scale and spacing of both themes: here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

from studio.layers.spec import Category

LIGHT: Mapping[str, str] = {
    "canvas": "#F4F6F9",
    "dots": "#E6EAF0",
    "panel": "#FFFFFF",
    "card": "#FFFFFF",
    "line": "#D8DEE7",
    "border": "#7B8698",  # of what can be operated
    "text": "#1A1F29",
    "secondary": "#5C6675",
    "field": "#F4F6F9",
    "wire": "#7B8698",
    "accent": "#2F6FDE",
    "accent_text": "#2B66CF",
    "button": "#2B66CF",  # the fill under white text
    "button_hover": "#2459B5",
    "on_button": "#FFFFFF",
    "second": "#9A5B00",
    "hover": "#ECEFF4",
    "pressed": "#E1E6EE",
    "error": "#C62F42",
    "error_fill": "#C62F42",
    "warning": "#9A5B00",
    "good": "#1B7F38",
    "shadow": "#DDE2EA",
}

DARK: Mapping[str, str] = {
    "canvas": "#15171C",
    "dots": "#1F232B",
    "panel": "#1C1F26",
    "card": "#262A33",
    "line": "#323844",
    "border": "#6B778C",
    "text": "#E8EBF1",
    "secondary": "#98A2B3",
    "field": "#14161B",
    "wire": "#7F8A9C",
    "accent": "#5B8DEF",
    "accent_text": "#6E9AF2",
    "button": "#3B6FD9",
    "button_hover": "#3264C8",
    "on_button": "#FFFFFF",
    "second": "#E0A458",
    "hover": "#2B303A",
    "pressed": "#343A46",
    "error": "#F2808D",
    "error_fill": "#CC3A4C",
    "warning": "#E0A458",
    "good": "#4FBF6B",
    "shadow": "#101216",
}

_CATEGORY_LIGHT: Mapping[Category, str] = {
    Category.SOURCE: "#228833",
    Category.LEARNED: "#4477AA",
    Category.SEQUENCE: "#AA3377",
    Category.ACTIVATION: "#998500",
    Category.NORMALIZATION: "#00838F",
    Category.SHAPE: "#7B8698",
    Category.LOSS: "#D6475C",
    Category.OPTIMIZER: "#9A4A0A",
    Category.OUTPUT: "#6B46C1",
}

_CATEGORY_DARK: Mapping[Category, str] = {
    Category.SOURCE: "#2F9E44",
    Category.LEARNED: "#4C86C6",
    Category.SEQUENCE: "#C6559A",  # the sketch's #BE4A8E has 2.9:1 on a card
    Category.ACTIVATION: "#CCBB44",
    Category.NORMALIZATION: "#66CCEE",
    Category.SHAPE: "#8A94A6",
    Category.LOSS: "#EE6677",
    Category.OPTIMIZER: "#D9822B",
    Category.OUTPUT: "#9B7BF0",
}

# Ports by what flows, told apart by everyone (Okabe and Ito, Color Universal Design, 2008), darkened on white.
_PORT_LIGHT: Mapping[str, str] = {
    "float": "#0072B2",
    "int": "#B05000",
    "bool": "#00805C",
    "complex": "#D0409A",
}
_PORT_DARK: Mapping[str, str] = {
    "float": "#56B4E9",
    "int": "#E69F00",
    "bool": "#00B484",
    "complex": "#D98BB5",
}

PAINTS: Mapping[str, Category] = {  # colours a user may give to cards and frames, by name in files
    "green": Category.SOURCE,
    "blue": Category.LEARNED,
    "pink": Category.SEQUENCE,
    "yellow": Category.ACTIVATION,
    "cyan": Category.NORMALIZATION,
    "grey": Category.SHAPE,
    "red": Category.LOSS,
    "orange": Category.OPTIMIZER,
    "purple": Category.OUTPUT,
}

GLYPHS: Mapping[Category, str] = {
    Category.SOURCE: "▤",
    Category.LEARNED: "W",
    Category.SEQUENCE: "↻",
    Category.ACTIVATION: "ƒ",
    Category.NORMALIZATION: "≈",
    Category.SHAPE: "⊞",
    Category.LOSS: "ℓ",
    Category.OPTIMIZER: "∇",
    Category.OUTPUT: "◉",
}

SMALL, BODY, TITLE, DISPLAY = 11, 12, 13, 16  # px at 100 %
FAR = 18  # px at 100 %: a card's name while the drawing is small
SPACE = (4, 8, 12, 16, 24, 32)  # px at 100 %
MOTION_MS = 150

FACES = ("Noto Sans CJK JP", "Noto Sans", "Segoe UI", "SF Pro Text", "Helvetica Neue", "DejaVu Sans")
MONO_FACES = (
    "DejaVu Sans Mono",
    "Noto Sans Mono CJK JP",
    "Menlo",
    "Consolas",
    "Cascadia Mono",
    "monospace",
)


def theme(name: str) -> Mapping[str, str]:
    """All colours of the theme "dark" or "light"."""
    return DARK if name == "dark" else LIGHT


def colour(name: str, dark: bool) -> str:
    """One colour as #RRGGBB."""
    return (DARK if dark else LIGHT)[name]


def category_colour(category: Category, dark: bool) -> str:
    """The colour of a category's edges and glyphs."""
    return (_CATEGORY_DARK if dark else _CATEGORY_LIGHT)[category]


def port_colour(kind: str, dark: bool) -> str:
    """The colour of ports for "float", "int", "bool" or "complex"; the form of the port says the same."""
    table = _PORT_DARK if dark else _PORT_LIGHT
    return table.get(kind, table["float"])


def paint_colour(name: str, dark: bool) -> str:
    """The colour that a user gave; "" for a name we do not know."""
    category = PAINTS.get(name)
    return category_colour(category, dark) if category else ""


def contrast(first: str, second: str) -> float:
    """The contrast ratio of two colours, 1 to 21. Source: WCAG 2.2, contrast ratio and relative luminance."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(text: str) -> float:
    parts = [int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
