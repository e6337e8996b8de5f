"""Small drawings that the tests of analysis share."""

from __future__ import annotations

from typing import Any

from studio.document.model import Document
from studio.graph.model import Block, BlockParam, Graph, Node, Source
from studio.graph.persistent import PersistentMap


def source(text: str) -> Source:
    """ "lstm1.h" as a Source."""
    name, _, port = text.partition(".")
    return Source(name, port)


def node(name: str, layer: str, /, inputs: dict[str, str | list[str]] | None = None, **params: Any) -> Node:
    """A node whose inputs are written as text."""
    wired = {
        port: tuple(source(text) for text in ([given] if isinstance(given, str) else given))
        for port, given in (inputs or {}).items()
    }
    arguments = params.pop("arguments", {})
    muted = params.pop("muted", False)
    return Node(name, layer, params, wired, arguments, muted=muted)


def graph(*nodes: Node) -> Graph:
    """A graph of ``nodes``."""
    return Graph(PersistentMap({one.id: one for one in nodes}))


def document(*nodes: Node, blocks: dict[str, Block] | None = None, **fields: Any) -> Document:
    """A document whose main graph has ``nodes``."""
    return Document(main=graph(*nodes), blocks=PersistentMap(blocks or {}), **fields)


def block(name: str, *nodes: Node, params: tuple[BlockParam, ...] = ()) -> Block:
    """A block of ``nodes``."""
    return Block(name, graph(*nodes), params)


def classifier(**changes: Node | None) -> Document:
    """A correct little classifier; ``changes`` replace nodes by id, None leaves one out."""
    nodes: dict[str, Node | None] = {
        "digits": node("digits", "Data", set="digits-28x28", scale="0..1"),
        "flat": node("flat", "Flatten", {"x": "digits.image"}),
        "hidden": node("hidden", "Linear", {"x": "flat"}, out_features=32),
        "relu": node("relu", "ReLU", {"x": "hidden"}),
        "logits": node("logits", "Linear", {"x": "relu"}, out_features=10),
        "prediction": node("prediction", "Output", {"x": "logits"}),
        "loss": node("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        "adam": node("adam", "Optimizer", {"loss": "loss"}),
    }
    nodes |= changes
    return document(*(one for one in nodes.values() if one is not None))
