"""How quickly and how cleanly drawings are arranged: ``python -m tests.benchmarks.layout --json``.

Three families with real sizes of cards: residual networks, transformers, and transformers with one mask wired to
every layer. Crossings are pairs of straight lines from card to card that cross or lie on each other. Beside ours
stands the multipartite layout of networkx by topological generations, timed and counted in the same run.
``reference_ms`` is a plain loop of a million additions. Times are processor time, medians of three.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import networkx
import numpy as np
from numpy.typing import NDArray

from studio.analysis.layout import auto_layout
from studio.graph.model import Graph, Node, Source
from tests.benchmarks.analysis import reference_ms

Places = Mapping[str, tuple[float, float]]
_BLOCK = 256


def residual(count: int) -> Graph:
    """Stages of convolution, normalization, activation with an addition at every seventh node."""
    nodes, skip = [Node("n0", "Noise")], "n0"
    for at in range(1, count):
        sources = [Source(f"n{at - 1}")]
        if at % 7 == 0:
            sources.append(Source(skip))
            skip = f"n{at}"
        nodes.append(Node(f"n{at}", ("Conv2d", "BatchNorm2d", "ReLU")[at % 3], {}, {"x": tuple(sources)}))
    return Graph().with_nodes(nodes)


def transformer(count: int, mask: bool = False) -> Graph:
    """Layers of twelve nodes: three projections into attention, two residual additions."""
    nodes = {"n0": Node("n0", "Noise")}
    if mask:
        nodes["mask"] = Node("mask", "Noise")
    made, before = 1, "n0"

    def add(*sources: str) -> str:
        nonlocal made
        name = f"n{made}"
        made += 1
        nodes[name] = Node(name, "Add", {}, {"x": tuple(Source(one) for one in sources)})
        return name

    while made + 12 <= count:
        norm = add(before)
        parts = [add(norm) for _ in range(3)]
        attention = add(*parts, *(["mask"] if mask else []))
        middle = add(add(attention), before)
        inner = add(add(add(add(middle))))
        before = add(inner, middle)
    while made < count:
        before = add(before)
    return Graph().with_nodes(nodes.values())


def sizes_of(graph: Graph) -> dict[str, tuple[float, float]]:
    """Cards as wide as names of usual length make them, higher where more wires come in."""
    found = {}
    for at, (name, node) in enumerate(graph.nodes.items()):
        wires = sum(len(sources) for sources in node.inputs.values())
        found[name] = (152.0 + 8 * (at % 7), 52.0 + 16 * max(wires - 1, 0))
    return found


def edges(graph: Graph) -> list[tuple[str, str]]:
    """Pairs of source and reader."""
    return [
        (source.node, name)
        for name, node in graph.nodes.items()
        for sources in node.inputs.values()
        for source in sources
    ]


def crossings(graph: Graph, places: Places, sizes: Mapping[str, tuple[float, float]]) -> int:
    """Pairs of straight wires that cross or lie on each other, shared ends not counted."""
    rows = [
        (
            places[a][0] + sizes[a][0],
            places[a][1] + sizes[a][1] / 2,
            places[b][0],
            places[b][1] + sizes[b][1] / 2,
        )
        for a, b in edges(graph)
    ]
    lines = np.array(rows)
    lines = lines[np.argsort(np.minimum(lines[:, 0], lines[:, 2]))]
    total = 0
    for first in range(0, len(lines), _BLOCK):
        part = lines[first : first + _BLOCK]
        reach = np.maximum(part[:, 0], part[:, 2]).max()
        rest = lines[first:]
        rest = rest[np.minimum(rest[:, 0], rest[:, 2]) <= reach]
        hit = _cross(part[:, None], rest[None])
        later = np.arange(len(rest))[None] > np.arange(len(part))[:, None]
        total += int((hit & later).sum())
    return total


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    def side(
        line: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        dx, dy = line[..., 2] - line[..., 0], line[..., 3] - line[..., 1]
        result: NDArray[np.float64] = dx * (y - line[..., 1]) - dy * (x - line[..., 0])
        return result

    first = side(one, other[..., 0], other[..., 1]) * side(one, other[..., 2], other[..., 3])
    second = side(other, one[..., 0], one[..., 1]) * side(other, one[..., 2], one[..., 3])
    hit: NDArray[np.bool_] = (first < -1e-6) & (second < -1e-6)
    level = (np.abs(side(one, other[..., 0], other[..., 1])) < 1e-6) & (
        np.abs(side(one, other[..., 2], other[..., 3])) < 1e-6
    )
    shared = np.minimum(np.maximum(one[..., 0], one[..., 2]), np.maximum(other[..., 0], other[..., 2]))
    shared = shared - np.maximum(
        np.minimum(one[..., 0], one[..., 2]), np.minimum(other[..., 0], other[..., 2])
    )
    return hit | (level & (shared > 1e-6))


def overlaps(places: Places, sizes: Mapping[str, tuple[float, float]]) -> int:
    """Pairs of cards that share some area."""
    names = list(places)
    boxes = np.array([(*places[n], places[n][0] + sizes[n][0], places[n][1] + sizes[n][1]) for n in names])
    boxes = boxes[np.argsort(boxes[:, 0])]
    total = 0
    for at, box in enumerate(boxes):
        end = int(np.searchsorted(boxes[:, 0], box[2]))
        rest = boxes[at + 1 : end]
        total += int(((rest[:, 1] < box[3]) & (rest[:, 3] > box[1])).sum())
    return total


def multipartite(graph: Graph) -> dict[str, tuple[float, float]]:
    """Where networkx puts the nodes."""
    found = networkx.DiGraph(edges(graph))
    for layer, names in enumerate(networkx.topological_generations(found)):
        for name in names:
            found.nodes[name]["layer"] = layer
    placed = networkx.multipartite_layout(found, subset_key="layer", scale=10_000)
    return {name: (float(x), float(y)) for name, (x, y) in placed.items()}


def timed(work: Callable[[], object]) -> float:
    """The median processor time of three runs, in ms."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - start))
    return statistics.median(taken)


