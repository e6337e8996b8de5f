"""Run folders of presets, trained for a few steps by the plainest loop, for tests that ask trained networks."""

from __future__ import annotations

import inspect
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from studio.analysis import analyze
from studio.codegen import generate
from studio.engine.build import build_training, open_data, read_plan
from studio.engine.checkpoints import Snapshot, State, save_checkpoint
from studio.files.presets import load_preset
from studio.files.project import project_bytes
from studio.files.runs import create_run


def make_run(preset: str, folder: Path, *, steps: int = 0, rate: float = 0.005) -> Path:
    """The run folder of a preset; with ``steps``, a checkpoint after as many steps of Adam."""
    document = load_preset(preset)
    document = replace(document, run=replace(document.run, batch_size=64))
    code = generate(document, analyze(document))
    run = create_run(
        folder.parent, project_bytes(document), code, document.run, title=document.title, folder=folder
    )
    if steps:
        train(run, steps, rate)
    return run


def train(run: Path, steps: int, rate: float) -> None:
    """Trains for a few steps and writes the checkpoint."""
    plan = read_plan(run)
    training = build_training(run, plan.seed)
    optimizer = torch.optim.Adam(training.parameters(), lr=rate)

    def update(name: str, loss: Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    feed = open_data(plan).train
    several = "acts" in inspect.signature(training.step).parameters  # type: ignore[arg-type]
    more = (lambda name: True,) if several else ()
    for step in range(steps):
        training.step(feed.batch(*divmod(step, feed.steps)), update, *more)  # type: ignore[operator]
    weights = {name: value.detach().clone() for name, value in training.state_dict().items()}
    save_checkpoint(run, Snapshot(State(step=steps, best_step=steps), weights, {}, is_best=True))
