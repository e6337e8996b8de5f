"""The ports a node really has (Data: the fields of its set), and the checks that inputs pass first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from studio.graph.model import Value
from studio.graph.spec import COMPLEX, FLOATS, INTS, TensorSpec, kind_of
from studio.layers.datasets import DATASETS, DataField
from studio.layers.params import ParamError
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, LayerSpec, Port, Rule, ShapeError

_NOTHING: Mapping[str, Any] = {}
_KINDS = {
    "float": ("float",),
    "int": ("int",),
    "bool": ("bool",),
    "complex": ("complex",),
    "number": ("float", "int"),
    "any": ("float", "int", "bool", "complex"),
}
_DTYPES = {"float": FLOATS, "int": INTS, "bool": ("bool",), "complex": COMPLEX}


def input_ports(
    spec: LayerSpec, params: Mapping[str, Value] = _NOTHING, schemas: Mapping[str, Any] = _NOTHING
) -> tuple[Port, ...]:
    """The input ports of a node of this layer. Those of Block and Repeat come from the block instead."""
    return spec.inputs


def output_ports(
    spec: LayerSpec, params: Mapping[str, Any] = _NOTHING, schemas: Mapping[str, Any] = _NOTHING
) -> tuple[Port, ...]:
    """The output ports of a node of this layer; never raises.

    Args:
        spec: the record of the layer.
        params: the node's own parameters, unchecked; expressions worked out.
        schemas: the user's own data sets by alias (``Document.data``).
    """
    if spec.name != "Data":
        return tuple(there for port in spec.outputs for there in _repeated(spec, port, params))
    fields = fields_of(params.get("set", spec.params[0].default), schemas) or ()
    return tuple(
        Port(
            field.name,
            f"N {field.axes}".strip(),
            "float" if field.dtype in FLOATS else "int",
            doc=_FIELD_DOCS.get(field.kind, ""),
        )
        for field in fields
    )


def _repeated(spec: LayerSpec, port: Port, params: Mapping[str, Any]) -> tuple[Port, ...]:
    """The outputs that ``port`` stands for with these parameters."""
    if not port.times:
        return (port,)
    param = next(param for param in spec.params if param.name == port.times)
    try:
        value = param.check(params.get(param.name, param.default))
    except ParamError:
        value = param.default
    if isinstance(value, bool):
        return (port,) if value else ()
    count = len(value) if isinstance(value, tuple) else value if isinstance(value, int) else 0
    return tuple(replace(port, name=f"{port.name}{number}") for number in range(1, count + 1))


_FIELD_DOCS = {
    "image": "Pictures, scaled as the node says.",
    "label": "The class of each sample, a whole number from 0.",
    "number": "Numbers, one for each column.",
    "tokens": "Characters or words as whole numbers from 0.",
    "series": "Points of a series in the order of time.",
}


def fields_of(key: object, schemas: Mapping[str, Any] = _NOTHING) -> tuple[DataField, ...] | None:
    """The fields of the data set ``key``, the user's own by alias or a shipped one; None if unknown."""
    schema = schemas.get(key) if isinstance(key, str) else None
    if isinstance(schema, Mapping):
        return tuple(_field(entry) for entry in schema.get("fields", ()) if isinstance(entry, Mapping))
    found = DATASETS.get(key) if isinstance(key, str) else None
    return found.fields if found else None


def _field(entry: Mapping[str, Any]) -> DataField:
    return DataField(
        str(entry.get("name", "")),
        tuple(int(size) for size in entry.get("shape", ())),
        str(entry.get("dtype", "float32")),
        str(entry.get("kind", "number")),
        str(entry.get("axes", "")),
        tuple(str(name) for name in entry.get("classes", ())),
        int(entry.get("vocabulary", 0)),
        tuple(str(name) for name in entry.get("columns", ())),
    )


def example_ports(spec: LayerSpec, example: Example) -> tuple[Port, ...]:
    """The port of each input of a worked example."""
    if example.wired:
        return tuple(port for port in spec.inputs if port.name in example.wired)
    return tuple(spec.inputs[min(at, len(spec.inputs) - 1)] for at in range(len(example.inputs)))


def by_port(spec: LayerSpec, wired: frozenset[str], inputs: Specs) -> list[tuple[Port, Specs]]:
    """``inputs`` sorted to the ports they stand for; ports without a source are left out."""
    ports = [port for port in spec.inputs if not port.optional or port.name in wired]
    spare = len(inputs) - len(ports)
    result, at = [], 0
    for port in ports:
        count = 1 + spare if port.variadic else 1
        result.append((port, inputs[at : at + count]))
        at += count
    return result


