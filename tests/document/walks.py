"""Random edits for property tests: each step picks an edit and its arguments from a document."""

from __future__ import annotations

import random
from collections.abc import Iterator

from studio.document import edits
from studio.document.model import MAIN, Document, Frame
from studio.graph.model import Node, Source

LAYERS = ("Conv2d", "Tanh", "Add", "Linear", "LSTM", "CrossEntropy", "Optimizer", "Data", "Output")


def walk(seed: int, steps: int, start: Document | None = None) -> Iterator[Document]:
    """Documents along ``steps`` random edits; an edit that is refused is left out."""
    rng = random.Random(seed)
    doc = start or Document()
    for _ in range(steps):
        try:
            doc = _step(doc, rng)
        except ValueError:
            continue
        yield doc


def _step(doc: Document, rng: random.Random) -> Document:
    key = rng.choice([MAIN, MAIN, *doc.blocks])
    names = list(doc.graph(key).nodes)
    some = rng.sample(names, min(len(names), rng.randint(1, 3))) or ["none"]
    place = (float(rng.randint(0, 900)), rng.randint(0, 900) / 4)
    match rng.randint(0, 23):
        case 0 | 1 | 2:
            layer = rng.choice(LAYERS)
            return edits.add_node(doc, key, Node(edits.unique_name(doc, key, layer), layer), place)
        case 3 | 4 | 5:
            ports = ("x", "x", "x", "input", "target", "loss")
            return edits.connect(doc, key, Source(rng.choice(names or ["none"])), some[0], rng.choice(ports))
        case 6:
            return edits.remove_nodes(doc, key, some, heal=rng.random() < 0.5)
        case 7:
            return edits.rename_node(doc, key, some[0], edits.unique_name(doc, key, rng.choice("abc")))
        case 8:
            return edits.set_param(
                doc, key, some[0], rng.choice(("out_channels", "out_features")), rng.randint(1, 99)
            )
        case 9:
            return edits.move_nodes(doc, key, {some[0]: place})
        case 10:
            return edits.set_muted(doc, key, some, rng.random() < 0.5)
        case 11:
            return edits.make_block(doc, key, some, f"block{rng.randint(1, 9)}")
        case 12:
            return edits.ungroup(doc, key, some[0])[0]
        case 13:
            return edits.duplicate(doc, key, some)[0]
        case 14:
            return edits.add_frame(doc, key, Frame("frame1", "note", *place, 10.5, 20))
        case 15:
            return edits.set_run(doc, epochs=rng.randint(1, 9))
        case 16:
            return edits.set_title(doc, f"title {rng.randint(0, 9)} 日本")
        case 17:
            return edits.mark_nodes(doc, key, some, folded=rng.random() < 0.5, colour=rng.choice(("", "red")))
        case 18:
            return edits.repeat_block(doc, key, some[0], rng.randint(1, 12))
        case 19:
            return edits.detach_block(doc, key, some[0])
        case 20 if key:
            return edits.expose_param(doc, key, some[0], rng.choice(("out_channels", "out_features")))
        case 21 | 22 if doc.graph(key).nodes.get(some[0]) and doc.graph(key).nodes[some[0]].wires("x"):
            source, muted = rng.choice(doc.graph(key).nodes[some[0]].wires("x"))
            return edits.mute_wire(doc, key, some[0], "x", source, not muted)
        case _:
            return edits.disconnect(doc, key, some[0], "x")
