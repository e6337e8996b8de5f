"""Training a run in this process: it learns, resumes exactly, and finds what went wrong."""

from __future__ import annotations

import copy
import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import torch

from studio.engine import checkpoints
from studio.engine.cause import find_cause
from studio.engine.checkpoints import load_best, load_newest
from studio.engine.control import Control
from studio.engine.session import Session
from studio.engine.trainer import Trainer
from studio.engine.updates import NotFinite
from studio.files.runs import RunReader, read_status, request
from tests.engine.runs import MODEL, TRAINING, make_run, make_trainer


def run_session(folder: Path) -> int:
    """A whole attempt, as the worker makes it, without its process."""
    threads = torch.get_num_threads()
    try:
        return Session(folder, Control(folder)).run()
    finally:
        torch.set_num_threads(threads)


def exact_series(folder: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Everything a resumed run must repeat."""
    reader = RunReader(folder)
    reader.poll()
    live = ("samples_per_s", "health.")
    return {n: (s.steps, s.values) for n, s in reader.series.items() if not n.startswith(live)}


def test_two_epochs_on_digits(tmp_path: Path) -> None:
    folder = make_run(tmp_path, epochs=4)
    assert run_session(folder) == 0
    status = read_status(folder)
    assert (status.state, status.reason, status.epoch, status.step) == ("finished", "finished", 4, 48)
    assert status.metrics["test"]["accuracy"] > 0.85
    assert status.metrics.keys() == {"train", "validation", "test"}
    series = exact_series(folder)
    assert series["train.loss"][0] == list(range(1, 49))
    assert series["validation.accuracy"][0] == [12, 24, 36, 48]
    assert series["learning_rate"][1][0] < max(series["learning_rate"][1])
    reader = RunReader(folder)
    reader.poll()
    assert any(name.startswith("health.") for name in reader.series)
    nodes = {name[7:] for name in reader.series if name.startswith("health.")}
    assert nodes == {"hidden", "norm", "logits"}


def test_same_seed_same_run_and_another_seed_another(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / str(n), seed=seed) for n, seed in enumerate((5, 5, 6))]
    for folder in runs:
        assert run_session(folder) == 0
    assert exact_series(runs[0]) == exact_series(runs[1])
    assert exact_series(runs[0])["train.loss"] != exact_series(runs[2])["train.loss"]


def test_losses_equal_a_loop_by_hand(tmp_path: Path) -> None:
    """The conventions of seeds and order, as train.py follows them outside the studio."""
    folder = make_run(tmp_path, model=MODEL.replace("x = self.drop(x)", "pass"))
    assert run_session(folder) == 0
    trainer = make_trainer(make_run(tmp_path / "again", model=MODEL.replace("x = self.drop(x)", "pass")))
    net, losses = trainer.training, []
    batches = trainer.data.train._first
    optimizer = torch.optim.AdamW(net.parameters(), 0.01, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=24, cycle_momentum=False)
    images = batches._loaded.tensors["image"].float() / batches._loaded.raw_max
    labels = batches._loaded.tensors["label"]
    for epoch in range(2):
        generator = torch.Generator().manual_seed(3 * 1_000_003 + epoch)
        order = batches._indices[torch.randperm(600, generator=generator)]
        for chosen in order.split(50):
            loss = net.loss(net.network(images[chosen]), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    assert exact_series(folder)["train.loss"][1] == losses


@pytest.mark.parametrize("stop_at", [1, 11, 12, 17, 24])
def test_resume_is_exact(tmp_path: Path, stop_at: int) -> None:
    whole, broken = make_run(tmp_path / "whole"), make_run(tmp_path / "broken")
    assert run_session(whole) == 0
    trainer = make_trainer(broken)
    trainer.train_until(stop_at)
    if stop_at % 12:
        trainer.write()
        trainer._save(is_best=False)
    trainer.saver.wait()
    trainer.train_until(min(stop_at + 3, 24))  # steps that the crash takes away again
    trainer.write()
    trainer.saver.wait()
    assert run_session(broken) == 0
    assert exact_series(broken) == exact_series(whole)
    first, second = load_newest(whole), load_newest(broken)
    assert first is not None and second is not None and first.weights.keys() == second.weights.keys()
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name]), name
    for name, tensor in first.optimizer.items():
        assert torch.equal(tensor, second.optimizer[name]), name


def test_resume_without_the_dropout_seed_is_not_exact(tmp_path: Path) -> None:
    """The teeth of the test above: one safeguard less, and it would fail."""
    whole, broken = make_run(tmp_path / "whole"), make_run(tmp_path / "broken")
    assert run_session(whole) == 0
    trainer = make_trainer(broken)
    trainer.plan = copy.copy(trainer.plan)
    object.__setattr__(trainer.plan, "is_random", False)
    trainer.train_until(24)
    trainer.write()
    assert exact_series(broken)["train.loss"] != exact_series(whole)["train.loss"]


_NAN_STEP = """self.calls += 1
        if self.calls >= 9:
            loss = self.loss(self.network(batch["image"] * torch.nan), batch["label"])"""


def test_nan_stops_before_the_weights_take_it_in(tmp_path: Path) -> None:
    model = MODEL.replace("self.calls += 1  # STEP", _NAN_STEP)
    folder = make_run(tmp_path, model=model, checkpoint_every_s=1e9)
    assert run_session(folder) == 1
    status = read_status(folder)
    assert (status.state, status.reason) == ("failed", "nan")
    assert "step 9" in status.message and "hidden" in status.message
    assert status.node == "hidden"
    checkpoint = load_newest(folder)
    assert checkpoint is not None and checkpoint.state.step == 8
    assert all(bool(w.isfinite().all()) for w in checkpoint.weights.values() if w.is_floating_point())
    assert exact_series(folder)["train.loss"][0] == list(range(1, 9))


def test_nan_in_a_gradient_is_found_one_step_later(tmp_path: Path) -> None:
    # The square root of zero: a finite loss whose gradient is infinite.
    step = """self.calls += 1
        if self.calls >= 5:
            loss = loss + (self.network.logits.bias.sum() * 0).abs().sqrt() * 0"""
    folder = make_run(tmp_path, model=MODEL.replace("self.calls += 1  # STEP", step), checkpoint_every_s=1e9)
    assert run_session(folder) == 1
    status = read_status(folder)
    assert status.reason == "nan" and "gradient" in status.message and "step 5" in status.message
    assert status.node == "logits"
    checkpoint = load_newest(folder)
    assert checkpoint is not None and checkpoint.state.step == 4


def test_an_exception_names_its_node(tmp_path: Path) -> None:
    model = MODEL.replace("nn.Linear(32, 10)", "nn.Linear(33, 10)")
    folder = make_run(tmp_path, model=model)
    assert run_session(folder) == 1
    status = read_status(folder)
    assert (status.state, status.reason, status.node) == ("failed", "error", "logits")
    assert "logits" in status.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("raise MemoryError()", "memory"),
        (
            'raise RuntimeError("DefaultCPUAllocator: can\'t allocate memory: you tried to allocate 8 bytes")',
            "memory",
        ),
        ('raise torch.OutOfMemoryError("CUDA out of memory")', "memory"),
        ('raise OSError(28, "No space left on device")', "disk"),
        ("raise SystemExit(0)", "error"),
        ("raise KeyboardInterrupt", "error"),
        ('raise ValueError("braces {like} these")', "error"),
    ],
)
def test_failures_end_in_a_sentence(tmp_path: Path, line: str, reason: str) -> None:
    folder = make_run(tmp_path, model=MODEL.replace("self.calls += 1  # STEP", line))
    assert run_session(folder) == 1
    status = read_status(folder)
    assert (status.state, status.reason) == ("failed", reason)
    assert status.message.endswith(".")


def test_a_missing_device_and_missing_data_are_told(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "a", device="cuda:7")
    assert run_session(folder) == 1
    assert "cuda:7" in read_status(folder).message
    training = {**TRAINING, "data": {"mine": {"set": "my-photos", "scale": "none", "split": []}}}
    folder = make_run(tmp_path / "b", training=training)
    assert run_session(folder) == 1
    assert "my-photos" in read_status(folder).message


def test_a_full_disk_stops_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_run(tmp_path)
    real, calls = checkpoints._write, []

    def full(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, data)

    monkeypatch.setattr(checkpoints, "_write", full)
    assert run_session(folder) == 0
    status = read_status(folder)
    assert status.state == "finished" and "test" in status.metrics
    assert "could not be saved" in status.warning
    assert load_newest(folder) is not None
    assert not list((folder / "checkpoints").glob(".tmp-*"))


def test_metrics_that_do_not_fit_are_kept_for_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = make_trainer(make_run(tmp_path))
    real = os.write

    def full(handle: int, data: Any) -> int:
        if handle == trainer.recorder._files[0].handle:
            real(handle, bytes(data)[:5])
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    trainer.train_until(6)
    assert trainer.write() and "make room" in trainer.warning
    monkeypatch.setattr(os, "write", real)
    trainer.train_until(9)
    assert not trainer.write()
    assert exact_series(trainer.plan.folder)["train.loss"][0] == list(range(1, 10))


def test_stop_saves_and_resume_finishes(tmp_path: Path) -> None:
    whole, folder = make_run(tmp_path / "whole", epochs=6), make_run(tmp_path / "stopped", epochs=6)
    assert run_session(whole) == 0
    control = Control(folder)
    control.start()
    session = Session(folder, control)

    def ask() -> None:
        while read_status(folder).step < 1:
            time.sleep(0.01)
        request(folder, "stop")

    thread = threading.Thread(target=ask)
    thread.start()
    code = session.run()
    thread.join()
    control.close()
    if code == 130:  # a fast machine may be done before the wish is read
        assert read_status(folder).state == "stopped"
        assert run_session(folder) == 0
    assert exact_series(folder) == exact_series(whole)


def test_the_best_checkpoint_is_tested(tmp_path: Path) -> None:
    folder = make_run(tmp_path, epochs=5)
    assert run_session(folder) == 0
    status, best = read_status(folder), load_best(folder)
    assert best is not None and best.state.step == status.best_step
    series = exact_series(folder)["validation.accuracy"]
    assert status.metrics["validation"]["accuracy"] == max(series[1])


def test_other_optimizers_and_every_second_step(tmp_path: Path) -> None:
    """Two optimizers on one network: each moves its own weights, in its own steps."""
    model = MODEL.replace(
        'update("adam", loss)',
        'update("low", loss)\n        update("high", self.loss(self.network(batch["image"]), batch["label"]))',
    )
    plans = [
        {
            "name": "low",
            "algorithm": "SGD",
            "learning_rate": 0.1,
            "momentum": 0.9,
            "trains": ["network.hidden", "network.norm"],
        },
        {
            "name": "high",
            "algorithm": "Adam",
            "learning_rate": 0.01,
            "clip": 1.0,
            "every": 2,
            "trains": ["network.logits"],
        },
    ]
    folder = make_run(tmp_path, model=model, training={**TRAINING, "optimizers": plans})
    trainer = make_trainer(folder)
    before = {n: p.detach().clone() for n, p in trainer.training.named_parameters()}
    trainer.train_until(1)
    moved = {n for n, p in trainer.training.named_parameters() if not torch.equal(p, before[n])}
    assert moved == set(before)
    after = {n: p.detach().clone() for n, p in trainer.training.named_parameters()}
    trainer.train_until(2)
    moved = {n for n, p in trainer.training.named_parameters() if not torch.equal(p, after[n])}
    assert all("logits" not in name for name in moved) and moved
    trainer.train_until(24)
    trainer.write()
    series = exact_series(folder)
    assert series["train.low"][0] == list(range(1, 25))
    assert series["train.high"][0] == list(range(1, 25, 2))


def test_find_cause_gives_up_quietly(tmp_path: Path) -> None:
    trainer: Trainer = make_trainer(make_run(tmp_path))
    cause = find_cause(trainer, NotFinite(3, "loss"))
    assert (cause.step, cause.what, cause.node) == (3, "loss", "")