def digest(graph: Graph) -> str:
    """A short sum of all places, to compare two processes by."""
    places = sorted(auto_layout(graph, sizes_of(graph)).items())
    return hashlib.sha256(repr(places).encode()).hexdigest()[:16]


FAMILIES: dict[str, Callable[[int], Graph]] = {
    "residual": residual,
    "transformer": transformer,
    "masked": lambda count: transformer(count, mask=True),
}


def measure(family: str, count: int) -> dict[str, object]:
    """Time, crossings and overlaps of one drawing, ours and networkx's."""
    graph = FAMILIES[family](count)
    sizes, none = sizes_of(graph), dict.fromkeys(graph.nodes, (0.0, 0.0))
    places = auto_layout(graph, sizes)
    return {
        "nodes": len(graph.nodes),
        "wires": len(edges(graph)),
        "ms": round(timed(lambda: auto_layout(graph, sizes)), 2),
        "crossings": crossings(graph, places, sizes),
        "overlaps": overlaps(places, sizes),
        "networkx_ms": round(timed(lambda: multipartite(graph)), 2),
        "networkx_crossings": crossings(graph, multipartite(graph), none),
    }


def deterministic(count: int) -> bool:
    """Whether three processes with other hash seeds place everything alike."""
    code = (
        "from tests.benchmarks.layout import FAMILIES, digest\n"
        f"print(*(digest(make({count})) for make in FAMILIES.values()))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    return len(found) == 1


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--nodes", type=int, nargs="*", default=[100, 1000, 5000])
    arguments = parser.parse_args()
    figures: dict[str, object] = {
        family: {str(count): measure(family, count) for count in arguments.nodes} for family in FAMILIES
    }
    figures["deterministic"] = deterministic(300)
    figures["reference_ms"] = round(reference_ms(), 3)
    text = json.dumps(figures) if arguments.json else "\n".join(f"{k:14} {v}" for k, v in figures.items())
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
