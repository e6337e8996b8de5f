"""One node at a time: rules applied to input specs, remembered by (configuration, inputs).

Specs are numbered when first seen, so that the key of the memory is a short tuple of integers: hashing shapes
again and again would cost more than the rules themselves.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from types import SimpleNamespace
from typing import Any

from studio.analysis.model import Facts
from studio.graph.sizes import Size, evaluate, names_of
from studio.graph.spec import TensorSpec
from studio.layers.spec import LayerSpec, ShapeError

UNKNOWN = 0  # the code of a value whose shape nobody knows yet
LARGEST_AXIS = 2**31
MOST_PARAMETERS = 10**11
MEMORY_BYTES = 64 * 2**30
_WORTH_A_LOOK = MEMORY_BYTES // 4
_MOST_REMEMBERED = 200_000
_BYTES = {"float64": 8, "int64": 8, "float32": 4, "int32": 4, "float16": 2, "bfloat16": 2, "int16": 2}
_BYTES |= {"complex64": 8, "complex128": 16}

_counter = itertools.count(1)
_specs: dict[TensorSpec, tuple[int, int, bool]] = {}
_results: dict[tuple[int, ...], Result] = {}


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem without its place, so that equal nodes can share it.

    ``fixes`` are actions without graph and node: ("insert", port, layer), ("set", parameter, value), …
    """

    severity: str
    code: str
    template: str
    values: Mapping[str, object]
    fixes: tuple[tuple[object, ...], ...] = ()


class Result:
    """What one node gives. ``codes`` has the number of each port's spec; the port "" is the first."""

    __slots__ = ("activation_bytes", "codes", "facts", "findings", "inner", "own_depth", "specs")

    def __init__(
        self,
        specs: Mapping[str, TensorSpec],
        facts: Facts,
        findings: tuple[Finding, ...] = (),
        inner: tuple[Any, ...] = (),
        activation_bytes: int = 0,
    ) -> None:
        self.facts, self.findings, self.inner = facts, findings, inner
        self.own_depth, self.activation_bytes = facts.depth, activation_bytes
        self.codes = {port: looked_up(spec)[0] for port, spec in specs.items()}
        self.specs = dict(specs)
        if specs:
            first = next(iter(specs))
            self.codes[""], self.specs[""] = self.codes[first], specs[first]


NOTHING = Result({}, Facts())


def fresh() -> int:
    """A number that no configuration or spec had before."""
    return next(_counter)


def looked_up(spec: TensorSpec) -> tuple[int, int, bool]:
    """The number of ``spec``, its bytes for one sample, and whether every axis has a sensible size.

    Equal specs share the number until the table is emptied, which only costs time.
    """
    found = _specs.get(spec)
    if found is None:
        if len(_specs) > _MOST_REMEMBERED:
            _specs.clear()
        fits = all(not isinstance(size, int) or 0 < size <= LARGEST_AXIS for size in spec.shape)
        found = _specs[spec] = (fresh(), elements(spec.shape) * _BYTES.get(spec.dtype, 1), fits)
    return found


def known(key: tuple[int, ...]) -> Result | None:
    """The remembered result of a configuration and its inputs."""
    return _results.get(key)


def remember(key: tuple[int, ...], result: Result) -> Result:
    """``result``, kept for the next node that is configured and fed alike."""
    if len(_results) > _MOST_REMEMBERED:
        _results.clear()
    _results[key] = result
    return result


def apply(
    layer: LayerSpec, p: SimpleNamespace, ports: tuple[str, ...], specs: tuple[TensorSpec, ...]
) -> Result:
    """The rules of ``layer`` on ``specs``; whatever they refuse becomes a finding."""
    try:
        outputs = layer.shape(p, specs)
        weights = layer.weights(p, specs) if layer.weights else {}
        flops = number(layer.flops(p, specs, outputs)) if layer.flops else 0
        return _result(layer, ports, outputs, weights, flops)
    except ShapeError as error:
        finding = Finding("error", "shape", error.template, error.values, _fixes(layer, error.fixes))
        return Result({}, Facts(), (finding,))
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
        values = {"layer": layer.name, "reason": f"{type(error).__name__}: {error}"}
        text = "{layer} cannot work with these inputs and parameters ({reason}): change one of them"
        return Result({}, Facts(), (Finding("error", "shape", text, values),))


def _result(
    layer: LayerSpec,
    ports: tuple[str, ...],
    outputs: tuple[TensorSpec, ...],
    weights: Mapping[str, tuple[int, ...]],
    flops: int,
) -> Result:
    parameters = sum(map(prod, weights.values())) if weights else 0
    findings = too_large(layer.name, parameters) if parameters > _WORTH_A_LOOK else ()
    activations = 0
    for spec in outputs:
        _, size_bytes, fits = looked_up(spec)
        activations += size_bytes
        if not fits:
            shape = " ".join(str(size) for size in spec.shape)
            text = "{layer} gives the shape {shape}: every axis must lie between 1 and 2147483648"
            finding = Finding("error", "axis", text, {"layer": layer.name, "shape": shape})
            return Result({}, Facts({}, weights, parameters), (*findings, finding))
    named = dict(zip(ports, outputs, strict=False))
    memory = activations + 4 * parameters
    facts = Facts(named, weights, parameters, flops, memory, int(layer.traits.learned))
    return Result(named, facts, findings, (), activations)


def too_large(name: str, parameters: int) -> tuple[Finding, ...]:
    """The finding about a layer ("" is the whole network) whose weights fit nowhere."""
    if 4 * parameters <= MEMORY_BYTES:
        return ()
    error = parameters > MOST_PARAMETERS
    values = {"name": name, "parameters": f"{parameters:,}", "gib": f"{4 * parameters / 2**30:,.0f}"}
    text = "{name} has {parameters} parameters, {gib} GiB of weights: too large, make it smaller"
    if not name:
        text = "Together the layers have {parameters} parameters, {gib} GiB of weights: too large"
    return (Finding("error" if error else "warning", "too_large", text, values),)


def number(size: Size) -> int:
    """``size`` for one sample: each named size counts as 1."""
    return size if isinstance(size, int) else evaluate(size, dict.fromkeys(names_of(size), 1))


def elements(shape: tuple[Size, ...]) -> int:
    """How many numbers a tensor of this shape has for one sample."""
    total = 1
    for size in shape:
        total *= size if isinstance(size, int) else number(size)
    return total


def _fixes(layer: LayerSpec, fixes: tuple[tuple[str, ...], ...]) -> tuple[tuple[object, ...], ...]:
    """("insert", layer[, port]) of a rule as ("insert", port, layer); others as they are."""
    made: list[tuple[object, ...]] = []
    for fix in fixes:
        if fix[0] == "insert" and len(fix) > 1 and layer.inputs:
            made.append(("insert", fix[2] if len(fix) > 2 else layer.inputs[0].name, fix[1]))
        else:
            made.append(tuple(fix))
    return tuple(made)
