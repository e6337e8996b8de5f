"""Which picture a layer gets, from its record and the node's parameters and sizes."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Protocol

from PySide6.QtCore import QRectF

from studio.graph.spec import TensorSpec
from studio.layers.spec import Category, LayerSpec
from studio.ui.illustrations.curves import CURVES, CurvePicture
from studio.ui.illustrations.flows import (
    AttentionPicture,
    CellPicture,
    DropoutPicture,
    EmbeddingPicture,
    NormPicture,
    ResidualPicture,
)
from studio.ui.illustrations.ink import Ink
from studio.ui.illustrations.windows import window_picture

HEIGHT = 150.0


class Illustration(Protocol):
    """A picture and the sentence under it."""

    def caption(self) -> str:
        """What it shows, with the node's numbers."""

    def paint(self, ink: Ink, area: QRectF) -> None:
        """Paints it into an area ``HEIGHT`` high."""


def illustration(spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec]) -> Illustration | None:
    """The picture of a node; None where words say it as well."""
    if spec.name in CURVES:
        return CurvePicture(CURVES[spec.name], p)
    if spec.name in ("LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell"):
        return CellPicture(spec.name.removesuffix("Cell"), _whole(p, "hidden_size", 0))
    if spec.name == "Add":
        return ResidualPicture(max(2, len(inputs)))
    if "Embedding" in spec.name and hasattr(p, "embedding_dim"):
        rows = _whole(p, "num_embeddings", 0) or (inputs[0].classes if inputs else 0)
        return EmbeddingPicture(rows, _whole(p, "embedding_dim", 0)) if rows else None
    if "Dropout" in spec.name and isinstance(getattr(p, "p", None), float):
        return DropoutPicture(p.p)
    return _norm(spec) or _attention(spec, p, inputs) or _window(spec, p, inputs)


def _norm(spec: LayerSpec) -> Illustration | None:
    if spec.category is not Category.NORMALIZATION or "Norm" not in spec.name:
        return None
    kinds = (("BatchNorm", "batch"), ("InstanceNorm", "instance"), ("GroupNorm", "group"), ("LayerNorm", "layer"),
             ("RMSNorm", "layer"))  # fmt: skip
    over = next((kind for name, kind in kinds if name in spec.name), None)
    return NormPicture(over) if over else None


def _attention(spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec]) -> Illustration | None:
    if "ttention" not in spec.name:
        return None
    heads = _whole(p, "num_heads", 1)
    width = inputs[0].shape[-1] if inputs and inputs[0].shape else 0
    size = width // heads if isinstance(width, int) and heads else 0
    return AttentionPicture(heads, size, bool(getattr(p, "causal", getattr(p, "is_causal", False))))


def _window(spec: LayerSpec, p: SimpleNamespace, inputs: Sequence[TensorSpec]) -> Illustration | None:
    if not hasattr(p, "kernel_size") or spec.category not in (Category.LEARNED, Category.SHAPE):
        return None
    shape = inputs[0].shape[2:] if inputs else ()
    sizes = tuple(size if isinstance(size, int) else 12 for size in shape) or (12, 12)
    return window_picture(p, sizes, "Transpose" in spec.name)


def _whole(p: SimpleNamespace, name: str, otherwise: int) -> int:
    value = getattr(p, name, otherwise)
    return value if isinstance(value, int) else otherwise
