"""What the View nodes look at while a network trains: a few samples, seldom, beside the training.

The samples are always the same and noise is drawn alike each time, so that a view shows the network change and
nothing else. The training does not notice: evaluation mode, no gradients, generators that each step sets anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import Tensor, nn

from studio.engine.build import Feed, Plan
from studio.engine.data.spelling import Spelling
from studio.engine.rng import evaluation_seed, reseed
from studio.files.views import View, write_views

EVERY_S = 2.0
_SAMPLES, _SIDE, _POINTS, _BINS = 16, 128, 512, 64
Batch = dict[str, Tensor]


class Views:
    """The View nodes of one run; does nothing where there are none."""

    def __init__(self, plan: Plan, training: nn.Module, feed: Feed | None) -> None:
        """Takes the data that is looked at."""
        self._plan, self._training, self._feed = plan, training, feed
        self._settings: dict[str, dict[str, Any]] = plan.training.get("views") or {}
        self._next_s = 0.0

    def show(self, step: int, change: Callable[[Batch], Batch]) -> None:
        """Writes the views anew, when it is time.

        Args:
            step: steps done.
            change: brings a batch to the device.
        """
        if not self._settings or self._feed is None or time.monotonic() < self._next_s:
            return
        begin = time.monotonic()
        whole = self._feed.batch(0, 0)
        found = self.look(change({name: value[:_SAMPLES] for name, value in whole.items()}))
        spelling = self._feed.spelling
        views = [drawn(name, value, self._settings[name], spelling) for name, value in found.items()]
        write_views(self._plan.folder, step, views)
        self._next_s = begin + max(EVERY_S, 50 * (time.monotonic() - begin))  # at most a fiftieth of the time

    def look(self, batch: Batch) -> dict[str, Tensor]:
        """What flows to each View for a batch."""
        training = cast(Any, self._training)
        device = next((weight.device for weight in training.parameters()), torch.device("cpu"))
        if self._plan.is_random:
            reseed(evaluation_seed(self._plan.seed, 0), device)
        training.eval()
        try:
            with torch.no_grad():
                return dict(training.look(batch))
        finally:
            training.train()


def drawn(name: str, value: Tensor, settings: dict[str, Any], spelling: Spelling | None = None) -> View:
    """A value as its View shows it, small enough to be read many times.

    Args:
        name: of the View.
        value: (N, …).
        settings: kind, and how many different values whole numbers have.
        spelling: what tokens stand for; scores of tokens show the likeliest.
    """
    kind = settings.get("kind", "auto")
    kind = _kind(value, int(settings.get("classes") or 0)) if kind == "auto" else kind
    value = value.detach().cpu()
    if value.is_complex():
        value = value.abs()  # of a spectrum, how strong each frequency is
    if kind == "text" and value.is_floating_point() and value.dim() == 3:
        value = value.argmax(-1)
    if kind == "text":
        said = _said(value, spelling)
        return View(
            name, "text", [int(n) for n in value.shape], numbers=value.flatten()[:_POINTS].tolist(), text=said
        )
    value = value.float()
    if kind == "histogram":
        return _histogram(name, value)
    if kind == "image" and value.dim() == 4:
        channels = 3 if value.shape[1] >= 3 else 1
        value = _small(value[:_SAMPLES, :channels])
    elif kind == "heatmap":
        value = _small((value[0] if value.dim() > 2 else value).reshape(-1, value.shape[-1])[:_SIDE])
    else:
        kind, value = "curve", value.reshape(value.shape[0], -1)[0][:_POINTS] if value.dim() else value[None]
    finite = value[value.isfinite()]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    return View(name, kind, list(value.shape), low, high, value.flatten().tolist())


def _said(value: Tensor, spelling: Spelling | None) -> str:
    """The text of each sample on a line of its own; "" for what is no token of this text."""
    if spelling is None or value.is_floating_point() or not value.dim():
        return ""
    rows = value.reshape(-1, value.shape[-1])[:_SAMPLES].tolist()
    try:
        return "\n".join(spelling.decode(row).replace("\n", "⏎") for row in rows)
    except (IndexError, ValueError):
        return ""


def _kind(value: Tensor, classes: int) -> str:
    if not value.is_floating_point() and not value.is_complex() and classes and value.dim() == 2:
        return "text"
    if value.dim() == 4 and value.shape[1] in (1, 3):
        return "image"
    if value.dim() == 3 or value.dim() == 4:
        return "heatmap"
    return "histogram" if value.numel() > 1 else "curve"


def _small(value: Tensor) -> Tensor:
    """At most 128 of each of the last two axes, by leaving out rows and columns."""
    rows = range(0, value.shape[-2], -(-value.shape[-2] // _SIDE))
    columns = range(0, value.shape[-1], -(-value.shape[-1] // _SIDE))
    return value[..., list(rows), :][..., list(columns)]


def _histogram(name: str, value: Tensor) -> View:
    finite = value[value.isfinite()]
    if not len(finite):
        return View(name, "histogram", [0])
    low, high = float(finite.min()), float(finite.max())
    counts = torch.histc(finite, _BINS, low, high if high > low else low + 1.0)
    return View(name, "histogram", [_BINS], low, high, counts.tolist())
