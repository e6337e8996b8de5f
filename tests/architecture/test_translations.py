"""Every text the user sees has its Japanese, with the same places to fill in."""

from __future__ import annotations

import ast
import json
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


def test_every_translation_is_used() -> None:
    """Japanese of a text that the program no longer has helps nobody and hides what is missing."""
    known = _constants() | _of_records() | _of_resources()
    files = (HOUSE / "resources" / "translations" / "ja").glob("*.json")
    texts = {
        text for path in files if path.name[:8] != "presets_" for text in json.loads(path.read_text("utf-8"))
    }
    unused = sorted(texts - known)  # a preset's Japanese may be there before the preset
    assert not unused, f"{len(unused)} translations of texts that are gone: {unused[:20]}"


def _constants() -> set[str]:
    """Every text in the source: templates are literals, or put into a table as such."""
    found = set()
    for path in (HOUSE / "studio").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def _of_records() -> set[str]:
    """Texts that records put together from pieces, and the names under which layers are looked up."""
    from studio.layers import CATALOGUE

    found = {f"layer:{name}" for name in CATALOGUE}
    for spec in CATALOGUE.values():
        found |= {spec.summary, spec.pitfalls, spec.onnx, spec.group, *spec.differs.values()}
        found |= {word.strip() for word in re.findall(r"\\text\{([^}]*)\}", spec.formula)}
        found |= {port.doc for port in (*spec.inputs, *spec.outputs)}
        for param in spec.params:
            found |= {param.doc, param.label, param.unit, param.name.replace("_", " ").capitalize()}
    return found


def _of_resources() -> set[str]:
    """Texts of presets."""
    found: set[str] = set()
    todo: list[object] = [
        json.loads(path.read_text(encoding="utf-8")) for path in (HOUSE / "presets").rglob("*.json")
    ]
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            todo += value.values()
            found |= {key for key in value if isinstance(key, str)}
        elif isinstance(value, list):
            todo += value
        elif isinstance(value, str):
            found.add(value)
    return found
