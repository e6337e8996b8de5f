"""Batches of a data set in memory: order, scaling and augmentation, all reproducible after any resume.

Everything random is a function of (seed, epoch, sample), never of what was drawn before, so a run that stops
at any step goes on exactly as if it had not stopped. A batch is one gather from one tensor of bytes: asking a
torch DataLoader for 128 samples one by one takes eight to nine times as long (measured with
tests/engine/data/bench_batches.py on 2 cores).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from studio.engine.data.augment import Augment, augment_images, mix
from studio.engine.data.dataset import DataError, LoadedSet
from studio.engine.data.scaling import Scaling, fit_scaling, scaling_to_json
from studio.engine.rng import order_seed


class Batches:
    """The batches of one part of a data set; the same (epoch, step) always gives the same batch.

    Attributes:
        batch_size: samples in every batch but perhaps the last.
        samples: samples in an epoch.
        scaling: field name -> how raw values become what the network receives.
    """

    def __init__(
        self,
        loaded: LoadedSet,
        indices: Tensor,
        batch_size: int,
        seed: int = 0,
        scale: str | Mapping[str, str] | Mapping[str, Scaling] = "0..1",
        augment: Augment | None = None,
        device: torch.device | str = "cpu",
        *,
        shuffle: bool = True,
        drop_last: bool = False,
    ) -> None:
        """Moves the data to the device and fits the scaling.

        Args:
            loaded: the data set.
            indices: (n,) int64, the samples to use; "standard" measures mean and spread on them, so give the
                training samples and ask `evaluation` for the others.
            batch_size: ≥ 1.
            seed: of order and augmentation.
            scale: "0..1", "-1..1", "standard" or "none" for all fields, or one for each field, or a scaling
                fitted earlier (a resumed run, an exported network).
            augment: random changes to images; None for none.
            device: where batches are made.
            shuffle: a new order every epoch; False keeps the order of `indices`.
            drop_last: leave out a last batch that is not full.

        Raises:
            DataError: no samples, a batch size below 1, or a scale that doesn't exist.
        """
        _check(loaded, indices, batch_size)
        self.batch_size = batch_size
        self.samples = len(indices)
        self.scaling = fit_scaling(loaded, indices, scale)
        self._seed = seed
        self._augment = None if augment is None or augment.nothing else augment
        self._shuffle = shuffle
        self._drop_last = drop_last
        self._device = torch.device(device)
        self._loaded = loaded.to(self._device)
        self.spelling = loaded.spelling
        self._indices = indices.cpu()
        self._order_of: tuple[int, Tensor] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; 0 only when `drop_last` leaves none."""
        if self._drop_last:
            return self.samples // self.batch_size
        return math.ceil(self.samples / self.batch_size)

    @property
    def preprocessing(self) -> dict[str, dict[str, Any]]:
        """The scaling as plain JSON data: value = (raw - subtract) / divide for each field.

        For metadata of exports and checkpoints; `scaling_from_json` reads it back.
        """
        return scaling_to_json(self.scaling)

    def evaluation(self, indices: Tensor, batch_size: int | None = None) -> Batches:
        """Batches of other samples with this scaling, in order, unchanged: for validation and test."""
        size = self.batch_size if batch_size is None else batch_size
        return Batches(
            self._loaded, indices, size, self._seed, self.scaling, None, self._device, shuffle=False
        )

    def order(self, epoch: int) -> Tensor:
        """The samples of an epoch in the order they are used: (n,) int64 on the device."""
        if self._order_of is None or self._order_of[0] != epoch:
            order = self._indices
            if self._shuffle:
                # Drawn on the CPU, so that every device sees the same order; train.py draws the same one.
                generator = torch.Generator().manual_seed(order_seed(self._seed, epoch))
                order = order[torch.randperm(self.samples, generator=generator)]
            self._order_of = (epoch, order.to(self._device))
        return self._order_of[1]

    def batch(self, epoch: int, step: int) -> dict[str, Tensor]:
        """One batch.

        Args:
            epoch: ≥ 0.
            step: 0…steps_per_epoch-1.

        Returns:
            Field name -> (B, *shape), float32 or int64 as the field says.

        Raises:
            IndexError: the epoch has no such step.
        """
        chosen = self.sample_indices(epoch, step)
        values: dict[str, Tensor] = {}
        for field in self._loaded.fields:
            raw = self._loaded.raw(field.name, chosen)
            if field.dtype != "float32":
                values[field.name] = raw
                continue
            value = raw.float() if raw.dtype != torch.float32 else raw
            if field.kind == "image" and self._augment is not None:
                value = augment_images(
                    value, self._augment, mix(self._seed, epoch), chosen, self._loaded.raw_max
                )
            values[field.name] = self.scaling[field.name].apply_(value)
        return values

    def sample_indices(self, epoch: int, step: int) -> Tensor:
        """Which samples a batch holds: (B,) int64 on the device.

        Raises:
            IndexError: the epoch has no such step.
        """
        if not 0 <= step < self.steps_per_epoch:
            raise IndexError(f"step {step} of an epoch of {self.steps_per_epoch} steps")
        return self.order(epoch)[step * self.batch_size : (step + 1) * self.batch_size]

    def epoch(self, epoch: int, start: int = 0) -> Iterator[dict[str, Tensor]]:
        """The batches of an epoch in order, from step `start` on."""
        for step in range(start, self.steps_per_epoch):
            yield self.batch(epoch, step)

    def __len__(self) -> int:
        """Steps in an epoch."""
        return self.steps_per_epoch


def _check(loaded: LoadedSet, indices: Tensor, batch_size: int) -> None:
    """Refuses a batch size below 1 and a part without samples."""
    if batch_size < 1:
        raise DataError(f"The batch size is {batch_size}; it must be at least 1. Change it in the Data node.")
    if len(indices) == 0:
        raise DataError(f"This part of {loaded.key} has no samples. Raise its count in the Data node.")
