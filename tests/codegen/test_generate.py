"""The text of the shipped drawings: tidy, stable, and tied to the canvas."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.codegen import CodeError, generate
from studio.document.model import Document
from studio.files.presets import load_preset, preset_names


def _code(name: str):  # type: ignore[no-untyped-def]
    document = load_preset(name)
    return generate(document, analyze(document))


@pytest.mark.parametrize("name", preset_names())
def test_the_text_is_python_and_the_same_each_time(name: str) -> None:
    first, second = _code(name), _code(name)
    ast.parse(first.files["model.py"])
    assert first.files == second.files


@pytest.mark.parametrize("name", preset_names())
def test_ruff_finds_nothing_and_changes_nothing(name: str, tmp_path: Path) -> None:
    if shutil.which("ruff") is None and not (Path(sys.executable).parent / "ruff").exists():
        pytest.skip("ruff is not installed here")
    path = tmp_path / "model.py"
    path.write_text(_code(name).files["model.py"], encoding="utf-8")
    for arguments in (["check"], ["format", "--check", "--diff", "--line-length", "88"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--isolated", str(path)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_lenet5_reads_as_a_person_would_write_it() -> None:
    text = _code("lenet5").files["model.py"]
    for line in (
        "class Head(nn.Module):",
        "class LeNet5(nn.Module):",
        "        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)",
        "        self.head = Head()",
        "        x = torch.tanh(self.conv1(image))  # N 6 28 28",
        "        return self.logits(x)  # N 10",
        '        logits = self.network(batch["image"])',
        '        update("adam", loss)',
    ):
        assert line in text.splitlines(), line
    assert "61,706 parameters" in text
    assert "import torch.nn.functional" not in text  # nothing uses it


def test_lines_point_at_the_nodes() -> None:
    code = _code("lenet5")
    lines = code.files["model.py"].splitlines()
    for path, numbers in code.lines.items():
        name = code.names.get(path)
        if name:
            assert any(f"self.{name}" in lines[number - 1] for number in numbers), path
    assert any("tanh" in lines[number - 1] for number in code.lines["tanh1"])
    assert [lines[number - 1].strip() for number in code.lines["loss"]][:2] == [
        "self.loss = nn.CrossEntropyLoss(label_smoothing=0.1)",
        'loss = self.loss(logits, batch["label"])',
    ]
    assert 'update("adam", loss)' in lines[code.lines["adam"][0] - 1]


def test_a_drawing_without_loss_is_refused() -> None:
    with pytest.raises(CodeError, match="no loss"):
        generate(Document(), analyze(Document()))
