"""Exports carry all they need: the file's numbers are the network's, and the snippet gives the window's answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from studio.engine.build import RunError
from studio.engine.export import export_run
from studio.engine.export_command import export_command
from studio.engine.onnx_file import ExportError
from studio.engine.trained import load_trained
from tests.engine.trained_runs import make_run

KEYS = ["path", "opset", "max_abs_error", "max_rel_error", "bytes", "torch_ms", "onnxruntime_ms"]


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run("lenet5", tmp_path_factory.mktemp("lenet") / "run", steps=60)


def answer_of(snippet: str, folder: Path) -> str:
    """What the snippet prints, in a process that sees neither the studio nor torch."""
    blocked = folder / "blocked"
    blocked.mkdir(exist_ok=True)
    for name in ("torch", "studio"):
        (blocked / f"{name}.py").write_text("raise ImportError('not in a fresh environment')\n")
    environment = {**os.environ, "PYTHONPATH": str(blocked)}
    done = subprocess.run(
        [sys.executable, "-c", snippet],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_trained_digits_leave_proven_and_self_contained(lenet: Path, tmp_path: Path) -> None:
    told: list[float] = []
    result = export_run(lenet, tmp_path / "digits.onnx", lambda fraction, text: told.append(fraction))
    assert list(result)[:6] == KEYS[1:] and result["max_abs_error"] <= 1e-5
    assert told == sorted(told)
    model = onnx.load(tmp_path / "digits.onnx")
    assert [item.name for item in model.graph.input] == ["image"]
    assert [item.name for item in model.graph.output] == ["prediction"]
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(about["classes"]) == list("0123456789")
    assert json.loads(about["preprocessing"])["image"]["raw_max"] == 255.0
    assert json.loads(about["inputs"])[0]["shape"] == [1, 28, 28]
    assert json.loads(about["project"])["title"] == "LeNet-5 on digits"
    session = onnxruntime.InferenceSession(tmp_path / "digits.onnx")
    for count in (1, 2, 17):
        assert session.run(None, {"image": np.zeros((count, 1, 28, 28), np.float32)})[0].shape == (count, 10)


@pytest.mark.parametrize("place", [0, 7, 30])
def test_snippet_says_what_the_network_says_of_a_picture(lenet: Path, tmp_path: Path, place: int) -> None:
    result = export_run(lenet, tmp_path / "digits.onnx")
    trained = load_trained(lenet)
    index = trained.data().split["test"][place : place + 1]
    raw = trained.data().loaded.raw("image", index)[0, 0]
    Image.fromarray(raw.numpy().astype("uint8")).save(tmp_path / "picture.png")
    expected = trained.classes[int(trained.run(*trained.batch(index))[0].argmax())]
    assert answer_of(result["snippet"], tmp_path) == expected
    assert len(result["snippet"].splitlines()) == 5


@pytest.mark.parametrize(("preset", "steps"), [("mlp-table", 30), ("spirals-mlp", 30), ("perceptron", 5)])
def test_snippet_says_what_the_network_says_of_a_row(preset: str, steps: int, tmp_path: Path) -> None:
    run = make_run(preset, tmp_path / "run", steps=steps)
    result = export_run(run, tmp_path / "table.onnx")
    trained = load_trained(run)
    index = trained.data().part("test", "validation")[:1]
    shares = trained.shares(trained.run(*trained.batch(index))[0])
    assert answer_of(result["snippet"], tmp_path) == trained.classes[int(shares.argmax())]


def test_snippet_says_the_next_character(tmp_path: Path) -> None:
    run = make_run("char-lstm", tmp_path / "run", steps=5)
    result = export_run(run, tmp_path / "text.onnx")
    trained = load_trained(run)
    index = trained.data().part("test", "validation")[:1]
    number = int(trained.run(*trained.batch(index))[0][0, -1].argmax())
    assert answer_of(result["snippet"], tmp_path) == repr(trained.data().loaded.characters[number])


def test_snippet_says_the_next_piece(tmp_path: Path) -> None:
    run = make_run("gpt-pieces", tmp_path / "run", steps=3)
    result = export_run(run, tmp_path / "pieces.onnx")
    trained = load_trained(run)
    index = trained.data().part("test", "validation")[:1]
    number = int(trained.run(*trained.batch(index))[0][0, -1].argmax())
    spelling = trained.data().loaded.spelling
    assert spelling is not None and answer_of(result["snippet"], tmp_path) == repr(spelling.decode([number]))


def test_block_leaves_by_itself(lenet: Path, tmp_path: Path) -> None:
    export_run(lenet, tmp_path / "head.onnx", network="head")
    model = onnx.load(tmp_path / "head.onnx")
    assert [item.name for item in model.graph.input] == ["x"] and [i.name for i in model.graph.output] == [
        "y"
    ]
    with pytest.raises(ExportError, match="no block named tail"):
        export_run(lenet, tmp_path / "tail.onnx", network="tail")


def test_weights_of_the_best_checkpoint_are_taken(lenet: Path, tmp_path: Path) -> None:
    args = Namespace(
        file=str(lenet), to="safetensors", output=str(tmp_path / "w.safetensors"), network="", json=False
    )
    assert export_command(args) == 0
    found = load_file(tmp_path / "w.safetensors")
    network = load_trained(lenet).network
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())


def test_drawing_without_a_run_leaves_with_fresh_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = Namespace(
        file="preset:mlp-xor", to="onnx", output=str(tmp_path / "xor.onnx"), network="", json=True
    )
    assert export_command(args) == 0
    said = capsys.readouterr()
    shown = json.loads(said.out)
    assert sorted(shown) == sorted(KEYS) and shown["path"] == str(tmp_path / "xor.onnx")
    assert "fresh" in said.err


def test_code_goes_into_a_folder(lenet: Path, tmp_path: Path) -> None:
    args = Namespace(file=str(lenet), to="code", output=str(tmp_path / "code"), network="", json=True)
    assert export_command(args) == 0
    assert (tmp_path / "code" / "model.py").read_bytes() == (lenet / "model.py").read_bytes()
    assert [path.name for path in (tmp_path / "code" / "data").iterdir()] == ["digits-28x28.npz"]


def test_bad_input_is_said(tmp_path: Path) -> None:
    run = make_run("mlp-xor", tmp_path / "run")
    with pytest.raises(RunError, match="no checkpoint yet"):
        export_run(run, tmp_path / "a.onnx")
    with pytest.raises(RunError, match="holds no run"):
        export_run(tmp_path, tmp_path / "a.onnx")
    assert not list(tmp_path.glob("*.onnx"))


def test_damaged_numbers_are_kept_aside(lenet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.engine import onnx_file

    first = tmp_path / "digits.onnx"
    first.write_bytes(b"what stood there before")
    monkeypatch.setattr(onnx_file, "ABSOLUTE", -1.0)
    with pytest.raises(ExportError, match="kept aside"):
        export_run(lenet, first)
    assert first.read_bytes() == b"what stood there before"
    assert (tmp_path / "digits.failed.onnx").is_file()
