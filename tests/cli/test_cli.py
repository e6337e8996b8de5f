"""The command line as scripts see it: exit codes, JSON on stdout, messages on stderr, no traceback."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from studio import cli, commands, places
from studio.files.presets import load_preset, preset_names
from studio.files.project import project_bytes
from studio.text import set_language


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    set_language("en")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(arguments)
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return code, out, err


def test_check_gives_the_report_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "check", "preset:lenet5", "--json")
    report = json.loads(out)
    assert code == 0 and set(report) == {
        "problems", "parameters", "flops", "memory_bytes", "depth", "nodes", "outputs"}  # fmt: skip
    assert report["parameters"] == 61706 and report["depth"] == 5 and report["problems"] == []
    assert report["outputs"] == {"prediction": {"shape": ["N", 10], "dtype": "float32"}}
    code, out, _ = run(capsys, "check", "preset:lenet5")
    assert code == 0 and "61,706 parameters" in out


def test_check_of_what_can_not_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    text = project_bytes(load_preset("lenet5")).decode()
    path = tmp_path / "a.json"
    path.write_text(text.replace('"kernel_size": [5, 5]', '"kernel_size": [99, 99]'))
    code, out, _ = run(capsys, "check", str(path), "--json")
    report = json.loads(out)
    assert code == 1 and report["problems"]
    assert set(report["problems"][0]) == {"severity", "code", "node", "message", "fixes"}
    assert run(capsys, "check", str(path))[0] == 1
    code, out, err = run(capsys, "code", str(path), "-o", str(tmp_path / "code"))
    assert code == 1 and not out and "studio check" in err and not (tmp_path / "code").exists()


def test_an_enormous_layer_is_refused_by_arithmetic(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "vast.json"
    path.write_text(json.dumps({"format": 1, "main": [
        {"id": "cells", "layer": "Data", "params": {"set": "breast-cancer"}},
        {"id": "big", "layer": "Linear", "params": {"out_features": 10**6}, "inputs": {"x": "cells.features"}},
        {"id": "vast", "layer": "Linear", "params": {"out_features": 10**6}, "inputs": {"x": "big"}},
        {"id": "y", "layer": "Output", "inputs": {"x": "vast"}},
    ]}))  # fmt: skip
    code, out, _ = run(capsys, "check", str(path), "--json")
    report = json.loads(out)
    assert code == 1 and any(p["node"] == "vast" and p["severity"] == "error" for p in report["problems"])


@pytest.mark.parametrize("name", preset_names())
def test_code_of_every_preset_is_python(
    name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, _, _ = run(capsys, "code", f"preset:{name}", "-o", str(tmp_path))
    assert code == 0 and {"model.py", "train.py", "README.md"} <= {path.name for path in tmp_path.iterdir()}
    for path in tmp_path.glob("*.py"):
        ast.parse(path.read_text())
    wanted = re.findall(r'FOLDER / "([^"]+)"', (tmp_path / "data.py").read_text())
    assert all((tmp_path / "data" / file).stat().st_size for file in wanted)
    code, out, _ = run(capsys, "code", f"preset:{name}")
    assert code == 0 and out == (tmp_path / "model.py").read_text()


def test_layers_and_presets(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "layers", "--json")
    rows = json.loads(out)["layers"]
    keys = {"name", "kind", "category", "group", "export", "exportable", "reason", "summary"}
    assert all(set(row) == keys for row in rows)
    assert all(bool(row["reason"]) is not row["exportable"] for row in rows)
    kinds = [row["kind"] for row in rows]
    assert len(rows) >= 450 and kinds.count("layer") >= 250
    assert min(map(kinds.count, ("algorithm", "schedule", "initializer", "loss", "metric"))) >= 9
    assert code == 0 and len(rows) >= 300
    assert sum(row["kind"] in ("layer", "block", "source") for row in rows) >= 250
    assert "Conv2d" in {row["name"] for row in rows}
    code, out, _ = run(capsys, "presets", "--json")
    assert code == 0 and {row["name"] for row in json.loads(out)["presets"]} == set(preset_names())
    assert run(capsys, "layers")[1].startswith("Data") and "lenet5" in run(capsys, "presets")[1]


def test_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, out, _ = run(capsys, "runs", str(tmp_path), "--json")
    assert code == 0 and json.loads(out) == {"runs": []}
    assert run(capsys, "runs")[0] == 0
    assert run(capsys, "runs", str(tmp_path / "gone"))[0] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "gone.json"), "gone.json: there is no such file"),
        (("check", "preset:gone", "--json"), "preset:gone: there is no such preset"),
        (("check", "preset:lenet5:huge"), "no such size"),
        (("code", "gone.json"), "no such file"),
        (("train", "preset:lenet5", "--set", "conv1.colour=1"), "no parameter"),
        (("train", "preset:lenet5", "--set", "nonsense"), "node.param=value"),
        (("resume", "gone"), "no such run folder"),
        (("picture", "preset:lenet5", "-o", "a.txt"), ".png"),
        (("import", "a.onnx", "-o", "b.json"), "imported"),
    ],
)
def test_what_can_not_be_used_is_exit_1_and_one_line(
    arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 1 and out == "" and words in err and err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("train", "preset:lenet5", "--epochs", "0"), ("train", "preset:lenet5", "--device", "tpu"),
     ("train", "preset:lenet5", "--seed", "-1"), ("export", "x", "--to", "pickle", "-o", "y"), ("--nonsense",),
     ("check", "a", "b"), ("one.json", "two.json")],
)  # fmt: skip
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and "studio" in err


def test_a_file_with_a_newline_in_a_name_stays_on_one_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"format": 1, "main": [{"id": "a", "layer": "x\\ny\\u202e<b>"}]}')
    code, _, err = run(capsys, "check", str(path))
    assert code == 1 and err.count("\n") == 1 and "\u202e" not in err and 'node "a"' in err


def test_an_unexpected_error_leaves_a_log_and_no_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(args: object) -> int:
        raise RuntimeError("boom")

    monkeypatch.setattr(commands, "layers", fail)
    code, _, err = run(capsys, "layers")
    assert code == 1 and "studio.log" in err and "boom" not in err
    assert "boom" in (places.state_folder() / "studio.log").read_text()


def test_stopped_by_the_user_is_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(args: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "layers", interrupt)
    assert run(capsys, "layers")[0] == 130


def test_options_reach_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(commands, "_engine", lambda name, args: seen.append((name, args.document)) or 0)
    assert cli.main(["train", "preset:lenet5", "--epochs", "3", "--seed", "7", "--device", "cpu",
                     "--set", "conv1.out_channels=8", "--set", "run.batch_size=16"]) == 0  # fmt: skip
    name, document = seen[0]
    assert name == "train_command" and document.main.nodes["conv1"].params["out_channels"] == 8
    assert (document.run.epochs, document.run.seed, document.run.device, document.run.batch_size) == (
        3,
        7,
        "cpu",
        16,
    )


@pytest.mark.parametrize(
    "command", ["check preset:lenet5 --json", "code preset:lenet5", "layers --json", "presets"]
)
def test_the_pure_commands_load_neither_qt_nor_torch(command: str) -> None:
    text = (
        "import sys; from studio.cli import main\n"
        f"code = main({command.split()!r})\n"
        "heavy = sorted({'torch', 'onnx', 'PySide6', 'pyqtgraph', 'numpy'} & set(sys.modules))\n"
        "sys.exit(f'loaded {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_without_a_display_the_window_says_what_works_instead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["preset:perceptron"]) == 1
    assert "studio train preset:perceptron --epochs 10" in capsys.readouterr().err
