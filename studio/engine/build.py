"""What a run needs before its first step: the plan, the network from its own text, the data."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from studio.engine.data import (
    Augment,
    Batches,
    DataError,
    LoadedSet,
    load,
    load_folder,
    load_table,
    split_set,
)
from studio.engine.data.spelling import Spelling
from studio.engine.rng import draws_random
from studio.files.datasets import OwnData, recall
from studio.files.project import parse_project
from studio.files.runs import read_record
from studio.files.trust import check_trusted
from studio.layers.datasets import DATASETS, TEXT_WINDOW
from studio.places import resources

_OWN_SPLIT = (0.8, 0.1, 0.1)  # of own data, unless the Data node says otherwise
_MODULE = "drawn_model"


class RunError(ValueError):
    """A run folder can't be trained; the message says why and what to do."""


@dataclass(frozen=True)
class Plan:
    """All a run was asked for.

    Attributes:
        folder: of the run.
        settings: of run.json: epochs, steps, batch_size, seed, monitor, direction, device, precision, ….
        training: training.json: optimizers, losses, metrics, data, outputs.
        names: path on the canvas -> attribute in its class.
        lines: path on the canvas -> line numbers in model.py.
        is_random: whether the text draws random numbers.
    """

    folder: Path
    settings: Mapping[str, Any]
    training: Mapping[str, Any]
    names: Mapping[str, str]
    lines: Mapping[str, tuple[int, ...]]
    is_random: bool

    @property
    def seed(self) -> int:
        """The seed of the run."""
        return int(self.settings.get("seed", 1))


def read_plan(folder: Path) -> Plan:
    """Reads the run folder's own files.

    Raises:
        RunError: a file is missing or damaged.
    """
    try:
        record = read_record(folder)
        training = json.loads((folder / "training.json").read_bytes())
        text = (folder / "model.py").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise RunError(f"The run folder {folder} can't be used: {error}. Start a new run.") from error
    places = _optional(folder / "nodes.json")
    lines = {path: tuple(numbers) for path, numbers in places.get("lines", {}).items()}
    return Plan(folder, record.settings, training, places.get("names", {}), lines, draws_random(text))


