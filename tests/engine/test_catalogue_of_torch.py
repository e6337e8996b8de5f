"""All of torch.nn is in the catalogue or stands here with the reason; what masks and places do is torch's."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from studio.graph.sizes import symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.values import values
from tests.conformance.test_rules import layer_of

_BASE = "a class that others are made from"
_HOLDS = "holds modules or weights: here that is a block or the drawing itself"
_OLD = "deprecated by torch"
LEFT_OUT = {
    "Module": _BASE,
    "RNNBase": _BASE,
    "RNNCellBase": _BASE,
    "Container": _BASE,
    "Sequential": _HOLDS,
    "ModuleList": _HOLDS,
    "ModuleDict": _HOLDS,
    "ParameterList": _HOLDS,
    "ParameterDict": _HOLDS,
    "DataParallel": "spreads a network over devices, which is the trainer's business",
    "SyncBatchNorm": "BatchNorm of several processes on GPUs; torch converts BatchNorm to it when they are used",
    "CrossMapLRN2d": "the same numbers as LocalResponseNorm, by an older way that can't be exported",
    "UpsamplingNearest2d": f"{_OLD}: Upsample with the mode nearest",
    "UpsamplingBilinear2d": f"{_OLD}: Upsample with the mode bilinear and corners that stay",
    "NLLLoss2d": f"{_OLD}: NLL",
    "LinearCrossEntropyLoss": "Linear and CrossEntropy in one kernel: drawn as the two",
}
MODULES = {
    name
    for name in dir(nn)
    if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
}
BY_TORCH_NAME = {spec.torch_name: spec for spec in CATALOGUE.values() if spec.torch_name}


def test_every_module_of_torch_is_here_or_left_out_with_a_reason() -> None:
    missing = {name for name in MODULES if f"nn.{name}" not in BY_TORCH_NAME and not name.startswith("Lazy")}
    assert missing == set(LEFT_OUT), "write a record, or the reason why not"


def test_lazy_modules_have_an_eager_one_that_is_here() -> None:
    """They read sizes off the input, which every record does anyway."""
    for name in MODULES:
        if name.startswith("Lazy"):
            assert f"nn.{name.removeprefix('Lazy')}" in BY_TORCH_NAME


def test_nothing_claims_a_name_that_torch_lacks() -> None:
    for name in BY_TORCH_NAME:
        target: object = torch
        for part in name.split("."):
            assert hasattr(target, part), name
            target = getattr(target, part)


SEQUENCE = TensorSpec((symbol("N"), 4, 8))


@pytest.mark.parametrize("name", ["MultiheadAttention", "TransformerEncoderLayer", "TransformerEncoder"])
def test_looking_back_only_hides_what_lies_ahead(name: str) -> None:
    spec = CATALOGUE[name]
    port = spec.inputs[0].name
    p = values(spec, {"causal": True, "dropout": 0.0}, wired=frozenset({port}))
    layer = layer_of(spec, p, (SEQUENCE,)).eval()
    x = torch.randn(2, 4, 8)
    changed = x.clone()
    changed[:, 3] += 1.0
    (before,), (after,) = layer(x), layer(changed)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.allclose(before[:, 3], after[:, 3], atol=1e-3)


@pytest.mark.parametrize(
    ("name", "mask"),
    [("MultiheadAttention", "key_padding_mask"), ("TransformerEncoderLayer", "src_key_padding_mask")],
)
def test_yes_in_a_padding_mask_hides_a_position(name: str, mask: str) -> None:
    spec = CATALOGUE[name]
    p = values(spec, {"dropout": 0.0}, wired=frozenset({spec.inputs[0].name, mask}))
    layer = layer_of(spec, p, (SEQUENCE, TensorSpec((symbol("N"), 4), "bool"))).eval()
    x = torch.randn(2, 4, 8)
    hidden = torch.tensor([False, False, False, True]).expand(2, 4)
    changed = x.clone()
    changed[:, 3] += 1.0
    (before,), (after,) = layer(x, hidden), layer(changed, hidden)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)


def test_what_is_pooled_goes_back_to_its_place() -> None:
    pool, unpool = CATALOGUE["MaxPool2d"], CATALOGUE["MaxUnpool2d"]
    image = TensorSpec((symbol("N"), 2, 7, 7))
    p = values(pool, {"return_indices": True})
    small, places = pool.shape(p, (image,))
    back = values(unpool, {}, wired=frozenset({"x", "indices", "like"}))
    assert unpool.shape(back, (small, places, image))[0].shape == image.shape
    x = torch.rand(3, 2, 7, 7)
    kept, where = layer_of(pool, p, (image,))(x)
    (restored,) = layer_of(unpool, back, (small, places, image))(kept, where, x)
    found = restored != 0
    assert int(found.sum()) == kept.numel() and torch.equal(restored[found], x[found])
