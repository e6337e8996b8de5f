"""Saves checkpoints beside the training: copies in between two steps, hashing and writing in a thread.

At most one is in flight. A failed one never touches the training: it goes on, with a warning, and tries again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from studio.engine.checkpoints import Checkpoint, Snapshot, State, save_checkpoint
from studio.engine.updates import Rule
from studio.text import tr

_RETRY_S = (5.0, 15.0, 60.0)
_GRADIENT, _LENGTH = ".grad", "#"


class Saver:
    """Writes snapshots of one run.

    Attributes:
        warning: why the last one could not be written, for the user; "" when it could.
        seconds: the last one took.
    """

    def __init__(self, run: Path, sync_metrics: Callable[[], None]) -> None:
        """Takes the run folder, and what makes the metrics durable that a checkpoint counts on."""
        self.warning = ""
        self.seconds = 0.0
        self._run, self._sync = run, sync_metrics
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._not_before = 0.0

    @property
    def may_start(self) -> bool:
        """Whether none is in flight and none failed just now."""
        busy = self._thread is not None and self._thread.is_alive()
        return not busy and time.monotonic() >= self._not_before

    def start(self, snapshot: Snapshot) -> None:
        """Begins to write; waits for one in flight first."""
        self.wait()
        self._thread = threading.Thread(target=self._write, args=(snapshot,), name="checkpoint")
        self._thread.start()

    def wait(self) -> None:
        """Returns when nothing is in flight."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()

    def _write(self, snapshot: Snapshot) -> None:
        begin = time.monotonic()
        try:
            self._sync()
            save_checkpoint(self._run, snapshot)
        except (OSError, ValueError, RuntimeError) as error:
            wait_s = _RETRY_S[min(self._failures, len(_RETRY_S) - 1)]
            self._failures += 1
            self._not_before = time.monotonic() + wait_s
            why = getattr(error, "strerror", None) or str(error)
            text = "The state at step {step} could not be saved ({why}). Training goes on; make room on the disk."
            self.warning = tr(text, step=snapshot.state.step, why=why)
        else:
            self.warning, self._failures, self._not_before = "", 0, 0.0
        self.seconds = time.monotonic() - begin


def take_snapshot(state: State, training: nn.Module, rules: dict[str, Rule], is_best: bool) -> Snapshot:
    """Copies all tensors to the host."""
    tensors: dict[str, Tensor] = {}
    state.optimizer, state.plateaus = {}, {}
    for name, rule in rules.items():
        for weight_name, weight in rule.named.items():
            for entry, value in _flat(rule.optimizer.state.get(weight, {}).items()):
                if isinstance(value, Tensor):
                    tensors[f"{name}|{weight_name}|{entry}"] = _copied(value)
                else:
                    state.optimizer.setdefault(name, {}).setdefault(weight_name, {})[entry] = value
            if rule.batches > 1 and weight.grad is not None:  # gradients that wait for more batches
                tensors[f"{name}|{weight_name}|{_GRADIENT}"] = _copied(weight.grad)
        if rule.plateau is not None:
            now = rule.plateau
            state.plateaus[name] = (now.scale, now.best, now.waited)
    weights = {name: _copied(tensor) for name, tensor in named_tensors(training).items()}
    return Snapshot(state, weights, tensors, is_best)


def restore(checkpoint: Checkpoint, training: nn.Module, rules: dict[str, Rule]) -> None:
    """Puts all tensors of a checkpoint where they came from.

    Raises:
        ValueError: the checkpoint is of another network.
    """
    restore_weights(checkpoint.weights, training)
    for name, rule in rules.items():
        for weight_name, weight in rule.named.items():
            prefix = f"{name}|{weight_name}|"
            entries: dict[str, Any] = dict(checkpoint.state.optimizer.get(name, {}).get(weight_name, {}))
            for key, tensor in checkpoint.optimizer.items():
                if key.startswith(prefix):
                    entry = key[len(prefix) :]
                    on_host = entry == "step" and not rule.is_fused  # torch keeps counts there
                    entries[entry] = tensor.to("cpu" if on_host else weight.device, copy=True)
            weight.grad = entries.pop(_GRADIENT, None)
            if entries:
                rule.optimizer.state[weight] = _nested(entries)
        if rule.plateau is not None and name in checkpoint.state.plateaus:
            rule.plateau.scale, rule.plateau.best, rule.plateau.waited = checkpoint.state.plateaus[name]


def restore_weights(weights: Mapping[str, Tensor], training: nn.Module) -> None:
    """Copies weights and buffers into the network.

    Raises:
        ValueError: they are of another network.
    """
    own = named_tensors(training)
    if own.keys() != weights.keys() or any(own[name].shape != weights[name].shape for name in own):
        raise ValueError("The checkpoint holds the weights of another network. Start a new run.")
    for name, tensor in own.items():
        tensor.detach().copy_(weights[name])


def named_tensors(training: nn.Module) -> dict[str, Tensor]:
    """Weights and buffers by name, a shared one once; without buffers that the text makes anew each time."""
    kept = training.state_dict().keys()
    buffers = {name: buffer for name, buffer in training.named_buffers() if name in kept}
    return {**dict(training.named_parameters()), **buffers}


def _flat(entries: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Entries without lists: that of L-BFGS's past steps becomes "past#" (its length), "past.0", "past.1", …"""
    for name, value in entries:
        if isinstance(value, (list, tuple)):
            yield f"{name}{_LENGTH}", len(value)
            yield from _flat((f"{name}.{at}", item) for at, item in enumerate(value))
        else:
            yield name, value


def _nested(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Entries with their lists again."""
    lengths = {name.removesuffix(_LENGTH): n for name, n in entries.items() if name.endswith(_LENGTH)}
    within = {f"{name}.{at}" for name, count in lengths.items() for at in range(count)}
    made = {name: v for name, v in entries.items() if name not in within and not name.endswith(_LENGTH)}
    for name, count in lengths.items():
        made[name] = [entries.get(f"{name}.{at}") for at in range(count)]
    return made


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().to("cpu", copy=True).contiguous()
