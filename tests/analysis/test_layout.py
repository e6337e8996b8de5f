"""Automatic placing: nothing overlaps, readers stand to the right, the same drawing gives the same picture."""

from __future__ import annotations

import time
from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.analysis.layout import auto_layout
from studio.graph.model import Graph, Node, Source
from tests.analysis.drawings import classifier


@st.composite
def drawings(draw: st.DrawFn) -> tuple[Graph, dict[str, tuple[float, float]]]:
    """Graphs of up to fifteen nodes (cycles too), and the sizes of their cards."""
    count = draw(st.integers(1, 15))
    nodes = []
    for at in range(count):
        sources = tuple(Source(f"n{s}") for s in draw(st.lists(st.integers(0, count), max_size=3)) if s != at)
        nodes.append(Node(f"n{at}", "Add", {}, {"x": sources} if sources else {}))
    sizes = {f"n{at}": (draw(st.floats(40, 300)), draw(st.floats(20, 200))) for at in range(count)}
    return Graph().with_nodes(nodes), sizes


def overlapping(places: dict, sizes: dict) -> list[tuple[str, str]]:
    """Pairs of cards that share some area."""
    return [
        (a, b)
        for a, b in combinations(places, 2)
        if places[a][0] < places[b][0] + sizes[b][0]
        and places[b][0] < places[a][0] + sizes[a][0]
        and places[a][1] < places[b][1] + sizes[b][1]
        and places[b][1] < places[a][1] + sizes[a][1]
    ]


@settings(max_examples=150, deadline=None)
@given(drawings())
def test_nothing_overlaps(drawing: tuple) -> None:
    graph, sizes = drawing
    places = auto_layout(graph, sizes)
    assert set(places) == set(graph.nodes)
    assert overlapping(places, sizes) == []
    assert places == auto_layout(graph, sizes)


@settings(max_examples=100, deadline=None)
@given(drawings(), st.data())
def test_pinned_cards_stay_and_are_kept_clear_of(drawing: tuple, data: st.DataObject) -> None:
    graph, sizes = drawing
    name = data.draw(st.sampled_from(sorted(graph.nodes)))
    places = auto_layout(graph, sizes, {name: (1000.0, -40.0)})
    assert places[name] == (1000.0, -40.0)
    assert overlapping(places, sizes) == []


def test_a_chain_is_a_straight_line_to_the_right() -> None:
    graph = Graph().with_nodes(
        [Node("a", "Noise")] + [Node(b, "ReLU", {}, {"x": (Source(a),)}) for a, b in pairwise("abcdef")]
    )
    sizes = {name: (160.0, 40.0 + 16 * at) for at, name in enumerate("abcdef")}
    places = auto_layout(graph, sizes)
    assert [places[a][0] < places[b][0] for a, b in pairwise("abcdef")] == [True] * 5
    middles = [places[name][1] + sizes[name][1] / 2 for name in "abcdef"]
    assert max(middles) - min(middles) <= 8


def test_readers_stand_to_the_right_of_what_they_read() -> None:
    graph = classifier().main
    places = auto_layout(graph, dict.fromkeys(graph.nodes, (180.0, 64.0)))
    for name, node in graph.nodes.items():
        for wired in node.inputs.values():
            assert all(places[s.node][0] < places[name][0] for s in wired)


def test_a_large_drawing_is_quick() -> None:
    nodes = [Node("n0", "Noise")]
    for at in range(1, 2000):
        skip = (Source(f"n{at - 3}"),) if at % 4 == 0 and at > 3 else ()
        nodes.append(Node(f"n{at}", "Add", {}, {"x": (Source(f"n{at - 1}"), *skip)}))
    graph = Graph().with_nodes(nodes)
    start = time.process_time()
    auto_layout(graph, dict.fromkeys(graph.nodes, (180.0, 64.0)))
    assert time.process_time() - start < 5
