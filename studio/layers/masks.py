"""What is hidden from a network: the future, the fillers, and tokens to be guessed."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Bool, Choice, Float, Int
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

GROUP = "Masks"
_ALLOWED = Choice(
    "true_means",
    "look",
    "look: true where it may look, as ScaledDotProductAttention takes it; hide: the opposite, as"
    " MultiheadAttention takes it.",
    label="True means",
    essential=False,
    options=("look", "hide"),
)


_CAUSAL_MASK = '''
def causal_mask(x: Tensor, window: int = 0) -> Tensor:
    """(T, T), true where row t may look at column s: the present and the past.

    ``window`` counts the positions that are seen, the present one included; 0 sees all.
    """
    place = torch.arange(x.shape[1], device=x.device)
    distance = place.unsqueeze(1) - place  # T T
    seen = distance >= 0
    return seen & (distance < window) if window else seen
'''


def _causal_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    time = inputs[0].shape[1]
    return (TensorSpec((time, time), "bool"),)


def _causal_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    window = f", {literal(p.window)}" if p.window else ""
    return "", f"{'~' if p.true_means == 'hide' else ''}causal_mask({{x}}{window})"


CAUSAL_MASK = LayerSpec(
    name="CausalMask",
    category=Category.SEQUENCE,
    summary="Says for each position which others it may look at: itself and earlier ones.",
    formula=r"m_{t,s} = [\,0 \le t - s < w\,]",
    inputs=(Port("x", "N T *", "any", doc="Any sequence; only its length counts."),),
    outputs=(Port("mask", "T T", "bool", doc="True or false: row looks at column."),),
    params=(
        Int(
            "window",
            0,
            "How many positions are seen, the present one included; 0 sees all earlier ones.",
            unit="steps",
            label="Window",
            essential=False,
            min=0,
            max=2**24,
        ),
        _ALLOWED,
    ),
    shape=_causal_shape,
    torch=Torch(text=_causal_text, support=(_CAUSAL_MASK,)),
    source="Vaswani et al., Attention Is All You Need, 2017, section 3.2.3;"
    " Beltagy, Peters and Cohan, Longformer, 2020 (window)",
    onnx="Range, comparisons and And.",
    traits=Traits(differentiable=False),
    examples=(
        Example({}, (("N", 16, 32),), (16, 16)),
        Example({"window": 4, "true_means": "hide"}, (("N", "T", 8),), ("T", "T")),
    ),
    keywords=("attn_mask", "look ahead", "triangular", "tril", "sliding window", "decoder", "GPT"),
    pitfalls="Both meanings of true are in use; the wrong one lets each word read the answer.",
    group=GROUP,
)


def _padding_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    batch, time = inputs[0].shape
    return (TensorSpec((batch, 1, 1, time) if p.for_heads else (batch, time), "bool"),)


def _padding_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    compared = "{tokens} == {padding}" if p.true_means == "hide" else "{tokens} != {padding}"
    return "", f"({compared})[:, None, None]" if p.for_heads else compared


PADDING_MASK = LayerSpec(
    name="PaddingMask",
    category=Category.SEQUENCE,
    summary="Says which tokens are real and which only fill up short sequences.",
    formula=r"m_{n,t} = [\,x_{n,t} \ne p\,]",
    inputs=(Port("tokens", "N T", "int", doc="Tokens; short sequences are filled up with one of them."),),
    outputs=(Port("mask", "N * T", "bool", doc="True or false for each token."),),
    params=(
        Int("padding", 0, "The token that fills up.", label="Filler", min=0, max=2**31),
        Bool(
            "for_heads",
            False,
            "Give N 1 1 T, which fits scores of all heads and queries, instead of N T.",
            label="For heads",
            essential=False,
        ),
        _ALLOWED,
    ),
    shape=_padding_shape,
    torch=Torch(text=_padding_text),
    source="Vaswani et al., Attention Is All You Need, 2017, section 3.2",
    onnx="Equal and Not.",
    traits=Traits(differentiable=False),
    examples=(
        Example({}, (("N", 16),), ("N", 16)),
        Example({"padding": 2, "for_heads": True, "true_means": "hide"}, (("N", "T"),), ("N", 1, 1, "T")),
    ),
    short="{padding}",
    keywords=("Masking", "key_padding_mask", "pad", "ignore", "variable length"),
    pitfalls="A sequence of nothing but fillers has nothing to look at and gives numbers that are none (NaN).",
    group=GROUP,
)

_MASK_TOKENS = '''
class MaskTokens(nn.Module):
    """Hides a share of tokens (N, T); the targets are -100, which losses leave out, where none is hidden."""

    def __init__(self, mask: int, words: int, share: float) -> None:
        super().__init__()
        self.mask, self.words, self.share = mask, words, share

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        if self.training:
            chosen = torch.rand(tokens.shape, device=tokens.device) < self.share
            kind = torch.rand(tokens.shape, device=tokens.device)
        else:  # always the same places, so that results compare
            place = torch.arange(tokens.shape[1], device=tokens.device)
            chosen = (place % round(1 / self.share) == 0).expand_as(tokens)
            kind = torch.zeros(tokens.shape, device=tokens.device)
        word = torch.randint_like(tokens, self.words)
        hidden = torch.where(kind < 0.9, word, tokens)
        hidden = torch.where(kind < 0.8, self.mask, hidden)
        return torch.where(chosen, hidden, tokens), torch.where(chosen, tokens, -100)
'''


def _mask_words(p: SimpleNamespace, inputs: Specs) -> int:
    words = p.words or inputs[0].classes
    if not words:
        raise ShapeError("MaskTokens can't tell how many different tokens there are: set their number")
    return int(words)


def _mask_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    words, shape = _mask_words(p, inputs), inputs[0].shape
    mask = words if p.mask < 0 else p.mask
    return (TensorSpec(shape, "int64", max(words, mask + 1)), TensorSpec(shape, "int64", words))


def _mask_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    words = p.words or _mask_words(p, inputs)
    mask = words if p.mask < 0 else p.mask
    return build_text("MaskTokens", mask, words, p.share), ""


MASK_TOKENS = LayerSpec(
    name="MaskTokens",
    category=Category.SEQUENCE,
    summary="Hides some tokens at random, and gives the hidden ones as targets to be guessed.",
    formula=r"\tilde{x}_t = \text{mask}, \; y_t = x_t \;\text{ with chance } p; \quad y_t = -100 \;\text{ otherwise}",
    inputs=(Port("tokens", "N T", "int", doc="Whole numbers from 0: characters or words."),),
    outputs=(
        Port("masked", "N T", "int", doc="The tokens, some of them hidden."),
        Port("target", "N T", "int", doc="What was hidden; -100 where nothing was."),
    ),
    params=(
        Float("share", 0.15, "Share of the tokens to guess.", label="Share", min=0.01, max=0.9),
        Int(
            "mask",
            -1,
            "The token that hides others; -1 takes a new one after the last.",
            label="Hiding token",
            essential=False,
            min=-1,
            max=2**31,
        ),
        Int(
            "words",
            0,
            "How many different tokens there are; 0 takes the number from the data.",
            label="Tokens",
            essential=False,
            min=0,
            max=2**31,
        ),
    ),
    shape=_mask_shape,
    torch=Torch(text=_mask_text, support=(_MASK_TOKENS,)),
    source="Devlin et al., BERT: Pre-training of Deep Bidirectional Transformers, 2019, section 3.1",
    onnx="Comparisons and Where. Export the block behind it to use the network without hiding.",
    traits=Traits(random=True, differentiable=False),
    examples=(
        Example({"words": 75}, (("N", 64),), ("N", 64)),
        Example({"words": 9, "mask": 3}, (("N", "T"),), ("N", "T")),
    ),
    short="{share}",
    keywords=("BERT", "masked language model", "MLM", "cloze", "fill-mask", "denoising"),
    pitfalls="Of the chosen tokens 80 % are hidden, 10 % become another and 10 % stay. In evaluation all of them"
    " are hidden, always at the same places.",
    group=GROUP,
)


LAYERS = (CAUSAL_MASK, PADDING_MASK, MASK_TOKENS)
