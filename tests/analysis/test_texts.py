"""Every text of a problem or fix has its Japanese, with the same values in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import studio.analysis
from studio.text import load

_FOLDER = Path(studio.analysis.__file__).parent


def templates() -> set[str]:
    """Texts given to ``text = …``, to a constant that holds one, or to Fix(…)."""
    found = set()
    for path in sorted(_FOLDER.glob("*.py")):
        for part in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            values: list[ast.expr] = []
            if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") in (
                "text",
                "_OLD",
                "_NO_RECORD",
            ):
                values = [part.value]
            elif isinstance(part, ast.Call) and getattr(part.func, "id", "") == "Fix":
                values = part.args[:1]
            found |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    return found


def test_every_text_is_translated() -> None:
    table = load("ja")
    assert len(templates()) > 40
    for text in sorted(templates()):
        assert text in table, text
        assert table[text] != text
        assert sorted(re.findall(r"{(\w+)}", text)) == sorted(re.findall(r"{(\w+)}", table[text]))
