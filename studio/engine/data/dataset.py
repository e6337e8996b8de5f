"""What a loaded data set is: raw tensors in memory, and the error that tells what is wrong with data.

Tensors stay raw (images as bytes) and whole, so that a batch is one gather and memory is a quarter of
float32.
A text keeps one tensor of characters and the places where windows start; nothing is copied for each window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from studio.engine.data.spelling import Letters, Pieces, Spelling
from studio.layers.datasets import DataField


class DataError(Exception):
    """Data can't be read or used; the message says what, where, and what to do."""


@dataclass(frozen=True, eq=False)
class LoadedSet:
    """A data set in memory, on the CPU, before scaling.

    Attributes:
        key: of a shipped set, or the path of own data.
        fields: what it gives, with the shapes actually loaded.
        tensors: field name -> (N, *shape) raw values: uint8 images, float32 numbers, int64 labels. A text has
            the one entry "tokens" instead, (characters,) uint8 or int64.
        raw_max: the largest raw value of an image.
        starts: (N,) int64, first point of each window of a text or series in order; None for independent
            rows.
        window: points a sample spans, targets included, from its start; 0 for independent rows.
        points: length of the text or series, else 0.
        characters: of a text: its distinct characters, index = token id.
        in_order: whether the parts of a split follow each other instead of being drawn.
        merges: of a text in pieces: the byte pairs, see `spelling.Pieces`; else empty.
        name_of: sample names (paths) when the samples are files, else empty.
    """

    key: str
    fields: tuple[DataField, ...]
    tensors: Mapping[str, Tensor]
    raw_max: float = 1.0
    starts: Tensor | None = None
    window: int = 0
    points: int = 0
    characters: str = ""
    in_order: bool = False
    merges: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    name_of: tuple[str, ...] = field(default=(), repr=False)

    @property
    def samples(self) -> int:
        """Number of samples: rows, or windows of a text or series."""
        if self.starts is not None:
            return len(self.starts)
        return len(next(iter(self.tensors.values())))

    @property
    def is_text(self) -> bool:
        """True when samples are windows cut from one tensor of tokens."""
        return self.starts is not None and any(item.kind == "tokens" for item in self.fields)

    @property
    def spelling(self) -> Spelling | None:
        """What its tokens stand for; None where they stand for nothing."""
        if self.merges:
            return Pieces(self.merges)
        return Letters(self.characters) if self.characters else None

    def field(self, name: str) -> DataField:
        """The field of this name.

        Raises:
            DataError: there is none.
        """
        for item in self.fields:
            if item.name == name:
                return item
        names = ", ".join(item.name for item in self.fields)
        raise DataError(f"The data set {self.key} has no field {name}. It has: {names}.")

    def raw(self, name: str, indices: Tensor) -> Tensor:
        """Raw values of one field for the given samples.

        Args:
            name: of the field.
            indices: (B,) int64, samples in any order, on the device of the tensors.

        Returns:
            (B, *shape) in the stored type; tokens as int64.
        """
        if not self.is_text:
            return self.tensors[name].index_select(0, indices)
        return gather_windows(self, indices, 1 if name == "next" else 0)

    def to(self, device: torch.device | str) -> LoadedSet:
        """The same set with its tensors on a device, ready to be gathered from there."""
        tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        starts = None if self.starts is None else self.starts.to(device)
        return replace(self, tensors=tensors, starts=starts)


def gather_windows(loaded: LoadedSet, indices: Tensor, shift: int) -> Tensor:
    """Windows of a text, gathered from its one tensor of characters.

    Args:
        loaded: a text.
        indices: (B,) int64, windows.
        shift: 0 for the window itself, 1 for the characters that follow each of its characters.

    Returns:
        (B, T) int64 token ids.
    """
    assert loaded.starts is not None
    steps = torch.arange(shift, shift + loaded.window - 1, device=indices.device)
    places = loaded.starts.index_select(0, indices)[:, None] + steps
    return loaded.tensors["tokens"][places].long()
