"""Every record's weights learn, its state survives a file to the bit, and wrong inputs are refused in our words."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import Tensor, nn

from studio.graph.sizes import Size, evaluate, symbol
from studio.graph.spec import TensorSpec
from studio.layers.ports import by_port, kinds_of
from studio.layers.spec import Example, LayerSpec, ShapeError
from studio.layers.values import values
from tests.conformance.test_rules import (
    EXAMPLES,
    NAMES,
    RUNNABLE,
    any_value,
    dtypes_of,
    inputs_of,
    layer_of,
    tensors_for,
    values_of,
)

LEARNED = [(spec, example) for spec, example in EXAMPLES if spec.weights is not None]
WITH_INPUTS = [spec for spec in RUNNABLE if spec.inputs]


def gradients(made: nn.Module, tensors: list[Tensor]) -> dict[str, Tensor | None]:
    """The gradient of each weight for a random pull on every real number that comes out."""
    results = [one for one in made(*tensors) if one.requires_grad]
    pull = [torch.randn_like(one) for one in results]
    torch.autograd.backward(results, pull)
    return {name.removeprefix("layer."): weight.grad for name, weight in made.named_parameters()}


def check_learning(spec: LayerSpec, example: Example) -> None:
    """Each weight gets a finite gradient that is not zero, or the record says why not; and says it truly."""
    torch.manual_seed(3)
    p, inputs = values_of(spec, example), inputs_of(spec, example)
    found = gradients(layer_of(spec, p, inputs), tensors_for(spec, p, inputs))
    for name, gradient in found.items():
        excused = spec.no_gradient.get(name) or spec.no_gradient.get("*")
        learns = (
            gradient is not None and bool(torch.isfinite(gradient).all()) and bool(gradient.abs().sum() > 0)
        )
        assert learns or excused, f"{spec.name}.{name} gets no gradient: {gradient}"
    unknown = set(spec.no_gradient) - set(found) - {"*"}
    assert not unknown or not found, f"{spec.name} excuses weights that it has not: {unknown}"


@pytest.mark.parametrize(("spec", "example"), LEARNED, ids=lambda value: getattr(value, "name", ""))
def test_every_weight_learns(spec: LayerSpec, example: Example) -> None:
    check_learning(spec, example)


@pytest.mark.parametrize("spec", RUNNABLE, ids=lambda spec: spec.name)
def test_state_saves_and_reloads_to_the_bit(spec: LayerSpec) -> None:
    check_reload(spec, spec.examples[0])


def check_reload(spec: LayerSpec, example: Example) -> None:
    """A second module, made with other random numbers, is the first one once it has read its file."""
    p, inputs = values_of(spec, example), inputs_of(spec, example)
    torch.manual_seed(1)
    first = layer_of(spec, p, inputs)
    tensors = [one.detach() for one in tensors_for(spec, p, inputs)]
    if not spec.traits.gradient_of:
        with torch.set_grad_enabled(spec.traits.differentiable):
            first(*tensors)  # statistics move
    data = save({name: value.detach().clone().contiguous() for name, value in first.state_dict().items()})
    torch.manual_seed(2)
    second = layer_of(spec, p, inputs)
    second.load_state_dict(load(data))
    state = second.state_dict()
    for name, value in first.state_dict().items():
        assert torch.equal(value, state[name]) and value.dtype == state[name].dtype, name
    if not spec.traits.gradient_of:
        for ours, theirs in zip(_evaluated(first, tensors), _evaluated(second, tensors), strict=True):
            assert torch.equal(torch.nan_to_num(ours), torch.nan_to_num(theirs))


def _evaluated(made: nn.Module, tensors: list[Tensor]) -> list[Tensor]:
    """What a layer gives in evaluation, with the same draws each time."""
    torch.manual_seed(4)
    return list(made.eval()(*tensors))


def wrong_inputs(spec: LayerSpec, example: Example) -> list[tuple[TensorSpec, ...]]:
    """Inputs that no port pattern allows: an axis too few, one too many, another kind of numbers, nothing."""
    p, good = values_of(spec, example), inputs_of(spec, example)
    found: list[tuple[TensorSpec, ...]] = [()] if any(not port.optional for port in spec.inputs) else []
    at = 0
    for port, specs in by_port(spec, p.wired, good):
        for one in specs:
            names = port.axes.split()
            others = []
            if "*" not in names:
                others += [TensorSpec((*one.shape, 2, 2, 2, 2), one.dtype)]
                others += [TensorSpec(one.shape[:-1], one.dtype)] if one.shape else []
            elif len(names) > 1 and len(one.shape) == len(names) - 1:
                others += [TensorSpec(one.shape[: len(names) - 2], one.dtype)]
            for kind, dtype in (
                ("bool", "bool"),
                ("int", "int64"),
                ("complex", "complex64"),
                ("float", "float32"),
            ):
                if kind not in kinds_of(port):
                    others += [TensorSpec(one.shape, dtype)]
            found += [(*good[:at], other, *good[at + 1 :]) for other in others]
            at += 1
    return found


@pytest.mark.parametrize("spec", WITH_INPUTS, ids=lambda spec: spec.name)
def test_wrong_axes_and_kinds_are_refused_in_our_words(spec: LayerSpec) -> None:
    check_refusals(spec, spec.examples[0])


def check_refusals(spec: LayerSpec, example: Example) -> None:
    """Each wrong input ends in a ShapeError with a sentence."""
    p = values_of(spec, example)
    for inputs in wrong_inputs(spec, example):
        with pytest.raises(ShapeError) as caught:
            spec.shape(p, inputs)
        said = str(caught.value)
        assert said and said == caught.value.template.format(**caught.value.values)
        assert spec.name in said or any(
            word in said for word in ("axis", "window", "number", "size", "shape", "needs")
        )


@pytest.mark.parametrize(
    "spec", [one for one in WITH_INPUTS if one.traits.role == "layer"], ids=lambda spec: spec.name
)
def test_what_torch_refuses_is_refused_first(spec: LayerSpec) -> None:
    check_any_sizes(spec)


def check_any_sizes(spec: LayerSpec) -> None:
    """Any sizes at all: the rules give their own message or torch takes the inputs; torch's traceback is never met."""

    @settings(
        max_examples=12,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),  # the first bad sizes tell enough
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        params = {param.name: data.draw(any_value(param), param.name) for param in spec.params}
        ports = [port for port in spec.inputs if not port.optional or data.draw(st.booleans(), port.name)]
        p = values(spec, params, wired=frozenset(port.name for port in ports))  # type: ignore[arg-type]
        inputs = tuple(_anything(data, port) for port in ports for _ in range(2 if port.variadic else 1))
        try:
            spec.shape(p, inputs)
        except ShapeError as error:
            assert str(error) == error.template.format(**error.values)
            return
        results = layer_of(spec, p, inputs).eval()(*[one.detach() for one in tensors_for(spec, p, inputs)])
        rules = spec.shape(p, inputs)
        assert [tuple(one.shape) for one in results] == [
            tuple(evaluate(size, NAMES) for size in rule.shape) for rule in rules
        ]

    run()


def _anything(data: st.DataObject, port: object) -> TensorSpec:
    """Any shape of any of the port's kinds: its axes with sizes of their own, more or fewer where it allows."""
    shape: tuple[Size, ...] = ()
    for axis in port.axes.split():  # type: ignore[attr-defined]
        if axis == "N":
            shape += (symbol("N"),)
        elif axis == "*":
            shape += tuple(data.draw(st.lists(st.integers(1, 4), max_size=3), axis))
        else:
            shape += (int(axis) if axis.isdigit() else data.draw(st.integers(1, 9), axis),)
    dtype = data.draw(st.sampled_from(dtypes_of(port)), "dtype")  # type: ignore[arg-type]
    return TensorSpec(shape, dtype, 1 if dtype == "int64" else 0)  # 0 lies in every table and every picture
