"""Checkpoints: whole or not there, proven by hashes, never fewer than two once there were two.

A checkpoint is written into a folder of another name, every file and the folder made durable, and published by one
rename. A reader takes the newest whose manifest and hashes all hold, so a damaged one costs only the steps since
the one before. Tensors are safetensors, everything else JSON.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from safetensors.torch import load as load_tensors
from safetensors.torch import save as tensors_to_bytes
from torch import Tensor

from studio.files.replace import replace_file, sync_folder

NEWEST, BEST = 3, 2  # how many are kept
_NAME = re.compile(r"step-\d{12}")
_SPARE_BYTES = 64 << 20


class State(msgspec.Struct):
    """state.json: everything a run needs to go on exactly, but its tensors.

    Attributes:
        step: steps done.
        epoch: epochs done.
        position: batches of the running epoch that are done.
        seconds: trained so far.
        offsets: lengths of metrics.bin and live.bin at this point.
        optimizer: numbers of the optimizers that are no tensors: name -> weight -> entry -> value.
        plateaus: what schedules that wait for progress remember: name -> (scale, best, epochs waited).
        sums: of the running epoch: name -> [total, samples].
        score: of the monitored metric at the last evaluation; None before one.
        best_score: the best so far.
        best_step: its step, -1 before there is one.
        metrics: what the status shows.
        best_metrics: the same at the best step.
        versions: of torch, and threads and device: exactness is promised for equal ones.
    """

    step: int = 0
    epoch: int = 0
    position: int = 0
    seconds: float = 0.0
    offsets: tuple[int, int] = (0, 0)
    optimizer: dict[str, dict[str, dict[str, float | int | bool | None]]] = {}
    plateaus: dict[str, tuple[float, float | None, int]] = {}
    sums: dict[str, tuple[float, int]] = {}
    score: float | None = None
    best_score: float | None = None
    best_step: int = -1
    metrics: dict[str, dict[str, float]] = {}
    best_metrics: dict[str, dict[str, float]] = {}
    versions: dict[str, str] = {}


class _File(msgspec.Struct):
    size: int
    sha256: str


class _Manifest(msgspec.Struct):
    files: dict[str, _File]
    step: int
    run_sha256: str
    score: float | None = None
    best: bool = False
    format: int = 1


@dataclass(frozen=True)
class Snapshot:
    """A state with its tensors, copied to the host, that no later step changes."""

    state: State
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    is_best: bool = False


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read and proven. ``skipped`` newer ones were damaged."""

    folder: Path
    state: State
    weights: Mapping[str, Tensor]
    optimizer: Mapping[str, Tensor]
    skipped: int = 0


def save_checkpoint(run: Path, snapshot: Snapshot) -> Path:
    """Writes a checkpoint, proves it by reading it back, and drops those no longer needed.

    Raises:
        OSError: it could not be written; every earlier checkpoint is untouched.
    """
    root = run / "checkpoints"
    root.mkdir(exist_ok=True, mode=0o700)
    place = root / f"step-{snapshot.state.step:012d}"
    if place.exists():
        if _verified(place, run_hash(run)) is not None:
            return place  # this very step, saved before a resume: steps repeat exactly
        _drop(place)
    parts = {
        "model.safetensors": tensors_to_bytes(dict(snapshot.weights)),
        "optim.safetensors": tensors_to_bytes(dict(snapshot.optimizer)),
        "state.json": msgspec.json.encode(snapshot.state),
    }
    _check_space(root, sum(map(len, parts.values())))
    _clean(root)
    beside = root / f".tmp-{secrets.token_hex(6)}"
    beside.mkdir(mode=0o700)
    try:
        for name, data in parts.items():
            _write(beside / name, data)
        manifest = _Manifest(
            files={name: _File(len(data), hashlib.sha256(data).hexdigest()) for name, data in parts.items()},
            step=snapshot.state.step,
            run_sha256=run_hash(run),
            score=snapshot.state.score,
            best=snapshot.is_best,
        )
        _write(beside / "MANIFEST.json", msgspec.json.encode(manifest))
        sync_folder(beside)
        os.rename(beside, place)
        sync_folder(root)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    replace_file(root / "latest", f"{place.name}\n".encode())
    _rotate(root, run_hash(run))
    return place


