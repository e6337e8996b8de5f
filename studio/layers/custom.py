"""A layer that the user wrote: its record is made from its text, which the node carries in the parameter ``code``.

Nothing here executes the text. Ports and parameters come from its signature; shapes from its shape line, or from
a worker that was allowed to run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from types import SimpleNamespace

from studio.graph.sizes import Size
from studio.graph.spec import TensorSpec
from studio.layers.answers import Answer, Question, answered
from studio.layers.params import Code
from studio.layers.ports import by_port, with_checks
from studio.layers.rules import Specs, fixed, show
from studio.layers.shape_line import bound, results
from studio.layers.signature import CodeFault, Signature, read_signature
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch, Traits
from studio.layers.text import build_text

NAME = "Custom"
TEMPLATE = '''import torch
from torch import Tensor, nn


class Mine(nn.Module):
    """Multiplies by one number and adds another.

    shape: x: * -> y: *
    x: Any numbers.
    factor: What each number is multiplied by.
    shift: What is added then.
    """

    def __init__(self, factor: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.factor = factor
        self.shift = shift

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x + self.shift
'''
_CODE = Code("code", TEMPLATE, "Its PyTorch text.", label="Code")
_SOURCE = "https://docs.pytorch.org/docs/stable/notes/modules.html"
_ONNX = "What its text calls, operator by operator; whether that works is found out at the export."
_PITFALLS = (
    "It is a torch module: __init__ gets its parameters, forward gets what is wired. Write a shape line in its"
    " docstring, such as shape: N C H W -> N C H//2 W//2, so that shapes are known before it runs."
)


def custom_record(code: object, wired: tuple[str, ...] = ()) -> LayerSpec:
    """The record of the layer in ``code``.

    Args:
        code: its text.
        wired: input ports that are wired; a text with a mistake keeps them.
    """
    text = code if isinstance(code, str) else TEMPLATE
    found = read_signature(text)
    return _broken(found, wired) if isinstance(found, CodeFault) else _record(text)


def code_fault(code: object) -> CodeFault | None:
    """What is wrong with the text of a layer and where; None when it can be read."""
    found = read_signature(code if isinstance(code, str) else TEMPLATE)
    return found if isinstance(found, CodeFault) else None


def _broken(fault: CodeFault, wired: tuple[str, ...]) -> LayerSpec:
    def refuse(p: SimpleNamespace, inputs: Specs) -> Specs:
        raise ShapeError("The code has a mistake in line {line}: {what}", line=fault.line, what=fault)

    return LayerSpec(
        name=NAME,
        category=Category.LEARNED,
        summary="",
        formula="",
        inputs=tuple(Port(name, dtype="any", optional=True, variadic=True) for name in wired),
        outputs=(Port("y", dtype="any"),),
        params=(_CODE,),
        shape=refuse,
        torch=Torch(build="nn.Identity()"),
        source=_SOURCE,
        onnx=_ONNX,
    )


@lru_cache(maxsize=256)
def _record(code: str) -> LayerSpec:
    signature = read_signature(code)
    assert isinstance(signature, Signature)

    def shape(p: SimpleNamespace, inputs: Specs) -> Specs:
        declared = _declared(signature, spec, p, inputs)
        answer = answered(_question(code, signature, spec, p, inputs))
        if answer is None and declared is None:
            raise ShapeError(
                "{layer}: what it gives is not known. Write a line like shape: N C -> N C into its docstring, or"
                " trust the project so that it can be tried out",
                layer=signature.name,
            )
        if answer is None:
            return declared or ()
        return _compared(signature, declared, answer)

    def weights(p: SimpleNamespace, inputs: Specs) -> Mapping[str, tuple[int, ...]]:
        answer = answered(_question(code, signature, spec, p, inputs))
        return answer.weights if answer is not None else {}

    def text(p: SimpleNamespace, inputs: Specs) -> tuple[str, str]:
        return _built(signature, spec, p, inputs), _call(signature, p)

    spec = LayerSpec(
        name=NAME,
        category=Category.LEARNED,
        summary=signature.summary,
        formula="",
        inputs=signature.inputs,
        outputs=signature.outputs,
        params=(_CODE, *signature.params),
        shape=shape,
        torch=Torch(text=text, imports=signature.imports, support=(signature.body,)),
        source=_SOURCE,
        weights=weights,
        onnx=_ONNX,
        traits=Traits(random=signature.is_random, learned=True),
        short=signature.name,
        pitfalls=_PITFALLS,
    )
    return with_checks(spec)


def _declared(signature: Signature, spec: LayerSpec, p: SimpleNamespace, inputs: Specs) -> Specs | None:
    """The outputs as the shape line says them; None without one."""
    if signature.shape is None:
        return None
    own = {param.name: getattr(p, param.name) for param in signature.params}
    names, rest = bound(signature.shape, _placed(spec, p, inputs), own, signature.name)
    first = inputs[0]
    return results(signature.shape, {**own, **names}, rest, first, signature.name)


def _placed(spec: LayerSpec, p: SimpleNamespace, inputs: Specs) -> list[tuple[int, TensorSpec]]:
    names = [port.name for port in spec.inputs]
    return [(names.index(port.name), one) for port, specs in by_port(spec, p.wired, inputs) for one in specs]


def _sizes(signature: Signature, spec: LayerSpec, p: SimpleNamespace, inputs: Specs) -> dict[str, Size]:
    """The sizes of inputs that the constructor takes."""
    if signature.shape is None or not signature.sizes:
        return {}
    names, _ = bound(signature.shape, _placed(spec, p, inputs), {}, signature.name)
    missing = next((name for name in signature.sizes if name not in names), "")
    if missing:
        raise ShapeError("{layer} needs an input with the axis {axis}", layer=signature.name, axis=missing)
    return {name: names[name] for name in signature.sizes}


def _built(signature: Signature, spec: LayerSpec, p: SimpleNamespace, inputs: Specs) -> str:
    sizes = {name: fixed(size, name) for name, size in _sizes(signature, spec, p, inputs).items()}
    placed = [size for name, size in sizes.items() if name not in signature.by_name]
    named: dict[str, tuple[object, object]] = {
        name: (size, None) for name, size in sizes.items() if name in signature.by_name
    }
    named |= {param.name: (getattr(p, param.name), param.default) for param in signature.params}
    return build_text(signature.name, *placed, **named)


def _call(signature: Signature, p: SimpleNamespace) -> str:
    """The call: by place as long as nothing is left out before, then by name."""
    parts, gap = [], False
    for port in signature.inputs:
        if port.optional and port.name not in p.wired:
            gap = True
        else:
            parts.append(f"{port.name}={{{port.name}}}" if gap and not port.variadic else f"{{{port.name}}}")
    return f"{{self}}({', '.join(parts)})"


def _question(
    code: str, signature: Signature, spec: LayerSpec, p: SimpleNamespace, inputs: Specs
) -> Question:
    call, at = _call(signature, p), 0
    for port, specs in by_port(spec, p.wired, inputs):
        given = ", ".join(f"x{at + number}" for number in range(len(specs)))
        call, at = call.replace(f"{{{port.name}}}", given), at + len(specs)
    plain = tuple(replace(one, classes=0, axes="") for one in inputs)
    return Question(code, _built(signature, spec, p, inputs), call.replace("{self}", "layer"), plain)


def _compared(signature: Signature, declared: Specs | None, answer: Answer) -> Specs:
    """What the worker found out, held against what the shape line says."""
    if answer.error and answer.line:
        raise ShapeError(
            "{layer} does not run, line {line}: {why}",
            layer=signature.name,
            line=answer.line,
            why=answer.error,
        )
    if answer.error:
        raise ShapeError("{layer} does not run: {why}", layer=signature.name, why=answer.error)
    if declared is None or declared == answer.outputs:
        return answer.outputs
    said, found = (", ".join(show(spec.shape) for spec in specs) for specs in (declared, answer.outputs))
    if said == found:  # the kinds of numbers differ
        said, found = (", ".join(map(str, specs)) for specs in (declared, answer.outputs))
    raise ShapeError(
        "{layer}: its shape line says {said}, but it gives {found}: correct the line",
        layer=signature.name,
        said=said,
        found=found,
    )


_MINE = _record(TEMPLATE)
CUSTOM = replace(
    _MINE,
    outputs=(replace(_MINE.outputs[0], doc="What its forward returns."),),
    params=tuple(replace(param, label=param.label or param.name.capitalize()) for param in _MINE.params),
    summary="A layer that you write yourself, as a PyTorch module.",
    formula=r"y = f(x)",
    examples=(
        Example({}, (("N", 84),), ("N", 84)),
        Example({"factor": 2.0, "shift": 1.0}, (("N", 3, 8, 8),), ("N", 3, 8, 8)),
    ),
    keywords=("own", "Python", "code", "module", "nn.Module", "script", "write", "Lambda", "functionLayer"),
    short="",
    weights=None,
    traits=Traits(),
)
LAYERS = (CUSTOM,)
