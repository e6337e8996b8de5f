"""Attention: each position looks at all others and takes what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED

_PORTS = ("query", "key", "value", "key_padding_mask", "attn_mask")
HEADS = Int(
    "num_heads",
    4,
    "How many looks run side by side; must divide the features.",
    label="Heads",
    min=1,
    max=4096,
)


def check_heads(heads: int, width: int, name: str) -> None:
    """Refuses heads that do not share the features evenly; ``name`` is their parameter.

    Raises:
        ShapeError: they do not.
    """
    if width % heads:
        fits = next(count for count in range(heads, 0, -1) if width % count == 0)
        raise ShapeError(
            "{heads} heads can't share {width} features evenly: set {fits}",
            (("set", name, str(fits)),),
            heads=heads,
            width=width,
            fits=fits,
        )


def check_mask(layer: str, mask: TensorSpec, wanted: tuple[Size, ...], port: str) -> None:
    """Refuses a mask of another shape than the looks it is for.

    Raises:
        ShapeError: it has another.
    """
    if mask.shape != wanted:
        raise ShapeError(
            "{layer} needs a mask {wanted} on {port}, gets {given}",
            layer=layer,
            wanted=show(wanted),
            port=port,
            given=show(mask.shape),
        )


def causal_text(name: str) -> str:
    """The mask that hides what lies ahead in the value ``name``, as torch's layers take it."""
    return f"nn.Transformer.generate_square_subsequent_mask({{{name}}}.shape[1], {{{name}}}.device)"


def attention_weights(
    width: int, key: int, value: int, bias: bool, prefix: str = ""
) -> dict[str, tuple[int, ...]]:
    """The weights of a MultiheadAttention between features of these widths."""
    if key == value == width:
        found: dict[str, tuple[int, ...]] = {f"{prefix}in_proj_weight": (3 * width, width)}
    else:
        found = {
            f"{prefix}q_proj_weight": (width, width),
            f"{prefix}k_proj_weight": (width, key),
            f"{prefix}v_proj_weight": (width, value),
        }
    found[f"{prefix}out_proj.weight"] = (width, width)
    if bias:
        found |= {f"{prefix}in_proj_bias": (3 * width,), f"{prefix}out_proj.bias": (width,)}
    return found


def _wired(p: SimpleNamespace, inputs: Specs) -> dict[str, TensorSpec]:
    """The inputs by port."""
    names = [name for name in _PORTS if name == "query" or name in p.wired]
    return dict(zip(names, inputs, strict=True))


def _parts(p: SimpleNamespace, inputs: Specs) -> Specs:
    """Query, key and value; what is not wired is the query, or the key for the value."""
    wired = _wired(p, inputs)
    if "key" not in wired:
        if "value" in wired:
            raise ShapeError(
                "MultiheadAttention gets a value without a key: wire both, or neither for self-attention",
                (("unplug", "value"),),
            )
        return (inputs[0],) * 3
    return (wired["query"], wired["key"], wired.get("value", wired["key"]))


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    query, key, value = _parts(p, inputs)
    check_heads(p.num_heads, fixed(query.shape[2], "E"), "num_heads")
    if key.shape[:2] != value.shape[:2] or key.shape[0] != query.shape[0]:
        raise ShapeError(
            "MultiheadAttention needs key and value of one length and batch, gets {query}, {key} and {value}",
            query=show(query.shape),
            key=show(key.shape),
            value=show(value.shape),
        )
    if p.causal and key.shape[1] != query.shape[1]:
        raise ShapeError(
            "looking back only needs query and key of one length, gets {query} and {key}: switch causal off",
            (("set", "causal", "false"),),
            query=show(query.shape),
            key=show(key.shape),
        )
    wired, layer = _wired(p, inputs), "MultiheadAttention"
    if "key_padding_mask" in wired:
        check_mask(layer, wired["key_padding_mask"], key.shape[:2], "key_padding_mask")
    if "attn_mask" in wired:
        if p.causal:
            raise ShapeError(
                "a mask is wired, so looking back only would be a second one: switch causal off",
                (("set", "causal", "false"),),
            )
        check_mask(layer, wired["attn_mask"], (query.shape[1], key.shape[1]), "attn_mask")
    output = TensorSpec(query.shape, query.dtype)
    if not p.need_weights:
        return (output,)
    heads = () if p.average_attn_weights else (p.num_heads,)
    looks = (query.shape[0], *heads, query.shape[1], key.shape[1] + _extra(p))
    return (output, TensorSpec(looks, query.dtype))


def _extra(p: SimpleNamespace) -> int:
    """Positions that torch adds to keys and values."""
    return int(p.add_bias_kv) + int(p.add_zero_attn)


def _weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
    query, key, value = (fixed(given.shape[2], "E") for given in _parts(p, inputs))
    found = attention_weights(query, key, value, p.bias)
    return {**found, "bias_k": (1, 1, query), "bias_v": (1, 1, query)} if p.add_bias_kv else found


def attention_flops(width: Size, long: Size, wide: Size, key: Size, value: Size, extra: int = 0) -> Size:
    """The work of queries of length ``long`` on keys of length ``wide``: projections and looks."""
    projections = product((4 * width, width, long)) + product((2 * width, key + value, wide))
    return projections + product((4 * width, long, wide + extra))


