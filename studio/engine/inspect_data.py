"""A look at the user's own data before it joins a drawing: samples, classes, what is left out and why."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from studio.engine.data import FolderReport, LoadedSet, TableReport, load_folder, load_table
from studio.layers.datasets import DataField

PREVIEW = 20
MOST_BAD = 1000  # named one by one; beyond it their number is told
_MOST_COLUMNS = 8  # of a table's preview
Progress = Callable[[float, str], None]


def inspect_data(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Reads a folder of images or a CSV file whole and says what is in it.

    Args:
        args: path; label and task of a table, "" to guess.
        progress: told how far it is.

    Returns:
        kind ("folder" or "table"), name, samples, classes [[name, count]], bad [[place, reason]], bad_count,
        preview (up to 20: pictures, or rows of a table), columns, label, labels (columns to choose from), task,
        scale, size, colour, and the schema a document keeps.

    Raises:
        DataError: nothing in it can be used.
    """
    path = Path(str(args["path"]))
    if path.is_dir():
        loaded, folder = load_folder(
            path, progress=lambda done, all: progress(done / all, "Reading the pictures")
        )
        return _common(path, loaded) | _folder(loaded, folder)
    progress(0.0, "Reading the table")
    loaded, table = load_table(
        path, str(args.get("label") or "") or None, str(args.get("task") or "") or None
    )
    return _common(path, loaded) | _table(loaded, table)


def schema(loaded: LoadedSet, task: str) -> dict[str, Any]:
    """What a document keeps of a set: enough for shapes and classes, no path and no values."""
    digest = hashlib.sha256()
    for name, tensor in loaded.tensors.items():
        digest.update(name.encode())
        digest.update(tensor.contiguous().numpy().tobytes())
    return {
        "fields": [_field(field) for field in loaded.fields],
        "samples": loaded.samples,
        "task": task,
        "fingerprint": digest.hexdigest(),
    }


def _field(field: DataField) -> dict[str, Any]:
    plain = {
        name: list(value) if isinstance(value, tuple) else value for name, value in asdict(field).items()
    }
    return {name: value for name, value in plain.items() if name == "shape" or value not in ([], 0, "")}


def _common(path: Path, loaded: LoadedSet) -> dict[str, Any]:
    return {"path": str(path), "name": path.stem if path.is_file() else path.name, "samples": loaded.samples}


def _folder(loaded: LoadedSet, report: FolderReport) -> dict[str, Any]:
    field = loaded.field("image")
    channels, height, width = field.shape
    classes = loaded.field("label").classes
    chosen = _spread(loaded.samples)
    labels = loaded.tensors["label"][chosen].tolist()
    pictures = [
        {
            "width": width,
            "height": height,
            "channels": channels,
            "pixels": _pixels(picture),
            "label": classes[label],
        }
        for picture, label in zip(loaded.tensors["image"][chosen], labels, strict=True)
    ]
    return {
        "kind": "folder",
        "classes": [[name, count] for name, count in report.classes.items()],
        "preview": pictures,
        "columns": [],
        "label": "",
        "labels": [],
        "task": "classify",
        "scale": "0..1",
        "size": list(report.size),
        "colour": report.colour,
        "schema": schema(loaded, "classify"),
        **_bad([(item.path, item.reason) for item in report.bad]),
    }


def _table(loaded: LoadedSet, report: TableReport) -> dict[str, Any]:
    features = loaded.field("features").columns
    shown = features[:_MOST_COLUMNS]
    target = loaded.fields[-1]
    rows = []
    for index in _spread(loaded.samples).tolist():
        value = loaded.tensors[target.name][index]
        answer = target.classes[int(value)] if target.classes else f"{float(value):.6g}"
        numbers = loaded.tensors["features"][index][: len(shown)].tolist()
        rows.append({"cells": [f"{number:.6g}" for number in numbers], "label": answer})
    used = [*report.numeric, *report.categorical, report.label, *report.left_out]
    return {
        "kind": "table",
        "classes": [[name, count] for name, count in report.classes.items()],
        "preview": rows,
        "columns": list(shown),
        "label": report.label,
        "labels": used,
        "left_out": [[name, reason] for name, reason in report.left_out.items()],
        "task": report.task,
        "scale": "standard",
        "size": [],
        "colour": "",
        "schema": schema(loaded, report.task),
        **_bad([(f"line {item.line}", item.reason) for item in report.bad]),
    }


def _bad(found: list[tuple[str, str]]) -> dict[str, Any]:
    return {"bad": [list(pair) for pair in found[:MOST_BAD]], "bad_count": len(found)}


def _spread(samples: int) -> Tensor:
    """Up to 20 samples, taken evenly over all: a folder is sorted by class."""
    count = min(PREVIEW, samples)
    return torch.arange(count) * samples // count


def _pixels(picture: Tensor) -> str:
    """(C, H, W) uint8 as base64 of H, W, C bytes."""
    return base64.b64encode(picture.permute(1, 2, 0).contiguous().numpy().tobytes()).decode()
