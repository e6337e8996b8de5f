"""Schedules: sane at their ends, one curve from several, and the very numbers that train.py computes."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.codegen.rates import counts_epochs, rate_lines, rate_name
from studio.layers import CATALOGUE
from studio.layers.optimizers import ALGORITHMS
from studio.layers.schedule_records import LEFT_OUT, SCHEDULE, SCHEDULES
from studio.layers.schedules import Plateau, curve, is_constant, rate
from studio.text import load

PARAMS = {param.name: param for param in CATALOGUE["Optimizer"].params}


@st.composite
def any_settings(draw: st.DrawFn) -> dict[str, Any]:
    """Settings of an Optimizer's schedule."""
    return {
        "learning_rate": draw(st.floats(1e-5, 1.0)),
        "schedule": draw(st.sampled_from(list(SCHEDULE))),
        "warmup": draw(st.sampled_from((0.0, 0.0, 0.01, 0.1, 0.5))),
        "step_size": draw(st.integers(1, 4)),
        "gamma": draw(st.floats(0.01, 1.0)),
        "epoch_gamma": draw(st.floats(0.01, 1.0)),
        "end_factor": draw(st.sampled_from((0.0, 0.1, 0.3))),
        "power": draw(st.floats(0.3, 4.0)),
        "period": draw(st.integers(1, 4)),
        "period_factor": draw(st.integers(1, 3)),
        "mode": draw(st.sampled_from(("triangular", "triangular2", "exp_range"))),
        "milestones": tuple(draw(st.lists(st.integers(1, 9), max_size=3))),
        "then": draw(st.sampled_from(("none", "cosine", "linear", "exponential", "inverse-root"))),
        "switch": draw(st.sampled_from((0.0, 0.3, 0.5, 1.0))),
    }


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(any_settings(), st.integers(1, 60), st.integers(1, 7))
def test_train_py_computes_the_very_numbers(chosen: dict[str, Any], steps: int, per_epoch: int) -> None:
    at = rate(chosen, steps, per_epoch)
    found = [at(step) for step in range(steps)]
    assert all(0 <= value <= chosen["learning_rate"] * (1 + 1e-12) for value in found)
    name = rate_name(chosen, 1)
    if not name:
        assert is_constant(chosen) and set(found) == {chosen["learning_rate"]}
        return
    space: dict[str, Any] = {"math": math}
    exec("\n".join(rate_lines(chosen, 1)), space)  # our own text, of a test
    more = (per_epoch,) if counts_epochs(chosen) else ()
    assert [space[name](step, steps, *more) for step in range(steps)] == found


def test_the_drawn_curve_begins_and_ends_with_the_run() -> None:
    chosen = {"learning_rate": 1.0, "schedule": "linear", "warmup": 0.1}
    drawn = curve(chosen, 100, 10, 33)
    at = rate(chosen, 100, 10)
    assert len(drawn) == 33 and drawn[0] == at(0) and drawn[-1] == at(99)
    assert curve(chosen, 5, 5, 33) == [rate(chosen, 5, 5)(step) for step in range(5)]


def test_one_schedule_follows_another_from_its_beginning() -> None:
    chosen = {"learning_rate": 1.0, "schedule": "constant", "then": "cosine", "switch": 0.75}
    at, alone = rate(chosen, 40, 10), rate({"learning_rate": 1.0, "schedule": "cosine"}, 10, 10)
    assert [at(step) for step in range(30)] == [1.0] * 30
    assert [at(step) for step in range(30, 40)] == [alone(step) for step in range(10)]


def test_a_plateau_waits_and_drops_to_its_floor() -> None:
    plateau = Plateau(0.1, 1, 0.05, rises=True)
    for value in (0.5, 0.6, 0.6, 0.6):
        plateau.see(value)
    assert (plateau.scale, plateau.best, plateau.waited) == (0.1, 0.6, 0)
    for value in (0.6, 0.6, 0.7, 0.7, 0.7):
        plateau.see(value)
    assert plateau.scale == 0.05


@pytest.mark.parametrize("record", (*ALGORITHMS, *SCHEDULES), ids=lambda record: record.name)
def test_japanese_of_algorithms_and_schedules(record: Any) -> None:
    table = load("ja")
    texts = (record.summary, record.pitfalls, *record.differs.values())
    assert all(text.endswith(".") and table.get(text, text) != text for text in texts)


@pytest.mark.parametrize("record", SCHEDULES, ids=lambda record: record.name)
def test_a_record_leaves_no_gap(record: Any) -> None:
    assert record.summary.endswith(".") and record.pitfalls.endswith(".") and record.formula and record.source
    assert all(name in PARAMS and record.name in PARAMS[name].when for name in record.params)
    assert all(reason.endswith(".") for reason in (*record.differs.values(), *LEFT_OUT.values()))
