"""Products of vectors and matrices between wires, distances, and attention."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec, kind_of
from studio.layers.dtypes import promoted
from studio.layers.functions import Written, function
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, axis_of, broadcast, product, show
from studio.layers.spec import Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

_GROUP = "Matrices"
_CALLED = {"input": "called x, as in the other layers"}


def one_kind(layer: str, inputs: Specs) -> str:
    """The dtype that all ``inputs`` share; torch's products don't promote.

    Raises:
        ShapeError: they differ.
    """
    for other in inputs[1:]:
        if other.dtype != inputs[0].dtype:
            raise ShapeError(
                "{layer} needs one kind of numbers on all inputs, gets {first} and {second}: insert Cast",
                layer=layer,
                first=inputs[0].dtype,
                second=other.dtype,
            )
    return inputs[0].dtype


def inner_fits(layer: str, left: Size, right: Size) -> None:
    if left != right:
        raise ShapeError(
            "{layer} needs as many columns on the left as rows on the right, gets {left} and {right}:"
            " insert Transpose",
            layer=layer,
            left=left,
            right=right,
        )


def _matmul_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    dtype = one_kind("MatMul", inputs)
    inner_fits("MatMul", x.shape[-1], other.shape[-2])
    many = broadcast([x.shape[:-2], other.shape[:-2]], "MatMul")
    return (TensorSpec((*many, x.shape[-2], other.shape[-1]), dtype),)


def _product_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((2, *outputs[0].shape, inputs[0].shape[-1]))


MATMUL = function(
    "MatMul",
    "Multiplies matrices: each row of the first with each column of the second.",
    r"Y = X_1 X_2",
    inputs=(
        Port("x", "* T F", "float|complex", doc="Matrices, one or many."),
        Port("other", "* F E", "float|complex", doc="As many rows as the first has columns."),
    ),
    outputs=(Port("y", "* T E", "float|complex", doc="The products."),),
    shape=_matmul_shape,
    flops=_product_flops,
    torch=Torch(call="{x} @ {other}"),
    examples=(
        Example({}, (("N", 4, 8), ("N", 8, 3)), ("N", 4, 3)),
        Example({}, (("N", 2, "T", 8), (8, 5)), ("N", 2, "T", 5)),
    ),
    pitfalls="Linear is this with a matrix that it learns. Transpose turns rows into columns.",
    group=_GROUP,
    torch_name="torch.matmul",
    onnx="MatMul.",
    keywords=("matrix product", "@", "dot", "Gemm", "BatchMatmul", "attention scores", "keras.layers.Dot"),
    differs=_CALLED,
)


def _bmm_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    dtype = one_kind("BatchMatMul", inputs)
    inner_fits("BatchMatMul", x.shape[2], other.shape[1])
    if x.shape[0] != other.shape[0]:
        raise ShapeError(
            "BatchMatMul needs as many matrices on both sides, gets {first} and {second}: MatMul stretches",
            first=x.shape[0],
            second=other.shape[0],
        )
    return (TensorSpec((x.shape[0], x.shape[1], other.shape[2]), dtype),)


BATCH_MATMUL = function(
    "BatchMatMul",
    "Multiplies a matrix of each sample with another of the same sample.",
    r"Y_n = X_{1,n} X_{2,n}",
    inputs=(
        Port("x", "N T F", "float|complex", doc="A matrix for each sample."),
        Port("mat2", "N F E", "float|complex", doc="As many rows as the first has columns."),
    ),
    outputs=(Port("y", "N T E", "float|complex", doc="The products."),),
    shape=_bmm_shape,
    flops=_product_flops,
    torch=Torch(call="torch.bmm({x}, {mat2})"),
    examples=(
        Example({}, (("N", 4, 8), ("N", 8, 3)), ("N", 4, 3)),
        Example({}, (("N", "T", 8), ("N", 8, "T")), ("N", "T", "T")),
    ),
    pitfalls="MatMul does the same and stretches as well.",
    group=_GROUP,
    torch_name="torch.bmm",
    onnx="MatMul.",
    keywords=("bmm", "batched matrix product", "BatchMatmul"),
    differs=_CALLED,
)


def _outer_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    many = broadcast([x.shape[:-1], other.shape[:-1]], "Outer")
    return (TensorSpec((*many, x.shape[-1], other.shape[-1]), promoted(inputs)),)


OUTER = function(
    "Outer",
    "Multiplies each number of one vector with each number of another.",
    r"y_{ij} = x_i \, z_j",
    inputs=(
        Port("x", "* F", "number", doc="Vectors; they become the rows."),
        Port("other", "* G", "number", doc="Vectors; they become the columns."),
    ),
    outputs=(Port("y", "* F G", "number", doc="A table of all products."),),
    shape=_outer_shape,
    torch=Torch(call="{x}.unsqueeze(-1) * {other}.unsqueeze(-2)"),
    examples=(
        Example({}, (("N", 4), ("N", 6)), ("N", 4, 6)),
        Example({}, (("N", "T", 4), (3,)), ("N", "T", 4, 3)),
    ),
    pitfalls="For each sample by itself; torch.outer knows no batch. Bilinear pooling starts with it.",
    group=_GROUP,
    torch_name="torch.outer",
    onnx="Unsqueeze and Mul.",
    keywords=("outer product", "tensor product", "bilinear", "all pairs"),
    differs={**_CALLED, "vec2": "called other, and both may have a batch"},
)


def _dot_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    dtype = one_kind("Dot", inputs)
    shape = broadcast([given.shape for given in inputs], "Dot")
    axis = axis_of(p.dim, min(len(given.shape) for given in inputs) and len(shape), "Dot")
    if len(inputs[0].shape) != len(inputs[1].shape) and p.dim >= 0:
        raise ShapeError("Dot of values with different numbers of axes counts the axis from the end: set -1")
    return (TensorSpec((*shape[:axis], *shape[axis + 1 :]), dtype),)


DOT = function(
    "Dot",
    "Multiplies two vectors number by number and adds up: how well they agree.",
    r"y = \sum_i x_i z_i",
    inputs=(
        Port("x", "* F", doc="Vectors."),
        Port("other", "* F", doc="Vectors of the same length; size 1 stretches."),
    ),
    outputs=(Port("y", "*", doc="One number for each pair."),),
    params=(Int("dim", -1, "The axis of the vectors; -1 is the last.", label="Axis", essential=False),),
    shape=_dot_shape,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text("torch.linalg.vecdot", Written("{x}"), Written("{other}"), dim=(p.dim, -1)),
        )
    ),
    examples=(
        Example({}, (("N", 8), ("N", 8)), ("N",)),
        Example({}, (("N", "T", 8), ("N", "T", 8)), ("N", "T")),
    ),
    pitfalls="Long vectors give large numbers: Normalize both first and it is the cosine of their angle.",
    group=_GROUP,
    torch_name="torch.linalg.vecdot",
    onnx="Mul and ReduceSum.",
    keywords=("inner product", "scalar product", "dotProduct", "keras.layers.Dot", "similarity", "vecdot"),
    differs={"y": "called other, as in the other layers"},
)


def _normalize_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    axis_of(p.dim, len(inputs[0].shape), "Normalize")
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


NORMALIZE = function(
    "Normalize",
    "Scales vectors to the length 1.",
    r"y = \frac{x}{\max(\|x\|_p, \epsilon)}",
    inputs=(Port("x", "N *", doc="Vectors along an axis."),),
    outputs=(Port("y", "N *", doc="The same directions with length 1."),),
    params=(
        Float(
            "p",
            2.0,
            "The power of the length: 2 is the usual one.",
            label="Power",
            essential=False,
            min=0.5,
            max=16,
        ),
        Int("dim", 1, "The axis of the vectors.", label="Axis"),
        Float(
            "eps", 1e-12, "The least length that is divided by.", label="Epsilon", essential=False, min=1e-20
        ),
    ),
    shape=_normalize_shape,
    torch=Torch(
        text=lambda p, inputs: (
            "",
            build_text("F.normalize", Written("{x}"), p=(p.p, 2.0), dim=(p.dim, 1), eps=(p.eps, 1e-12)),
        )
    ),
    examples=(
        Example({}, (("N", 64),), ("N", 64)),
        Example({"dim": -1}, (("N", "T", 8),), ("N", "T", 8)),
    ),
    short="{dim}",
    pitfalls="Before a Dot it makes a cosine similarity. No learned part, unlike LayerNorm.",
    group=_GROUP,
    torch_name="nn.functional.normalize",
    onnx="LpNormalization, or ReduceL2, Clip and Div.",
    keywords=("NormNormalization", "unit length", "L2 normalize", "UnitNormalization", "ClipByNorm"),
    differs={**_CALLED, "out": "nothing is written in place"},
)


def _distance_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, other = inputs
    dtype = one_kind("PairwiseDistances", inputs)
    if x.shape[-1] != other.shape[-1]:
        raise ShapeError(
            "PairwiseDistances needs points with as many coordinates, gets {first} and {second}",
            first=show(x.shape),
            second=show(other.shape),
        )
    many = broadcast([x.shape[:-2], other.shape[:-2]], "PairwiseDistances")
    return (TensorSpec((*many, x.shape[-2], other.shape[-2]), dtype),)


PAIRWISE_DISTANCES = function(
    "PairwiseDistances",
    "Gives the distance of each point of one set to each of another.",
    r"y_{ij} = \| x_i - z_j \|_2",
    inputs=(
        Port("x", "* P M", doc="Points: a row of coordinates each."),
        Port("other", "* R M", doc="Points with as many coordinates."),
    ),
    outputs=(Port("y", "* P R", doc="A table of distances."),),
    shape=_distance_shape,
    torch=Torch(call="torch.linalg.vector_norm({x}.unsqueeze(-2) - {other}.unsqueeze(-3), dim=-1)"),
    examples=(
        Example({}, (("N", 5, 3), ("N", 7, 3)), ("N", 5, 7)),
        Example({}, (("N", "T", 8), (10, 8)), ("N", "T", 10)),
    ),
    pitfalls="Holds all differences at once: sizes multiply. ArgMin after it finds the nearest centre.",
    group=_GROUP,
    torch_name="torch.cdist",
    onnx="Sub and ReduceL2.",
    keywords=("cdist", "nearest neighbour", "k-means", "euclidean", "RBF", "kernel"),
    differs={
        "x1": "called x, as in the other layers",
        "x2": "called other, as in the other layers",
        "p": "always 2, the usual length",
        "compute_mode": "written out, since exporters lack cdist",
    },
)


def _linear_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    x, weight = inputs[0], inputs[1]
    dtype = one_kind("LinearByWire", inputs)
    if x.shape[-1] != weight.shape[1] or ("bias" in p.wired and inputs[2].shape[0] != weight.shape[0]):
        raise ShapeError(
            "LinearByWire needs a weight of outputs × {features} and a bias of as many outputs, gets {weight}",
            features=x.shape[-1],
            weight=", ".join(show(given.shape) for given in inputs[1:]),
        )
    return (TensorSpec((*x.shape[:-1], weight.shape[0]), dtype),)


LINEAR_BY_WIRE = function(
    "LinearByWire",
    "Is a Linear whose weight comes by wire instead of being learned here.",
    r"y = x W^\top + b",
    inputs=(
        Port("x", "* F", doc="Rows of features; the last axis is mixed."),
        Port("weight", "E F", doc="The weight: a row for each output."),
        Port("bias", "E", optional=True, doc="A constant for each output."),
    ),
    outputs=(Port("y", "* E", doc="The same rows with new features."),),
    shape=_linear_shape,
    flops=lambda p, inputs, outputs: product((2, *outputs[0].shape, inputs[0].shape[-1])),
    torch=Torch(
        text=lambda p, inputs: (
            "",
            "F.linear({x}, {weight}, {bias})" if "bias" in p.wired else "F.linear({x}, {weight})",
        )
    ),
    examples=(
        Example({}, (("N", 8), (4, 8)), ("N", 4)),
        Example({}, (("N", "T", 8), (4, 8), (4,)), ("N", "T", 4)),
    ),
    pitfalls="For weights that another layer makes, as in hypernetworks, or that several share.",
    group=_GROUP,
    torch_name="nn.functional.linear",
    onnx="MatMul and Add.",
    keywords=("hypernetwork", "shared weight", "dynamic", "Gemm"),
    differs=_CALLED,
)


def _attention_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    query, key, value = inputs[:3]
    dtype = one_kind("ScaledDotProductAttention", inputs[:3])
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            "ScaledDotProductAttention needs query and key of one width, key and value of one length;"
            " gets {query}, {key} and {value}",
            query=show(query.shape),
            key=show(key.shape),
            value=show(value.shape),
        )
    many = _heads(p, query, key, value)
    if "attn_mask" in p.wired:
        if p.is_causal:
            raise ShapeError(
                "ScaledDotProductAttention takes either a mask or looking back only: switch one off",
                (("set", "is_causal", "false"), ("unplug", "attn_mask")),
            )
        mask, table = inputs[3], (*many, query.shape[-2], key.shape[-2])
        if (
            kind_of(mask) == "float"
            and mask.dtype != dtype
            or broadcast([mask.shape, table], "attn_mask") != table
        ):
            raise ShapeError(
                "ScaledDotProductAttention needs a mask that stretches to {table}, gets {dtype} {mask}",
                table=show(table),
                dtype=mask.dtype,
                mask=show(mask.shape),
            )
    return (TensorSpec((*many, query.shape[-2], value.shape[-1]), dtype),)


def _heads(p: SimpleNamespace, query: TensorSpec, key: TensorSpec, value: TensorSpec) -> tuple[Size, ...]:
    """The axes before time: equal, or with several heads of the query for one of key and value."""
    many, keys = query.shape[:-2], key.shape[:-2]
    if p.enable_gqa and not many:
        raise ShapeError(
            "there is one head only, so no keys to share: switch sharing off",
            (("set", "enable_gqa", "false"),),
        )
    grouped = p.enable_gqa and len(many) >= 2 and len(keys) == len(many)
    shared = grouped and many[:-1] == keys[:-1] and many[-1] // keys[-1] * keys[-1] == many[-1]
    if value.shape[:-2] != keys or not (shared or many == keys):
        raise ShapeError(
            "ScaledDotProductAttention needs as many heads on all sides, gets {query}, {key} and {value}",
            query=show(query.shape),
            key=show(key.shape),
            value=show(value.shape),
        )
    return many


def _attention_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named: dict[str, tuple[object, object]] = {}
    if "attn_mask" in p.wired:
        named["attn_mask"] = (Written("{attn_mask}"), None)
    if p.dropout_p:
        named["dropout_p"] = (Written(f"{literal(p.dropout_p)} if self.training else 0.0"), None)
    named["is_causal"] = (p.is_causal, False)
    named["scale"] = (p.scale, 0.0)
    named["enable_gqa"] = (p.enable_gqa, False)
    places = (Written("{query}"), Written("{key}"), Written("{value}"))
    return "", build_text("F.scaled_dot_product_attention", *places, **named)


def _attention_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    query, key, value = inputs[:3]
    widths = query.shape[-1] + value.shape[-1]
    return product((2, *query.shape[:-1], key.shape[-2], widths))


ATTENTION = function(
    "ScaledDotProductAttention",
    "Lets each step of the query gather from the values whose keys fit it; nothing is learned here.",
    r"y = \operatorname{softmax}\left(\frac{Q K^\top}{\sqrt{d}} + M\right) V",
    inputs=(
        Port("query", "* T E", doc="Who looks."),
        Port("key", "* S E", doc="Where it looks."),
        Port("value", "* S V", doc="What it takes from there."),
        Port(
            "attn_mask",
            "*",
            "float|bool",
            optional=True,
            doc="Yes where a step may look, or numbers that are added to the scores.",
        ),
    ),
    outputs=(Port("y", "* T V", doc="What was gathered, for each position."),),
    params=(
        Float(
            "dropout_p",
            0.0,
            "Share of the looks that are dropped in training.",
            label="Dropout",
            min=0,
            max=1,
        ),
        Bool("is_causal", False, "Each position sees itself and earlier ones only.", label="Look back only"),
        Float(
            "scale",
            0.0,
            "What scores are multiplied by; 0 takes one over the root of the width.",
            label="Scale",
            essential=False,
            min=0,
        ),
        Bool(
            "enable_gqa",
            False,
            "Several heads of the query share one of key and value.",
            label="Shared keys",
            essential=False,
        ),
    ),
    shape=_attention_shape,
    flops=_attention_flops,
    torch=Torch(text=_attention_text),
    source="Vaswani et al., Attention Is All You Need, 2017, section 3.2.1",
    examples=(
        Example(
            {"is_causal": True}, (("N", 4, "T", 8), ("N", 4, "T", 8), ("N", 4, "T", 8)), ("N", 4, "T", 8)
        ),
        Example({}, (("N", 5, 8), ("N", 7, 8), ("N", 7, 6), (5, 7)), ("N", 5, 6)),
        Example({"enable_gqa": True}, (("N", 4, 6, 8), ("N", 2, 6, 8), ("N", 2, 6, 8)), ("N", 4, 6, 8)),
    ),
    short="{is_causal}",
    pitfalls="Make query, key and value with Linear and Unflatten first; MultiheadAttention has it all inside.",
    traits=Traits(random=True),
    group=_GROUP,
    torch_name="nn.functional.scaled_dot_product_attention",
    onnx="MatMul and Softmax, or Attention in operator set 23.",
    keywords=("SDPA", "attention", "flash attention", "transformer", "GQA", "keras.layers.Attention"),
    differs={"scale": "0 stands for None"},
)

LAYERS: tuple[LayerSpec, ...] = (
    MATMUL,
    BATCH_MATMUL,
    OUTER,
    DOT,
    NORMALIZE,
    PAIRWISE_DISTANCES,
    LINEAR_BY_WIRE,
    ATTENTION,
)
