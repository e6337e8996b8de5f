"""Layers that the user wrote, in real workers: refused until trusted, trained, exported, tried out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from studio import cli
from studio.engine.custom_ask import answer_in_process
from studio.engine.custom_probe import try_custom
from studio.files.project import save_project
from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers.answers import Question, answered
from studio.text import set_language
from tests.files.test_custom_code import drawn

CODE = '''import math
from pathlib import Path

import torch
from torch import Tensor, nn

CANARY = Path({canary!r}).write_text("ran")


def widened(x: Tensor) -> Tensor:
    return x * math.sqrt(2)


class Gate(nn.Module):
    """Scales the channels by what the picture says of them."""

    def __init__(self, reduce: int = 2) -> None:
        super().__init__()
        self.down = nn.Conv2d(6, 6 // reduce, 1)
        self.up = nn.Conv2d(6 // reduce, 6, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = x.mean((2, 3), keepdim=True)
        return widened(x) * torch.sigmoid(self.up(torch.relu(self.down(pooled))))
'''


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSUMIKI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LC_ALL", "C")
    set_language("en")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A file with a layer whose shapes only a worker knows and whose text leaves a trace when it runs."""
    path = tmp_path / "gate.json"
    save_project(path, drawn(CODE.format(canary=str(tmp_path / "canary"))))
    return path


def test_nothing_of_it_runs_before_the_user_trusts_it(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    for command in (
        ["train", str(project), "--steps", "1", "--run-dir", str(run)],
        ["export", str(project), "--to", "onnx", "-o", str(tmp_path / "a.onnx")],
        ["check", str(project)],
        ["code", str(project)],
    ):
        assert cli.main(command) == 1
        err = capsys.readouterr().err
        assert "Traceback" not in err and ("--trust" in err or command[0] in ("check", "code"))
    assert not (tmp_path / "canary").exists() and not run.exists()


def test_it_trains_and_leaves_as_onnx(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    train = ["train", str(project), "--steps", "2", "--run-dir", str(run), "--trust", "--json"]
    assert cli.main(train) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["reason"] == "finished" and (tmp_path / "canary").exists()
    text = (run / "model.py").read_text()
    assert "class Gate(nn.Module):" in text and "import math" in text and "self.gate = Gate()" in text
    assert cli.main(["check", str(project), "--json"]) == 0  # trusted now: its weights are counted
    assert json.loads(capsys.readouterr().out)["parameters"] == 61706 + 6 * 3 + 3 + 3 * 6 + 6
    path = tmp_path / "a.onnx"
    assert cli.main(["export", str(run), "--to", "onnx", "-o", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["max_abs_error"] < 1e-4
    names = [entry.name for entry in onnxruntime.InferenceSession(path.read_bytes()).get_inputs()]
    assert names == ["image"]
    (tmp_path / "canary").unlink()
    (tmp_path / "state" / "trust" / "codes").unlink()
    # a run folder from elsewhere: the worker itself looks whether its text is trusted
    again = subprocess.run([sys.executable, "-m", "studio.worker", "run", str(run)], check=False, timeout=120)
    assert again.returncode != 0 and not (tmp_path / "canary").exists()


def question(body: str, *shape: object) -> Question:
    code = f"class A(nn.Module):\n    def forward(self, x):\n        {body}\n"
    return Question(code, "A()", "layer(x0)", (TensorSpec(shape),))  # type: ignore[arg-type]


def tried(body: str) -> dict[str, object]:
    asked = question(body, 2, 3)
    tries = [[{"shape": [2, 3], "dtype": "float32"}]]
    return try_custom(
        {"code": asked.code, "build": "A()", "call": "layer(x0)", "tries": tries}, lambda *a: None
    )


def test_a_mistake_in_forward_is_told_at_its_line() -> None:
    assert tried("return x @ x") | {"error": ""} == {"error": "", "line": 3}
    assert "tensor" in str(tried("return 3")["error"])
    assert "NameError" in str(tried("return missing")["error"])


def test_a_layer_that_looks_at_its_numbers_is_tried_with_some() -> None:
    assert tried("return x if x.sum().item() > -1 else x.T") == {
        "outputs": [[[[2, 3], "float32"]]],
        "weights": {},
    }


def test_one_that_never_ends_is_ended() -> None:
    endless = question("\n        while True:\n            pass", symbol("N"), 3)
    answer_in_process(endless, limit_s=6)
    found = answered(endless)
    assert found is not None and "longer than 6 s" in found.error
