"""The source that leaves with a drawing trains like the studio, and like text written by hand: to the bit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.codegen import Code, generate
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import RunReader, create_run
from studio.graph.model import Node, Source
from studio.places import resources

HOUSE = Path(__file__).resolve().parents[2]


def changed(document: Document, node: str, **params: object) -> Document:
    """``document`` with parameters of a node of the main graph set."""
    found = document.main.nodes[node]
    return replace(document, main=document.main.with_node(found.with_params(params)))  # type: ignore[arg-type]


CASES = {
    "lenet5": {"epochs": 2, "batch_size": 256},
    "mlp-xor": {"epochs": 20},
    "mlp-table": {"epochs": 3},
    "spirals-mlp": {"steps": 30},
    "char-lstm": {"steps": 8},
    "fashion-cnn": {"steps": 12},
    "mobilenet": {"steps": 4},
    "unet": {"steps": 4},
    "gru-classifier": {"epochs": 2},
    "ctc-digits": {"steps": 3},
}
# A kind of data each; the others with STUDIO_STORM=full.
SHORT = ("lenet5", "mlp-xor", "mlp-table", "char-lstm", "unet", "gru-classifier", "ctc-digits")


def written(code: Code, folder: Path) -> None:
    """The source folder, with its data."""
    (folder / "data").mkdir(parents=True)
    for name, text in code.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, source in code.data_files.items():
        (folder / "data" / name).write_bytes((resources() / "data" / source).read_bytes())


def python(folder: Path, *arguments: str, path: Path | None = None) -> str:
    """What a fresh Python prints."""
    environment = {**os.environ, "STUDIO_LANGUAGE": "en", "PYTHONPATH": str(path or "")}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def both(document: Document, folder: Path) -> tuple[RunReader, list[float], str]:
    """The run of the studio; the losses of train.py and what it printed."""
    document = replace(document, run=replace(document.run, device="cpu"))
    code = generate(document, analyze(document))
    run = create_run(folder / "runs", project_bytes(document), code, document.run)
    python(HOUSE, "-m", "studio.worker", "run", str(run))
    reader = RunReader(run)
    status = reader.poll()
    assert status.state == "finished", status
    written(code, folder / "code")
    text = python(folder / "code", "-c", "import json, train\nprint(json.dumps(train.train()))")
    printed, _, losses = text.rstrip("\n").rpartition("\n")
    return reader, json.loads(losses), printed


def test_penalties_and_weights_that_rise_are_the_same_outside(tmp_path: Path) -> None:
    """A slope penalty needs gradients in evaluation too; a weight that rises asks how far the run is."""
    document = load_preset("lenet5")
    graph = document.main
    graph = graph.with_node(Node("l2", "L2Penalty", {"weight": 0.001, "of": ("conv1", "head")}))
    wires = {"input": (Source("digits", "image"),), "score": (Source("logits"),)}
    graph = graph.with_node(Node("r1", "R1", {"weight": 0.1, "weight_rise": 2.0}, wires))
    adam = replace(graph.nodes["adam"], inputs={"loss": (Source("loss"), Source("l2"), Source("r1"))})
    settings = replace(document.run, epochs=2, batch_size=500)
    document = replace(document, main=graph.with_node(adam), run=settings)
    reader, losses, printed = both(document, tmp_path)
    assert list(reader.series["train.loss"].values) == losses
    ends = [line for line in printed.splitlines() if line.startswith("epoch")]
    for line, value in zip(ends, reader.series["validation.r1"].values, strict=True):
        assert f"r1 {value:.4f}" in line
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", CASES if os.environ.get("STUDIO_STORM") == "full" else SHORT)
def test_train_py_gives_the_losses_of_the_studio_to_the_bit(name: str, tmp_path: Path) -> None:
    document = load_preset(name)
    settings = replace(document.run, **CASES[name])  # type: ignore[arg-type]
    reader, losses, printed = both(replace(document, run=settings), tmp_path)
    assert list(reader.series["train.loss"].values) == losses
    ends = [line for line in printed.splitlines() if line.startswith("epoch")]
    for line, value in zip(ends, reader.series["validation.loss"].values, strict=True):
        assert f"validation: loss {value:.4f}" in line
    assert f"test: loss {reader.series['test.loss'].values[-1]:.4f}" in printed
