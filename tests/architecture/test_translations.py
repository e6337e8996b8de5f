"""Every text the user sees has its Japanese, with the same places to fill in."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from studio.text import load

HOUSE = Path(__file__).resolve().parents[2]
PLACE = re.compile(r"\{(\w+)")
SAME_IN_BOTH = {"ONNX", "PyTorch"}


def _texts() -> dict[str, str]:
    found = {}
    for path in sorted((HOUSE / "studio").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "tr" and node.args):
                continue
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[first.value] = f"{path.relative_to(HOUSE)}:{node.lineno}"
    return found


def test_every_text_has_its_japanese() -> None:
    table = load("ja")
    missing = {text: place for text, place in _texts().items() if text not in table}
    assert not missing


def test_menus_have_their_japanese() -> None:
    from studio.layers.spec import Category

    table = load("ja")
    assert not [category.value for category in Category if category.value not in table]


def test_translations_keep_the_places_and_differ() -> None:
    for text, other in load("ja").items():
        if text.startswith("layer:"):
            continue
        assert set(PLACE.findall(text)) == set(PLACE.findall(other)), text
        assert other != text or text in SAME_IN_BOTH or not re.search(r"[A-Za-z]{4}", text), text
