"""Every record against torch itself: its text is built and run; shapes, weights, work equal the rules."""

from __future__ import annotations

import importlib.util
import math
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from studio.graph.sizes import Size, evaluate, symbol
from studio.graph.spec import TensorSpec
from studio.layers import CATALOGUE
from studio.layers.params import Bool, Choice, Float, Int, Ints, Numbers, Order, Param, Text
from studio.layers.ports import by_port, example_ports, kinds_of, output_ports
from studio.layers.render import assignment, render
from studio.layers.spec import Example, LayerSpec, Port, ShapeError
from studio.layers.values import values

NAMES = {"N": 3, "T": 5, "H": 8, "W": 6}
RUNNABLE = [spec for spec in CATALOGUE.values() if spec.torch.text or spec.torch.build or spec.torch.call]
EXAMPLES = [(spec, example) for spec in RUNNABLE for example in spec.examples]
DRAWN = [spec for spec in RUNNABLE if spec.inputs and spec.traits.role == "layer"]
SOURCE = """{imports}
import torch
import torch.nn.functional as F
from torch import Tensor, nn

{support}

class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        {build}

    def forward(self, {arguments}):
        {targets} = {call}
        return ({results},)
"""


def layer_of(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> nn.Module:
    """The module that the record's text makes, imported from a file as a run folder's is."""
    arguments = [f"x{at}" for at in range(len(inputs))] or ["batch"]
    given: dict[str, list[str]] = {"batch": ["batch"]}
    present = [port for port in spec.inputs if not port.optional or port.name in p.wired]
    for at, port in enumerate(present):
        given[port.name] = arguments if port.variadic else [arguments[at]]
    given["modules"] = ["nn.Linear(4, 3)"]  # what a penalty on weights looks at
    build, call = render(spec, p, inputs, given, "layer")
    names = [port.name for port in output_ports(spec, vars(p))]
    left, right = assignment(spec, p, {name: f"out_{name}" for name in names}, call)
    text = SOURCE.format(
        imports="\n".join(spec.torch.imports),
        support="\n\n".join(spec.torch.support),
        build=f"self.layer = {build}" if build else "pass",
        arguments=", ".join(arguments),
        targets=left,
        call=right,
        results=", ".join(f"out_{name}" for name in names),
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer_text.py"
        path.write_text(text, encoding="utf-8")
        module_spec = importlib.util.spec_from_file_location("layer_text", path)
        assert module_spec and module_spec.loader
        module = importlib.util.module_from_spec(module_spec)
        module_spec.loader.exec_module(module)
    made = module.Layer()
    assert isinstance(made, nn.Module)
    return made


def random_tensor(spec: TensorSpec, batch: int) -> Tensor:
    """Random numbers of this shape; whole ones lie below the number of classes."""
    shape = tuple(evaluate(size, {**NAMES, "N": batch}) for size in spec.shape)
    if spec.dtype == "int64":
        return torch.randint(0, spec.classes or 2, shape)
    if spec.dtype == "bool":
        return torch.rand(shape) < 0.5
    return torch.randn(shape, dtype=getattr(torch, spec.dtype), requires_grad=True)


def tensors_for(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> list[Tensor]:
    """What the text is run on: values that the ports allow, and scores that depend on what is differentiated."""
    tensors = [random_tensor(given, NAMES["N"]) for given in inputs] or [torch.zeros(NAMES["N"], 2)]
    for at, (port, _) in enumerate(by_port(spec, p.wired, inputs)):
        if port.name == "target":
            tensors[at] = tensors[at].detach()
        if port.low is not None and tensors[at].is_floating_point():
            allowed = tensors[at].detach().abs().clamp(port.low, port.high)
            tensors[at] = allowed.requires_grad_(tensors[at].requires_grad)
    if spec.traits.gradient_of:
        tensors[1] = tensors[0] ** 3
    return tensors


def check(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> None:
    """Builds and runs the text, and holds it against the rules."""
    expected = spec.shape(p, inputs)
    weights = dict(spec.weights(p, inputs)) if spec.weights else {}
    torch.manual_seed(7)  # a metric of numbers that happen to be all alike is another matter
    made = layer_of(spec, p, inputs)
    tensors = tensors_for(spec, p, inputs)
    results = made(*tensors)
    assert len(results) == len(expected)
    for result, rule in zip(results, expected, strict=True):
        assert tuple(result.shape) == tuple(evaluate(size, NAMES) for size in rule.shape)
        assert str(result.dtype) == f"torch.{rule.dtype}"
    found = {name.removeprefix("layer."): tuple(weight.shape) for name, weight in made.named_parameters()}
    assert found == weights
    real = results[0].is_floating_point() or results[0].is_complex()
    if inputs and real and any(tensor.requires_grad for tensor in tensors):
        assert results[0].requires_grad == spec.traits.differentiable or not spec.traits.differentiable
    check_work(spec, p, inputs, made, expected)


def check_work(
    spec: LayerSpec,
    p: SimpleNamespace,
    inputs: tuple[TensorSpec, ...],
    made: nn.Module,
    outputs: tuple[TensorSpec, ...],
) -> None:
    """The work of one sample equals what torch counts, where it counts (not in recurrent kernels)."""
    if spec.traits.role != "layer" or not inputs or spec.name in ("LSTM", "GRU", "RNN"):
        return
    math_only = sdpa_kernel(SDPBackend.MATH)  # the CPU's fused attention is not counted
    torch.backends.mha.set_fastpath_enabled(False)  # nor are fused Transformer layers
    with FlopCounterMode(display=False) as counter, torch.no_grad(), math_only:
        made.eval()(*[random_tensor(given, 1).detach() for given in inputs])
    rule = evaluate(spec.flops(p, inputs, outputs), {**NAMES, "N": 1}) if spec.flops else 0
    if counter.get_total_flops() or not spec.flops:
        assert rule == counter.get_total_flops()


def inputs_of(spec: LayerSpec, example: Example) -> tuple[TensorSpec, ...]:
    """The input specs of an example: whole numbers where the port, or a target's lower rank, wants them."""
    specs = []
    for port, shape in zip(example_ports(spec, example), example.inputs, strict=True):
        labels = port.name == "target" and len(shape) < len(example.inputs[0])
        sizes: tuple[Size, ...] = tuple(symbol(size) if isinstance(size, str) else size for size in shape)
        dtype = "int64" if labels else dtypes_of(port)[0]
        specs.append(TensorSpec(sizes, dtype))
    return tuple(specs)


def values_of(spec: LayerSpec, example: Example) -> SimpleNamespace:
    """The parameters of an example, with the ports that it wires."""
    wired = frozenset(port.name for port in example_ports(spec, example))
    return values(spec, example.params, wired=wired)  # type: ignore[arg-type]


@pytest.mark.parametrize(("spec", "example"), EXAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_an_example_runs_as_its_rules_say(spec: LayerSpec, example: Example) -> None:
    p = values_of(spec, example)
    check(spec, p, inputs_of(spec, example))


def any_value(param: Param) -> st.SearchStrategy[object]:
    """Values that the parameter allows, near the small end of its range."""
    if isinstance(param, Bool):
        return st.booleans()
    if isinstance(param, Choice):
        return st.sampled_from(param.options)
    if isinstance(param, Int):
        low = -2 if param.min is None else param.min
        return st.integers(low, low + 4 if param.max is None else min(param.max, low + 4))
    if isinstance(param, Order):
        return st.integers(2, 4).flatmap(lambda rank: st.permutations(range(rank)).map(tuple))
    if isinstance(param, Ints):
        low = -1 if param.min is None else param.min
        most = low + 3 if param.max is None else min(param.max, low + 3)
        numbers = st.lists(st.integers(low, most), min_size=param.count or 1, max_size=param.count or 3)
        lists = numbers.map(tuple)
        return st.one_of(lists, st.sampled_from(param.words)) if param.words else lists
    if isinstance(param, Numbers):
        return st.just(param.default)
    if isinstance(param, Float):
        return st.floats(param.min or 0.0, 1.0 if param.max is None else param.max, exclude_max=True)
    assert isinstance(param, Text)
    return st.just(param.default)


def dtypes_of(port: Port) -> list[str]:
    """The usual dtype of each kind of numbers that a port takes, real ones first."""
    usual = {"float": "float32", "int": "int64", "bool": "bool", "complex": "complex64"}
    return [dtype for kind, dtype in usual.items() if kind in kinds_of(port)]


def any_input(data: st.DataObject, port: Port, known: dict[str, tuple[Size, ...]]) -> TensorSpec:
    """A shape that fits a port; the last axis is even more often than not, so that heads and groups fit.

    Axes of one name have one size in all ports (``known``); now and then one is 1, to be stretched.
    """
    shape: tuple[Size, ...] = ()
    for axis in port.axes.split():
        if axis == "N":
            drawn: st.SearchStrategy[tuple[Size, ...]] = st.just((symbol("N"),))
        elif axis.isdigit():
            drawn = st.just((int(axis),))
        elif axis == "*":
            drawn = st.lists(st.integers(1, 5), max_size=2).map(tuple)
        else:
            drawn = st.sampled_from((4, 6, 8, 5, 9)).map(lambda size: (size,))
        if axis not in known:
            known[axis] = data.draw(drawn, axis)
        elif port.axes == "*" and known[axis] and data.draw(st.integers(0, 3)) == 0:
            shape += (*known[axis][:-1], 1)
            continue
        shape += known[axis]
    dtype = data.draw(st.sampled_from(dtypes_of(port)), "dtype")
    return TensorSpec(shape, dtype, 3 if dtype == "int64" else 0)


@pytest.mark.parametrize("spec", DRAWN, ids=lambda spec: spec.name)
def test_any_parameters_run_as_the_rules_say(spec: LayerSpec) -> None:
    """What the rules accept, torch accepts, with the same result; what they refuse is not tried."""
    ran = 0

    @settings(
        max_examples=25,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        nonlocal ran
        params = {param.name: data.draw(any_value(param), param.name) for param in spec.params}
        ports = [port for port in spec.inputs if not port.optional or data.draw(st.booleans(), port.name)]
        known: dict[str, tuple[Size, ...]] = {}
        inputs = [any_input(data, port, known) for port in ports]
        if spec.inputs[0].variadic:
            inputs = [inputs[0], any_input(data, ports[0], known)]
        wired = frozenset(port.name for port in ports)
        p = values(spec, params, wired=wired)  # type: ignore[arg-type]
        try:
            spec.shape(p, tuple(inputs))
        except ShapeError:
            assume(False)
        ran += 1
        check(spec, p, tuple(inputs))

    run()
    assert ran >= 5


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_recurrent_work_is_that_of_its_matrices(name: str) -> None:
    """Each weight matrix meets one vector in each time step: two operations an entry."""
    spec = CATALOGUE[name]
    params: dict[str, object] = {"hidden_size": 7, "num_layers": 3, "bidirectional": True}
    if name == "LSTM":
        params["proj_size"] = 4
    p, inputs = values(spec, params), (TensorSpec((symbol("N"), 5, 4)),)  # type: ignore[arg-type]
    assert spec.weights and spec.flops
    matrices = sum(math.prod(shape) for shape in spec.weights(p, inputs).values() if len(shape) == 2)
    assert spec.flops(p, inputs, spec.shape(p, inputs)) == 2 * 5 * matrices
