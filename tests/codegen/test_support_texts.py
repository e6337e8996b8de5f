"""The texts that records bring into model.py read as if written by hand: formatted, clean, one name a text."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from studio.layers import CATALOGUE
from studio.layers.optimizers import ALGORITHMS
from studio.layers.spec import LayerSpec

HEAD = """from __future__ import annotations

{imports}
import torch
import torch.nn.functional as F
from torch import Tensor, nn
"""


def _by_name(specs: Iterable[LayerSpec]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for spec in specs:
        for text in spec.torch.support:
            (made,) = ast.parse(text).body
            assert isinstance(made, ast.ClassDef | ast.FunctionDef), text
            found.setdefault(made.name, set()).add(text.strip("\n"))
    return found


def test_a_name_means_one_text() -> None:
    found = _by_name(CATALOGUE.values())
    assert len(found) > 50
    assert not [name for name, texts in found.items() if len(texts) > 1]


def test_each_says_what_it_is() -> None:
    for texts in _by_name(CATALOGUE.values()).values():
        for text in texts:
            made = ast.parse(text).body[0]
            assert isinstance(made, ast.ClassDef | ast.FunctionDef)
            assert ast.get_docstring(made), made.name


def test_a_formatter_and_a_linter_find_nothing(tmp_path: Path) -> None:
    specs = list(CATALOGUE.values())
    imports = sorted({line for spec in specs for line in spec.torch.imports})
    texts = [text for found in _by_name(specs).values() for text in found]
    texts += [record.support.strip("\n") for record in ALGORITHMS if record.support]
    path = tmp_path / "support.py"
    path.write_text(HEAD.format(imports="\n".join(imports)) + "\n\n" + "\n\n\n".join(texts) + "\n")
    ruff = [sys.executable, "-m", "ruff"]
    rules = "E,F,W,B,UP,SIM,C4,PLE"
    for command in (
        ["format", "--diff", "--line-length", "88"],
        ["check", "--line-length", "110", "--select", rules, "--ignore", "F401"],  # a sentence may stand out
    ):
        done = subprocess.run(
            [*ruff, *command, "--isolated", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
