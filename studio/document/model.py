"""What the user edits: graphs, layout and choices, as one immutable value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from studio.graph.model import Block, BlockParam, Graph
from studio.graph.persistent import PersistentMap

MAIN = ""  # the key of the main graph; a block's graph has the block's name


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to train. ``steps`` 0 means whole epochs; ``monitor`` "" is the loss, else "validation.accuracy"."""

    epochs: int = 10
    steps: int = 0
    batch_size: int = 64
    seed: int = 1
    monitor: str = ""
    direction: str = "auto"  # auto, min, max
    device: str = "auto"
    precision: str = "float32"
    checkpoint_every_s: float = 30.0
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Frame:
    """A titled rectangle behind nodes (scene units, px at 100 %), or a note when ``note`` is set."""

    id: str
    title: str
    x: float
    y: float
    width: float
    height: float
    colour: str = ""
    note: bool = False
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mark:
    """How one node is shown: folded to its title, kept in place by the layout, in a colour of its own."""

    folded: bool = False
    pinned: bool = False
    colour: str = ""  # a name of the palette, see ``ui.tokens``


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the nodes of one graph stand: top left corners in px at 100 %. ``marks`` has only what is unusual."""

    positions: PersistentMap[tuple[float, float]] = field(default_factory=PersistentMap)
    frames: tuple[Frame, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A project in memory. ``blocks`` and ``layouts`` are keyed by block name; layouts also by MAIN.

    ``params`` are numbers that the main graph's expressions may use; a named size of a preset sets them:
    ``sizes`` is {"small": {"values": {"width": 64}, "parameters": 1234}}. ``weights`` describes files of
    weights by alias (fingerprint, names and shapes); where they lie is known to the machine, not to the file.
    """

    title: str = ""
    about: Mapping[str, object] = field(default_factory=dict)
    expect: Mapping[str, object] = field(default_factory=dict)
    run: RunSettings = field(default_factory=RunSettings)
    main: Graph = field(default_factory=Graph)
    blocks: PersistentMap[Block] = field(default_factory=PersistentMap)
    layouts: PersistentMap[Layout] = field(default_factory=PersistentMap)
    data: Mapping[str, object] = field(
        default_factory=dict
    )  # cached schemas of the user's own sets, by alias
    params: tuple[BlockParam, ...] = ()
    sizes: Mapping[str, object] = field(default_factory=dict)
    weights: Mapping[str, object] = field(default_factory=dict)
    extra: Mapping[str, object] = field(default_factory=dict)

    def graph(self, key: str = MAIN) -> Graph:
        """The main graph or the graph of block ``key``."""
        return self.blocks[key].graph if key else self.main

    def with_graph(self, key: str, graph: Graph) -> Document:
        """This document with the graph ``key`` replaced."""
        if not key:
            return replace(self, main=graph)
        return replace(self, blocks=self.blocks.set(key, replace(self.blocks[key], graph=graph)))

    def layout(self, key: str = MAIN) -> Layout:
        """The layout of graph ``key``; empty when none was made."""
        return self.layouts.get(key) or Layout()
