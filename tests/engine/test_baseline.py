"""Guessing is judged by the same metrics as the network."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.engine.baseline import baseline, write_baseline
from studio.engine.build import build_training, open_data, read_plan
from studio.files.runs import read_baseline
from tests.engine.trained_runs import make_run


def test_the_commonest_class_of_training_is_guessed(tmp_path: Path) -> None:
    run = make_run("mlp-table", tmp_path / "run")
    plan = read_plan(run)
    data = open_data(plan)
    found = baseline(build_training(run, 1), data, plan.training["metrics"])
    known = torch.cat([data.check.batch(0, i)["label"] for i in range(data.check.steps)])  # type: ignore[union-attr]
    held = torch.cat([data.validation.batch(0, i)["label"] for i in range(data.validation.steps)])  # type: ignore[union-attr]
    commonest = int(torch.bincount(known.long()).argmax())
    assert found == {"accuracy": pytest.approx(float((held == commonest).float().mean()))}
    write_baseline(run, found)
    assert read_baseline(run) == found


def test_digits_are_guessed_right_one_time_in_ten(tmp_path: Path) -> None:
    run = make_run("lenet5", tmp_path / "run")
    plan = read_plan(run)
    found = baseline(build_training(run, 1), open_data(plan), plan.training["metrics"])
    assert 0.1 <= found["accuracy"] < 0.15
    assert read_baseline(tmp_path) == {}
