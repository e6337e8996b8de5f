"""Checkpoints: damage is noticed, the one before is used, two always remain."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from studio.engine import checkpoints
from studio.engine.checkpoints import (
    Snapshot,
    State,
    checkpoint_steps,
    load_newest,
    load_step,
    save_checkpoint,
)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with a record."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    return folder


def _save(run: Path, step: int, *, best: bool = False) -> Path:
    weights = {"weight": torch.full((8, 8), float(step)), "count": torch.tensor(step)}
    state = State(step=step, optimizer={"adam": {"weight": {"lr": 0.5}}}, sums={"loss": (0.1 * step, step)})
    return save_checkpoint(run, Snapshot(state, weights, {"adam|weight|exp_avg": torch.ones(8, 8)}, best))


def _step(run: Path) -> int:
    found = load_newest(run)
    return -1 if found is None else found.state.step


def test_round_trip(run: Path) -> None:
    _save(run, 7)
    found = load_newest(run)
    assert found is not None
    assert found.state.sums == {"loss": (0.1 * 7, 7)} and found.state.optimizer["adam"]["weight"]["lr"] == 0.5
    assert torch.equal(found.weights["weight"], torch.full((8, 8), 7.0))
    assert int(found.weights["count"]) == 7


def test_newest_three_and_best_two_are_kept(run: Path) -> None:
    for step in range(1, 11):
        _save(run, step, best=step in (2, 4, 5))
    assert checkpoint_steps(run) == [4, 5, 8, 9, 10]
    assert not list((run / "checkpoints").glob(".t*"))


@pytest.mark.parametrize("name", ["model.safetensors", "optim.safetensors", "state.json", "MANIFEST.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "zero", "gone"])
def test_damage_falls_back_one_generation(run: Path, name: str, harm: str) -> None:
    _save(run, 1)
    path = _save(run, 2) / name
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 1
    elif harm == "cut":
        data = data[: len(data) // 2]
    elif harm == "zero":
        data = bytearray(len(data))
    path.write_bytes(bytes(data))
    if harm == "gone":
        path.unlink()
    found = load_newest(run)
    assert found is not None and (found.state.step, found.skipped) == (1, 1)


def test_another_run_s_checkpoint_is_refused(run: Path) -> None:
    _save(run, 1)
    (run / "run.json").write_text('{"seed": 2}')
    assert load_newest(run) is None


def test_a_renamed_checkpoint_and_a_link_are_refused(run: Path) -> None:
    shutil.copytree(_save(run, 1), run / "checkpoints" / "step-000000000009")
    (run / "checkpoints" / "step-000000000010").symlink_to(run / "checkpoints" / "step-000000000001")
    (run / "checkpoints" / "latest").write_text("../../etc\n")
    assert _step(run) == 1


def test_leftovers_are_cleaned_and_latest_is_only_a_hint(run: Path) -> None:
    _save(run, 1)
    (run / "checkpoints" / ".tmp-1234").mkdir()
    (run / "checkpoints" / "latest").write_text("step-000000000099\n")
    _save(run, 2)
    assert not (run / "checkpoints" / ".tmp-1234").exists()
    assert _step(run) == 2 and load_step(run, 99) is None


def test_failing_at_any_write_keeps_what_was_there(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _save(run, 1)
    _save(run, 2)
    real, left = checkpoints._write, [0]

    def failing(path: Path, data: bytes) -> None:
        if left[0] == 0:
            path.write_bytes(data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        left[0] -= 1
        real(path, data)

    monkeypatch.setattr(checkpoints, "_write", failing)
    for count in range(4):
        left[0] = count
        with pytest.raises(OSError):
            _save(run, 3)
        assert checkpoint_steps(run) == [1, 2] and _step(run) == 2
        assert not list((run / "checkpoints").glob(".tmp-*"))
    left[0] = 4
    _save(run, 3)
    assert _step(run) == 3


def test_nothing_is_dropped_while_those_kept_are_damaged(run: Path) -> None:
    for step in (1, 2, 3):
        _save(run, step)
    for step in (2, 3):
        (run / "checkpoints" / f"step-{step:012d}" / "state.json").write_text("x")
    _save(run, 4)
    assert 1 in checkpoint_steps(run)
    _save(run, 5)
    assert checkpoint_steps(run) == [3, 4, 5]
