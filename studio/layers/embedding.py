"""Look-up tables: a learned row of numbers for each whole number, one by one or a bag at once."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Float, Int, Param
from studio.layers.rules import Specs, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text


def _count(p: SimpleNamespace, inputs: Specs, layer: str) -> int:
    """How many rows the table has."""
    classes = inputs[0].classes
    if not p.num_embeddings and not classes:
        raise ShapeError(
            "{layer} can't tell how many different values come in: set the number of entries", layer=layer
        )
    if p.num_embeddings and classes > p.num_embeddings:
        raise ShapeError(
            "{classes} different values come in, but {layer} has {entries} entries: set {classes}",
            (("set", "num_embeddings", str(classes)),),
            layer=layer,
            classes=classes,
            entries=p.num_embeddings,
        )
    count = int(p.num_embeddings) or classes
    if p.padding_idx >= count:
        raise ShapeError(
            "the padding {index} is none of the {entries} entries: set -1",
            (("set", "padding_idx", "-1"),),
            index=p.padding_idx,
            entries=count,
        )
    return count


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _count(p, inputs, "Embedding")
    return (TensorSpec((*inputs[0].shape, p.embedding_dim)),)


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (_count(p, inputs, "Embedding"), p.embedding_dim)}


def _named(p: SimpleNamespace) -> dict[str, tuple[object, object]]:
    """What both tables hand to torch where it differs from torch's defaults."""
    return {
        "padding_idx": (None if p.padding_idx < 0 else p.padding_idx, None),
        "max_norm": (p.max_norm or None, None),
        "norm_type": (p.norm_type, 2.0),
        "scale_grad_by_freq": (p.scale_grad_by_freq, False),
    }


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    entries = p.num_embeddings or _count(p, inputs, "Embedding")
    return build_text("nn.Embedding", entries, p.embedding_dim, **_named(p)), ""


_PARAMS: tuple[Param, ...] = (
    Int(
        "num_embeddings",
        0,
        "How many different values there are; 0 takes the number from the data.",
        label="Entries",
        essential=False,
        min=0,
        max=2**31,
    ),
    Int("embedding_dim", 64, "Numbers in each row.", label="Width", min=1, max=2**31),
    Int(
        "padding_idx",
        -1,
        "The value that means nothing: its row is 0 and does not learn; -1 is none.",
        label="Padding value",
        essential=False,
        min=-1,
    ),
    Float(
        "max_norm",
        0.0,
        "Rows longer than this are shortened to it; 0 lets them grow.",
        label="Longest row",
        essential=False,
        min=0,
    ),
    Float(
        "norm_type",
        2.0,
        "How the length of a row is measured: 2 as the crow flies, 1 as the sum of its numbers.",
        label="Norm",
        essential=False,
        min=1,
        max=64,
    ),
    Bool(
        "scale_grad_by_freq",
        False,
        "Rows that come often in a batch learn as slowly as rare ones.",
        label="Even out frequency",
        essential=False,
    ),
)
_DIFFERS = {
    "num_embeddings": "0 takes the number from the data",
    "padding_idx": "-1 stands for torch's None",
    "max_norm": "0 stands for torch's None",
    "sparse": "left out: few optimizers take sparse gradients",
}

EMBEDDING = LayerSpec(
    name="Embedding",
    category=Category.LEARNED,
    summary="Looks up a learned row of numbers for each character, word or class.",
    formula=r"y = W_{x}",
    inputs=(Port("x", "N *", "int", doc="Whole numbers from 0: tokens or classes."),),
    outputs=(Port("y", "N * E", doc="One row of numbers for each of them."),),
    params=_PARAMS,
    shape=_shape,
    weights=_weights,
    torch=Torch(text=_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html",
    onnx="Gather.",
    traits=Traits(learned=True),
    examples=(
        Example({"num_embeddings": 75, "embedding_dim": 32}, (("N", 64),), ("N", 64, 32), 2400),
        Example({"num_embeddings": 10, "embedding_dim": 4}, (("N",),), ("N", 4), 40),
        Example(
            {"num_embeddings": 5, "embedding_dim": 4, "padding_idx": 0, "max_norm": 1.0},
            (("N", "T"),),
            ("N", "T", 4),
            20,
        ),
    ),
    short="{embedding_dim}",
    keywords=("lookup", "token", "Gather", "word vectors", "word2vec", "Embed", "nn.Embedding"),
    pitfalls="Takes whole numbers only; a value beyond the last entry stops training.",
    torch_name="nn.Embedding",
    differs=_DIFFERS,
)


def _bag_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    _count(p, inputs, "EmbeddingBag")
    if "per_sample_weights" in p.wired:
        if p.mode != "sum":
            raise ShapeError(
                "weights of the entries go with the mode sum only: set sum", (("set", "mode", "sum"),)
            )
        if inputs[1].shape != inputs[0].shape:
            raise ShapeError(
                "EmbeddingBag needs a weight for each entry, gets {bags} and {weights}",
                bags=show(inputs[0].shape),
                weights=show(inputs[1].shape),
            )
    if p.mode == "max" and p.scale_grad_by_freq:
        raise ShapeError(
            "the mode max can't even out frequency: switch it off",
            (("set", "scale_grad_by_freq", "false"),),
        )
    return (TensorSpec((inputs[0].shape[0], p.embedding_dim)),)


def _bag_weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    return {"weight": (_count(p, inputs, "EmbeddingBag"), p.embedding_dim)}


def _bag_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    entries = p.num_embeddings or _count(p, inputs, "EmbeddingBag")
    build = build_text("nn.EmbeddingBag", entries, p.embedding_dim, **_named(p), mode=(p.mode, "mean"))
    if "per_sample_weights" in p.wired:
        return build, "{self}({x}, per_sample_weights={per_sample_weights})"
    return build, ""


EMBEDDING_BAG = LayerSpec(
    name="EmbeddingBag",
    category=Category.LEARNED,
    summary="Looks up a learned row for each value of a bag and sums or averages them in one go.",
    formula=r"y = \frac{1}{L} \sum_{l} W_{x_l}",
    inputs=(
        Port("x", "N L", "int", doc="Bags of whole numbers from 0, one a sample."),
        Port("per_sample_weights", "N L", optional=True, doc="How much each entry counts in a sum."),
    ),
    outputs=(Port("y", "N E", doc="One row of numbers for each bag."),),
    params=(
        *_PARAMS,
        Choice(
            "mode",
            "mean",
            "How the rows of a bag become one: their mean, their sum or the largest numbers.",
            label="Joined by",
            options=("mean", "sum", "max"),
        ),
    ),
    shape=_bag_shape,
    weights=_bag_weights,
    torch=Torch(text=_bag_text),
    source="https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html",
    onnx="Gather and ReduceMean.",
    traits=Traits(learned=True),
    examples=(
        Example({"num_embeddings": 50, "embedding_dim": 8}, (("N", 12),), ("N", 8), 400),
        Example({"num_embeddings": 9, "embedding_dim": 4, "mode": "sum"}, (("N", 6), ("N", 6)), ("N", 4), 36),
    ),
    short="{embedding_dim}, {mode}",
    keywords=("lookup", "bag of words", "fastText", "recommender", "nn.EmbeddingBag", "sparse features"),
    pitfalls="The order of the values is lost: for texts where it matters take Embedding and a sequence layer.",
    torch_name="nn.EmbeddingBag",
    differs={
        **_DIFFERS,
        "include_last_offset": "left out: bags come as rows of one length, so there are no offsets",
    },
)
LAYERS = (EMBEDDING, EMBEDDING_BAG)
