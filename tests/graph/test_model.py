"""Graphs: order, reach, removal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.graph.model import Graph, Node, Source, reads_any, unplugged


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Acyclic graphs of up to twelve nodes, put in in a shuffled order."""
    count = draw(st.integers(0, 12))
    nodes = []
    for at in range(count):
        chosen = draw(st.lists(st.integers(0, at - 1), max_size=3)) if at else []
        sources = tuple(Source(f"n{source}") for source in chosen)
        nodes.append(Node(f"n{at}", "Add", {}, {"x": sources} if sources else {}))
    return Graph().with_nodes(draw(st.permutations(nodes)))


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_order_puts_each_node_after_what_it_reads(graph: Graph) -> None:
    place = {name: at for at, name in enumerate(graph.order())}
    assert sorted(place) == sorted(graph.nodes)
    for name, node in graph.nodes.items():
        assert all(place[s.node] < place[name] for wired in node.inputs.values() for s in wired)
    assert graph.order() == graph.order()


@settings(max_examples=100, deadline=None)
@given(graphs(), st.data())
def test_removed_nodes_are_read_by_no_one(graph: Graph, data: st.DataObject) -> None:
    if not graph.nodes:
        return
    gone = set(data.draw(st.lists(st.sampled_from(sorted(graph.nodes)), min_size=1)))
    left = graph.without(*gone)
    assert set(left.nodes) == set(graph.nodes) - gone
    assert not any(reads_any(node, gone) for node in left.nodes.values())


def test_nodes_on_a_cycle_come_last_in_id_order() -> None:
    graph = Graph().with_nodes(
        [
            Node("b", "ReLU", {}, {"x": (Source("a"),)}),
            Node("a", "ReLU", {}, {"x": (Source("b"),)}),
            Node("c", "Noise"),
        ]
    )
    assert graph.order() == ["c", "a", "b"]
    assert graph.reaches("a", "b")
    assert not graph.reaches("c", "a")


def test_unplugging_leaves_the_other_sources() -> None:
    node = Node("sum", "Add", {}, {"x": (Source("a"), Source("b"))})
    assert unplugged(node, {"a"}).inputs == {"x": (Source("b"),)}
    assert unplugged(node, {"a", "b"}).inputs == {}
    assert node.with_input("x", ()).inputs == {}


def test_a_source_is_written_as_in_files() -> None:
    assert str(Source("lstm1", "h")) == "lstm1.h"
    assert str(Source("conv1")) == "conv1"
