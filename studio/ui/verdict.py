"""One sentence on a run: how good against guessing, and whether it overfits."""

from __future__ import annotations

import functools
import json
from pathlib import Path

from studio.files.runs import RunReader, read_baseline
from studio.text import tr
from studio.ui.numbers import count_text, percent_text
from studio.ui.runs import RunControl

_SAID = ("Accuracy", "MeanAbsoluteError")  # metrics a sentence can be made of
_OVERFIT_LOSS = 1.25  # validation loss this much above its lowest, while training loss still falls


def verdict(control: RunControl) -> str:
    """The sentence for the run shown; "" until there is a validation."""
    reader, status = control.reader, control.status
    if reader is None or status is None:
        return ""
    parts = [_score(reader, status.metrics if status.state == "finished" else {}), _fit(reader)]
    return " ".join(part for part in parts if part)


def _score(reader: RunReader, metrics: object) -> str:
    test = metrics.get("test", {}) if isinstance(metrics, dict) else {}
    part = "test" if test else "validation"
    values = test or {
        name.split(".", 1)[1]: series.values[-1]
        for name, series in reader.series.items()
        if name.startswith("validation.") and series.values
    }
    layers = _layers(reader)
    name = next((n for n in values if layers.get(n) in _SAID), "")
    if not name:
        return ""
    guess, count = read_baseline(reader.folder).get(name), _count(reader, part)
    where = tr("unseen test samples") if part == "test" else tr("validation samples")
    number = f"{count_text(count)} " if count else ""
    if layers[name] == "Accuracy":
        share = percent_text(values[name])
        text = tr("{share} right on {number}{where}", share=share, number=number, where=where)
        text += tr("; guessing gives {share}", share=percent_text(guess)) if guess is not None else ""
        return text + tr(".")
    text = tr(
        "Off by {value} on average on {number}{where}",
        value=f"{values[name]:.3g}",
        number=number,
        where=where,
    )
    if guess is not None:
        text += tr("; always saying the mean is off by {value}", value=f"{guess:.3g}")
    return text + tr(".")


def _fit(reader: RunReader) -> str:
    train, other = reader.series.get("train.loss"), reader.series.get("validation.loss")
    if train is None or other is None or len(other.values) < 3:
        return ""
    lowest = min(other.values)
    if other.values[-1] > _OVERFIT_LOSS * lowest and lowest > 0:
        return tr("It overfits: the validation loss rises while the training loss falls.")
    if other.values[-1] < other.values[0]:
        return tr("It is learning and not overfitting.")
    return tr("The validation loss does not fall: try a smaller learning rate.")


def _layers(reader: RunReader) -> dict[str, str]:
    """Metric -> the layer that measures it."""
    metrics = _record(reader).get("metrics")
    rows = metrics.items() if isinstance(metrics, dict) else ()
    return {name: str(row.get("layer")) for name, row in rows if isinstance(row, dict)}


def _count(reader: RunReader, part: str) -> int:
    """How many samples the part ("validation" or "test") holds; 0 where the split is in shares."""
    data = _record(reader).get("data")
    rows = list(data.values()) if isinstance(data, dict) else []
    split = rows[0].get("split") if rows and isinstance(rows[0], dict) else None
    if not isinstance(split, list) or len(split) != 3 or sum(split) <= 3:
        return 0
    return int(split[1 if part == "validation" else 2])


def _record(reader: RunReader) -> dict[str, object]:
    """The training record beside the run, which never changes."""
    return _read(reader.folder)


@functools.lru_cache(maxsize=8)
def _read(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
