"""The catalogue: every layer that can be drawn, in the order of the palette."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.model import Node
from studio.layers import (
    activation,
    attention,
    augmentation,
    binary,
    blending,
    blocks,
    boltzmann,
    cells,
    convolution,
    convolution_transpose,
    custom,
    detection,
    diffusion,
    distance,
    dropout,
    embedding,
    experts,
    feature_norms,
    flow_steps,
    flows,
    functions_along,
    functions_arithmetic,
    functions_comparison,
    functions_create,
    functions_decompositions,
    functions_einsum,
    functions_exponential,
    functions_indexing,
    functions_matrices,
    functions_pieces,
    functions_products,
    functions_reductions,
    functions_reshape,
    functions_resize,
    functions_signal,
    functions_spectral,
    functions_trigonometry,
    gating,
    generative,
    gradients,
    graphs,
    linear,
    losses,
    losses_classes,
    losses_generative,
    losses_numbers,
    losses_pairs,
    losses_regions,
    losses_values,
    masks,
    memory,
    metrics,
    metrics_classes,
    metrics_numbers,
    metrics_reading,
    normalization,
    padding,
    pooling,
    pooling_adaptive,
    positions,
    quantization,
    rectifiers,
    residual,
    sampling,
    separable,
    sequence,
    shape,
    shares,
    sound,
    sources,
    style,
    tokens,
    training,
    transformer,
    transformer_decoder,
    vision,
)
from studio.layers.added import with_added
from studio.layers.ports import with_checks
from studio.layers.reparametrized import with_weight_norm
from studio.layers.signs import with_signs
from studio.layers.spec import Category, LayerSpec

_FILES = (
    sources,
    linear,
    embedding,
    convolution,
    convolution_transpose,
    blocks,
    custom,
    sequence,
    cells,
    memory,
    attention,
    transformer,
    transformer_decoder,
    activation,
    shares,
    rectifiers,
    normalization,
    feature_norms,
    dropout,
    pooling,
    pooling_adaptive,
    padding,
    vision,
    distance,
    shape,
    functions_arithmetic,
    functions_comparison,
    functions_exponential,
    functions_trigonometry,
    functions_reductions,
    functions_reshape,
    functions_indexing,
    functions_along,
    functions_pieces,
    functions_products,
    functions_matrices,
    functions_decompositions,
    functions_einsum,
    functions_spectral,
    functions_signal,
    functions_resize,
    functions_create,
    losses,
    losses_numbers,
    losses_classes,
    losses_regions,
    losses_pairs,
    losses_generative,
    metrics,
    metrics_classes,
    metrics_numbers,
    metrics_reading,
    training,
    residual,
    separable,
    positions,
    tokens,
    masks,
    gating,
    experts,
    style,
    generative,
    gradients,
    boltzmann,
    diffusion,
    flows,
    flow_steps,
    graphs,
    quantization,
    detection,
    sound,
    binary,
    losses_values,
    blending,
    sampling,
    augmentation,
)


def _catalogue() -> dict[str, LayerSpec]:
    order = list(Category)
    specs = [
        with_checks(with_signs(with_weight_norm(with_added(spec)))) for file in _FILES for spec in file.LAYERS
    ]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: order.index(spec.category))}


CATALOGUE: dict[str, LayerSpec] = _catalogue()
_FORMER = {old: spec for spec in CATALOGUE.values() for old in spec.former_names}


def find(name: str) -> LayerSpec | None:
    """The record of the layer ``name``, also by a former name; None when there is none."""
    return CATALOGUE.get(name) or _FORMER.get(name)


def record_of(node: Node) -> LayerSpec | None:
    """The record of a node's layer; a layer that the user wrote has one for each text."""
    spec = find(node.layer)
    if spec is None or spec.name != custom.NAME:
        return spec
    code = node.params.get("code")
    return spec if code is None else custom.custom_record(code, tuple(node.inputs))


def is_random(spec: LayerSpec, p: SimpleNamespace) -> bool:
    """Whether a node with these parameters really draws random numbers in training."""
    share = next((getattr(p, name) for name in ("dropout", "dropout_p", "p") if hasattr(p, name)), 1)
    return spec.traits.random and share > 0
