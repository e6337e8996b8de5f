"""How long analysis takes after one edit: ``python -m tests.benchmarks.analysis --json``.

The graph is a chain of convolutions, activations and normalizations with a skip at every fifth layer. The edit
at the input gives a picture size that was never seen before, so every shape downstream is new each time. Each
time includes putting the problems together. ``reference_ms`` times a plain loop in the same run: read ratios.
The ``cpu`` figures are processor time, which other programs on a busy machine do not lengthen.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable

from studio.analysis import Analysis, analyze
from studio.document.model import Document
from studio.graph.model import Graph, Node, Source
from studio.graph.persistent import PersistentMap

_CYCLE = ("Conv2d", "ReLU", "BatchNorm2d", "Add", "Dropout")


def chain(count: int, distinct: bool = False) -> Document:
    """A network of ``count`` nodes; with ``distinct`` no two layers have the same parameters."""
    nodes = [Node("noise", "Noise", {"shape": (8, 32, 32)})]
    skip = "noise"
    for at in range(count - 5):
        layer = "Dropout" if distinct else _CYCLE[at % 5]
        before = nodes[-1].id
        if layer == "Add" or (distinct and at % 5 == 3):
            node = Node(f"n{at}", "Add", {}, {"x": (Source(before), Source(skip))})
            skip = node.id
        elif layer == "Conv2d":
            params = {"out_channels": 8, "kernel_size": (3, 3), "padding": (1, 1)}
            node = Node(f"n{at}", layer, params, {"x": (Source(before),)})
        elif layer == "Dropout":
            node = Node(f"n{at}", layer, {"p": at / count} if distinct else {}, {"x": (Source(before),)})
        else:
            node = Node(f"n{at}", layer, {}, {"x": (Source(before),)})
        nodes.append(node)
    end = nodes[-1].id
    nodes += [
        Node("pool", "AdaptiveAvgPool2d", {"output_size": (1, 1)}, {"x": (Source(end),)}),
        Node("flat", "Flatten", {}, {"x": (Source("pool"),)}),
        Node("linear", "Linear", {"out_features": 10}, {"x": (Source("flat"),)}),
        Node("output", "Output", {}, {"x": (Source("linear"),)}),
    ]
    return Document(main=Graph(PersistentMap({node.id: node for node in nodes})))


def edited(document: Document, node: str, name: str, value: object) -> Document:
    """``document`` with one parameter set."""
    changed = document.main.nodes[node].with_params({name: value})  # type: ignore[dict-item]
    return document.with_graph("", document.main.with_node(changed))


def timed(
    edits: int,
    edit: Callable[[Document, int], Document],
    document: Document,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Milliseconds of the analysis after each of ``edits`` edits in a row, problems included."""
    analysis: Analysis = analyze(document)
    taken = []
    for turn in range(edits):
        document = edit(document, turn)
        start = clock()
        analysis = analyze(document, analysis)
        _ = analysis.problems
        taken.append(1000 * (clock() - start))
    return taken


def reference_ms() -> float:
    """The median time of a plain loop of a million additions: what the machine gives at this moment."""
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        total = 0
        for number in range(1_000_000):
            total += number
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def p95(values: list[float]) -> float:
    """The value that 95 % stay under."""
    return sorted(values)[int(0.95 * (len(values) - 1))]


def full_ms(document: Document) -> float:
    """The median time of an analysis that knows nothing of an earlier one."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        _ = analyze(document).problems
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken)


def measure(count: int, edits: int) -> dict[str, float]:
    """All figures for one size of graph."""
    document = chain(count)
    first = time.perf_counter()
    _ = analyze(document).problems
    cold = 1000 * (time.perf_counter() - first)
    gc.collect()
    at_input = timed(edits, lambda d, turn: edited(d, "noise", "shape", (8, 33 + turn, 32)), document)
    at_output = timed(edits, lambda d, turn: edited(d, "linear", "out_features", 11 + turn), document)
    on_cpu = timed(
        edits, lambda d, turn: edited(d, "noise", "shape", (8, 33 + turn, 30)), document, time.process_time
    )
    apart = timed(
        min(edits, 50),
        lambda d, turn: edited(d, "noise", "shape", (8, 33 + turn, 31)),
        chain(count, distinct=True),
    )
    return {
        "nodes": len(document.main.nodes),
        "median_ms": round(statistics.median(at_input), 3),
        "p95_ms": round(p95(at_input), 3),
        "output_edit_ms": round(statistics.median(at_output), 3),
        "median_cpu_ms": round(statistics.median(on_cpu), 3),
        "p95_cpu_ms": round(p95(on_cpu), 3),
        "full_ms": round(full_ms(document), 3),
        "cold_ms": round(cold, 3),
        "all_distinct_median_ms": round(statistics.median(apart), 3),
    }


def main() -> int:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--edits", type=int, default=200)
    arguments = parser.parse_args()
    figures: dict[str, object] = dict(measure(arguments.nodes, arguments.edits))
    large = measure(5 * arguments.nodes, max(arguments.edits // 8, 5))
    figures["large"] = large
    figures["reference_ms"] = round(reference_ms(), 3)
    text = json.dumps(figures) if arguments.json else "\n".join(f"{k:24} {v}" for k, v in figures.items())
    sys.stdout.write(text + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