def load_newest(run: Path) -> Checkpoint | None:
    """The newest checkpoint that is whole; None when there is none."""
    for skipped, folder in enumerate(sorted(_folders(run / "checkpoints"), reverse=True)):
        found = load_checkpoint(run, folder)
        if found is not None:
            return Checkpoint(found.folder, found.state, found.weights, found.optimizer, skipped)
    return None


def load_step(run: Path, step: int) -> Checkpoint | None:
    """The checkpoint of one step, when it is there and whole."""
    folder = run / "checkpoints" / f"step-{step:012d}"
    return load_checkpoint(run, folder) if folder.is_dir() else None


def load_best(run: Path) -> Checkpoint | None:
    """The checkpoint with the best monitored value, or else the newest."""
    newest = load_newest(run)
    if newest is None or newest.state.best_step in (-1, newest.state.step):
        return newest
    return load_step(run, newest.state.best_step) or newest


def load_checkpoint(run: Path, folder: Path) -> Checkpoint | None:
    """The checkpoint in ``folder``; None when anything about it is damaged."""
    parts = _verified(folder, run_hash(run))
    if parts is None:
        return None
    try:
        state = msgspec.json.decode(parts["state.json"], type=State)
        weights = load_tensors(parts["model.safetensors"])
        return Checkpoint(folder, state, weights, load_tensors(parts["optim.safetensors"]))
    except (KeyError, ValueError):  # hashes held, so another version wrote it
        return None


def run_hash(run: Path) -> str:
    """What ties a checkpoint to its run: the hash of run.json."""
    try:
        return hashlib.sha256((run / "run.json").read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""


def checkpoint_steps(run: Path) -> list[int]:
    """Steps of the checkpoints there are, oldest first; not proven."""
    return sorted(int(folder.name[5:]) for folder in _folders(run / "checkpoints"))


def _verified(folder: Path, run_sha256: str) -> dict[str, bytes] | None:
    """The files of a checkpoint, when every one is as its manifest says."""
    try:
        manifest = msgspec.json.decode((folder / "MANIFEST.json").read_bytes(), type=_Manifest)
        if manifest.run_sha256 != run_sha256 or folder.name != f"step-{manifest.step:012d}":
            return None
        parts = {}
        for name, expected in manifest.files.items():
            if "/" in name or "\\" in name or name.startswith(".") or (folder / name).is_symlink():
                return None
            data = (folder / name).read_bytes()
            if len(data) != expected.size or hashlib.sha256(data).hexdigest() != expected.sha256:
                return None
            parts[name] = data
        return parts
    except (OSError, msgspec.DecodeError):
        return None


def _rotate(root: Path, run_sha256: str) -> None:
    """Keeps the newest and the last best ones; drops nothing before two of those kept were read and proven."""
    folders = sorted(_folders(root))
    best = [folder for folder in folders if _is_best(folder)]
    kept = {*folders[-NEWEST:], *best[-BEST:]}
    if len(kept) == len(folders):
        return
    proven = 0
    for folder in sorted(kept, reverse=True):
        proven += _verified(folder, run_sha256) is not None
        if proven == 2:
            break
    if proven < 2:
        return
    for folder in folders:
        if folder not in kept:
            _drop(folder)


def _is_best(folder: Path) -> bool:
    try:
        return msgspec.json.decode((folder / "MANIFEST.json").read_bytes(), type=_Manifest).best
    except (OSError, msgspec.DecodeError):
        return False


def _drop(folder: Path) -> None:
    """Takes the name away first, so that a crash leaves no checkpoint with files missing."""
    trash = folder.with_name(f".trash-{secrets.token_hex(6)}")
    os.rename(folder, trash)
    shutil.rmtree(trash, ignore_errors=True)


def _clean(root: Path) -> None:
    """Removes what a killed writer left; the lock of the run says that nobody else writes here."""
    for path in [*root.glob(".tmp-*"), *root.glob(".trash-*")]:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _folders(root: Path) -> list[Path]:
    if not root.is_dir():
        return []
    return [path for path in root.iterdir() if _NAME.fullmatch(path.name) and not path.is_symlink()]


def _check_space(root: Path, size: int) -> None:
    free = shutil.disk_usage(root).free
    if free < size + _SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))


def _write(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view[: 1 << 26]) :]
        os.fsync(handle)
    finally:
        os.close(handle)
