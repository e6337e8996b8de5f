"""Few bits instead of real numbers: rounding on the way forward, a gradient as if there were none."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.params import Bool, Float, Int
from studio.layers.rules import Specs, same
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text, literal

GROUP = "Quantization"
INPUTS = (Port("x", "*", doc="Any numbers."),)
_OUTPUTS = (Port("y", "*", doc="The same shape, rounded."),)
EXAMPLES = (Example({}, (("N", 84),), ("N", 84)), Example({}, (("N", 6, 8, 8),), ("N", 6, 8, 8)))
_BITS = Int("bits", 8, "How many bits a number may take.", unit="bits", label="Bits", min=2, max=24)
_SIGNED = Bool("signed", True, "Whether there are negative numbers too.", label="Signed")

STRAIGHT = '''
def straight_through(value: Tensor, passes: Tensor) -> Tensor:
    """``value``, with the gradient that ``passes`` has."""
    return value.detach() + (passes - passes.detach())
'''
_FIXED_POINT = '''
def fixed_point(x: Tensor, step: float, low: int, high: int) -> Tensor:
    """The nearest of the numbers low * step, …, high * step; no gradient passes beyond them."""
    rounded = (x / step).round().clamp(low, high) * step
    return straight_through(rounded, x.clamp(low * step, high * step))
'''


def _fixed_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    high = 2 ** (p.bits - 1) - 1 if p.signed else 2**p.bits - 1
    low = -high if p.signed else 0
    return "", f"fixed_point({{x}}, {literal(p.step)}, {low}, {high})"


FIXED_POINT_QUANTIZE = LayerSpec(
    name="FixedPointQuantize",
    category=Category.ACTIVATION,
    summary="Rounds to equally spaced numbers, as a chip with few bits would; gradients pass inside the range.",
    formula=r"y = \Delta \operatorname{clip}(\operatorname{round}(x / \Delta), -m, m), \quad m = 2^{n-1} - 1",
    inputs=INPUTS,
    outputs=_OUTPUTS,
    params=(
        _BITS,
        Float("step", 0.0625, "Distance between two neighbouring numbers.", label="Step", min=1e-6, max=1000),
        _SIGNED,
    ),
    shape=same,
    torch=Torch(text=_fixed_text, support=(STRAIGHT, _FIXED_POINT)),
    source="Jacob et al., Quantization and Training of Neural Networks for Integer-Arithmetic-Only Inference, 2018",
    onnx="Round, Clip and Mul.",
    examples=(*EXAMPLES, Example({"bits": 4, "signed": False}, (("N", 8),), ("N", 8))),
    short="{bits}, {step}",
    keywords=("fixed point", "fake quantize", "int8", "quantization aware training", "QuantizeLinear"),
    pitfalls="Numbers beyond the range are cut and get no gradient: step times 2 to the bits must cover them.",
    group=GROUP,
)

_POWER_OF_TWO = '''
def power_of_two(x: Tensor, low: int, high: int, signed: bool, zero: bool) -> Tensor:
    """The nearest power of two from 2**low to 2**high, with the sign of x; 0 if that is nearer."""
    size = 2.0 ** x.abs().log2().round().clamp(low, high)
    tiny = x.abs() < 2.0 ** (low - 0.5)
    if not signed:
        tiny = tiny | (x < 0)
    rounded = torch.where(tiny, 0.0 if zero else 2.0**low, size)
    if signed:
        rounded = torch.where(x < 0, -rounded, rounded)
    limit = 2.0**high
    return straight_through(rounded, x.clamp(-limit if signed else 0.0, limit))
'''


def _power_exponents(p: SimpleNamespace) -> tuple[int, int]:
    left = p.bits - int(p.signed) - int(p.with_zero)
    return p.largest - (2**left - 1), p.largest


def _power_shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    low, _ = _power_exponents(p)
    if low < -100:
        raise ShapeError(
            "{bits} bits name powers of two down to 2^{low}, which no float32 holds: take fewer bits",
            bits=p.bits,
            low=low,
        )
    return (inputs[0],)


def _power_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    low, high = _power_exponents(p)
    return "", f"power_of_two({{x}}, {low}, {high}, {p.signed}, {p.with_zero})"


POW2_QUANTIZE = LayerSpec(
    name="Pow2Quantize",
    category=Category.ACTIVATION,
    summary="Rounds to powers of two, so that a chip can shift instead of multiply; gradients pass.",
    formula=r"y = \operatorname{sign}(x)\, 2^{\operatorname{clip}(\operatorname{round}(\log_2 |x|),\, l,\, m)}",
    inputs=INPUTS,
    outputs=_OUTPUTS,
    params=(
        Int("bits", 4, "How many bits a number may take.", unit="bits", label="Bits", min=2, max=8),
        Int("largest", 1, "The largest number is 2 to this power.", label="Largest power", min=-30, max=30),
        _SIGNED,
        Bool("with_zero", True, "Keep one code for 0.", label="With zero", essential=False),
    ),
    shape=_power_shape,
    torch=Torch(text=_power_text, support=(STRAIGHT, _POWER_OF_TWO)),
    source="Zhou et al., Incremental Network Quantization, 2017, eq. 1 to 4",
    onnx="Log, Round, Pow and Where.",
    examples=(*EXAMPLES, Example({"bits": 3, "signed": False}, (("N", 8),), ("N", 8))),
    short="{bits}, {largest}",
    keywords=("power of two", "logarithmic", "shift", "INQ", "straight-through"),
    pitfalls="Between large powers the gaps are wide. Sign and zero each take a bit.",
    group=GROUP,
)

_MIN_MAX = '''
class MinMaxQuantize(nn.Module):
    """Rounds x to 2**bits equally spaced numbers between its running smallest and largest."""

    def __init__(self, bits: int = 8, decay: float = 0.99) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(-1.0))
        self.register_buffer("high", torch.tensor(1.0))
        self.register_buffer("seen", torch.tensor(0))
        self.levels, self.decay = 2**bits - 1, decay

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.follow(x.detach())
        step = ((self.high - self.low) / self.levels).clamp(min=1e-8)
        zero = (-self.low / step).round().clamp(0, self.levels)  # 0 itself stays exact
        rounded = ((x / step).round() + zero).clamp(0, self.levels) - zero
        inside = torch.clamp(x, -zero * step, (self.levels - zero) * step)
        return straight_through(rounded * step, inside)

    @torch.no_grad()
    def follow(self, x: Tensor) -> None:
        rate = torch.clamp(1 / (self.seen + 1), min=1 - self.decay)
        self.low += rate * (x.amin() - self.low)
        self.high += rate * (x.amax() - self.high)
        self.seen += 1
'''


def _min_max_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    return build_text("MinMaxQuantize", bits=(p.bits, 8), decay=(p.decay, 0.99)), ""


MIN_MAX_QUANTIZE = LayerSpec(
    name="MinMaxQuantize",
    category=Category.ACTIVATION,
    summary="Rounds to equally spaced numbers over the range that it has seen in training; gradients pass.",
    formula=r"y = \Delta\left(\operatorname{clip}(\operatorname{round}(x / \Delta) + z,\, 0,\, 2^n - 1) - z\right),"
    r" \quad \Delta = \frac{M - m}{2^n - 1}",
    inputs=INPUTS,
    outputs=_OUTPUTS,
    params=(
        _BITS,
        Float(
            "decay",
            0.99,
            "How slowly the running smallest and largest follow.",
            label="Decay of means",
            essential=False,
            min=0,
            max=0.9999,
        ),
    ),
    shape=same,
    torch=Torch(text=_min_max_text, support=(STRAIGHT, _MIN_MAX)),
    source="Jacob et al., Quantization and Training of Neural Networks for Integer-Arithmetic-Only Inference, 2018",
    onnx="Round, Clip and Mul, with the range seen in training.",
    traits=Traits(stateful=True),
    examples=(*EXAMPLES, Example({"bits": 4}, (("N", 8),), ("N", 8))),
    short="{bits}",
    keywords=("fake quantize", "int8", "quantization aware training", "observer", "QuantizeLinear"),
    pitfalls="One wild number widens the range for all. In evaluation the range stands still.",
    group=GROUP,
)

_PRUNED = '''
def pruned(x: Tensor, share: float) -> Tensor:
    """x (N, …) with the smallest share of each sample's numbers set to 0; gradients pass to all."""
    size = x.flatten(1).abs()  # N numbers
    least = size.sort(1).values[:, int(share * size.shape[1])].unsqueeze(1)
    return straight_through(x * (size >= least).view_as(x), x)
'''

PRUNE = LayerSpec(
    name="Prune",
    category=Category.ACTIVATION,
    summary="Sets the smallest numbers of each sample to 0; on the way back as if all had stayed.",
    formula=r"y_i = x_i \,[\,|x_i| \ge q_p(|x|)\,]",
    inputs=(Port("x", "N F *", doc="Any numbers."),),
    outputs=(Port("y", "N F *", doc="The same shape, partly 0."),),
    params=(Float("share", 0.5, "Share of the numbers that become 0.", label="Share", min=0, max=0.999),),
    shape=same,
    torch=Torch(call="pruned({x}, {share})", support=(STRAIGHT, _PRUNED)),
    source="Han et al., Learning both Weights and Connections for Efficient Neural Networks, 2015",
    onnx="Sort by TopK, comparison and Mul.",
    examples=EXAMPLES,
    short="{share}",
    keywords=("pruning", "sparse", "magnitude", "threshold", "straight-through"),
    pitfalls="Works on what flows through the wire, not on weights. It acts in evaluation too.",
    group=GROUP,
)

LAYERS = (
    FIXED_POINT_QUANTIZE,
    POW2_QUANTIZE,
    MIN_MAX_QUANTIZE,
    PRUNE,
)
