"""Every schedule that torch has too, against torch's scheduler, step by step."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from studio.layers.schedule_records import LEFT_OUT, SCHEDULES
from studio.layers.schedules import Plateau, rate

PEAK = 0.3
Maker = Callable[[Any, dict[str, Any], int, int], Any]
BY_STEP: dict[str, Maker] = {
    "linear": lambda o, s, steps, per: lr_scheduler.LinearLR(o, 1.0, s["end_factor"], steps),
    "polynomial": lambda o, s, steps, per: lr_scheduler.PolynomialLR(o, steps, s["power"]),
    "cosine": lambda o, s, steps, per: lr_scheduler.CosineAnnealingLR(o, steps, PEAK * s["end_factor"]),
    "cosine-restarts": lambda o, s, steps, per: lr_scheduler.CosineAnnealingWarmRestarts(
        o, s["period"] * per, s["period_factor"], PEAK * s["end_factor"]
    ),
    "one-cycle": lambda o, s, steps, per: lr_scheduler.OneCycleLR(
        o, PEAK, total_steps=steps, cycle_momentum=False
    ),
    "cyclic": lambda o, s, steps, per: lr_scheduler.CyclicLR(
        o, PEAK * s["end_factor"], PEAK, s["period"] * per // 2, mode=s["mode"], cycle_momentum=False
    ),
    "constant": lambda o, s, steps, per: lr_scheduler.ConstantLR(o, 1.0),
}
BY_EPOCH: dict[str, Maker] = {
    "step": lambda o, s, steps, per: lr_scheduler.StepLR(o, s["step_size"], s["gamma"]),
    "multi-step": lambda o, s, steps, per: lr_scheduler.MultiStepLR(o, list(s["milestones"]), s["gamma"]),
    "exponential": lambda o, s, steps, per: lr_scheduler.ExponentialLR(o, s["epoch_gamma"]),
}


def optimizer() -> torch.optim.Optimizer:
    """One weight at the highest rate."""
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], PEAK)


@pytest.mark.parametrize("name", [*BY_STEP, *BY_EPOCH])
@settings(max_examples=25, deadline=None, database=None, derandomize=True)
@given(st.data())
def test_equals_torch(name: str, data: st.DataObject) -> None:
    per_epoch, epochs = data.draw(st.integers(1, 5)), data.draw(st.integers(2, 8))
    steps = per_epoch * epochs
    assume(name != "one-cycle" or steps >= 4)  # shorter, torch begins on the way down
    chosen = {
        "learning_rate": PEAK,
        "schedule": name,
        "step_size": data.draw(st.integers(1, 4)),
        "gamma": data.draw(st.floats(0.05, 1.0)),
        "epoch_gamma": data.draw(st.floats(0.05, 1.0)),
        "end_factor": 0.0 if name == "polynomial" else data.draw(st.sampled_from((0.0, 0.1, 0.5))),
        "power": data.draw(st.floats(0.5, 3.0)),
        "period": 2 * data.draw(st.integers(1, 2)),
        "period_factor": data.draw(st.integers(1, 3)),
        "mode": data.draw(st.sampled_from(("triangular", "triangular2"))),
        "milestones": tuple(data.draw(st.lists(st.integers(1, 7), max_size=3, unique=True))),
    }
    at, moved = rate(chosen, steps, per_epoch), optimizer()
    schedule = {**BY_STEP, **BY_EPOCH}[name](moved, chosen, steps, per_epoch)
    for step in range(steps):
        assert at(step) == pytest.approx(moved.param_groups[0]["lr"], rel=1e-6, abs=1e-9), (step, chosen)
        moved.step()
        if name in BY_STEP or (step + 1) % per_epoch == 0:
            schedule.step()


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(st.floats(0.01, 2.0), max_size=25), st.integers(0, 3), st.booleans())
def test_a_plateau_equals_torch(seen: list[float], patience: int, rises: bool) -> None:
    moved = optimizer()
    theirs = lr_scheduler.ReduceLROnPlateau(
        moved, "max" if rises else "min", factor=0.5, patience=patience, min_lr=PEAK * 0.1
    )
    ours = Plateau(0.5, patience, 0.1, rises)
    for value in seen:
        moved.step()
        theirs.step(value)
        ours.see(value)
        assert PEAK * ours.scale == pytest.approx(moved.param_groups[0]["lr"], rel=1e-9)


def test_every_schedule_of_torch_is_here_or_has_a_reason() -> None:
    classes = {
        name
        for name, value in vars(lr_scheduler).items()
        if inspect.isclass(value) and not name.startswith("_") and value.__module__ == lr_scheduler.__name__
    }
    theirs = {
        name for name in classes if name.endswith("LR") or name.startswith(("Cos", "Reduce", "Chain", "LRS"))
    }
    ours = {record.torch_name.rpartition(".")[2] for record in SCHEDULES if record.torch_name}
    assert theirs == ours | set(LEFT_OUT)
