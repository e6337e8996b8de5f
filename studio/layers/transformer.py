"""The Transformer of 2017 and its layers, as torch brings them: attention, two Linear layers, norms, shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.attention import attention_flops, attention_weights, causal_text, check_heads, check_mask
from studio.layers.params import Bool, Choice, Float, Int, Param
from studio.layers.rules import Specs, fixed, product
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import NOT_TYPED

GROUP = "Transformer"
SOURCE = "Vaswani et al., Attention Is All You Need, 2017"
NHEAD = Int(
    "nhead",
    4,
    "How many looks run side by side; must divide the features.",
    label="Heads",
    min=1,
    max=4096,
)
INNER: tuple[Param, ...] = (
    Int(
        "dim_feedforward",
        2048,
        "Neurons between the two Linear layers; four times the features is usual.",
        label="Inner width",
        min=1,
        max=2**24,
    ),
    Float(
        "dropout",
        0.1,
        "Share of the numbers that are set to 0 in training.",
        label="Dropout",
        essential=False,
        min=0,
        max=1,
    ),
    Choice(
        "activation",
        "relu",
        "The activation between the two Linear layers.",
        label="Activation",
        essential=False,
        options=("relu", "gelu"),
    ),
    Float(
        "layer_norm_eps",
        1e-5,
        "Small number that keeps the division safe.",
        label="Epsilon",
        essential=False,
        min=1e-12,
        max=1,
    ),
    Bool(
        "norm_first",
        False,
        "Normalize before each part instead of after it: deep stacks then learn more easily.",
        label="Normalize first",
        essential=False,
    ),
    Bool("bias", True, "Add learned constants.", label="Bias", essential=False),
)
NAMED = {
    "dim_feedforward": 2048,
    "dropout": 0.1,
    "activation": "relu",
    "layer_norm_eps": 1e-5,
    "norm_first": False,
    "bias": True,
}
BATCH_FIRST = "always on: the batch is the first axis everywhere here"
Weights = dict[str, tuple[int, ...]]


def look_back(name: str, default: bool, doc: str) -> Bool:
    return Bool(name, default, doc, label="Look back only")


def norm_weights(name: str, width: int, bias: bool) -> Weights:
    return {f"{name}.weight": (width,), **({f"{name}.bias": (width,)} if bias else {})}


def layer_weights(p: SimpleNamespace, width: int, decoder: bool, prefix: str = "") -> Weights:
    """The weights of one layer of an encoder or decoder."""
    found = attention_weights(width, width, width, p.bias, f"{prefix}self_attn.")
    if decoder:
        found |= attention_weights(width, width, width, p.bias, f"{prefix}multihead_attn.")
    for name, size in (("linear1", (p.dim_feedforward, width)), ("linear2", (width, p.dim_feedforward))):
        found[f"{prefix}{name}.weight"] = size
        if p.bias:
            found[f"{prefix}{name}.bias"] = size[:1]
    for number in range(1, 4 if decoder else 3):
        found |= norm_weights(f"{prefix}norm{number}", width, p.bias)
    return found


def encoder_flops(p: SimpleNamespace, width: Size, long: Size) -> Size:
    """One layer on a sequence of this length: looks at itself, then the two Linear layers."""
    return attention_flops(width, long, long, width, width) + product((4 * p.dim_feedforward, width, long))


def by_name(
    p: SimpleNamespace, inputs: Specs, names: tuple[str, ...], required: int
) -> dict[str, TensorSpec]:
    """The inputs by port; the first ``required`` are always there."""
    return dict(zip([n for n in names if n in p.wired or n in names[:required]], inputs, strict=True))


def inner_named(p: SimpleNamespace) -> dict[str, tuple[object, object]]:
    """The parameters that all layers share, with torch's defaults, in the order of its signature."""
    return {name: (getattr(p, name), default) for name, default in NAMED.items()}


def layer_text(kind: str, width: object, p: SimpleNamespace) -> str:
    """The text that makes one layer."""
    named = inner_named(p)
    first = {name: named.pop(name) for name in ("dim_feedforward", "dropout", "activation", "layer_norm_eps")}
    rest: dict[str, tuple[object, object]] = {"batch_first": (True, False), **named}
    return build_text(f"nn.Transformer{kind}Layer", width, p.nhead, **first, **rest)


