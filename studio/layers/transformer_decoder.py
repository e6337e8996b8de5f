"""Transformer layers that write a sequence while looking at another, and encoder and decoder in one."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.attention import attention_flops, causal_text, check_mask
from studio.layers.rules import Specs, fixed, product, show
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text
from studio.layers.transformer import (
    BATCH_FIRST,
    FINAL,
    GROUP,
    INNER,
    KEYWORDS,
    LAYER_DIFFERS,
    LAYERS_DOC,
    NHEAD,
    SOURCE,
    STACK_DIFFERS,
    Weights,
    by_name,
    check_masks,
    encoder_flops,
    inner_named,
    layer_text,
    layer_weights,
    look_back,
    mask_port,
    norm_text,
    norm_weights,
    padding_port,
    stack,
    stacked_weights,
)
from studio.layers.windows import NOT_TYPED

_TGT = ("tgt", "memory", "tgt_mask", "tgt_key_padding_mask", "memory_key_padding_mask")
_TGT_PORTS = (
    Port("tgt", "N T E", doc="The sequence that is being made."),
    Port("memory", "N S E", doc="What the encoder made of the sequence it read."),
    mask_port("tgt_mask"),
    padding_port("tgt_key_padding_mask"),
    padding_port("memory_key_padding_mask", "N S"),
)
_DECODED = (Port("y", "N T E", doc="The same sequence, each position knowing of the others and the memory."),)
_MAKES = look_back("causal", True, "Each position sees itself and earlier ones only, as in writing.")


def _decoder_flops(p: SimpleNamespace, width: Size, long: Size, wide: Size) -> Size:
    return encoder_flops(p, width, long) + attention_flops(width, long, wide, width, width)


def _decoder_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    layer = "TransformerDecoder" if hasattr(p, "num_layers") else "TransformerDecoderLayer"
    wired = by_name(p, inputs, _TGT, 2)
    check_masks(layer, p, wired, "tgt")
    check_memory(layer, wired["tgt"], wired["memory"])
    if "memory_key_padding_mask" in wired:
        check_mask(
            layer, wired["memory_key_padding_mask"], wired["memory"].shape[:2], "memory_key_padding_mask"
        )
    return (TensorSpec(inputs[0].shape, inputs[0].dtype),)


def check_memory(layer: str, first: TensorSpec, second: TensorSpec) -> None:
    if first.shape[2] != second.shape[2] or first.shape[0] != second.shape[0]:
        raise ShapeError(
            "{layer} needs two sequences of one width and batch, gets {first} and {second}",
            layer=layer,
            first=show(first.shape),
            second=show(second.shape),
        )


def _decoder_call(p: SimpleNamespace) -> str:
    said = ["{tgt}", "{memory}"]
    if "tgt_mask" in p.wired:
        said.append("tgt_mask={tgt_mask}")
    if p.causal:
        said += [f"tgt_mask={causal_text('tgt')}", "tgt_is_causal=True"]
    said += [f"{name}={{{name}}}" for name in _TGT[3:] if name in p.wired]
    return f"{{self}}({', '.join(said)})"


def _decoder_layer_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return layer_text("Decoder", inputs[0].shape[2], p), _decoder_call(p)


def _decoder_layer_weights(p: SimpleNamespace, inputs: Specs) -> Weights:
    return layer_weights(p, fixed(inputs[0].shape[2], "E"), True)


def _decoder_layer_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return _decoder_flops(p, inputs[0].shape[2], inputs[0].shape[1], inputs[1].shape[1])


_CAUSAL_DIFFERS = {"causal": "makes the mask that torch's forward takes; on, because a decoder writes"}

DECODER_LAYER = LayerSpec(
    name="TransformerDecoderLayer",
    category=Category.SEQUENCE,
    summary="One Transformer layer that writes a sequence while looking at what an encoder read.",
    formula=r"a = \mathrm{LN}(x + \mathrm{Attention}(x)), \; b = \mathrm{LN}(a + \mathrm{Attention}(a, m)),"
    r" \; y = \mathrm{LN}(b + W_2\, f(W_1 b))",
    inputs=_TGT_PORTS,
    outputs=_DECODED,
    params=(NHEAD, *INNER, _MAKES),
    shape=_decoder_shape,
    weights=_decoder_layer_weights,
    flops=_decoder_layer_flops,
    torch=Torch(text=_decoder_layer_text),
    source=f"{SOURCE}, section 3.1",
    onnx="MatMul, Softmax and LayerNormalization.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example({"nhead": 2, "dim_feedforward": 16}, (("N", 6, 8), ("N", 4, 8)), ("N", 6, 8), 904),
        Example(
            {"nhead": 2, "dim_feedforward": 8, "causal": False, "bias": False},
            (("N", "T", 4), ("N", 3, 4)),
            ("N", "T", 4),
            204,
        ),
    ),
    short="{nhead}, {dim_feedforward}",
    keywords=(*KEYWORDS, "cross-attention", "translation", "nn.TransformerDecoderLayer"),
    pitfalls="Feed it the answer shifted by one, or it copies what it should guess.",
    group=GROUP,
    torch_name="nn.TransformerDecoderLayer",
    differs={**LAYER_DIFFERS, **_CAUSAL_DIFFERS},
)


def _decoder_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    width = inputs[0].shape[2]
    layer = SimpleNamespace(text=layer_text("Decoder", width, p))
    return (
        build_text("nn.TransformerDecoder", layer, p.num_layers, norm=norm_text(p, width)),
        _decoder_call(p),
    )


def _decoder_weights(p: SimpleNamespace, inputs: Specs) -> Weights:
    width = fixed(inputs[0].shape[2], "E")
    found = stacked_weights(p, width, True, p.num_layers)
    return found | norm_weights("norm", width, p.bias) if p.norm else found


def _decoder_stack_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    return product((_decoder_layer_flops(p, inputs, outputs), p.num_layers))


DECODER = LayerSpec(
    name="TransformerDecoder",
    category=Category.SEQUENCE,
    summary="Several Transformer layers in a row that write a sequence while looking at another.",
    formula=r"y = L_n(\dots L_2(L_1(x, m), m) \dots, m)",
    inputs=_TGT_PORTS,
    outputs=_DECODED,
    params=(stack(2, LAYERS_DOC, "num_layers"), NHEAD, *INNER, _MAKES, FINAL),
    shape=_decoder_shape,
    weights=_decoder_weights,
    flops=_decoder_stack_flops,
    torch=Torch(text=_decoder_text),
    source=f"{SOURCE}, section 3.1",
    onnx="MatMul, Softmax and LayerNormalization, layer by layer.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example(
            {"num_layers": 2, "nhead": 2, "dim_feedforward": 16, "norm": True},
            (("N", 6, 8), ("N", 4, 8)),
            ("N", 6, 8),
            1824,
        ),
    ),
    short="{num_layers} × {nhead}",
    keywords=(*KEYWORDS, "cross-attention", "translation", "stack", "nn.TransformerDecoder"),
    pitfalls="Feed it the answer shifted by one, or it copies what it should guess."
    " All its layers start from the same weights.",
    group=GROUP,
    torch_name="nn.TransformerDecoder",
    differs={**STACK_DIFFERS, **_CAUSAL_DIFFERS, "decoder_layer": "its parameters stand here instead"},
)


_WHOLE = ("src", "tgt", "src_key_padding_mask", "tgt_key_padding_mask", "memory_key_padding_mask")


def _whole_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    wired = by_name(p, inputs, _WHOLE, 2)
    src, tgt = wired["src"], wired["tgt"]
    check_masks("Transformer", p, {"src": src}, "src")
    check_memory("Transformer", src, tgt)
    for name, spec in (("src", src), ("tgt", tgt), ("memory", src)):
        padding = f"{name}_key_padding_mask"
        if padding in wired:
            check_mask("Transformer", wired[padding], spec.shape[:2], padding)
    return (TensorSpec(tgt.shape, tgt.dtype),)


def _whole_weights(p: SimpleNamespace, inputs: Specs) -> Weights:
    width = fixed(inputs[0].shape[2], "E")
    found = stacked_weights(p, width, False, p.num_encoder_layers, "encoder.")
    found |= stacked_weights(p, width, True, p.num_decoder_layers, "decoder.")
    for name in ("encoder.norm", "decoder.norm"):
        found |= norm_weights(name, width, p.bias)
    return found


def _whole_flops(p: SimpleNamespace, inputs: Specs, outputs: Specs) -> Size:
    _, wide, width = inputs[0].shape
    long = inputs[1].shape[1]
    read = product((encoder_flops(p, width, wide), p.num_encoder_layers))
    return read + product((_decoder_flops(p, width, long, wide), p.num_decoder_layers))


def _whole_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    named = inner_named(p)
    rest = {name: named.pop(name) for name in ("norm_first", "bias")}
    build = build_text(
        "nn.Transformer",
        inputs[0].shape[2],
        p.nhead,
        num_encoder_layers=(p.num_encoder_layers, 6),
        num_decoder_layers=(p.num_decoder_layers, 6),
        **named,
        batch_first=(True, False),
        **rest,
    )
    said = ["{src}", "{tgt}"]
    if p.causal:
        said += [f"tgt_mask={causal_text('tgt')}", "tgt_is_causal=True"]
    said += [f"{name}={{{name}}}" for name in _WHOLE[2:] if name in p.wired]
    return build, f"{{self}}({', '.join(said)})"


TRANSFORMER = LayerSpec(
    name="Transformer",
    category=Category.SEQUENCE,
    summary="An encoder reads one sequence, a decoder writes another while looking at it.",
    formula=r"y = \mathrm{Decoder}(t, \mathrm{Encoder}(s))",
    inputs=(
        Port("src", "N S E", doc="The sequence that is read."),
        Port("tgt", "N T E", doc="The sequence that is being made."),
        padding_port("src_key_padding_mask", "N S"),
        padding_port("tgt_key_padding_mask"),
        padding_port("memory_key_padding_mask", "N S"),
    ),
    outputs=(Port("y", "N T E", doc="Features for each position of what is being made."),),
    params=(
        NHEAD,
        stack(6, "Layers of the encoder.", "num_encoder_layers", "Encoder layers"),
        stack(6, "Layers of the decoder.", "num_decoder_layers", "Decoder layers"),
        *INNER,
        _MAKES,
    ),
    shape=_whole_shape,
    weights=_whole_weights,
    flops=_whole_flops,
    torch=Torch(text=_whole_text),
    source=SOURCE,
    onnx="MatMul, Softmax and LayerNormalization, layer by layer.",
    traits=Traits(learned=True, random=True),
    examples=(
        Example(
            {"nhead": 2, "num_encoder_layers": 1, "num_decoder_layers": 1, "dim_feedforward": 16},
            (("N", 5, 8), ("N", 6, 8)),
            ("N", 6, 8),
            1536,
        ),
    ),
    short="{num_encoder_layers} + {num_decoder_layers}",
    keywords=(*KEYWORDS, "sequence to sequence", "seq2seq", "translation", "nn.Transformer"),
    pitfalls="Feed it the answer shifted by one, or it copies what it should guess; positions are yours to add.",
    group=GROUP,
    torch_name="nn.Transformer",
    differs={
        "d_model": NOT_TYPED,
        "nhead": "starts at 4, as in the layers it is made of",
        "custom_encoder": "left out: draw encoder and decoder by themselves",
        "custom_decoder": "left out: draw encoder and decoder by themselves",
        "batch_first": BATCH_FIRST,
        **_CAUSAL_DIFFERS,
    },
)
LAYERS = (DECODER_LAYER, DECODER, TRANSFORMER)
