"""Layers that add an edge to signals, pictures and volumes, or cut one off."""

from __future__ import annotations

from types import SimpleNamespace

from studio.graph.spec import TensorSpec
from studio.layers.params import Float, Ints, Param
from studio.layers.rules import Specs
from studio.layers.spec import Category, Example, LayerSpec, Port, ShapeError, Torch
from studio.layers.text import call_text
from studio.layers.windows import AXES, given

_SIDES = {
    1: "Positions added on the left and right",
    2: "Columns and rows added on the left, right, top and bottom",
    3: "Slices added on the left, right, top, bottom, front and back",
}
_EDGED = {
    1: "The signal with its edge.",
    2: "Pictures with their edge.",
    3: "Volumes with their edge.",
}
_MODES = {
    "Zero": "",
    "Constant": "",
    "Reflection": "reflect",
    "Replication": "replicate",
    "Circular": "circular",
}
_FORMULAS = {
    "Zero": r"y_i = x_{i-a} \;\text{inside},\quad 0 \;\text{outside}",
    "Constant": r"y_i = x_{i-a} \;\text{inside},\quad c \;\text{outside}",
    "Reflection": r"y_i = x_{|i-a|}",
    "Replication": r"y_i = x_{\min(\max(i-a,\, 0),\, L-1)}",
    "Circular": r"y_i = x_{(i-a) \bmod L}",
}


def _shape(p: SimpleNamespace, inputs: Specs, kind: str) -> Specs:
    shape = inputs[0].shape
    sizes = list(shape)
    room = {"reflect": 1, "circular": 0}.get(_MODES[kind])
    for at in range(len(shape) - 2):
        before, after = p.padding[2 * at : 2 * at + 2]
        size = shape[-1 - at]
        if room is not None and isinstance(size, int) and max(before, after) > size - room:
            raise ShapeError(
                "an edge of {edge} can't be made out of {size}: at most {most}",
                edge=max(before, after),
                size=size,
                most=size - room,
            )
        grown = size + before + after
        cut = -min(before, 0) - min(after, 0)
        if isinstance(grown, int) and (grown < 1 or (isinstance(size, int) and cut >= size)):
            raise ShapeError("cutting {cut} leaves nothing of {size}: cut less", cut=cut, size=size)
        sizes[-1 - at] = grown
    return (TensorSpec(tuple(sizes), inputs[0].dtype, inputs[0].classes),)


def _text(p: SimpleNamespace, inputs: Specs, kind: str) -> tuple[str, str]:
    mode = _MODES[kind] or "constant"
    value = (getattr(p, "value", 0.0), 0.0)
    return "", call_text("F.pad", "{x}", "{padding}", mode=(mode, "constant"), value=value)


def _pad(kind: str, dims: int, words: tuple[str, str], keywords: tuple[str, ...]) -> LayerSpec:
    """The record of one kind of edge over ``dims`` axes; ``words`` are summary and pitfalls."""
    module = f"{kind}Pad{dims}d"
    cuts = kind in ("Zero", "Constant")
    doc = f"{_SIDES[dims]}; negative numbers cut off." if cuts else f"{_SIDES[dims]}."
    padding = Ints(
        "padding",
        (1,) * (2 * dims),
        doc,
        "px" if dims == 2 else "",
        "Edge",
        True,
        2 * dims,
        None if cuts else 0,
        2**16,
    )
    fill = Float("value", 0.0, "The number that the edge is filled with.", label="Value")
    params: tuple[Param, ...] = (padding, fill) if kind == "Constant" else (padding,)
    axes = " ".join(f"{axis}_out" for axis in AXES[dims].split())
    size = (9,) if dims == 1 else (6, 8) if dims == 2 else (4, 6, 8)
    examples = [
        Example({}, (("N", 3, *size),), ("N", 3, *(side + 2 for side in size))),
        Example({"padding": 2}, (("N", 2, *size),), ("N", 2, *(side + 4 for side in size))),
    ]
    if cuts:
        last = (*size[:-1], size[-1] - 3)
        examples.append(
            Example({"padding": (-1, -2, *(0, 0) * (dims - 1))}, (("N", 2, *size),), ("N", 2, *last))
        )
    return LayerSpec(
        name=module,
        category=Category.SHAPE,
        summary=words[0],
        formula=_FORMULAS[kind],
        inputs=given(dims),
        outputs=(Port("y", f"N C {axes}", doc=_EDGED[dims]),),
        params=params,
        shape=lambda p, inputs: _shape(p, inputs, kind),
        torch=Torch(text=lambda p, inputs: _text(p, inputs, kind)),
        source=f"https://docs.pytorch.org/docs/stable/generated/torch.nn.{module}.html",
        onnx="Pad.",
        examples=tuple(examples),
        short="{padding}",
        keywords=("padding", "pad", "edge", "border", "margin", "Pad", f"nn.{module}", *keywords),
        pitfalls=words[1],
        group="Padding",
        torch_name=f"nn.{module}",
    )


_THING = {1: "a signal", 2: "a picture", 3: "a volume"}
_DIMS = (2, 1, 3)
_ZERO = tuple(
    _pad(
        "Zero",
        dims,
        (
            f"Adds zeros around {_THING[dims]}, or cuts its edge off.",
            "A network can learn where the edge is from the zeros; a mirror image hides it.",
        ),
        (f"ZeroPadding{dims}D", f"Cropping{dims}D", "crop", "trim", f"crop{dims}d"),
    )
    for dims in _DIMS
)
_CONSTANT = tuple(
    _pad(
        "Constant",
        dims,
        (
            f"Adds the same number around {_THING[dims]}, or cuts its edge off.",
            "Take the number that means nothing in your data, such as the value of silence or of black.",
        ),
        ("constant", "fill"),
    )
    for dims in _DIMS
)
_REFLECTION = tuple(
    _pad(
        "Reflection",
        dims,
        (
            f"Continues {_THING[dims]} beyond its edge as a mirror does.",
            "The edge itself is not repeated, so the padding must be smaller than the input.",
        ),
        ("reflect", "mirror", "style transfer"),
    )
    for dims in _DIMS
)
_REPLICATION = tuple(
    _pad(
        "Replication",
        dims,
        (
            f"Continues {_THING[dims]} beyond its edge with copies of the last numbers.",
            "Draws stripes into a wide edge: keep it narrow.",
        ),
        ("replicate", "edge", "clamp", "repeat"),
    )
    for dims in _DIMS
)
_CIRCULAR = tuple(
    _pad(
        "Circular",
        dims,
        (
            f"Continues {_THING[dims]} beyond its edge with what stands at the other side.",
            "Right for what closes on itself, such as angles, panoramas and tiles; wrong for photos.",
        ),
        ("circular", "wrap", "periodic", "torus"),
    )
    for dims in _DIMS
)
LAYERS = (*_ZERO, *_CONSTANT, *_REFLECTION, *_REPLICATION, *_CIRCULAR)
