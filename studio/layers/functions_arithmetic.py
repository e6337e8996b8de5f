"""Arithmetic as layers: between wires, with a number, and on each number by itself."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.dtypes import beside_number, real, without_phase
from studio.layers.functions import keep, number_text, of_two, on_each, with_number
from studio.layers.params import Float
from studio.layers.rules import Specs
from studio.layers.spec import LayerSpec, ShapeError, Torch

_GROUP = "Arithmetic"
_ALL = "number|complex"


def _number(default: float, doc: str, **rest: float) -> Float:
    return Float("other", default, doc, label="Number", **rest)  # type: ignore[arg-type]


def _not_zero(value: float) -> None:
    if value == 0:
        raise ShapeError("nothing can be divided by 0: choose another number")


SUBTRACT = of_two(
    "Subtract",
    "Takes one value from another, number by number.",
    r"y = x_1 - x_2",
    "{x} - {other}",
    "The order matters: the second wire is taken away from the first.",
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.sub",
    onnx="Sub.",
    keywords=("minus", "difference", "Sub", "Sub2", "keras.layers.Subtract", "error"),
    differs={"alpha": "a factor before the second value is a MultiplyScalar"},
)

DIVIDE = of_two(
    "Divide",
    "Divides one value by another, number by number.",
    r"y = \frac{x_1}{x_2}",
    "{x} / {other}",
    "Where the divisor comes near 0 the result explodes: add a small number to it first.",
    dtype=real,
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.div",
    onnx="Div.",
    keywords=("quotient", "ratio", "Div", "Div2", "true_divide", "over"),
    differs={"rounding_mode": "FloorDivide and Trunc are layers of their own"},
)

FLOOR_DIVIDE = of_two(
    "FloorDivide",
    "Divides and rounds down to the next whole number.",
    r"y = \left\lfloor \frac{x_1}{x_2} \right\rfloor",
    "{x} // {other}",
    "No gradient passes it: the result is flat between two steps.",
    takes="float",
    group=_GROUP,
    torch_name="torch.floor_divide",
    onnx="Div and Floor.",
    keywords=("integer division", "//", "floordiv", "whole quotient"),
)

REMAINDER = of_two(
    "Remainder",
    "Gives what is left over after division; it has the sign of the divisor.",
    r"y = x_1 - x_2 \left\lfloor \frac{x_1}{x_2} \right\rfloor",
    "{x} % {other}",
    "Wraps values around, as a clock does; it jumps at each full turn.",
    takes="float",
    group=_GROUP,
    torch_name="torch.remainder",
    onnx="Div, Floor, Mul and Sub.",
    keywords=("modulo", "mod", "%", "Mod", "wrap", "periodic"),
)

POWER = of_two(
    "Power",
    "Raises one value to the power of another, number by number.",
    r"y = x_1^{x_2}",
    "{x} ** {other}",
    "A negative base has no real power with a fraction: the result is not a number.",
    takes="float",
    group=_GROUP,
    torch_name="torch.pow",
    onnx="Pow.",
    keywords=("exponent", "Pow", "Pow2", "**", "to the power of"),
)

MAXIMUM = of_two(
    "Maximum",
    "Takes the larger of two numbers, position by position.",
    r"y = \max(x_1, x_2)",
    "torch.maximum({x}, {other})",
    "Only the larger side learns. Max, in contrast, looks along an axis of one value.",
    group=_GROUP,
    torch_name="torch.maximum",
    onnx="Max.",
    keywords=("larger", "Maximum2", "maxout", "Max", "keras.layers.Maximum", "upper"),
)

MINIMUM = of_two(
    "Minimum",
    "Takes the smaller of two numbers, position by position.",
    r"y = \min(x_1, x_2)",
    "torch.minimum({x}, {other})",
    "Only the smaller side learns. Twin critics in reinforcement learning are joined this way.",
    group=_GROUP,
    torch_name="torch.minimum",
    onnx="Min.",
    keywords=("smaller", "Minimum2", "Min", "keras.layers.Minimum", "lower"),
)

ADD_SCALAR = with_number(
    "AddScalar",
    "Adds one number to all numbers.",
    r"y = x + c",
    "",
    "A small number added before a division, root or logarithm keeps them away from 0.",
    value=_number(1.0, "What is added; negative to take away."),
    takes=_ALL,
    group=_GROUP,
    torch=Torch(
        text=lambda p, inputs: ("", f"{{x}} {'-' if p.other < 0 else '+'} {number_text(_magnitude(p.other))}")
    ),
    torch_name="torch.add",
    onnx="Add.",
    keywords=("plus", "offset", "shift", "bias", "AddConstant", "epsilon"),
    differs={"alpha": "the number can be typed as it is meant"},
)


def _magnitude(value: float) -> float:
    return value if value >= 0 else -value


MULTIPLY_SCALAR = with_number(
    "MultiplyScalar",
    "Multiplies all numbers by one number.",
    r"y = c \, x",
    "{x} * {other}",
    "Scales gradients by the same number as well.",
    value=_number(0.5, "The factor."),
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.mul",
    onnx="Mul.",
    keywords=("scale", "factor", "MulScalar", "times", "gain", "Rescaling"),
)

DIVIDE_SCALAR = with_number(
    "DivideScalar",
    "Divides all numbers by one number.",
    r"y = \frac{x}{c}",
    "{x} / {other}",
    "Pictures of 0 to 255 come to 0 to 1 when divided by 255.",
    value=_number(2.0, "The divisor; not 0."),
    takes=_ALL,
    dtype=lambda dtype, value: real(dtype),
    check=_not_zero,
    group=_GROUP,
    torch_name="torch.div",
    onnx="Div.",
    keywords=("quotient", "DivScalar", "temperature", "normalize", "over"),
    differs={"rounding_mode": "FloorDivideScalar is a layer of its own"},
)

FLOOR_DIVIDE_SCALAR = with_number(
    "FloorDivideScalar",
    "Divides all numbers by one number and rounds down.",
    r"y = \left\lfloor \frac{x}{c} \right\rfloor",
    "{x} // {other}",
    "Turns positions into the number of the block they lie in. No gradient passes it.",
    value=_number(2.0, "The divisor; not 0."),
    check=_not_zero,
    group=_GROUP,
    torch_name="torch.floor_divide",
    onnx="Div and Floor.",
    keywords=("integer division", "//", "block number", "quantize"),
)

REMAINDER_SCALAR = with_number(
    "RemainderScalar",
    "Gives what is left over after division by one number.",
    r"y = x - c \left\lfloor \frac{x}{c} \right\rfloor",
    "{x} % {other}",
    "Wraps angles, hours or positions around; it jumps at each full turn.",
    value=_number(2.0, "The length of a full turn; not 0."),
    check=_not_zero,
    group=_GROUP,
    torch_name="torch.remainder",
    onnx="Mod, or Div, Floor, Mul and Sub.",
    keywords=("modulo", "mod", "%", "wrap", "periodic", "hour of day"),
)


def _power_dtype(dtype: str, value: float) -> str:
    return real(dtype) if value < 0 else beside_number(dtype, value)


def _power_text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
    """A negative power of whole numbers is written as a fraction, or torch refuses it."""
    whole = inputs[0].dtype.startswith(("int", "uint")) and p.other < 0
    return "", f"{{x}} ** {float(p.other) if whole else number_text(p.other)}"


POWER_SCALAR = with_number(
    "PowerScalar",
    "Raises all numbers to one power.",
    r"y = x^{c}",
    "",
    "A fraction as the power gives no number for negative inputs; its gradient explodes near 0.",
    value=_number(2.0, "The exponent."),
    dtype=_power_dtype,
    group=_GROUP,
    torch=Torch(text=_power_text),
    torch_name="torch.pow",
    onnx="Pow.",
    keywords=("exponent", "PowScalar", "**", "gamma correction", "Pow"),
    differs={"exponent": "called other, as in the other layers with a number"},
)

MAXIMUM_SCALAR = with_number(
    "MaximumScalar",
    "Raises all numbers that are smaller than a limit to the limit.",
    r"y = \max(x, c)",
    "{x}.clamp(min={other})",
    "With 0 it is ReLU. What lies below the limit does not learn.",
    value=_number(0.0, "The lower limit."),
    group=_GROUP,
    torch_name="torch.clamp_min",
    onnx="Max or Clip.",
    keywords=("clamp_min", "floor", "lower limit", "at least", "Max"),
    differs={"min": "called other, as in the other layers with a number"},
)

MINIMUM_SCALAR = with_number(
    "MinimumScalar",
    "Lowers all numbers that are larger than a limit to the limit.",
    r"y = \min(x, c)",
    "{x}.clamp(max={other})",
    "What lies above the limit does not learn.",
    value=_number(1.0, "The upper limit."),
    group=_GROUP,
    torch_name="torch.clamp_max",
    onnx="Min or Clip.",
    keywords=("clamp_max", "ceiling", "upper limit", "at most", "Min"),
    differs={"max": "called other, as in the other layers with a number"},
)

REVERSE_SUBTRACT_SCALAR = with_number(
    "ReverseSubtractScalar",
    "Takes all numbers away from one number.",
    r"y = c - x",
    "{other} - {x}",
    "With 1 it turns a share into the rest, as the update gate of a GRU does.",
    value=_number(1.0, "What is taken from."),
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.rsub",
    source="https://docs.pytorch.org/docs/stable/generated/torch.sub.html",
    onnx="Sub.",
    keywords=("RSubScalar", "rsub", "one minus", "complement", "invert"),
    differs={"alpha": "a factor before the wire is a MultiplyScalar"},
)

REVERSE_DIVIDE_SCALAR = with_number(
    "ReverseDivideScalar",
    "Divides one number by all numbers.",
    r"y = \frac{c}{x}",
    "{other} / {x}",
    "Explodes near 0: add a small number first.",
    value=_number(1.0, "What is divided."),
    takes=_ALL,
    dtype=lambda dtype, value: real(dtype),
    group=_GROUP,
    torch_name="torch.div",
    onnx="Div.",
    keywords=("RDivScalar", "rdiv", "inverse", "one over"),
    differs={"rounding_mode": "Floor is a layer of its own"},
)

REVERSE_POWER_SCALAR = with_number(
    "ReversePowerScalar",
    "Raises one number to the power of all numbers.",
    r"y = c^{x}",
    "{other} ** {x}",
    "Grows very fast: keep the inputs small.",
    value=_number(2.0, "The base.", min=0),
    takes="float",
    group=_GROUP,
    torch_name="torch.pow",
    onnx="Pow.",
    keywords=("RPowScalar", "rpow", "base", "exponential"),
    differs={
        "self": "called other, as in the other layers with a number",
        "exponent": "what comes in by the wire",
    },
)

NEGATE = on_each(
    "Negate",
    "Turns the sign of every number around.",
    r"y = -x",
    "-{x}",
    "A loss with its sign turned is maximized; a bare minus on a score is easy to overlook.",
    dtype=keep,
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.neg",
    onnx="Neg.",
    keywords=("minus", "sign", "Neg", "opposite", "invert"),
)

RECIPROCAL = on_each(
    "Reciprocal",
    "Divides 1 by every number.",
    r"y = \frac{1}{x}",
    "1 / {x}",
    "Explodes near 0, and so does its gradient: add a small number first.",
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.reciprocal",
    onnx="Reciprocal.",
    keywords=("inverse", "one over", "1/x"),
)

ABS = on_each(
    "Abs",
    "Drops the sign of every number; of a complex number it gives the length.",
    r"y = |x|",
    "{x}.abs()",
    "Has a kink at 0, where the gradient is 0.",
    dtype=without_phase,
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.abs",
    onnx="Abs.",
    keywords=("absolute", "magnitude", "modulus", "rectify", "Abs", "spectrum"),
)

SIGN = on_each(
    "Sign",
    "Gives -1, 0 or 1: the sign of every number.",
    r"y = \operatorname{sign}(x)",
    "{x}.sign()",
    "No gradient passes it. Binary networks train through it with tricks; see BinaryTanh.",
    dtype=keep,
    group=_GROUP,
    torch_name="torch.sign",
    onnx="Sign.",
    keywords=("signum", "binary", "direction"),
)

SQRT = on_each(
    "Sqrt",
    "Takes the square root of every number.",
    r"y = \sqrt{x}",
    "{x}.sqrt()",
    "Negative inputs give no number; the gradient at 0 is infinite: add a small number first.",
    group=_GROUP,
    torch_name="torch.sqrt",
    onnx="Sqrt.",
    keywords=("square root", "root"),
)

RSQRT = on_each(
    "Rsqrt",
    "Divides 1 by the square root of every number.",
    r"y = \frac{1}{\sqrt{x}}",
    "{x}.rsqrt()",
    "The core of every normalization; add a small number first, or 0 explodes.",
    group=_GROUP,
    torch_name="torch.rsqrt",
    onnx="Sqrt and Reciprocal.",
    keywords=("inverse square root", "normalize"),
)

SQUARE = on_each(
    "Square",
    "Multiplies every number by itself.",
    r"y = x^2",
    "{x}.square()",
    "The mean of squares is the energy of a signal; the squared error is Subtract and Square.",
    dtype=keep,
    takes=_ALL,
    group=_GROUP,
    torch_name="torch.square",
    onnx="Mul.",
    keywords=("power", "x^2", "energy", "squared"),
)

LAYERS: tuple[LayerSpec, ...] = (
    SUBTRACT,
    DIVIDE,
    FLOOR_DIVIDE,
    REMAINDER,
    POWER,
    MAXIMUM,
    MINIMUM,
    ADD_SCALAR,
    MULTIPLY_SCALAR,
    DIVIDE_SCALAR,
    FLOOR_DIVIDE_SCALAR,
    REMAINDER_SCALAR,
    POWER_SCALAR,
    MAXIMUM_SCALAR,
    MINIMUM_SCALAR,
    REVERSE_SUBTRACT_SCALAR,
    REVERSE_DIVIDE_SCALAR,
    REVERSE_POWER_SCALAR,
    NEGATE,
    RECIPROCAL,
    ABS,
    SIGN,
    SQRT,
    RSQRT,
    SQUARE,
)
