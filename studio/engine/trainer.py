"""The training loop. Everything that is not the step itself happens between steps, about once a second.

A step costs what a bare loop costs: one batch, the drawing's own text, one look at a clock and at a wish. Metrics are
written, the state told, gradients measured and checkpoints begun in ``_pulse``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

import msgspec
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from studio.engine.build import Feed, Plan, RunData
from studio.engine.checkpoints import Checkpoint, State, load_step
from studio.engine.control import Control
from studio.engine.health import health_of
from studio.engine.metrics import Evaluator, all_finite, own_meters
from studio.engine.monitor import Monitor
from studio.engine.recorder import Recorder
from studio.engine.rng import evaluation_seed, reseed, step_seed
from studio.engine.saver import Saver, restore, restore_weights, take_snapshot
from studio.engine.updates import NotFinite, Updates
from studio.engine.views import Views
from studio.files.replace import replace_file
from studio.layers.schedules import Plateau
from studio.text import tr

PULSE_S = 1.0  # between two pulses, once a run is under way
_FIRST_PULSE_S = 0.2
_RATES = 500  # points of the learning rate's curve

Batch = dict[str, Tensor]


class Trainer:
    """Trains one run from where it stands to its end.

    Attributes:
        state: where it stands; written into checkpoints.
        updates: the optimizers.
        steps: of the whole run.
        epochs: of the whole run.
        tell: called at each pulse with (state of the run, seconds left), to publish it.
        saves: whether checkpoints are made.
        call: the training step of the drawing's text, taking a batch and ``update``.
    """

    def __init__(
        self, plan: Plan, training: nn.Module, data: RunData, recorder: Recorder, control: Control
    ) -> None:
        """Prepares optimizers and schedule for a fresh run; ``resume`` then moves it on."""
        self.plan, self.training, self.data = plan, training, data
        self.control, self.recorder = control, recorder
        per_epoch = data.train.steps
        self.steps = int(plan.settings.get("steps") or 0) or int(plan.settings.get("epochs", 1)) * per_epoch
        self.epochs = math.ceil(self.steps / per_epoch)
        self.updates = Updates(training, plan.training["optimizers"], self.steps, per_epoch)
        self.state = State()
        self.device = next((p.device for p in training.parameters()), torch.device("cpu"))
        self.monitor = Monitor(plan, data.validation is not None)
        self.saver = Saver(plan.folder, recorder.sync)
        self.tell: Callable[[str, float | None], None] = lambda state, left: None
        self.saves = True
        self.problem = ""
        self.call = _step_caller(plan, training, self.device, self.updates)
        self.views = Views(plan, training, data.check or data.validation)
        if plan.training.get("math_attention"):
            self.call = _in_math_form(self.call)
        if plan.training.get("is_timed"):
            self.call = self._timed(self.call)
        if self.updates.needs_repeat:
            self.call = self._repeatable(self.call)
        for entry in plan.training["optimizers"]:
            if entry.get("schedule") == "plateau" and entry["name"] in self.updates.rules:
                self.updates.rules[entry["name"]].plateau = self._plateau(entry)
        self._to_device = _batch_changer(training, self.device)
        self._every_s = float(plan.settings.get("checkpoint_every_s") or 30.0)
        self._best: tuple[int, dict[str, Tensor]] | None = None
        self._tables: dict[str, list[list[float]]] = {}
        self._rate_every = max(1, self.steps // _RATES)
        self._rated = 0
        self._speed = 0.0
        self._measured = (0.0, 0)
        self._next_pulse = self._next_save = self._pulse_s = 0.0
        self._start_clocks()

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes back to a checkpoint.

        Raises:
            ValueError: it is of another network.
        """
        restore(checkpoint, self.training, self.updates.rules)
        self.state = checkpoint.state
        self._rated = -(-self.state.step // self._rate_every) * self._rate_every

    def run(self) -> str:
        """Trains to the end or until the wish to stop: gives "finished" or "stopped".

        Raises:
            NotFinite: the loss is no number any more.
        """
        self.training.train()
        self._start_clocks()
        if not self._train_to(self.steps):
            self._close()
            return "stopped"
        self._finish()
        self._close()
        return "finished"

    def train_until(self, step: int) -> bool:
        """Trains up to a step, evaluations and checkpoints included; False when stopped by a wish."""
        self.training.train()
        return self._train_to(min(step, self.steps))

    def _timed(self, call: Callable[[Batch, Any], None]) -> Callable[[Batch, Any], None]:
        """A step whose text asks how far the run is, as weights of losses that rise do."""
        training = cast(Any, self.training)

        def timed(batch: Batch, update: Any) -> None:
            training.epoch = self.state.step / self.data.train.steps
            call(batch, update)

        return timed

    def _repeatable(self, call: Callable[[Batch, Any], None]) -> Callable[[Batch, Any], None]:
        """A step that an algorithm may ask to be done again: same batch, same random numbers."""

        def repeatable(batch: Batch, update: Any) -> None:
            def repeat(other: Any) -> None:
                if self.plan.is_random:
                    reseed(step_seed(self.plan.seed, self.state.step), self.device)
                call(batch, other)

            self.updates.repeat = repeat
            call(batch, update)

        return repeatable

    def _plateau(self, entry: Mapping[str, Any]) -> Plateau:
        """What waits for progress of the monitored value, or else of the training loss."""
        floor, patience = float(entry.get("end_factor") or 0.0), int(entry.get("patience", 10))
        rises = bool(self.monitor.name) and self.monitor.sign > 0
        return Plateau(float(entry.get("gamma", 0.1)), patience, floor, rises)

    def next_batch(self) -> Batch:
        """The batch of the next step; generators are set as they are for it."""
        if self.plan.is_random:
            reseed(step_seed(self.plan.seed, self.state.step), self.device)
        return self._to_device(self.data.train.batch(self.state.epoch, self.state.position))

    def evaluate(self, feed: Feed) -> dict[str, float]:
        """Losses and metrics of one part of the data, in evaluation mode."""
        if self.plan.is_random:
            reseed(evaluation_seed(self.plan.seed, self.state.epoch), self.device)
        training = self.plan.training
        meters = own_meters(self.training, self.device)
        evaluator = Evaluator(training.get("metrics", {}), training.get("weights"), meters)
        with _evaluating(self.training), _precision(self.plan, self.device):
            for position in range(feed.steps):
                batch = self._to_device(feed.batch(0, position))
                evaluator.add(cast(Any, self.training).evaluate(batch), _length(batch))
        values = evaluator.values()
        self._tables = evaluator.tables
        return values

    def _train_to(self, last: int) -> bool:
        per_epoch = self.data.train.steps
        while self.state.step < last:
            end = min(per_epoch, self.state.position + last - self.state.step)
            if not self._train_stretch(end):
                return False
            if self._is_epoch_over():
                self._end_epoch()
        return True

    def _is_epoch_over(self) -> bool:
        return self.state.position == self.data.train.steps or self.state.step == self.steps

    def _train_stretch(self, end: int) -> bool:
        """Steps up to a position of the running epoch: the loop whose cost is measured."""
        state, updates, control, call = self.state, self.updates, self.control, self.call
        update, clock, batch_at = updates.update, time.perf_counter, self.next_batch
        updates.epoch = state.epoch
        while state.position < end:
            updates.step = state.step
            call(batch_at(), update)
            state.step += 1
            state.position += 1
            if (control.wish or clock() >= self._next_pulse) and not self._pulse(state.position < end):
                return False
        return True

    def _pulse(self, is_inside: bool) -> bool:
        """What happens between steps; False to stop. ``is_inside`` an epoch a checkpoint may be taken."""
        now = time.perf_counter()
        if self.updates.sampling:
            for node, ratio in health_of(self.updates, self.plan.names).items():
                self.recorder.add_live(f"health.{node}", self.state.step, ratio)
            self.updates.sampling = False
            self._pulse_s = min(PULSE_S, 1.5 * self._pulse_s)  # a short run is seen to move too
            self._next_pulse = now + self._pulse_s
        else:
            self.updates.sampling, self._next_pulse = True, 0.0  # the next step is measured
            self._measure(now)
            self.write()
            self.tell("running", self._seconds_left())
            self.views.show(self.state.step, self._to_device)
            if is_inside and self.saves and now >= self._next_save and self.saver.may_start:
                self._save(is_best=False)
        return not self.control.wish or self._obey(is_inside)

    def _obey(self, is_inside: bool) -> bool:
        self._measure(time.perf_counter())
        self.write()
        if self.saves and is_inside:
            self._save(is_best=False)
            self.saver.wait()
        if self.control.wish == "pause":
            self.tell("paused", None)
            self.control.phase = "paused"
            self.control.wait_while_paused()
            self.control.phase = "training"
            self._start_clocks()
        if self.control.wish == "stop":
            # At the end of an epoch there is no checkpoint before its evaluation: it comes first.
            if not is_inside and self._is_epoch_over():
                self._end_epoch()
            return False
        self.tell("running", self._seconds_left())
        return True

    def _end_epoch(self) -> None:
        """Evaluates, remembers the best, saves when it is worth it."""
        state = self.state
        self._measure(time.perf_counter())
        self._collect()
        found: dict[str, dict[str, float]] = {"train": self._epoch_losses()}
        self.control.phase = "evaluating"
        if self.data.check is not None and self.plan.training.get("metrics"):
            values = self.evaluate(self.data.check)
            found["train"] |= {name: values[name] for name in self.plan.training["metrics"] if name in values}
        if self.data.validation is not None:
            found["validation"] = self.evaluate(self.data.validation)
            self._keep_tables("validation")
        self.control.phase = "training"
        for part, values in found.items():
            for name, value in values.items():
                if part != "train" or name in self.plan.training.get("metrics", {}):
                    self.recorder.add(f"{part}.{name}", state.step, value)
        if state.position == self.data.train.steps:
            state.epoch, state.position, state.sums = state.epoch + 1, 0, {}
        is_best = self.monitor.take(state, finite(found))
        self._see(found)
        state.metrics = finite(found)
        self.write()
        self.tell("running", self._seconds_left())
        due = time.perf_counter() >= self._next_save or state.step >= self.steps or bool(self.control.wish)
        if self.saves and (is_best or due):
            self._save(is_best)

    def _see(self, found: dict[str, dict[str, float]]) -> None:
        """Shows what an epoch ended with to schedules that wait for progress."""
        part, _, name = (self.monitor.name or "train.loss").partition(".")
        value = found.get(part, {}).get(name)
        for rule in self.updates.rules.values():
            if rule.plateau is not None and value is not None:
                rule.plateau.see(value)

    def _keep_tables(self, part: str) -> None:
        """Leaves results that are tables (who is taken for whom) beside the run; a full disk costs only them."""
        if self._tables:
            with suppress(OSError):
                replace_file(self.plan.folder / f"tables.{part}.json", msgspec.json.encode(self._tables))

    def _finish(self) -> None:
        """Tests the best checkpoint, once."""
        state = self.state
        self.control.phase = "testing"
        self.write()
        if self.data.test is not None:
            self._load_best()
            values = self.evaluate(self.data.test)
            self._keep_tables("test")
            for name, value in values.items():
                self.recorder.add(f"test.{name}", state.step, value)
            state.metrics = finite({**(state.best_metrics or state.metrics), "test": values})
        self.write()

    def _load_best(self) -> None:
        step = self.state.best_step
        if step in (-1, self.state.step):
            return
        if self._best is not None and self._best[0] == step:
            restore_weights(self._best[1], self.training)
            return
        self.saver.wait()
        checkpoint = load_step(self.plan.folder, step)
        if checkpoint is not None:
            restore_weights(checkpoint.weights, self.training)

    def _save(self, is_best: bool) -> None:
        if not all_finite(list(self.training.parameters())):
            raise NotFinite(self.state.step, "weight")
        self.saver.wait()
        if self.problem:
            return  # the disk is full: a checkpoint would count on metrics that are not there
        self._next_save = time.perf_counter() + max(self._every_s, 20 * self.saver.seconds)
        self.state.offsets = self.recorder.offsets()
        state = _copied(self.state)
        snapshot = take_snapshot(state, self.training, self.updates.rules, is_best)
        if is_best:
            self._best = (state.step, dict(snapshot.weights))
        self.saver.start(snapshot)

    def write(self) -> str:
        """Writes the metrics so far; why it could not, "" when it could."""
        self._collect()
        why = self.recorder.flush()
        text = "Metrics can't be written ({why}). Training goes on; make room on the disk."
        self.problem = tr(text, why=why) if why else ""
        self.control.step = self.state.step
        return self.problem

    def _collect(self) -> None:
        """Takes the losses since the last time, by optimizer."""
        taken = self.updates.take()
        feed = self.data.train
        last = feed.samples - (feed.steps - 1) * self._batch_size
        for name, (steps, values) in taken.items():
            series = "loss" if len(taken) == 1 else name
            self.recorder.extend(f"train.{series}", [step + 1 for step in steps], values)
            total, samples = self.state.sums.get(series, (0.0, 0))
            for step, value in zip(steps, values, strict=True):
                count = last if step % feed.steps == feed.steps - 1 else self._batch_size
                total, samples = total + value * count, samples + count
            self.state.sums[series] = (total, samples)
        while self._rated < self.state.step:
            for name, rule in self.updates.rules.items():
                series = "learning_rate" if len(self.updates.rules) == 1 else f"learning_rate.{name}"
                self.recorder.add(series, self._rated + 1, rule.learning_rate(self._rated))
            self._rated += self._rate_every

    def _epoch_losses(self) -> dict[str, float]:
        losses = {name: total / count for name, (total, count) in self.state.sums.items() if count}
        if losses and "loss" not in losses:
            losses["loss"] = sum(losses.values())
        return losses

    def _measure(self, now: float) -> None:
        """Counts training time and speed since the last time."""
        passed, done = now - self._measured[0], self.state.step - self._measured[1]
        self.state.seconds += passed
        if done and passed > 0:
            speed = done * self._batch_size / passed
            self._speed = speed if not self._speed else 0.7 * self._speed + 0.3 * speed
            self.recorder.add_live("samples_per_s", self.state.step, speed)
        self._measured = (now, self.state.step)

    def _seconds_left(self) -> float | None:
        if not self._speed:
            return None
        return max(self.steps - self.state.step, 0) * self._batch_size / self._speed

    def _start_clocks(self) -> None:
        self._pulse_s = _FIRST_PULSE_S
        self._next_pulse = 0.0  # the first step is shown at once
        self._measured = (time.perf_counter(), self.state.step)
        self._next_save = time.perf_counter() + self._every_s
        self._speed = 0.0

    def _close(self) -> None:
        self.saver.wait()
        self.recorder.flush()

    @property
    def warning(self) -> str:
        """What goes wrong without stopping the training, for the user."""
        return self.problem or self.saver.warning

    @property
    def _batch_size(self) -> int:
        return int(self.plan.settings.get("batch_size", 64))


def finite(found: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
    """Without values that are no numbers: JSON has none for them."""
    return {
        part: {name: value for name, value in values.items() if math.isfinite(value)}
        for part, values in found.items()
    }


def _copied(state: State) -> State:
    """A state that later steps don't change."""
    sums, metrics = dict(state.sums), dict(state.metrics)
    return msgspec.structs.replace(state, sums=sums, optimizer={}, plateaus={}, metrics=metrics)


def _length(batch: Batch) -> int:
    return len(next(iter(batch.values())))


def _step_caller(
    plan: Plan, training: nn.Module, device: torch.device, updates: Updates
) -> Callable[[Batch, Any], None]:
    """The training step, in half precision where the run asks for it and the device gains from it."""
    step: Callable[[Batch, Any], None] = cast(Any, training).step
    if plan.training.get("is_gated"):
        step = partial(cast(Any, training).step, acts=updates.acts)
    if not _is_half(plan, device):
        return step

    def half(batch: Batch, update: Any) -> None:
        with torch.autocast(device.type, torch.bfloat16):
            step(batch, update)

    return half


def _batch_changer(training: nn.Module, device: torch.device) -> Callable[[Batch], Batch]:
    """On a GPU pictures lie channels last, which its convolutions are written for."""
    has_images = any(isinstance(module, nn.Conv2d) for module in training.modules())
    if device.type != "cuda" or not has_images:
        return lambda batch: batch
    training.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def changed(batch: Batch) -> Batch:
        return {
            name: value.contiguous(memory_format=torch.channels_last) if value.dim() == 4 else value
            for name, value in batch.items()
        }

    return changed


def _is_half(plan: Plan, device: torch.device) -> bool:
    return plan.settings.get("precision") == "bfloat16" and device.type == "cuda"


@contextmanager
def _precision(plan: Plan, device: torch.device) -> Iterator[None]:
    if _is_half(plan, device):
        with torch.autocast(device.type, torch.bfloat16):
            yield
    else:
        yield


@contextmanager
def _evaluating(training: nn.Module) -> Iterator[None]:
    training.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        training.train()


def _in_math_form(call: Callable[[Batch, Any], None]) -> Callable[[Batch, Any], None]:
    """A step with attention in the form that can be differentiated twice, as gradient penalties need it."""

    def in_math_form(batch: Batch, update: Any) -> None:
        with sdpa_kernel(SDPBackend.MATH):
            call(batch, update)

    return in_math_form
