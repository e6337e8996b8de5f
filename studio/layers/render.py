"""The PyTorch text of one node, from the record's templates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.ports import by_port, output_ports
from studio.layers.spec import LayerSpec, Port
from studio.layers.text import literal

_FIRST = "[0]"
_PLACE = re.compile(r"\{(\w+)(?:\.(\w+))?\}")


def render(
    spec: LayerSpec,
    p: SimpleNamespace,
    input_specs: Sequence[TensorSpec],
    input_expressions: Mapping[str, Sequence[str]],
    name: str,
) -> tuple[str, str]:
    """The text that builds a node's module ("" for none) and the expression that calls it.

    Args:
        spec: the record of the layer.
        p: its parameters, from ``values``.
        input_specs: what comes in, in port order as the rules take it.
        input_expressions: port -> expressions; "batch" is a tensor that sources take batch size and device
            from; "weight_of" the module whose weight is shared ("self.<name>" when absent), "modules" those that
            the parameter ``of`` chooses.
        name: the attribute of ``self`` that holds the module.
    """
    build, call = _templates(spec, p, tuple(input_specs))
    if build and not call:
        call = "{self}(" + ", ".join("{" + port.name + "}" for port in _present(spec, p)) + ")"
    axes = _axes(spec, p, tuple(input_specs))
    build = _PLACE.sub(lambda place: _filled(place, p, axes), build)
    return build, _call(spec, p, axes, call, input_expressions, name)


def repeated_inputs(spec: LayerSpec, p: SimpleNamespace, input_specs: Sequence[TensorSpec]) -> frozenset[str]:
    """Ports whose expression stands more than once in the call, so must be a plain name there."""
    call = _templates(spec, p, tuple(input_specs))[1]
    used = [place.group(1) for place in _PLACE.finditer(call) if not place.group(2)]
    return frozenset(name for name in used if used.count(name) > 1 and name != "self")


def assignment(spec: LayerSpec, p: SimpleNamespace, names: Mapping[str, str], call: str) -> tuple[str, str]:
    """Both sides of the assignment of a layer's outputs.

    Args:
        spec: the record of the layer.
        p: its parameters.
        names: output -> its name; those that are missing become ``_``.
        call: the expression. Where it takes the first of several values, a statement unpacks them instead.
    """
    ports = output_ports(spec, vars(p))
    if len(ports) > 1:
        return _targets(spec, ports, names), call
    if spec.torch.targets and call.endswith(_FIRST):
        return _targets(spec, ports, names), call.removesuffix(_FIRST)
    return (names.get(ports[0].name, "_") if ports else "_"), call


def _targets(spec: LayerSpec, ports: Sequence[Port], names: Mapping[str, str]) -> str:
    template = spec.torch.targets or ", ".join("{" + port.name + "}" for port in ports)
    text = _PLACE.sub(lambda place: names.get(place.group(1), "_"), template)
    return re.sub(r"\((?:_, )+_\)", "_", text)


def _templates(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> tuple[str, str]:
    if spec.torch.text is not None:
        return spec.torch.text(p, inputs)
    return spec.torch.build, spec.torch.call


def _present(spec: LayerSpec, p: SimpleNamespace) -> list[Port]:
    return [port for port in spec.inputs if not port.optional or port.name in p.wired]


def _axes(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> dict[str, object]:
    """ "x.C" -> its size, for the ports with named axes."""
    found: dict[str, object] = {}
    for port, specs in by_port(spec, p.wired, inputs):
        names = port.axes.split()
        if specs and "*" in names:
            after = names[names.index("*") + 1 :]
            for at, axis in enumerate(after):
                found[f"{port.name}.{axis}"] = specs[0].shape[at - len(after)]
        elif specs:
            for axis, size in zip(names, specs[0].shape, strict=False):
                found[f"{port.name}.{axis}"] = size
    return found


def _filled(place: re.Match[str], p: SimpleNamespace, axes: Mapping[str, object]) -> str:
    if place.group(2):
        return literal(axes[place.group(0)[1:-1]])
    return literal(getattr(p, place.group(1)))


def _call(
    spec: LayerSpec,
    p: SimpleNamespace,
    axes: Mapping[str, object],
    call: str,
    expressions: Mapping[str, Sequence[str]],
    name: str,
) -> str:
    ports = {port.name for port in spec.inputs} | {"batch"}

    def fill(place: re.Match[str]) -> str:
        key = place.group(1)
        if place.group(2):
            return literal(axes[place.group(0)[1:-1]])
        if key == "self":
            return f"self.{name}"
        if key == "modules":
            return ", ".join(expressions.get(key) or ("self",))
        if key == "weight_of":
            return (expressions.get(key) or (f"self.{p.weight_of}",))[0]
        if key not in ports:
            return literal(getattr(p, key))
        given = expressions[key]
        free = spec.torch.join == ", " and _is_argument(call, place)
        return spec.torch.join.join(text if free or is_atom(text) else f"({text})" for text in given)

    return _PLACE.sub(fill, call)


def _is_argument(call: str, place: re.Match[str]) -> bool:
    """Whether the place stands alone between brackets or commas, so that no operator tears its text apart."""
    before, after = call[: place.start()].rstrip(), call[place.end() :].lstrip()
    return (not before or before[-1] in "([,=") and (not after or after[0] in "),]")


def is_atom(text: str) -> bool:
    """Whether an expression can stand beside an operator or a dot without brackets."""
    depth = 0
    quoted = False
    for at, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif quoted:
            continue
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        elif depth == 0 and (letter in " +*/<>=," or (letter == "-" and at == 0)):
            return False
    return True
