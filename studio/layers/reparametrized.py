"""Weights used in another form than they are stored: spectral norm and weight norm, for all dense layers alike.

A parameter of the layer, not a layer of its own: its weight is what is normalized, and torch has it as a wrapper
round the module too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

from studio.layers.params import Choice
from studio.layers.rules import Specs
from studio.layers.spec import LayerSpec

LAYERS_WITH_IT = (
    "Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d",
)  # fmt: skip
WEIGHT_NORM = Choice(
    "weight_norm",
    "none",
    "spectral: the weight is divided by how much it can stretch a vector, as in the discriminator of a GAN;"
    " weight: its length and direction are learned apart.",
    label="Weight normalized",
    essential=False,
    options=("none", "spectral", "weight"),
)
_KEYWORDS = ("SpectralNorm", "spectral_norm", "WeightNormalization", "weight_norm", "parametrizations")
_DIFFERS = "Torch puts it round the layer: torch.nn.utils.parametrizations."
_WRAPPERS = {"spectral": "parametrizations.spectral_norm", "weight": "parametrizations.weight_norm"}


def with_weight_norm(spec: LayerSpec) -> LayerSpec:
    """``spec`` with the parameter, where it is a layer whose weight can be normalized."""
    if spec.name not in LAYERS_WITH_IT:
        return spec
    rule, text = spec.weights, spec.torch.text
    assert rule and text

    def weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
        found = dict(rule(p, inputs))
        if p.weight_norm == "none" or "weight" not in found:
            return found
        shape = found.pop("weight")
        if p.weight_norm == "spectral":
            return {**found, "parametrizations.weight.original": shape}
        length = (shape[0], *(1,) * (len(shape) - 1))
        return {
            **found,
            "parametrizations.weight.original0": length,
            "parametrizations.weight.original1": shape,
        }

    def wrapped(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        build, call = text(p, inputs)
        if p.weight_norm == "none" or not build:
            return build, call
        return f"{_WRAPPERS[p.weight_norm]}({build})", call

    imports = (*spec.torch.imports, "from torch.nn.utils import parametrizations")
    return replace(
        spec,
        params=(*spec.params, WEIGHT_NORM),
        weights=weights,
        torch=replace(spec.torch, text=wrapped, imports=imports),
        keywords=(*spec.keywords, *_KEYWORDS),
        differs={**spec.differs, WEIGHT_NORM.name: _DIFFERS},
    )
