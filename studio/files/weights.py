"""Files of trained weights that a drawing starts from: described in the project, found by alias on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from studio.files.errors import FileError
from studio.files.replace import replace_file
from studio.places import state_folder

_FILE = "weights.json"
_LARGEST_HEAD = 100 << 20
_MOST = 100_000  # tensors


def describe_weights(path: Path) -> dict[str, Any]:
    """Fingerprint, names and shapes of a safetensors file, as a project keeps them; no tensor is loaded.

    Raises:
        FileError: it is no such file.
    """
    try:
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            if length > _LARGEST_HEAD:
                raise ValueError("its head is too long")
            head = json.loads(file.read(length))
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
        tensors = {name: list(entry["shape"]) for name, entry in head.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
        why = str(error)
        raise FileError(path.name, "holds no weights ({why})", "Take a .safetensors file", why=why) from error
    if not tensors or len(tensors) > _MOST:
        raise FileError(path.name, "holds no weights ({why})", "Take a .safetensors file", why=len(tensors))
    return {"sha256": digest.hexdigest(), "tensors": tensors}


def remember_weights(alias: str, path: Path) -> None:
    """Keeps where the file of ``alias`` lies, instead of what was kept before."""
    known = {**_all(), alias: str(path.resolve())}
    replace_file(_path(), msgspec.json.format(msgspec.json.encode(known)), durable=True)


def recall_weights(alias: str) -> Path | None:
    """Where the file of ``alias`` lies; None when this machine was never told."""
    found = _all().get(alias)
    return Path(found) if found else None


def leave_weights(pretrained: Mapping[str, Mapping[str, Any]], folder: Path) -> list[Path]:
    """Copies the weights that a source folder's train.py starts from into its folder "weights".

    Args:
        pretrained: of training.json: module -> alias and fingerprint.
        folder: the source folder.

    Returns:
        The copies; a file that is no longer on this machine is left out.
    """
    left = []
    for alias in sorted({str(entry["alias"]) for entry in pretrained.values()}):
        path = recall_weights(alias)
        if path is not None and path.is_file():
            target = folder / "weights" / f"{alias}.safetensors"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
            left.append(target)
    return left


def _all() -> dict[str, str]:
    try:
        return msgspec.json.decode(_path().read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return {}


def _path() -> Path:
    return state_folder() / _FILE
