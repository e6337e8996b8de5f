"""Every metric through the studio and through train.py: the same numbers, to the bit; and their meaning."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.model import Document
from studio.engine.metrics import Evaluator, shown
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import RunReader, create_run
from studio.graph.model import Node
from studio.layers import CATALOGUE
from tests.engine.test_generated_code import HOUSE, python, written
from tests.engine.test_optimizers import with_optimizer

GROUPS = {
    "lenet5": "Metrics of classes",
    "mlp-xor": "Metrics of numbers",
    "char-lstm": "Metrics of text",
}
RUNS: dict[str, dict[str, Any]] = {
    "lenet5": {"epochs": 1, "batch_size": 500},
    "mlp-xor": {"epochs": 2},
    "char-lstm": {"steps": 4},
}


def measured(name: str) -> Document:
    """A preset with all metrics of a group, fed like its loss."""
    document = load_preset(name)
    loss = next(node for node in document.main.nodes.values() if CATALOGUE[node.layer].traits.role == "loss")
    graph = document.main
    for spec in CATALOGUE.values():
        if spec.traits.role == "metric" and spec.group == GROUPS[name] and "E" not in spec.inputs[0].axes:
            graph = graph.with_node(Node(f"a_{spec.name}", spec.name, {}, loss.inputs))
    run = replace(document.run, device="cpu", **RUNS[name])
    return replace(document, main=graph, run=run)


@pytest.mark.parametrize("name", GROUPS)
def test_train_py_measures_the_same(name: str, tmp_path: Path) -> None:
    document = measured(name)
    code = generate(document, analyze(document))
    run = create_run(tmp_path / "runs", project_bytes(document), code, document.run)
    python(HOUSE, "-m", "studio.worker", "run", str(run))
    reader = RunReader(run)
    assert reader.poll().state == "finished"
    written(code, tmp_path / "code")
    script = "import json, train\ntrain.shown = json.dumps\ntrain.train()"
    printed = python(tmp_path / "code", "-W", "ignore", "-c", script)
    line = next(line for line in reversed(printed.splitlines()) if line.startswith("epoch"))
    theirs = json.loads(line.partition("validation: ")[2])
    ours = {key: reader.series[f"validation.{key}"].values[-1] for key in theirs}
    metrics = [key for key in theirs if key.startswith("a_")]
    assert len(metrics) == sum(node.id.startswith("a_") for node in document.main.nodes.values()) >= 3
    # R2 and others divide by 0 where a text or a batch leaves nothing: no number on both sides
    assert {k: str(v) for k, v in theirs.items()} == {k: str(v) for k, v in ours.items()}
    if name == "lenet5":
        table = json.loads((run / "tables.validation.json").read_text())["a_ConfusionMatrix"]
        assert sum(map(sum, table)) == 500 and len(table) == 10
        assert sum(table[at][at] for at in range(10)) / 500 == pytest.approx(theirs["a_ConfusionMatrix"])
        assert theirs["a_ConfusionMatrix"] == pytest.approx(theirs["accuracy"])


class Meter:
    """A meter that gives a table."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, ...]] = []

    def update(self, *given: Any) -> None:
        """Takes a batch."""
        self.taken.append(given)

    def compute(self) -> torch.Tensor:
        """Three right, one wrong."""
        return torch.tensor([[2, 1], [0, 1]])


def test_tables_are_kept_and_shown_by_their_diagonal() -> None:
    evaluator = Evaluator({"confusion": {"layer": "ConfusionMatrix"}}, {"kl": 0.5}, {"confusion": Meter()})
    one, two = torch.tensor(1.0), torch.tensor(2.0)
    evaluation = type("E", (), {"losses": {"image": one, "kl": two}, "metrics": {"confusion": (one, two)}})
    evaluator.add(evaluation, 4)
    assert evaluator.values() == {"image": 1.0, "kl": 2.0, "confusion": 0.75, "loss": 2.0}
    assert evaluator.tables == {"confusion": [[2, 1], [0, 1]]}
    assert shown(torch.tensor(0.5)) == 0.5


def test_the_right_text_scores_best() -> None:
    """Texts that are right have no error; each metric knows which way is better."""
    text = torch.tensor([[1, 2, 3, 4, 0], [4, 3, 2, 1, 0]])
    right, wrong = (
        torch.nn.functional.one_hot(text, 5) * 50.0,
        torch.nn.functional.one_hot(4 - text, 5) * 50.0,
    )
    space: dict[str, Any] = {}
    lines = ["import torch", "from torch import Tensor"]
    for name in ("BLEU", "TokenErrorRate", "Perplexity"):
        lines += [*CATALOGUE[name].torch.imports, *CATALOGUE[name].torch.support]
    exec("\n".join(lines), space)  # our own text, of a test
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, made in (
            ("BLEU", "TokenBLEU"),
            ("TokenErrorRate", "TokenErrorRate"),
            ("Perplexity", "Perplexity"),
        ):
            good, bad = space[made](), space[made]()
            good.update(right, text)
            bad.update(wrong, text)
            better = float(good.compute()) > float(bad.compute())
            assert better == CATALOGUE[name].traits.rises, name
        rate = space["TokenErrorRate"]()
        rate.update(right[:, [1, 2, 3, 4, 4]], text)  # one missing in front, one too many behind
        assert float(rate.compute()) == pytest.approx(0.4)


def test_reading_counts_the_changes_that_are_needed() -> None:
    """Runs of a symbol count once and blanks not at all; the text is as long as it is."""
    space: dict[str, Any] = {}
    record = CATALOGUE["CTCErrorRate"].torch
    exec("\n".join(["import torch", "from torch import Tensor", *record.imports, *record.support]), space)
    steps = torch.tensor([[3, 3, 0, 3, 0, 1, 1], [0, 2, 2, 2, 4, 0, 0], [0, 0, 0, 0, 0, 0, 0]])
    texts = torch.tensor([[3, 3, 1, 0], [2, 1, 4, 0], [5, 0, 0, 0]])
    rate = space["CTCErrorRate"]()
    rate.update(torch.nn.functional.one_hot(steps, 6).float(), texts)
    assert float(rate.compute()) == pytest.approx(2 / 7)  # one left out, one not seen
    assert not CATALOGUE["CTCErrorRate"].traits.rises


def test_the_monitor_knows_which_way_is_better() -> None:
    document = with_optimizer(measured("lenet5"), schedule="plateau", patience=0)
    document = replace(document, run=replace(document.run, monitor="validation.a_CalibrationError"))
    text = generate(document, analyze(document)).files["train.py"]
    assert 'found["a_CalibrationError"], found["loss"]' in text and "if score < best" in text
    document = replace(document, run=replace(document.run, monitor="validation.a_F1"))
    text = generate(document, analyze(document)).files["train.py"]
    assert "if score > best" in text and "value > highest * (1 + 1e-4)" in text