def with_checks(spec: LayerSpec) -> LayerSpec:
    """``spec`` whose shape rule first holds each input against its port: axes and kind of numbers."""
    ports = spec.inputs
    if not ports:
        return spec
    rule = spec.shape
    if len(ports) == 1:
        return replace(spec, shape=_one_port(spec.name, rule, ports[0]))

    def checked(p: SimpleNamespace, inputs: Specs) -> Specs:
        required = sum(not port.optional for port in ports)
        if len(inputs) < required:
            raise ShapeError("{layer} needs something on each of its inputs", layer=spec.name)
        for port, specs in by_port(spec, p.wired, inputs):
            low, high, dtypes = _expected(port)
            for given in specs:
                if not low <= len(given.shape) <= high or given.dtype not in dtypes or _is_off(port, given):
                    _refuse(spec.name, port, given, ports.index(port))
        return rule(p, inputs)

    return replace(spec, shape=checked)


def _one_port(layer: str, rule: Rule, port: Port) -> Rule:
    low, high, dtypes = _expected(port)

    def checked(p: SimpleNamespace, inputs: Specs) -> Specs:
        if not inputs:
            raise ShapeError("{layer} needs something on each of its inputs", layer=layer)
        for given in inputs:  # one, unless the port is variadic
            if not low <= len(given.shape) <= high or given.dtype not in dtypes or _is_off(port, given):
                _refuse(layer, port, given, 0)
        return rule(p, inputs)

    return checked


def kinds_of(port: Port) -> frozenset[str]:
    """The kinds of numbers that a port takes, of "float", "int", "bool" and "complex"."""
    return frozenset(kind for word in port.dtype.split("|") for kind in _KINDS[word])


@lru_cache(maxsize=4096)
def _expected(port: Port) -> tuple[int, int, tuple[str, ...]]:
    """Fewest axes, most axes, dtypes."""
    names = port.axes.split()
    stars = names.count("*")
    rank = len(names) - stars
    dtypes = tuple(name for kind, names in _DTYPES.items() if kind in kinds_of(port) for name in names)
    return rank, 99 if stars else rank, dtypes


@lru_cache(maxsize=4096)
def _numbered(port: Port) -> tuple[tuple[int, int], ...]:
    """(axis, size) of the axes whose name is a number; after a star the axis counts from the end."""
    names = port.axes.split()
    star = names.index("*") if "*" in names else len(names)
    return tuple(
        (at if at < star else at - len(names), int(name)) for at, name in enumerate(names) if name.isdigit()
    )


def _is_off(port: Port, given: TensorSpec) -> bool:
    """Whether an axis that has a fixed size has another one."""
    numbered = _numbered(port)
    return bool(numbered) and any(given.shape[at] != size for at, size in numbered)


def _refuse(layer: str, port: Port, given: TensorSpec, at: int) -> None:
    where = () if at == 0 else (port.name,)
    low, high, dtypes = _expected(port)
    if given.dtype not in dtypes:
        _refuse_kind(layer, port, given, where)
    if len(given.shape) > high == 2:
        raise ShapeError(
            "{layer} needs {axes}, gets {shape}: insert Flatten",
            (("insert", "Flatten", *where),),
            layer=layer,
            axes=port.axes,
            shape=show(given.shape),
        )
    raise ShapeError(
        "{layer} needs {axes} on {port}, gets {shape}",
        layer=layer,
        axes=port.axes or "a scalar",
        port=port.name,
        shape=show(given.shape),
    )


def _refuse_kind(layer: str, port: Port, given: TensorSpec, where: tuple[str, ...]) -> None:
    """Says which kind of numbers is wanted, and what makes it of the given one."""
    wanted, kind = kinds_of(port), kind_of(given)
    said = {"layer": layer, "port": port.name, "dtype": given.dtype, "shape": show(given.shape)}
    if wanted == {"float"} and kind == "int":
        raise ShapeError(
            "{layer} needs real numbers on {port}, gets whole numbers {shape}: insert Embedding",
            (("insert", "Embedding", *where), ("insert", "Cast", *where)),
            **said,
        )
    if kind == "complex":
        raise ShapeError(
            "{layer} takes no complex numbers on {port}: insert Abs, or Real or Imaginary",
            (("insert", "Abs", *where), ("insert", "Real", *where), ("insert", "Imaginary", *where)),
            **said,
        )
    if wanted == {"int"}:
        raise ShapeError(
            "{layer} needs whole numbers on {port}, gets {dtype} {shape}: wire labels or tokens there", **said
        )
    if wanted == {"bool"}:
        raise ShapeError(
            "{layer} needs yes or no on {port}, gets {dtype} {shape}: insert a comparison",
            (("insert", "NotEqualScalar", *where),),
            **said,
        )
    if wanted == {"complex"}:
        raise ShapeError(
            "{layer} needs complex numbers on {port}, gets {dtype} {shape}: insert FFT",
            (("insert", "FFT", *where),),
            **said,
        )
    raise ShapeError(
        "{layer} needs numbers on {port}, gets {dtype} {shape}: insert Cast",
        (("insert", "Cast", *where),),
        **said,
    )
