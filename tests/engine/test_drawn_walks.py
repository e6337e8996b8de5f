"""Random drawings of nested blocks: their text gives what walking through the graphs node by node gives."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from studio.analysis import analyze
from studio.codegen.scope import attribute
from studio.document.model import Document
from studio.graph.expression import Expression, parse
from studio.graph.model import Block, BlockParam, Graph, Node, Source
from studio.graph.persistent import PersistentMap
from tests.engine.test_drawn_blocks import module_of

WIDTH = 6


def made(rng: random.Random, name: str, inner: list[str], inputs: int) -> Block:
    """A block of random nodes that all keep the width, perhaps with uses of ``inner`` blocks."""
    nodes = [Node(f"in{at}" if at else "x", "Input") for at in range(inputs)]
    ready = [node.id for node in nodes]
    for at in range(rng.randint(3, 8)):
        one = Source(rng.choice(ready[-4:]))
        two = Source(rng.choice(ready))
        kind = rng.choice(
            ["Linear", "Linear", "Tanh", "ReLU", "Add", "Multiply", "Wide", *["Block"] * len(inner)]
        )
        node = Node(f"n{at}", kind, {}, {"x": (one,)})
        if kind in ("Add", "Multiply"):
            node = replace(node, inputs={"x": (one, two)})
        elif kind == "Linear":
            node = replace(node, params={"out_features": WIDTH, "bias": rng.random() < 0.8})
        elif kind == "Wide":  # out and in again, through a parameter of the block
            nodes.append(
                replace(node, id=f"w{at}", layer="Linear", params={"out_features": Expression("2 * width")})
            )
            node = Node(f"n{at}", "Linear", {"out_features": WIDTH}, {"x": (Source(f"w{at}"),)})
        elif kind == "Block":
            node = used(rng, f"n{at}", rng.choice(inner), one, two)
        if rng.random() < 0.25 and kind != "Wide":
            text = rng.choice(["flag", "width > 3", "width % 2 == 0", "width != 4"])
            node = replace(node, present_if=parse(text))
        nodes.append(node)
        ready.append(node.id)
    nodes.append(Node("y", "Output", {}, {"x": (Source(ready[-1]),)}))
    params = (BlockParam("width", "int", rng.randint(2, 5)), BlockParam("flag", "bool", rng.random() < 0.5))
    return Block(name, Graph(PersistentMap({node.id: node for node in nodes})), params)


def used(rng: random.Random, name: str, block: str, one: Source, two: Source) -> Node:
    """A use of a block, once or several times, with parameters."""
    inputs = {"x": (one,)} if block.endswith("1") else {"x": (one,), "in1": (two,)}
    arguments: dict[str, Any] = {}
    if rng.random() < 0.6:
        arguments["width"] = rng.choice([3, Expression("width + 1"), Expression("width")])
    if rng.random() < 0.4:
        arguments["flag"] = Expression("width > 3")
    if rng.random() < 0.5:
        times = rng.choice([1, 2, 3, Expression("width - 1")])
        if rng.random() < 0.4:
            arguments["width"] = Expression("i + 2")
        shared = rng.random() < 0.2 and not arguments
        return Node(name, "Repeat", {"block": block, "times": times, "shared": shared}, inputs, arguments)
    return Node(name, "Block", {"block": block}, inputs, arguments)


def drawing(seed: int) -> Document:
    """Two small blocks, one of blocks, and a network of them."""
    rng = random.Random(seed)
    blocks = {"leaf1": made(rng, "leaf1", [], 1), "leaf2": made(rng, "leaf2", [], 2)}
    blocks["tree1"] = made(rng, "tree1", ["leaf1", "leaf2"], 1)
    main = made(rng, "main", [*blocks], 1).graph.nodes
    start = Node("digits", "Data", {"set": "digits-8x8"})
    flat = Node("flat", "Flatten", {}, {"x": (Source("digits", "image"),)})
    nodes = {
        "digits": start,
        "flat": flat,
        "x": Node("x", "Linear", {"out_features": WIDTH}, {"x": (Source("flat"),)}),
    }
    for name, node in main.items():
        if node.layer != "Input":
            nodes[name] = node
    target = Node("loss", "MSE", {}, {"input": main["y"].inputs["x"], "target": (Source("x"),)})
    nodes |= {"loss": target, "adam": Node("adam", "Optimizer", {}, {"loss": (Source("loss"),)})}
    params = (BlockParam("width", "int", 3), BlockParam("flag", "bool", True))
    return Document(
        title="walk", main=Graph(PersistentMap(nodes)), blocks=PersistentMap(blocks), params=params
    )


def walked(
    doc: Document, graph: Graph, module: nn.Module, given: dict[str, Tensor], names: dict[str, Any]
) -> Tensor:
    """What a graph gives, node by node."""
    values = dict(given)

    def value(name: str) -> Tensor:
        if name not in values:
            values[name] = worked_out(graph.nodes[name])
        return values[name]

    def worked_out(node: Node) -> Tensor:
        if node.layer == "Output" or node.present_if is not None and not node.present_if.value(names):
            return value(node.inputs["x"][0].node)
        inputs = {port: [value(source.node) for source in found] for port, found in node.inputs.items()}
        if node.layer in ("Block", "Repeat"):
            return repeated(doc, node, getattr(module, attribute(node.id), None), inputs, names)
        first = inputs["x"][0]
        if node.layer == "Linear":
            return getattr(module, attribute(node.id))(first)  # type: ignore[no-any-return]
        if node.layer in ("Add", "Multiply"):
            one, two = inputs["x"]
            return one + two if node.layer == "Add" else one * two
        return torch.tanh(first) if node.layer == "Tanh" else torch.relu(first)

    return value("y")


def repeated(
    doc: Document, node: Node, module: Any, inputs: dict[str, list[Tensor]], names: dict[str, Any]
) -> Tensor:
    """What a use of a block gives."""
    block = doc.blocks[str(node.params["block"])]
    times = node.params.get("times", 1)
    count = int(times.value(names)) if isinstance(times, Expression) else int(str(times))
    given = {port: found[0] for port, found in inputs.items()}
    for turn in range(count):
        index = {"i": turn, "index": turn} if node.layer == "Repeat" else {}
        outer = {**names, **index}
        inner = {
            param.name: value.value(outer) if isinstance(value, Expression) else value
            for param in block.params
            for value in (node.arguments.get(param.name, param.default),)
        }
        alone = node.layer == "Block" or node.params.get("shared")
        part = module if alone else module[turn]
        given["x"] = walked(doc, block.graph, part, given, {**inner, **index})
    return given["x"]


def agree(seeds: range) -> int:
    """How many drawings could run; each of them gave the same both ways."""
    done = 0
    for seed in seeds:
        doc = drawing(seed)
        if not analyze(doc).can_run:
            continue
        torch.manual_seed(seed)
        network = module_of(doc).Training().network.double()
        image = torch.rand(5, 1, 8, 8, dtype=torch.float64)
        start = getattr(network, attribute("x"))(image.flatten(1))
        names = {param.name: param.default for param in doc.params}
        main = doc.main.without("digits", "flat", "loss", "adam")
        assert torch.equal(network(image), walked(doc, main, network, {"x": start}, names)), seed
        done += 1
    return done


def test_what_the_text_gives_is_what_the_graphs_say() -> None:
    assert agree(range(60)) >= 30


@pytest.mark.slow
def test_many_more_drawings() -> None:
    assert agree(range(60, 400)) >= 200
