"""One attempt at a run, from its folder: prepare, go on from the last checkpoint, train, and say how it ended.

This is the edge of the process: the only place that catches everything, turns it into a sentence for the user and
leaves a run that can be resumed.
"""

from __future__ import annotations

import errno
import os
import platform
import time
import traceback
from pathlib import Path

import msgspec
import torch

from studio.engine.baseline import baseline, write_baseline
from studio.engine.blame import node_of_error
from studio.engine.build import Plan, RunError, build_training, open_data, read_plan
from studio.engine.carry import carry_weights
from studio.engine.cause import Cause, find_cause
from studio.engine.checkpoints import load_newest
from studio.engine.control import Control
from studio.engine.data import DataError
from studio.engine.devices import DeviceError, choose_device, memory_peak, prepare_device
from studio.engine.pretrained import load_pretrained
from studio.engine.recorder import Recorder
from studio.engine.trainer import Trainer
from studio.engine.updates import NotFinite
from studio.files.frames import pack
from studio.files.runs import read_status, write_status
from studio.text import tr

DONE, FAILED, STOPPED = 0, 1, 130


class Session:
    """An attempt at one run."""

    def __init__(self, folder: Path, control: Control) -> None:
        """Takes the folder, whose lock this process holds."""
        self.folder, self.control = folder, control
        self.status = msgspec.structs.replace(
            read_status(folder),
            state="preparing",
            reason="",
            message="",
            node="",
            warning="",
            pid=os.getpid(),
        )
        self._plan: Plan | None = None
        self._trainer: Trainer | None = None

    def run(self) -> int:
        """Trains to the end and gives the exit code."""
        self._publish()
        try:
            reason = self._train()
        except NotFinite as error:
            return self._failed("nan", *self._explain(error))
        except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - edge of the process
            return self._failed(*self._told(error))
        self._tell(reason, None)
        self._publish(reason=reason)
        self._event(reason)
        return DONE if reason == "finished" else STOPPED

    def _train(self) -> str:
        plan = self._plan = read_plan(self.folder)
        device = choose_device(str(plan.settings.get("device") or "auto"))
        prepare_device(device)
        self._publish(device=str(device))
        trainer = self._prepare(plan, device)
        trainer.tell = self._tell
        self.control.phase = "training"
        return trainer.run()

    def _prepare(self, plan: Plan, device: torch.device) -> Trainer:
        """The trainer, moved on to the last checkpoint."""
        checkpoint = load_newest(plan.folder)
        training = build_training(plan.folder, plan.seed, device)
        data = open_data(plan, device)
        recorder = Recorder(plan.folder, checkpoint.state.offsets if checkpoint else (0, 0))
        trainer = self._trainer = Trainer(plan, training, data, recorder, self.control)
        found = _versions(device)
        if checkpoint is not None:
            trainer.resume(checkpoint)
            self._event(
                "resume",
                step=checkpoint.state.step,
                damaged=checkpoint.skipped,
                exact=checkpoint.state.versions == found,
                **found,
            )
        else:
            load_pretrained(plan, training)
            start = str(plan.settings.get("start_from") or "")
            kept, tensors = carry_weights(training, Path(start)) if start else (0, 0)
            self._event("start", start_from=start, kept=kept, tensors=tensors, **found)
            guess = baseline(training, data, plan.training.get("metrics", {}))
            write_baseline(plan.folder, guess)
        trainer.state.versions = found
        self._tell("running", None)
        return trainer

    def _tell(self, state: str, seconds_left: float | None) -> None:
        trainer = self._trainer
        assert trainer is not None
        now = trainer.state
        if trainer.warning and trainer.warning != self.status.warning:
            self._event("warning", text=trainer.warning)
        self._publish(
            state=state,
            epoch=now.epoch,
            epochs=trainer.epochs,
            step=now.step,
            steps=trainer.steps,
            seconds=round(now.seconds, 3),
            seconds_left=seconds_left,
            metrics=now.metrics,
            warning=trainer.warning,
            best_step=now.best_step,
        )

    def _publish(self, **changes: object) -> None:
        self.status = msgspec.structs.replace(self.status, **changes)
        try:
            write_status(self.folder, self.status)
        except OSError:  # a full disk: the training matters more than news of it
            return

    def _event(self, kind: str, **values: object) -> None:
        """Adds a line to events.log, durably: they are few and tell afterwards what happened."""
        record = msgspec.json.encode({"event": kind, "time": time.time(), **values})
        try:
            handle = os.open(self.folder / "events.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, pack(os.fstat(handle).st_size, record))
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError:
            return

    def _failed(self, reason: str, message: str, node: str) -> int:
        trainer = self._trainer
        if trainer is not None:
            trainer.saver.wait()
            trainer.recorder.flush()
            self._tell("failed", None)
        self._publish(state="failed", reason=reason, message=message, node=node, seconds_left=None)
        self._event("failed", reason=reason, message=message, node=node)
        return FAILED

    def _told(self, error: BaseException) -> tuple[str, str, str]:
        """Reason, message and node for an error."""
        traceback.print_exc()  # into stdout.log, for whoever wants to know more
        node = ""
        if self._plan is not None:
            node = node_of_error(error, self.folder / "model.py", self._plan.names, self._plan.lines)
        where = tr(" in “{node}”", node=node) if node else ""
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            text = "The disk is full. Make room, then resume: the run goes on from its last checkpoint."
            return "disk", tr(text), node
        if _is_memory(error):
            text = "Memory ran out{where}{peak}. Choose a smaller batch or a smaller network and start again."
            return "memory", tr(text, where=where, peak=self._peak()), node
        if isinstance(error, (DataError, RunError, DeviceError)):
            return "error", str(error), node
        text = "The training stopped{where} with {kind}: {what}. Resume goes on from the last checkpoint."
        what = str(error).strip().split("\n")[0].rstrip(".") or tr("no further words")
        return "error", tr(text, where=where, kind=type(error).__name__, what=what), node

    def _peak(self) -> str:
        trainer = self._trainer
        peak = memory_peak(trainer.device) if trainer is not None else 0
        return tr(" (peak {size} MiB)", size=peak >> 20) if peak else ""

    def _explain(self, error: NotFinite) -> tuple[str, str]:
        """Message and node for a number that is none; leaves a checkpoint from right before it."""
        assert self._trainer is not None and self._plan is not None
        failed = self._trainer
        self.control.phase = "finding the cause"
        failed.saver.wait()
        failed.recorder.close()
        try:
            cause = find_cause(self._prepare(self._plan, failed.device), error)
        except Exception:  # noqa: BLE001 - the search is a courtesy; what it looks for already failed
            traceback.print_exc()
            cause = Cause(error.step, error.what, "")
        epoch = cause.step // failed.data.train.steps + 1
        kind = tr("gradient") if cause.what == "gradient" else tr("loss")
        text = "The {kind} became infinite or no number at step {step} (epoch {epoch})."
        parts = [tr(text, kind=kind, step=cause.step + 1, epoch=epoch)]
        if cause.node:
            parts.append(tr("“{node}” gave the first such value.", node=cause.node))
        parts.append(tr("Lower the learning rate or clip the gradient. The weights from before are kept."))
        return " ".join(parts), cause.node


def _is_memory(error: BaseException) -> bool:
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "not enough memory" in text
    )


def _versions(device: torch.device) -> dict[str, str]:
    return {
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "device": str(device),
        "threads": str(torch.get_num_threads()),
        "processor": platform.machine(),
    }