def load_model(folder: Path) -> ModuleType:
    """The module of the run's model.py. Only the worker process does this: the text may be a user's.

    Raises:
        RunError: the text does not run.
    """
    _refuse_untrusted(folder)
    path = folder / "model.py"
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    if spec is None or spec.loader is None:
        raise RunError(f"{path} can't be loaded. Start a new run.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[_MODULE] = module  # dataclasses look their module up by name
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise RunError(f"{path} does not run: {type(error).__name__}: {error}.") from error
    return module


def _refuse_untrusted(folder: Path) -> None:
    """A run of a project that brings Python runs only where its text is trusted, whoever made the folder.

    Raises:
        RunError: it is not.
    """
    path = folder / "project.json"
    data = path.read_bytes() if path.is_file() else b""
    if b'"Custom"' not in data:
        return
    try:
        check_trusted(
            parse_project(data, path.name).document, "Open it in the studio and trust it, or give --trust"
        )
    except ValueError as error:
        raise RunError(str(error)) from None


def build_training(folder: Path, seed: int, device: torch.device | str = "cpu") -> nn.Module:
    """The run's Training module with the weights its seed gives.

    Raises:
        RunError: the text does not run.
    """
    module = load_model(folder)
    torch.manual_seed(seed)
    training: nn.Module = module.Training()
    return training.to(device)


class Feed:
    """Batches for the training step: of one Data node by field, of several by "node.field".

    The first Data node sets the length of an epoch; the others go round and round.
    """

    def __init__(self, parts: Mapping[str, Batches]) -> None:
        """Takes the batches of each Data node, the primary one first."""
        self._parts = dict(parts)
        self._first = next(iter(self._parts.values()))
        self._is_single = len(self._parts) == 1
        self.samples = self._first.samples
        self.steps = self._first.steps_per_epoch

    def batch(self, epoch: int, position: int) -> dict[str, Tensor]:
        """The batch at a position, from 0, of an epoch, from 0."""
        if self._is_single:
            return self._first.batch(epoch, position)
        values: dict[str, Tensor] = {}
        for node, batches in self._parts.items():
            place = divmod(epoch * self.steps + position, batches.steps_per_epoch)
            if batches is self._first:
                place = (epoch, position)
            values |= {f"{node}.{name}": value for name, value in batches.batch(*place).items()}
        shortest = min(len(value) for value in values.values())  # the last batches of an evaluation differ
        return {name: value[:shortest] for name, value in values.items()}

    @property
    def spelling(self) -> Spelling | None:
        """What the tokens of the first text stand for; None where there is no text."""
        found = (batches.spelling for batches in self._parts.values())
        return next((one for one in found if one is not None), None)

    @property
    def preprocessing(self) -> dict[str, dict[str, Any]]:
        """The scaling of each Data node, for exports."""
        return {node: batches.preprocessing for node, batches in self._parts.items()}


@dataclass(frozen=True)
class RunData:
    """The parts of a run's data. ``check`` holds training samples, unchanged, to measure on; parts may be None."""

    train: Feed
    check: Feed | None
    validation: Feed | None
    test: Feed | None


def open_data(plan: Plan, device: torch.device | str = "cpu") -> RunData:
    """Loads, splits and scales the data of every Data node.

    Raises:
        DataError: it can't be read or split; names what and where.
    """
    nodes = plan.training["data"]
    if not nodes:
        raise DataError("The drawing has no Data node, so there is nothing to learn from. Add one.")
    several = len(nodes) > 1
    parts: dict[str, dict[str, Batches]] = {"train": {}, "check": {}, "validation": {}, "test": {}}
    for node, settings in nodes.items():
        loaded, split = load_data(settings)
        train = Batches(
            loaded,
            split["train"],
            int(plan.settings.get("batch_size", 64)),
            plan.seed,
            settings.get("scale", "none"),
            _augment(settings),
            device,
            drop_last=several and len(split["train"]) >= int(plan.settings.get("batch_size", 64)),
        )
        parts["train"][node] = train
        size = _evaluation_size(train.batch_size)
        count = len(split["validation"]) or min(len(split["train"]), 1000)
        parts["check"][node] = train.evaluation(split["train"][:count], size)
        for name in ("validation", "test"):
            if len(split[name]):
                parts[name][node] = train.evaluation(split[name], size)
    return RunData(
        Feed(parts["train"]),
        *(
            Feed(parts[name]) if len(parts[name]) == len(nodes) else None
            for name in ("check", "validation", "test")
        ),
    )


def load_data(settings: Mapping[str, Any]) -> tuple[LoadedSet, dict[str, Tensor]]:
    """The data set of one Data node and its split.

    Args:
        settings: parameters of the node: set, split, split_seed, window, stride.

    Raises:
        DataError: it can't be read or split.
    """
    key = str(settings["set"])
    record = DATASETS.get(key)
    own = None if record else recall(key)
    split = settings.get("split") or (record.split if record else _OWN_SPLIT)
    if record is None:
        loaded = _load_own(key, own)
    else:
        window = int(settings.get("window") or TEXT_WINDOW)
        loaded = load(key, resources(), window, int(settings.get("stride") or 0) or None)
    return loaded, split_set(loaded, split, int(settings.get("split_seed") or 0))


def _load_own(alias: str, own: OwnData | None) -> LoadedSet:
    if own is None:
        raise DataError(
            f"There is no data set named {alias} on this machine. Drop its folder or file on the window again, or"
            " choose another set in the Data node."
        )
    path = Path(own.path)
    if not path.exists():
        raise DataError(
            f"The data of {alias} is no longer at {path}. Put it back, or drop it on the window again."
        )
    if own.kind == "folder":
        return load_folder(path, own.size, own.colour or None)[0]
    return load_table(path, own.label or None, own.task or None)[0]


def _augment(settings: Mapping[str, Any]) -> Augment:
    return Augment(
        int(settings.get("shift") or 0),
        float(settings.get("rotation") or 0.0),
        bool(settings.get("flip")),
        float(settings.get("noise") or 0.0),
    )


def _evaluation_size(batch_size: int) -> int:
    """Evaluation keeps nothing for backward, so larger batches fit and run faster."""
    return max(batch_size, min(4 * batch_size, 512))


def _optional(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