def _flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    query, key, value = (given.shape for given in _parts(p, inputs))
    return attention_flops(query[2], query[1], key[1], key[2], value[2], _extra(p))


def _text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    query, key, value = (given.shape[2] for given in _parts(p, inputs))
    other = not key == value == query
    build = build_text(
        "nn.MultiheadAttention",
        query,
        p.num_heads,
        dropout=(p.dropout, 0.0),
        bias=(p.bias, True),
        add_bias_kv=(p.add_bias_kv, False),
        add_zero_attn=(p.add_zero_attn, False),
        **({"kdim": (key, None), "vdim": (value, None)} if other else {}),
        batch_first=(True, False),
    )
    keys = "{key}" if "key" in p.wired else "{query}"
    said = ["{query}", keys, "{value}" if "value" in p.wired else keys]
    if "key_padding_mask" in p.wired:
        said.append("key_padding_mask={key_padding_mask}")
    if "attn_mask" in p.wired:
        said.append("attn_mask={attn_mask}")
    if p.causal:
        said.append(f"attn_mask={causal_text('query')}")
        if not _extra(p):  # torch's short cut for this would hide the added positions
            said.append("is_causal=True")
    if p.need_weights:
        said += [] if p.average_attn_weights else ["average_attn_weights=False"]
        return build, f"{{self}}({', '.join(said)})"
    return build, f"{{self}}({', '.join((*said, 'need_weights=False'))})[0]"


ATTENTION = LayerSpec(
    name="MultiheadAttention",
    category=Category.SEQUENCE,
    summary="Lets each position of a sequence gather what it needs from the others.",
    formula=r"y = \operatorname{softmax}\left(\frac{Q K^\top}{\sqrt{d}}\right) V W_O",
    inputs=(
        Port("query", "N T E", doc="Who looks."),
        Port("key", "N S K", optional=True, doc="Where it looks; the query itself when nothing is wired."),
        Port("value", "N S V", optional=True, doc="What it takes from there; the key when nothing is wired."),
        Port(
            "key_padding_mask",
            "N S",
            "bool",
            optional=True,
            doc="Yes where nobody may look: filled-up places.",
        ),
        Port(
            "attn_mask",
            "T S",
            "bool",
            optional=True,
            doc="Yes where a position (row) may not look at another (column).",
        ),
    ),
    outputs=(
        Port("y", "N T E", doc="What was gathered, for each position."),
        Port("weights", "N * T S", doc="How much each position took from each other.", times="need_weights"),
    ),
    params=(
        HEADS,
        Bool("causal", False, "Each position sees itself and earlier ones only.", label="Look back only"),
        Float(
            "dropout",
            0.0,
            "Share of the looks that are dropped in training.",
            label="Dropout",
            essential=False,
            min=0,
            max=1,
        ),
        Bool("bias", True, "Add learned constants.", label="Bias", essential=False),
        Bool(
            "need_weights",
            False,
            "Also give how much each position looked at each other; slower.",
            label="Give looks",
            essential=False,
        ),
        Bool(
            "average_attn_weights",
            True,
            "Give the mean over the heads instead of the looks of each.",
            label="Mean of heads",
            essential=False,
        ),
        Bool(
            "add_bias_kv",
            False,
            "Add one learned position to look at.",
            label="Learned position",
            essential=False,
        ),
        Bool(
            "add_zero_attn",
            False,
            "Add one position of zeros, so that a look may also take nothing.",
            label="Empty position",
            essential=False,
        ),
    ),
    shape=_shape,
    weights=_weights,
    flops=_flops,
    torch=Torch(text=_text, targets="{y}, {weights}"),
    source="Vaswani et al., Attention Is All You Need, 2017, section 3.2",
    onnx="MatMul and Softmax, or Attention in operator set 23.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example({"num_heads": 4}, (("N", 16, 32),), ("N", 16, 32), 4224),
        Example({"num_heads": 2, "causal": True, "bias": False}, (("N", "T", 8),), ("N", "T", 8), 256),
        Example(
            {"num_heads": 2, "need_weights": True, "add_bias_kv": True},
            (("N", 5, 8), ("N", 7, 6)),
            ("N", 5, 8),
            272,
        ),
        Example(
            {"num_heads": 2}, (("N", "T", 8), ("N", "T")), ("N", "T", 8), 288, ("query", "key_padding_mask")
        ),
    ),
    short="{num_heads}",
    keywords=("transformer", "self-attention", "cross-attention", "GPT", "BERT", "MultiHeadAttention")
    + ("nn.MultiheadAttention",),
    pitfalls="It does not know the order of positions: add an embedding of the position."
    " Its cost grows with the square of the length.",
    torch_name="nn.MultiheadAttention",
    differs={
        "embed_dim": NOT_TYPED,
        "kdim": NOT_TYPED,
        "vdim": NOT_TYPED,
        "batch_first": "always on: the batch is the first axis everywhere here",
        "causal": "makes the mask that torch's forward takes as attn_mask and is_causal",
        "need_weights": "an argument of torch's forward; off, because it is seldom wanted and slower",
        "average_attn_weights": "an argument of torch's forward",
    },
)

LAYERS = (ATTENTION,)
