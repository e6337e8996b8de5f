"""How learned weights begin: the records of torch.nn.init, and the parameters that every learned layer has for them.

Layers don't say it themselves: ``added`` gives the parameters to each record that learns. "default" is what torch's
module does by itself, so that nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace

from studio.layers.params import Choice, Float, Param
from studio.layers.rules import Specs
from studio.layers.spec import Rule, ShapeError, WeightRule
from studio.layers.text import build_text

DEFAULT = "default"
_PAGE = "https://docs.pytorch.org/docs/stable/nn.init.html#torch.nn.init.{}_"


@dataclass(frozen=True, slots=True)
class Initializer:
    """One way to begin. ``arguments`` are (torch's, the layer's parameter, torch's default)."""

    name: str
    summary: str
    formula: str
    pitfalls: str
    arguments: tuple[tuple[str, str, object], ...] = ()
    fewest: int = 0  # axes that a weight must have
    most: int = 99
    keywords: tuple[str, ...] = ()

    @property
    def torch_name(self) -> str:
        """What of torch it is."""
        return f"nn.init.{self.name}_"

    @property
    def source(self) -> str:
        """The page of torch's documentation."""
        return _PAGE.format(self.name)


_GAIN = (("gain", "init_gain", 1.0),)
_KAIMING = (("mode", "init_mode", "fan_in"), ("nonlinearity", "init_nonlinearity", "leaky_relu"))
INITIALIZERS = (
    Initializer(
        "uniform",
        "Any number between two bounds, all as likely.",
        r"w \sim U(-b, b)",
        "The right bound depends on the layer's width: the Xavier and Kaiming ones work it out.",
        keywords=("RandomUniform",),
    ),
    Initializer(
        "normal",
        "Numbers around 0, large ones rare.",
        r"w \sim N(0, \sigma^2)",
        "Transformers take 0.02; deep networks of other kinds want one that knows their width.",
        (("std", "init_std", 1.0),),
        keywords=("Gaussian", "RandomNormal"),
    ),
    Initializer(
        "trunc_normal",
        "Numbers around 0, none farther out than 2.",
        r"w \sim N(0, \sigma^2),\ |w| \le 2",
        "As normal, without the rare large weights: used in vision transformers.",
        (("std", "init_std", 1.0),),
        keywords=("truncated normal", "TruncatedNormal", "ViT"),
    ),
    Initializer(
        "constant",
        "The same number everywhere.",
        r"w = c",
        "All neurons of a layer then learn the same: for biases and scales only.",
        (("val", "init_value", None),),
        keywords=("fill", "Constant"),
    ),
    Initializer(
        "ones",
        "1 everywhere.",
        r"w = 1",
        "For scales; in a weight matrix all neurons then learn the same.",
        keywords=("Ones",),
    ),
    Initializer(
        "zeros",
        "0 everywhere.",
        r"w = 0",
        "Good for the last layer of a residual branch, which then begins as if it were not there.",
        keywords=("Zeros", "zero init residual"),
    ),
    Initializer(
        "eye",
        "The identity: what comes in goes out.",
        r"w_{ij} = [i = j]",
        "For matrices; a recurrent one begins by remembering everything.",
        fewest=2,
        most=2,
        keywords=("identity", "Identity", "IRNN"),
    ),
    Initializer(
        "dirac",
        "The identity for convolutions: each channel goes through unchanged.",
        r"w_{ii, centre} = 1",
        "For convolutions with as many channels out as in.",
        fewest=3,
        most=5,
        keywords=("identity", "delta", "DiracDelta"),
    ),
    Initializer(
        "xavier_uniform",
        "Keeps signals as large from layer to layer, by the widths on both sides: for tanh and sigmoid.",
        r"w \sim U(-a, a),\ a = g \sqrt{\frac{6}{n_{in} + n_{out}}}",
        "With ReLU half of the signal is lost in each layer: take Kaiming.",
        _GAIN,
        fewest=2,
        keywords=("Glorot", "GlorotUniform"),
    ),
    Initializer(
        "xavier_normal",
        "As xavier_uniform, with numbers around 0.",
        r"w \sim N(0, \sigma^2),\ \sigma = g \sqrt{\frac{2}{n_{in} + n_{out}}}",
        "With ReLU half of the signal is lost in each layer: take Kaiming.",
        _GAIN,
        fewest=2,
        keywords=("Glorot", "GlorotNormal"),
    ),
    Initializer(
        "kaiming_uniform",
        "Keeps signals as large from layer to layer behind ReLU.",
        r"w \sim U(-a, a),\ a = g \sqrt{\frac{3}{n}}",
        "torch's own default for Linear and Conv has a sixth of this one's variance.",
        _KAIMING,
        fewest=2,
        keywords=("He", "HeUniform", "ReLU"),
    ),
    Initializer(
        "kaiming_normal",
        "As kaiming_uniform, with numbers around 0: for deep networks with ReLU.",
        r"w \sim N(0, \sigma^2),\ \sigma = \frac{g}{\sqrt n}",
        "With fan_out the gradients keep their size, as in ResNet; with fan_in the signals do.",
        _KAIMING,
        fewest=2,
        keywords=("He", "HeNormal", "ResNet", "MSRA"),
    ),
    Initializer(
        "orthogonal",
        "Turns signals without stretching them: for recurrent networks.",
        r"w w^T = g^2 I",
        "Slow for matrices of many thousand rows.",
        _GAIN,
        fewest=2,
        keywords=("Orthogonal", "rotation", "RNN"),
    ),
    Initializer(
        "sparse",
        "Most weights of each column 0, the others around 0.",
        r"w_{ij} = 0\ \text{for a share of the rows}",
        "For matrices; every neuron begins by listening to a few others.",
        (("sparsity", "init_sparsity", None), ("std", "init_std", 0.01)),
        fewest=2,
        most=2,
        keywords=("sparse initialization",),
    ),
)
INITIALIZER: dict[str, Initializer] = {record.name: record for record in INITIALIZERS}
LEFT_OUT = {
    "calculate_gain": "Not a way to begin; the parameter “Activation after it” of the Kaiming ones does this.",
}


def _users(param: str, *more: str) -> tuple[str, ...]:
    found = [r.name for r in INITIALIZERS if any(param == own for _, own, _ in r.arguments)]
    return ("weight_init", *found, *more)


PARAMS: tuple[Param, ...] = (
    Choice(
        "weight_init",
        DEFAULT,
        "How the weights begin; default is what torch does by itself.",
        label="Weights begin",
        essential=False,
        options=(DEFAULT, *INITIALIZER),
    ),
    Float(
        "init_gain",
        1.0,
        "Makes all first weights larger by this factor.",
        label="Gain",
        essential=False,
        min=0,
        max=1000,
        when=_users("init_gain"),
    ),
    Float(
        "init_std",
        0.02,
        "Spread of the first weights.",
        label="Spread",
        essential=False,
        min=0,
        max=1000,
        when=_users("init_std"),
    ),
    Float(
        "init_bound",
        0.1,
        "Largest first weight, on both sides of 0.",
        label="Bound",
        essential=False,
        min=0,
        max=1000,
        when=("weight_init", "uniform"),
    ),
    Float(
        "init_value",
        0.0,
        "The number all weights begin with.",
        label="First value",
        essential=False,
        min=-1_000_000,
        max=1_000_000,
        when=_users("init_value"),
    ),
    Choice(
        "init_mode",
        "fan_in",
        "fan_in keeps the size of signals, fan_out that of gradients.",
        label="Keeps",
        essential=False,
        options=("fan_in", "fan_out"),
        when=_users("init_mode"),
    ),
    Choice(
        "init_nonlinearity",
        "leaky_relu",
        "The activation that follows; leaky_relu with torch's slope of 0 counts as ReLU.",
        label="Activation after it",
        essential=False,
        options=("leaky_relu", "relu", "linear", "tanh", "sigmoid", "selu"),
        when=_users("init_nonlinearity"),
    ),
    Float(
        "init_sparsity",
        0.9,
        "Share of each column that begins as 0.",
        label="Share of zeros",
        essential=False,
        min=0,
        max=1,
        when=_users("init_sparsity"),
    ),
    Choice(
        "bias_init",
        DEFAULT,
        "How the biases begin; default is what torch does by itself.",
        label="Biases begin",
        essential=False,
        options=(DEFAULT, "zeros", "ones", "constant"),
    ),
    Float(
        "bias_value",
        0.0,
        "The number all biases begin with, such as -2 for answers that are rarely yes.",
        label="First bias",
        essential=False,
        min=-1_000_000,
        max=1_000_000,
        when=("bias_init", "constant"),
    ),
)
REASON = "torch's modules begin in their own way; other ways are a call of nn.init after they are made."


def with_fit(rule: Rule, weights: WeightRule) -> Rule:
    """A shape rule that also refuses a beginning that fits none of the weights."""

    def checked(p: SimpleNamespace, inputs: Specs) -> Specs:
        found = rule(p, inputs)
        if getattr(p, "weight_init", DEFAULT) != DEFAULT:
            _check(p, weights(p, inputs))
        return found

    return checked


def _check(p: SimpleNamespace, weights: Mapping[str, tuple[int, ...]]) -> None:
    record = INITIALIZER[p.weight_init]
    ranks = [len(shape) for name, shape in weights.items() if not _is_bias(name)]
    if ranks and not any(record.fewest <= rank <= record.most for rank in ranks):
        raise ShapeError(
            "{init} is for weights of {fewest} to {most} axes, but these have {rank}: choose another beginning",
            (("set", "weight_init", DEFAULT),),
            init=p.weight_init,
            fewest=record.fewest,
            most=min(record.most, 5),
            rank=max(ranks),
        )


def init_lines(p: SimpleNamespace, weights: Mapping[str, tuple[int, ...]], module: str) -> list[str]:
    """The statements that begin a module's weights; nothing where torch does it.

    Args:
        p: parameters of its layer.
        weights: its weights by name, and their shapes.
        module: the expression of the module.
    """
    lines: list[str] = []
    if getattr(p, "weight_init", DEFAULT) != DEFAULT:
        record = INITIALIZER[p.weight_init]
        own = [
            name
            for name, shape in weights.items()
            if not _is_bias(name) and record.fewest <= len(shape) <= record.most
        ]
        every = [name for name in weights if not _is_bias(name)]
        lines += _calls(own, every, module, "weight", lambda place: _call(record, p, place))
    if getattr(p, "bias_init", DEFAULT) != DEFAULT:
        biases = [name for name in weights if _is_bias(name)]
        value = (p.bias_value,) if p.bias_init == "constant" else ()
        lines += _calls(
            biases,
            biases,
            module,
            "bias",
            lambda place: build_text(f"nn.init.{p.bias_init}_", *place, *value),
        )
    return lines


def _call(record: Initializer, p: SimpleNamespace, place: tuple[object, ...]) -> str:
    if record.name == "uniform":
        return build_text("nn.init.uniform_", *place, -p.init_bound, p.init_bound)
    given = {name: (getattr(p, own), default) for name, own, default in record.arguments}
    fixed = [value for value, default in given.values() if default is None]
    named = {name: pair for name, pair in given.items() if pair[1] is not None}
    return build_text(record.torch_name, *place, *fixed, **named)


class _Place:
    """An expression among the arguments of a call."""

    def __init__(self, text: str) -> None:
        self.text = text


def _calls(
    own: list[str], every: list[str], module: str, word: str, call: Callable[[tuple[object, ...]], str]
) -> list[str]:
    """One call a weight, or a loop where there are many, all named by the same word."""
    if len(own) > 2 and own == every and all(word in name for name in own):
        return [
            f"for name, weight in {module}.named_parameters():",
            f'    if "{word}" in name:',
            f"        {call((_Place('weight'),))}",
        ]
    return [call((_Place(_path(module, name)),)) for name in own]


def _path(module: str, name: str) -> str:
    """Where a weight lies: the parts of a sequence have numbers."""
    for part in name.split("."):
        module += f"[{part}]" if part.isdigit() else f".{part}"
    return module


def _is_bias(name: str) -> bool:
    return "bias" in name.rpartition(".")[2]
