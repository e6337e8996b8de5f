"""A run that starts with the weights of another has them, bit by bit, wherever they fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from studio.engine.build import RunError, build_training
from studio.engine.carry import carry_weights
from studio.engine.checkpoints import load_best
from tests.engine.trained_runs import make_run


def test_weights_that_fit_are_taken_and_others_left(tmp_path: Path) -> None:
    run = make_run("mlp-table", tmp_path / "run", steps=20)
    training = build_training(run, seed=99)
    first = next(iter(training.state_dict()))
    module, _, name = first.rpartition(".")
    holder = training.get_submodule(module)
    setattr(holder, name, torch.nn.Parameter(torch.zeros(3, 5)))
    kept, count = carry_weights(training, run)
    best = load_best(run)
    assert best is not None
    assert (kept, count) == (len(best.weights) - 1, len(best.weights))
    for key, tensor in training.state_dict().items():
        assert key == first or torch.equal(tensor, best.weights[key])
    assert not training.state_dict()[first].any()


def test_a_run_without_weights_is_said(tmp_path: Path) -> None:
    run = make_run("mlp-table", tmp_path / "run", steps=0)
    with pytest.raises(RunError, match="no weights"):
        carry_weights(build_training(run, seed=1), run)
