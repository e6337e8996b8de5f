"""Layers that leave numbers or whole channels out at random in training."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.params import Float
from studio.layers.rules import Specs, same_axes
from studio.layers.spec import Category, Example, LayerSpec, Port, Torch, Traits
from studio.layers.text import build_text
from studio.layers.windows import AXES, GIVEN

_SOURCES = {
    "Dropout": "Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from Overfitting, 2014",
    "Channels": "Tompson et al., Efficient Object Localization Using Convolutional Networks, 2014",
    "Alpha": "Klambauer et al., Self-Normalizing Neural Networks, 2017",
}
_MASK = r"y = \frac{m \odot x}{1 - p}, \quad m \sim \operatorname{Bernoulli}(1 - p)"
_PER_CHANNEL = r"y_c = \frac{m_c \, x_c}{1 - p}, \quad m_c \sim \operatorname{Bernoulli}(1 - p)"
_ALPHA = r"y = a\,(m \odot x + (1 - m)\,\alpha') + b, \quad m \sim \operatorname{Bernoulli}(1 - p)"


def _dropout(
    module: str,
    port: Port,
    words: tuple[str, str, str],
    what: str,
    source: str,
    keywords: tuple[str, ...],
    examples: tuple[Example, ...],
) -> LayerSpec:
    """The record of one dropout; ``words`` are summary, formula and pitfalls, ``what`` is left out."""

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        return build_text(f"nn.{module}", p.p), ""

    return LayerSpec(
        name=module,
        category=Category.NORMALIZATION,
        summary=words[0],
        formula=words[1],
        inputs=(port,),
        outputs=(Port("y", port.axes, doc="The same shape."),),
        params=(Float("p", 0.5, what, label="Share dropped", min=0, max=1),),
        shape=same_axes,
        torch=Torch(text=text),
        source=_SOURCES[source],
        onnx="Left out: it does nothing in evaluation.",
        traits=Traits(random=True),
        examples=examples,
        short="{p}",
        keywords=("regularize", "overfitting", "random", "rate", f"nn.{module}", *keywords),
        pitfalls=words[2],
        group="Dropout" if module != "Dropout" else "",
        torch_name=f"nn.{module}",
    )


_ANY = Port("x", "*", doc="Any numbers.")
_NUMBERS = "Share of the numbers that are set to 0."
_CHANNELS = "Share of the channels that are set to 0."

DROPOUT = _dropout(
    "Dropout",
    _ANY,
    (
        "Sets a random share of the numbers to 0 in training, so that none is relied on alone.",
        _MASK,
        "Training loss looks worse than validation loss with it: that is how it should be.",
    ),
    _NUMBERS,
    "Dropout",
    ("p",),
    (Example({}, (("N", 84),), ("N", 84)), Example({"p": 0.1}, (("N", 8, 4, 4),), ("N", 8, 4, 4))),
)
DROPOUT1D = _dropout(
    "Dropout1d",
    Port("x", f"N C {AXES[1]}", doc=GIVEN[1]),
    (
        "Sets a random share of whole channels of signals to 0 in training.",
        _PER_CHANNEL,
        "Use it after Conv1d, where neighbours say much the same and plain Dropout does little.",
    ),
    _CHANNELS,
    "Channels",
    ("SpatialDropout1D", "channel"),
    (Example({}, (("N", 8, 20),), ("N", 8, 20)),),
)
DROPOUT2D = _dropout(
    "Dropout2d",
    Port("x", f"N C {AXES[2]}", doc=GIVEN[2]),
    (
        "Sets a random share of whole channels of pictures to 0 in training.",
        _PER_CHANNEL,
        "Use it after Conv2d, where neighbours say much the same and plain Dropout does little.",
    ),
    _CHANNELS,
    "Channels",
    ("SpatialDropout2D", "spatialDropout", "channel"),
    (Example({"p": 0.2}, (("N", 8, 6, 6),), ("N", 8, 6, 6)),),
)
DROPOUT3D = _dropout(
    "Dropout3d",
    Port("x", f"N C {AXES[3]}", doc=GIVEN[3]),
    (
        "Sets a random share of whole channels of volumes to 0 in training.",
        _PER_CHANNEL,
        "Use it after Conv3d, where neighbours say much the same and plain Dropout does little.",
    ),
    _CHANNELS,
    "Channels",
    ("SpatialDropout3D", "channel", "volume"),
    (Example({"p": 0.2}, (("N", 4, 4, 6, 6),), ("N", 4, 4, 6, 6)),),
)
ALPHA_DROPOUT = _dropout(
    "AlphaDropout",
    _ANY,
    (
        "Dropout for SELU: sets numbers to the floor of SELU and keeps mean and spread.",
        _ALPHA,
        "Only together with SELU; anywhere else plain Dropout is right.",
    ),
    "Share of the numbers that are set to the floor.",
    "Alpha",
    ("SELU", "self-normalizing"),
    (Example({"p": 0.1}, (("N", 84),), ("N", 84)),),
)
FEATURE_ALPHA_DROPOUT = _dropout(
    "FeatureAlphaDropout",
    Port("x", "N C *", doc="Anything with channels on the second axis."),
    (
        "AlphaDropout for whole channels: sets them to the floor of SELU and keeps mean and spread.",
        _ALPHA,
        "Only together with SELU, after convolutions; anywhere else Dropout2d is right.",
    ),
    "Share of the channels that are set to the floor.",
    "Alpha",
    ("SELU", "self-normalizing", "channel"),
    (Example({"p": 0.1}, (("N", 8, 6, 6),), ("N", 8, 6, 6)),),
)
LAYERS = (DROPOUT, DROPOUT2D, DROPOUT1D, DROPOUT3D, ALPHA_DROPOUT, FEATURE_ALPHA_DROPOUT)
