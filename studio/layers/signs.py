"""Which parameter a letter of a formula stands for, where its name does not say so: the help panel puts the number in.

In one table, because the letters follow conventions of whole families: m is a margin, c a number that is given.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from studio.layers.spec import LayerSpec

_SCALARS = (
    "AddScalar", "MultiplyScalar", "DivideScalar", "FloorDivideScalar", "RemainderScalar", "PowerScalar",
    "MaximumScalar", "MinimumScalar", "ReverseSubtractScalar", "ReverseDivideScalar", "ReversePowerScalar",
    "EqualScalar", "NotEqualScalar", "GreaterScalar", "GreaterEqualScalar", "LessScalar", "LessEqualScalar",
)  # fmt: skip
_MARGINS = (
    "MultiMargin", "HingeEmbedding", "MarginRanking", "CosineEmbedding", "TripletMargin",
    "TripletMarginWithDistance", "Contrastive",
)  # fmt: skip


def _each(names: Iterable[str], signs: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    return dict.fromkeys(names, signs)


SIGNS: Mapping[str, Mapping[str, str]] = {
    **_each(_SCALARS, {"c": "other"}),
    **_each(_MARGINS, {"m": "margin"}),
    **_each(("ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "MaskedFill", "Constant"), {"c": "value"}),
    **_each(("LPPool1d", "LPPool2d", "LPPool3d"), {"p": "norm_type"}),
    **_each(("Var", "Std"), {"c": "correction"}),
    **_each(("Tril", "Triu"), {"d": "diagonal"}),
    **_each(("Dice", "Tversky"), {"s": "smooth"}),
    "EMA": {"d": "decay"},
    "RandomTimestep": {"T": "steps"},
    "CausalConv1d": {"k": "kernel_size"},
    "VectorQuantize": {"β": "commitment"},
    "LowRankAdapter": {"r": "rank"},
    "PaddingMask": {"p": "padding"},
    "MaskTokens": {"p": "share"},
    "SinusoidalPositions": {"b": "base"},
    "TimestepEmbedding": {"b": "longest", "E": "width"},
    "FourierFeatures": {"σ": "scale"},
    "Hardtanh": {"a": "min_val", "b": "max_val"},
    "RReLU": {"l": "lower", "u": "upper"},
    "Threshold": {"t": "threshold", "v": "value"},
    "FixedPointQuantize": {"n": "bits", "Δ": "step"},
    "MinMaxQuantize": {"n": "bits"},
    "GaussianNoise": {"σ": "std"},
    "ClipNorm": {"c": "limit"},
    "PixelShuffle": {"r": "upscale_factor"},
    "PixelUnshuffle": {"r": "downscale_factor"},
    "ChannelShuffle": {"g": "groups"},
    "IsClose": {"a": "atol", "r": "rtol"},
    "Clamp": {"a": "min", "b": "max"},
    "NanToNum": {"a": "nan"},
    "Norm": {"p": "ord"},
    "STFT": {"n": "n_fft"},
    "Spectrogram": {"W": "window"},
    "BlurPool2d": {"k": "kernel_size"},
    "GradientReversal": {"λ": "strength"},
    "RandomShift": {"m": "most"},
    "RandomLight": {"c": "contrast", "b": "brightness"},
    "EpsilonInsensitive": {"ε": "epsilon"},
    "GradientPenalty": {"k": "slope"},
    "FullLike": {"c": "fill_value"},
    "Linspace": {"a": "start", "b": "end"},
    "FadeIn": {"s": "steps"},
    "NonMaxSuppression": {"o": "overlap"},
    "Optimizer": {"η": "learning_rate"},
}


def with_signs(spec: LayerSpec) -> LayerSpec:
    """``spec`` with what the letters of its formula stand for."""
    found = SIGNS.get(spec.name)
    return replace(spec, symbols={**found, **spec.symbols}) if found else spec
