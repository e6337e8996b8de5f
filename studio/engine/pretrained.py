"""Trained weights for blocks of a new run: found by alias, checked by fingerprint, name and shape, then copied."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from studio.engine.build import Plan, RunError
from studio.files.weights import recall_weights
from studio.text import tr

_NAMED = 3  # names of tensors that a message lists


def load_pretrained(plan: Plan, training: nn.Module) -> None:
    """Gives blocks the weights that the drawing names for them; averages start as copies of what they follow.

    Raises:
        RunError: a file is missing, is another one, or does not fit its block.
    """
    entries: Mapping[str, Mapping[str, Any]] = plan.training.get("pretrained") or {}
    for place, entry in entries.items():
        module = training.get_submodule(place)
        path = _path(str(entry["alias"]), str(entry["node"]), str(entry.get("sha256") or ""))
        copy_weights(module, _read(path), str(entry["node"]), place.rpartition(".")[2])
    for place, entry in (plan.training.get("averages") or {}).items() if entries else ():
        average, source = training.get_submodule(place), training.get_submodule(str(entry["of"]))
        average.load_state_dict(source.state_dict())


def copy_weights(module: nn.Module, given: Mapping[str, Tensor], node: str, attribute: str = "") -> None:
    """Copies a file's tensors into a block.

    Args:
        module: the block.
        given: name -> tensor. Names may start with where the block lay in the network they come from.
        node: the block's node, for messages.
        attribute: its name in the network, tried first as such a start.

    Raises:
        RunError: a tensor is missing or of another shape.
    """
    own = module.state_dict()
    start = _start(own, given, attribute)
    missing = [name for name in own if start + name not in given]
    if missing:
        text = tr(
            "The weights for “{node}” lack {count} of its {all} tensors, such as {names}. Choose weights of the same"
            " block.",
            node=node,
            count=len(missing),
            all=len(own),
            names=", ".join(missing[:_NAMED]),
        )
        raise RunError(text)
    for name, tensor in own.items():
        found = given[start + name]
        if found.shape != tensor.shape:
            text = tr(
                "The weights for “{node}” do not fit: {name} is {given}, but the block needs {wanted}.",
                node=node,
                name=name,
                given="×".join(map(str, found.shape)),
                wanted="×".join(map(str, tensor.shape)),
            )
            raise RunError(text)
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(given[start + name])


def _start(own: Mapping[str, Tensor], given: Mapping[str, Tensor], attribute: str) -> str:
    """What stands before the block's own names in the file."""
    first = next(iter(own), "")
    starts = [
        "",
        f"{attribute}.",
        *(name.removesuffix(first) for name in given if name.endswith(f".{first}")),
    ]
    return max(starts, key=lambda start: sum(start + name in given for name in own))


def _path(alias: str, node: str, sha256: str) -> Path:
    path = recall_weights(alias)
    if path is None or not path.is_file():
        text = "The trained weights “{alias}” for “{node}” are not on this machine. Add their file again."
        raise RunError(tr(text, alias=alias, node=node))
    if sha256 and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        text = (
            "The file {path} is no longer the weights “{alias}” that the drawing was made with. Add it again."
        )
        raise RunError(tr(text, path=path, alias=alias))
    return path


def _read(path: Path) -> dict[str, Tensor]:
    try:
        found: dict[str, Tensor] = load_file(path)
        return found
    except (OSError, SafetensorError) as error:
        raise RunError(tr("The weights {path} can't be read: {why}.", path=path, why=error)) from error
