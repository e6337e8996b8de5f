"""Findings get their places and one-click fixes, and are put in order: errors first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from studio.analysis.custom import name_clashes
from studio.analysis.drawing import Drawing
from studio.analysis.evaluate import NOTHING, Finding, too_large
from studio.analysis.infer import infer
from studio.analysis.model import Fix, Problem
from studio.analysis.offers import offers, unplug_what_is_no_loss
from studio.analysis.state import State
from studio.analysis.training import structure_findings, training_findings
from studio.graph.model import Node
from studio.graph.persistent import PersistentMap

_RANK = {"error": 0, "warning": 1, "hint": 2}
_MOST = 2_000  # nobody reads more, and a drawing of 10,000 broken nodes stays quick


@dataclass(frozen=True, slots=True, eq=False)
class Whole:
    """A document and the state of its main graph."""

    document: Drawing
    main: State


def collect(whole: Whole) -> tuple[Problem, ...]:
    """All problems of the document, each once: a block used five times has its mistakes once."""
    found: dict[tuple[str, str, str], Problem] = {}
    for problem in _all(whole):
        about = (problem.graph, problem.node, f"{problem.code} {problem.template} {_short(problem)}")
        found.setdefault(about, problem)
        if len(found) >= _MOST:
            break
    return tuple(sorted(found.values(), key=lambda problem: _RANK[problem.severity]))


def _short(problem: Problem) -> str:
    """What tells two problems of one node apart: its ports and parameters, not the shapes of an instance."""
    return f"{problem.values.get('port', '')} {problem.values.get('name', '')}"


def _all(whole: Whole) -> Iterator[Problem]:
    main, graph = whole.main, whole.document.main
    yield from _placed(main, "", _findings(main))
    yield from _inside(main, set())
    for node, finding in training_findings(main):
        yield _problem(main, "", node, finding)
    yield from _weights(whole)
    yield from name_clashes(whole.document)
    for finding in too_large("", main.parameters):
        if not any(too_large("", result.facts.parameters) for result in main.results.values()):
            yield _problem(main, "", "", finding)
    if len(graph.nodes):
        yield from _unused_blocks(whole)


def _weights(whole: Whole) -> Iterator[Problem]:
    """Uses of a block that start from trained weights nobody added."""
    for name in whole.main.roles.get("block", ()):
        alias = str(getattr(whole.main.setups[name].p, "weights", ""))
        if alias and alias not in whole.document.weights:
            text = "There are no trained weights called “{alias}”: add their file, or clear the name"
            finding = Finding("error", "weights", text, {"alias": alias}, (("set", "weights", ""),))
            yield _problem(whole.main, "", name, finding)


def _unused_blocks(whole: Whole) -> Iterator[Problem]:
    """Blocks that nothing uses: their parameters and wires are looked at, their shapes can't be known."""
    blocks = whole.main.blocks
    used: set[str] = set()
    todo = [
        s.block.name for name in whole.main.roles.get("block", ()) if (s := whole.main.setups[name]).block
    ]
    while todo:
        name = todo.pop()
        if name not in used and name in blocks.blocks:
            used.add(name)
            uses = blocks.uses[name]
            todo += blocks.blocks if uses is None else uses
    for name in blocks.blocks:
        if name not in used:
            text = "No node uses the block {block}: place it, or delete it"
            yield Problem("hint", "unused_block", name, "", text, {"block": name})
            block = blocks.blocks[name]
            names = {param.name: param.default for param in block.params}
            yield from _placed(
                inner := infer(block.graph, blocks, None, names, None, (name,)), name, _findings(inner)
            )


def _inside(state: State, seen: set[int]) -> Iterator[Problem]:
    """The problems within instances, by the name of their block."""
    for name in state.troubled:
        for inner in state.results.get(name, NOTHING).inner:
            if id(inner) not in seen and inner.troubled:
                seen.add(id(inner))
                yield from _placed(inner, inner.stack[-1], _findings(inner))
                yield from _inside(inner, seen)


def _placed(state: State, graph: str, found: Iterator[tuple[str, Finding]]) -> Iterator[Problem]:
    for node, finding in found:
        yield _problem(state, graph, node, finding)


def _findings(state: State) -> Iterator[tuple[str, Finding]]:
    """What nodes and wires say by themselves."""
    for name in sorted(state.troubled, key=lambda key: state.rank.get(key, -1)):
        for finding in (*state.setups[name].findings, *state.results.get(name, NOTHING).findings):
            yield name, finding
    yield from structure_findings(state)


def _problem(state: State, graph: str, node: str, finding: Finding) -> Problem:
    nodes: Mapping[str, Node] = state.graph.nodes if node else PersistentMap()
    fixes: list[Fix] = []
    for action in finding.fixes:
        fixes += offers(state, graph, nodes.get(node), action)
    if finding.code == "shape" and state.setups[node].role == "optimizer":
        fixes += unplug_what_is_no_loss(state, graph, nodes[node])
    return Problem(
        finding.severity, finding.code, graph, node, finding.template, finding.values, tuple(fixes)
    )
