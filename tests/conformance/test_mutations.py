"""The suite is tested on broken records: each kind of fault that it is there to find is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest

from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.spec import LayerSpec, ShapeError, Torch
from tests.conformance.exported import cases_of, failures
from tests.conformance.test_learning import check_any_sizes, check_learning, check_refusals, check_reload
from tests.conformance.test_onnx import quiet  # noqa: F401
from tests.conformance.test_rules import check, inputs_of, values_of
from tests.conformance.test_signatures import complaints

CONV, LINEAR, TANH = CATALOGUE["Conv2d"], CATALOGUE["Linear"], CATALOGUE["Tanh"]
Specs = tuple[TensorSpec, ...]

_IDLE = """
class Idle(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.unused = nn.Parameter(torch.ones(size))

    def forward(self, x):
        return x * self.weight
"""
_FORGETFUL = """
class Forgetful(nn.Module):
    def __init__(self):
        super().__init__()
        self.shift = torch.randn(1)

    def forward(self, x):
        return x + self.shift
"""


def rules(spec: LayerSpec) -> None:
    """Shapes, weights, text and work of the first example."""
    example = spec.examples[0]
    check(spec, values_of(spec, example), inputs_of(spec, example))


def reload(spec: LayerSpec) -> None:
    """Saving and reading of the first example."""
    check_reload(spec, spec.examples[0])


def refusals(spec: LayerSpec) -> None:
    """Wrong inputs."""
    check_refusals(spec, spec.examples[0])


def learning(spec: LayerSpec) -> None:
    """Gradients of the first example."""
    check_learning(spec, spec.examples[0])


def exports(spec: LayerSpec) -> None:
    """ONNX of the first example."""
    assert not failures(cases_of(spec)[:1])


def wider(p: SimpleNamespace, inputs: Specs) -> Specs:
    """A shape rule that is one too wide."""
    (y,) = CONV.shape(p, inputs)
    return (replace(y, shape=(*y.shape[:-1], y.shape[-1] + 1)),)


def whole(p: SimpleNamespace, inputs: Specs) -> Specs:
    """A shape rule that gets the kind of numbers wrong."""
    return (replace(TANH.shape(p, inputs)[0], dtype="int64"),)


def careless(p: SimpleNamespace, inputs: Specs) -> Specs:
    """A shape rule that never refuses."""
    return (TensorSpec((*inputs[0].shape[:-1], p.out_features)),)


def narrow(p: SimpleNamespace, inputs: Specs) -> Specs:
    """A shape rule that dies of what it should refuse."""
    return (TensorSpec((inputs[0].shape[0], {4: 8}[inputs[0].shape[3]])),)


BROKEN: list[tuple[str, LayerSpec, Callable[[LayerSpec], None]]] = [
    ("shape", replace(CONV, shape=wider), rules),
    ("dtype", replace(TANH, shape=whole), rules),
    ("weight missing", replace(CONV, weights=lambda p, i: {"weight": (32, 1, 5, 5)}), rules),
    ("weight of another size", replace(LINEAR, weights=lambda p, i: {"weight": (1, 1), "bias": (1,)}), rules),
    ("work", replace(LINEAR, flops=lambda p, i, o: 1), rules),
    ("template builds another layer", replace(LINEAR, torch=Torch("nn.Linear({x.F}, 3)")), rules),
    ("template does not run", replace(TANH, torch=Torch(call="torch.tanhh({x})")), rules),
    ("template is no Python", replace(TANH, torch=Torch(call="torch.tanh({x}")), rules),
    ("weight without gradient", replace(TANH, torch=Torch("Idle(5)", support=(_IDLE,))), learning),
    ("state outside of the state", replace(TANH, torch=Torch("Forgetful()", support=(_FORGETFUL,))), reload),
    ("refuses nothing", replace(LINEAR, shape=careless), refusals),
    ("dies instead of refusing", replace(CONV, shape=narrow), refusals),
    ("takes what torch refuses", replace(CONV, shape=lambda p, i: (i[0],)), check_any_sizes),
    ("cannot be exported", replace(TANH, torch=Torch(call="torch.special.bessel_j0({x})")), exports),
]


@pytest.mark.parametrize(("fault", "spec", "checks"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_broken_record_is_caught(fault: str, spec: LayerSpec, checks: Callable[[LayerSpec], None]) -> None:
    with pytest.raises(
        (AssertionError, ShapeError, RuntimeError, AttributeError, SyntaxError, KeyError, IndexError)
    ):
        checks(spec)


@pytest.mark.parametrize(
    "checks", [rules, learning, reload, refusals, check_any_sizes], ids=lambda one: one.__name__
)
def test_the_sound_record_passes(checks: Callable[[LayerSpec], None]) -> None:
    checks(LINEAR)


def test_a_default_that_is_not_torchs_is_caught() -> None:
    params = tuple(
        replace(one, default=not one.default) if one.name == "bias" else one for one in CONV.params
    )
    assert not complaints(CONV)
    assert any("bias" in text for text in complaints(replace(CONV, params=params)))
    renamed = tuple(replace(one, name="with_bias") if one.name == "bias" else one for one in CONV.params)
    found = complaints(replace(CONV, params=renamed))
    assert any("with_bias" in text for text in found) and any(text.startswith("bias") for text in found)
