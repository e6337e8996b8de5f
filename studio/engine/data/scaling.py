"""How raw values become what the network receives: one subtraction and one division for each field.

An affine rule in raw units covers every choice, can be stated in an export, and is undone exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from studio.engine.data.dataset import DataError, LoadedSet
from studio.layers.datasets import DataField

SCALES = ("0..1", "-1..1", "standard", "none")
_CHUNK = 1024  # samples measured at a time, so that byte images never stand in memory as float64 all at once


@dataclass(frozen=True, slots=True)
class Scaling:
    """value = (raw - subtract) / divide.

    Attributes:
        scale: one of SCALES.
        subtract: numbers in raw units: one for all, or one for each channel or column.
        divide: like `subtract`, never 0.
        rank: axes that follow the channel or column in a sample: 2 for (C, H, W), 0 for (F,).
    """

    scale: str
    subtract: tuple[float, ...] = (0.0,)
    divide: tuple[float, ...] = (1.0,)
    rank: int = 0

    def apply_(self, value: Tensor) -> Tensor:
        """Scales a float32 batch (B, *shape) in place and returns it."""
        if any(self.subtract):
            value.sub_(self._operand(self.subtract, value))
        if any(number != 1.0 for number in self.divide):
            value.div_(self._operand(self.divide, value))
        return value

    def undo(self, value: Tensor) -> Tensor:
        """Values of the network's side, (B, *shape), back in raw units, as a new tensor."""
        return value * self._operand(self.divide, value) + self._operand(self.subtract, value)

    def _operand(self, numbers: tuple[float, ...], value: Tensor) -> Tensor | float:
        """A plain number, or a tensor that broadcasts over (B, C, *rest)."""
        if len(numbers) == 1:
            return numbers[0]
        return torch.tensor(numbers, device=value.device).reshape(-1, *[1] * self.rank)


def fit_scaling(
    loaded: LoadedSet, indices: Tensor, scale: str | Mapping[str, str] | Mapping[str, Scaling]
) -> dict[str, Scaling]:
    """The scaling of every float field, measured on the given samples only.

    The two fields of a series share one scaling, so that a forecast can be fed back in.

    Args:
        loaded: the data set.
        indices: (n,) int64, the training samples.
        scale: a name of SCALES, one for each field (left out: "none"), or scalings fitted earlier.

    Raises:
        DataError: the scale doesn't exist.
    """
    names = [field.name for field in loaded.fields if field.dtype == "float32"]
    chosen: dict[str, str | Scaling] = {}
    if isinstance(scale, str):
        chosen.update(dict.fromkeys(names, scale))
    else:
        chosen.update(scale)
    fitted: dict[str, Scaling] = {}
    for name in names:
        wanted = chosen.get(name, "none")
        if isinstance(wanted, Scaling):
            fitted[name] = wanted
        else:
            fitted[name] = _fit(loaded, loaded.field(name), indices, wanted)
    return fitted


def _fit(loaded: LoadedSet, field: DataField, indices: Tensor, scale: str) -> Scaling:
    """The scaling of one field."""
    if scale not in SCALES:
        raise DataError(f"There is no scale {scale!r} for {field.name}. Choose one of: {', '.join(SCALES)}.")
    if scale == "none":
        return Scaling("none")
    rank = 2 if field.kind == "image" else 0
    if scale == "standard":
        mean, spread = _moments(loaded, field, indices)
        return Scaling(scale, _floats(mean), _floats(spread), rank)
    if field.kind == "image":
        low, high = torch.zeros(1), torch.full((1,), loaded.raw_max)
    else:
        low, high = _range(loaded, field, indices)
    if scale == "-1..1":
        return Scaling(scale, _floats((low + high) / 2), _floats((high - low) / 2), rank)
    return Scaling(scale, _floats(low), _floats(high - low), rank)


def _floats(values: Tensor) -> tuple[float, ...]:
    """Numbers of a (k,) tensor."""
    return tuple(float(value) for value in values)


def _measured(loaded: LoadedSet, field: DataField) -> tuple[str, ...]:
    """The fields whose values share one scaling with this one."""
    if field.kind == "series":
        return tuple(item.name for item in loaded.fields if item.kind == "series")
    return (field.name,)


def _columns(field: DataField, values: Tensor) -> Tensor:
    """Values (n, *shape) as (rows, k): one column for each channel, table column or sensor."""
    if field.kind == "series":
        return values.reshape(-1, values.shape[-1])
    if field.kind == "image":
        return values.movedim(1, -1).flatten(0, -2)
    return values.flatten(1)


def _parts(indices: Tensor) -> Iterator[Tensor]:
    """The indices in pieces of at most _CHUNK."""
    for begin in range(0, len(indices), _CHUNK):
        yield indices[begin : begin + _CHUNK]


def _moments(loaded: LoadedSet, field: DataField, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel or column: (k,) float64 each; no spread is 0."""
    count, total, squares = 0, torch.zeros(1, dtype=torch.float64), torch.zeros(1, dtype=torch.float64)
    shift: Tensor | None = None
    for name in _measured(loaded, field):
        for part in _parts(indices):
            tensor = loaded.tensors[name]
            values = _columns(field, tensor[part.to(tensor.device)]).cpu().double()
            if shift is None:
                shift = values[0]  # near the mean: keeps the squares small, so no digits cancel
            count += len(values)
            total = total + (values - shift).sum(0)
            squares = squares + (values - shift).square().sum(0)
    assert shift is not None
    mean = total / count
    spread = (squares / count - mean.square()).clamp_min(0).sqrt()
    return mean + shift, _not_zero(spread)


def _range(loaded: LoadedSet, field: DataField, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest and largest value of each column: two (k,) float64 tensors that always differ."""
    parts = []
    for name in _measured(loaded, field):
        tensor = loaded.tensors[name]
        parts.append(_columns(field, tensor[indices.to(tensor.device)]).cpu().double())
    values = torch.cat(parts)
    low = values.amin(0)
    return low, low + _not_zero(values.amax(0) - low)


def _not_zero(spread: Tensor) -> Tensor:
    """A column that never varies is divided by 1: it becomes 0 and says nothing, as it should."""
    return torch.where(spread > 1e-12, spread, torch.ones_like(spread))


def scaling_to_json(scaling: Mapping[str, Scaling]) -> dict[str, dict[str, Any]]:
    """Scalings as plain JSON data, for checkpoints and exports."""
    return {
        name: {
            "scale": item.scale,
            "subtract": list(item.subtract),
            "divide": list(item.divide),
            "rank": item.rank,
        }
        for name, item in scaling.items()
    }


def scaling_from_json(data: Mapping[str, Mapping[str, Any]]) -> dict[str, Scaling]:
    """What `scaling_to_json` wrote."""
    return {
        name: Scaling(
            str(item["scale"]),
            tuple(float(number) for number in item["subtract"]),
            tuple(float(number) for number in item["divide"]),
            int(item["rank"]),
        )
        for name, item in data.items()
    }
