"""Every message of edits, files and the command line has its Japanese, with the same values in it."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent.parent
TABLE: dict[str, str] = {}
for _file in sorted((HOUSE / "resources/translations/ja").glob("*.json")):
    TABLE.update(json.loads(_file.read_text(encoding="utf-8")))
OWN = ("edits.json", "files.json", "cli.json")
FILES = [
    *sorted((HOUSE / "studio/document").glob("*.py")),
    *(HOUSE / "studio/files" / f"{name}.py" for name in ("presets", "project", "recover", "save", "strict")),
    HOUSE / "studio/cli.py",
    HOUSE / "studio/commands.py",
]


def messages(path: Path) -> set[str]:
    """Texts given to tr, and the templates of FileError; names are looked up in the module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        wanted = {"tr": node.args[:1], "FileError": node.args[1:3]}.get(node.func.id, [])
        for argument in wanted:
            value = argument.value if isinstance(argument, ast.Constant) else None
            value = constants.get(argument.id) if isinstance(argument, ast.Name) else value
            if isinstance(value, str) and value:
                found.add(value)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_message_is_translated(path: Path) -> None:
    assert sorted(messages(path) - set(TABLE)) == []


@pytest.mark.parametrize("name", OWN)
def test_translations_are_japanese_and_keep_their_values(name: str) -> None:
    table = json.loads((HOUSE / "resources/translations/ja" / name).read_text(encoding="utf-8"))
    for english, japanese in table.items():
        assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff。]", japanese), english
        assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", japanese)), english
