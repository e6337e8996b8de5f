"""What analysis needs to know of a document, so that it need not know the document's package."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

from studio.graph.model import Block, BlockParam, Graph
from studio.graph.persistent import PersistentMap


class Drawing(Protocol):
    """Graphs, blocks and the schemas of the user's own data sets. ``Document`` is one."""

    @property
    def main(self) -> Graph: ...
    @property
    def blocks(self) -> PersistentMap[Block]: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def params(self) -> tuple[BlockParam, ...]: ...
    @property
    def weights(self) -> Mapping[str, Any]: ...
    @property
    def run(self) -> Any: ...

    def graph(self, key: str = "") -> Graph:
        """The main graph or that of block ``key``."""
        ...

    def with_graph(self, key: str, graph: Graph) -> Self:
        """The same with another graph."""
        ...

    def layout(self, key: str = "") -> Any:
        """Where the nodes stand; its ``positions`` map ids to corners."""
        ...
