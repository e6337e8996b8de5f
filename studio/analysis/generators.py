"""Whether a drawing can make pictures of its own, and from what: noise, a point among codes, or step by step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from studio.analysis.configure import own_value
from studio.analysis.drawing import Drawing
from studio.analysis.model import Analysis
from studio.analysis.slices import nodes_of_role, upstream
from studio.graph.model import Node, Source
from studio.layers.datasets import DataField
from studio.layers.ports import fields_of
from studio.layers.sources import DATA

_KINDS = {"NoiseSchedule": "diffusion", "Reparameterize": "code", "Noise": "noise"}


@dataclass(frozen=True, slots=True)
class Generator:
    """How a trained drawing makes pictures.

    Attributes:
        kind: "diffusion" (noise is taken away step by step), "code" (a code is decoded), "noise" (noise becomes a
            picture at once).
        node: the NoiseSchedule, Reparameterize or Noise node.
        output: the Output that gives pictures, or of diffusion the guessed noise.
        shape: (C, H, W) of a picture.
        size: numbers in a code or in the noise; 0 for diffusion, and where the noise is no row of numbers.
        low, high: between which numbers of a code usually lie.
        clock: of diffusion, the node that gives the step; else "".
        label: the data field that says which class is wanted, as "node.field"; "" when nothing says it.
        classes: their names.
    """

    kind: str
    node: str
    output: str
    shape: tuple[int, int, int]
    size: int = 0
    low: float = -3.0
    high: float = 3.0
    clock: str = ""
    label: str = ""
    classes: tuple[str, ...] = ()


def find_generator(document: Drawing, analysis: Analysis) -> Generator | None:
    """The first way in which the drawing makes pictures, None when it makes none.

    A drawing with a schedule of noise is a diffusion; one that draws codes decodes them; else noise that reaches a
    picture is what it is made from.
    """
    pictures = list(_pictures(document, analysis))
    for layer, kind in _KINDS.items():
        for output, shape in pictures:
            inside = _inside(document, output)
            node = next((n for n in document.main.nodes if n in inside and _layer(document, n) == layer), "")
            if not node or (kind == "noise" and _reads_pictures(document, inside)):
                continue
            label, classes = _label(document, inside)
            made = Generator(kind, node, output, shape, label=label, classes=classes)
            if kind == "diffusion":
                return replace(made, clock=_clock(document, node))
            low, high = (0.0, 1.0) if _is_uniform(document, node) else (-3.0, 3.0)
            return replace(made, size=_size(analysis, node), low=low, high=high)
    return None


def find_redrawing(document: Drawing, analysis: Analysis) -> tuple[str, str] | None:
    """The field of pictures that a network reads ("node.field") and the Output with pictures made of them."""
    for output, _ in _pictures(document, analysis):
        inside = _inside(document, output)
        if any(_layer(document, name) == "NoiseSchedule" for name in inside):
            continue  # a guess of noise is no picture of a picture
        for source in _fields_read(document, inside):
            field = _field(document, source)
            if field is not None and field.kind == "image":
                return f"{source.node}.{field.name}", output
    return None


def _inside(document: Drawing, output: str) -> set[str]:
    """The nodes that an Output depends on: of a block only what the port read there needs."""
    nodes, found = document.main.nodes, {output}
    todo: list[Source] = [source for wired in nodes[output].inputs.values() for source in wired]
    seen = set(todo)
    while todo:
        source = todo.pop()
        if source.node not in nodes:
            continue
        found.add(source.node)
        wanted = _ports_needed(document, nodes[source.node], source.port)
        for port, wired in nodes[source.node].inputs.items():
            new = [s for s in wired if s not in seen and (wanted is None or port in wanted)]
            seen.update(new)
            todo.extend(new)
    return found


def _ports_needed(document: Drawing, node: Node, port: str) -> set[str] | None:
    """The Inputs of a block on which one of its Outputs depends; None, which is all, for anything else."""
    block = document.blocks.get(str(node.params.get("block", ""))) if node.layer == "Block" else None
    if block is None or (port and port not in block.graph.nodes):
        return None
    ends = [port] if port else nodes_of_role(block.graph, ("output",))[:1]
    return upstream(block.graph, ends) & set(nodes_of_role(block.graph, ("input",)))


def _reads_pictures(document: Drawing, inside: set[str]) -> bool:
    """Whether something is made of given pictures; then noise beside them is no start of a new one."""
    fields = (_field(document, source) for source in _fields_read(document, inside))
    return any(field is not None and field.kind == "image" for field in fields)


def _is_uniform(document: Drawing, node: str) -> bool:
    return document.main.nodes[node].params.get("distribution") == "uniform"


def _pictures(document: Drawing, analysis: Analysis) -> Iterator[tuple[str, tuple[int, int, int]]]:
    for name in nodes_of_role(document.main, ("output",)):
        spec = analysis.outputs.get(name)
        sizes = spec.shape[1:] if spec is not None else ()
        if len(sizes) == 3 and sizes[0] in (1, 3) and all(isinstance(size, int) for size in sizes):
            channels, height, width = (int(str(size)) for size in sizes)
            yield name, (channels, height, width)


def _layer(document: Drawing, name: str) -> str:
    return document.main.nodes[name].layer


def _size(analysis: Analysis, node: str) -> int:
    spec = analysis.facts[node].outputs.get("y")
    sizes = spec.shape[1:] if spec is not None else ()
    return sizes[0] if len(sizes) == 1 and isinstance(sizes[0], int) else 0


def _clock(document: Drawing, schedule: str) -> str:
    wired = document.main.nodes[schedule].inputs.get("t", ())
    return wired[0].node if wired else ""


def _fields_read(document: Drawing, inside: set[str]) -> Iterator[Source]:
    nodes = document.main.nodes
    for name in nodes:
        for wired in nodes[name].inputs.values() if name in inside else ():
            yield from (
                source for source in wired if source.node in nodes and _layer(document, source.node) == "Data"
            )


def _field(document: Drawing, source: Source) -> DataField | None:
    """What a wire from a Data node brings."""
    key = own_value(
        document.main.nodes[source.node].params.get("set", DATA.params[0].default), document.params
    )
    fields = fields_of(key, document.data) or ()
    return next((field for field in fields if field.name == source.port), fields[0] if fields else None)


def _label(document: Drawing, inside: set[str]) -> tuple[str, tuple[str, ...]]:
    for source in _fields_read(document, inside):
        field = _field(document, source)
        if field is not None and field.kind == "label":
            return f"{source.node}.{field.name}", field.classes
    return "", ()