def check_masks(layer: str, p: SimpleNamespace, wired: Mapping[str, TensorSpec], name: str) -> None:
    """The masks for looks of the input ``name`` at itself."""
    spec = wired[name]
    check_heads(p.nhead, fixed(spec.shape[2], "E"), "nhead")
    mask, padding = f"{name}_mask", f"{name}_key_padding_mask"
    if mask in wired:
        if p.causal:
            raise ShapeError(
                "a mask is wired, so looking back only would be a second one: switch causal off",
                (("set", "causal", "false"),),
            )
        check_mask(layer, wired[mask], (spec.shape[1], spec.shape[1]), mask)
    if padding in wired:
        check_mask(layer, wired[padding], spec.shape[:2], padding)


def mask_port(name: str) -> Port:
    return Port(
        name, "T T", "bool", optional=True, doc="Yes where a position (row) may not look at another (column)."
    )


def padding_port(name: str, axes: str = "N T") -> Port:
    return Port(name, axes, "bool", optional=True, doc="Yes where nobody may look: filled-up places.")


_SRC = ("src", "src_mask", "src_key_padding_mask")
_SRC_PORTS = (
    Port("src", "N T E", doc="A sequence of features."),
    mask_port("src_mask"),
    padding_port("src_key_padding_mask"),
)
_ENCODED = (Port("y", "N T E", doc="The same sequence, each position knowing of the others."),)
_LOOK_BACK = look_back("causal", False, "Each position sees itself and earlier ones only.")


def _encoder_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    stacked = hasattr(p, "num_layers")
    layer = "TransformerEncoder" if stacked else "TransformerEncoderLayer"
    check_masks(layer, p, by_name(p, inputs, _SRC, 1), "src")
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def _encoder_call(p: SimpleNamespace, mask: str) -> str:
    said = ["{src}"]
    if "src_mask" in p.wired:
        said.append(f"{mask}={{src_mask}}")
    if p.causal:
        said += [f"{mask}={causal_text('src')}", "is_causal=True"]
    if "src_key_padding_mask" in p.wired:
        said.append("src_key_padding_mask={src_key_padding_mask}")
    return f"{{self}}({', '.join(said)})"


def _encoder_layer_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return layer_text("Encoder", inputs[0].shape[2], p), _encoder_call(p, "src_mask")


def _encoder_layer_weights(p: SimpleNamespace, inputs: Specs) -> Weights:
    return layer_weights(p, fixed(inputs[0].shape[2], "E"), False)


def _encoder_layer_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return encoder_flops(p, inputs[0].shape[2], inputs[0].shape[1])


LAYER_DIFFERS = {
    "d_model": NOT_TYPED,
    "nhead": "starts at 4; torch has no default",
    "batch_first": BATCH_FIRST,
    "causal": "makes the mask that torch's forward takes",
}
KEYWORDS = ("attention", "block", "BERT", "GPT", "self-attention", "transformer")

ENCODER_LAYER = LayerSpec(
    name="TransformerEncoderLayer",
    category=Category.SEQUENCE,
    summary="One layer of a Transformer: attention, then two Linear layers, each with shortcut and LayerNorm.",
    formula=r"a = \mathrm{LN}(x + \mathrm{Attention}(x)), \quad y = \mathrm{LN}(a + W_2\, f(W_1 a))",
    inputs=_SRC_PORTS,
    outputs=_ENCODED,
    params=(NHEAD, *INNER, _LOOK_BACK),
    shape=_encoder_shape,
    weights=_encoder_layer_weights,
    flops=_encoder_layer_flops,
    torch=Torch(text=_encoder_layer_text),
    source=f"{SOURCE}, section 3.1",
    onnx="MatMul, Softmax and LayerNormalization.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example({"nhead": 2, "dim_feedforward": 16}, (("N", 6, 8),), ("N", 6, 8), 600),
        Example(
            {"nhead": 4, "dim_feedforward": 32, "causal": True, "norm_first": True, "bias": False},
            (("N", "T", 8),),
            ("N", "T", 8),
            784,
        ),
    ),
    short="{nhead}, {dim_feedforward}",
    keywords=(*KEYWORDS, "nn.TransformerEncoderLayer"),
    pitfalls="It does not know the order of positions: add an embedding of the position first.",
    group=GROUP,
    torch_name="nn.TransformerEncoderLayer",
    differs=LAYER_DIFFERS,
)


