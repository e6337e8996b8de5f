"""Parameters that whole families of layers have without each record saying so.

What a loss counts for, and how the weights of a learned layer begin.
"""

from __future__ import annotations

from dataclasses import replace

from studio.layers.initializers import PARAMS, REASON, with_fit
from studio.layers.params import Float
from studio.layers.spec import LayerSpec

LOSS_PARAMS = (
    Float(
        "weight",
        1.0,
        "What this loss counts for beside the others of its Optimizer.",
        label="Weight of the loss",
        essential=False,
        min=-1_000_000,
        max=1_000_000,
    ),
    Float(
        "weight_rise",
        0.0,
        "Epochs in which the weight climbs from 0 to its full size; 0 is at once.",
        unit="epochs",
        label="Weight rises over",
        essential=False,
        min=0,
        max=100_000,
    ),
)
_OURS = "What a loss counts for beside others is ours: torch leaves it to the loop."


def with_added(spec: LayerSpec) -> LayerSpec:
    """``spec`` with the parameters that its kind of layer always has."""
    may_begin = spec.traits.learned and spec.traits.role == "layer" and not spec.traits.begins_itself
    if may_begin and spec.weights is not None:
        reasons = {param.name: REASON for param in PARAMS} if spec.torch_name else {}
        differs = {**reasons, **spec.differs}
        params, shape = (*spec.params, *PARAMS), with_fit(spec.shape, spec.weights)
        return replace(spec, params=params, shape=shape, differs=differs)
    if spec.traits.role != "loss":
        return spec
    said = {"weight_rise": _OURS, "weight": _OURS, **spec.differs} if spec.torch_name else spec.differs
    return replace(spec, params=(*spec.params, *LOSS_PARAMS), differs=said)