def stack(default: int, doc: str, name: str, label: str = "Layers") -> Int:
    return Int(name, default, doc, label=label, min=1, max=256)


LAYERS_DOC = "Layers stacked one on the other, each with its own weights."
FINAL = Bool("norm", False, "Add a LayerNorm after the last layer.", label="Last LayerNorm", essential=False)


def norm_text(p: SimpleNamespace, width: object) -> tuple[object, object]:
    """The LayerNorm at the end of a stack, as text that ``build_text`` writes as it is."""
    named = build_text("nn.LayerNorm", width, eps=(p.layer_norm_eps, 1e-5), bias=(p.bias, True))
    return (SimpleNamespace(text=named) if p.norm else None, None)


def _encoder_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    width = inputs[0].shape[2]
    build = build_text(
        "nn.TransformerEncoder",
        SimpleNamespace(text=layer_text("Encoder", width, p)),
        p.num_layers,
        norm=norm_text(p, width),
        enable_nested_tensor=(False, True),
    )
    return build, _encoder_call(p, "mask")


def stacked_weights(p: SimpleNamespace, width: int, decoder: bool, count: int, prefix: str = "") -> Weights:
    found: Weights = {}
    for number in range(count):
        found |= layer_weights(p, width, decoder, f"{prefix}layers.{number}.")
    return found


def _encoder_weights(p: SimpleNamespace, inputs: Specs) -> Weights:
    width = fixed(inputs[0].shape[2], "E")
    found = stacked_weights(p, width, False, p.num_layers)
    return found | norm_weights("norm", width, p.bias) if p.norm else found


def _encoder_stack_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((encoder_flops(p, inputs[0].shape[2], inputs[0].shape[1]), p.num_layers))


STACK_DIFFERS = {
    **LAYER_DIFFERS,
    "norm": "yes or no instead of a module",
    "num_layers": "starts at 2; torch has no default",
}

ENCODER = LayerSpec(
    name="TransformerEncoder",
    category=Category.SEQUENCE,
    summary="Several Transformer layers in a row that read a sequence.",
    formula=r"y = L_n(\dots L_2(L_1(x)))",
    inputs=_SRC_PORTS,
    outputs=_ENCODED,
    params=(stack(2, LAYERS_DOC, "num_layers"), NHEAD, *INNER, _LOOK_BACK, FINAL),
    shape=_encoder_shape,
    weights=_encoder_weights,
    flops=_encoder_stack_flops,
    torch=Torch(text=_encoder_text),
    source=f"{SOURCE}, section 3.1",
    onnx="MatMul, Softmax and LayerNormalization, layer by layer.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example(
            {"num_layers": 2, "nhead": 2, "dim_feedforward": 16, "norm": True},
            (("N", 6, 8),),
            ("N", 6, 8),
            1216,
        ),
        Example(
            {"num_layers": 1, "nhead": 2, "dim_feedforward": 8, "activation": "gelu"},
            (("N", "T", 4),),
            ("N", "T", 4),
            172,
        ),
    ),
    short="{num_layers} × {nhead}",
    keywords=(*KEYWORDS, "stack", "nn.TransformerEncoder"),
    pitfalls="All its layers start from the same weights; a Repeat of a block draws them anew for each.",
    group=GROUP,
    torch_name="nn.TransformerEncoder",
    differs={
        **STACK_DIFFERS,
        "encoder_layer": "its parameters stand here instead",
        "enable_nested_tensor": "off: sequences keep one length",
        "mask_check": "only matters with nested tensors",
    },
)

LAYERS = (ENCODER_LAYER, ENCODER)
