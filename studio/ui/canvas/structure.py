"""What changes the structure of a drawing at one stroke: blocks, bends of wires, other layers in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from studio.analysis import Fix
from studio.analysis.fixes import apply_fix
from studio.document import edits
from studio.document.check import holds_block
from studio.document.model import Document
from studio.document.names import block_names, free_name
from studio.graph.model import Node, Source
from studio.text import tr
from studio.ui.canvas.cards import DOT_LAYER
from studio.ui.canvas.geometry import DOT, snapped
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class Structure:
    """Edits of the graph shown; each is one step."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    # blocks

    def make_block(self) -> None:
        """The selection becomes a block."""
        view, names, key = self._view, self._view.commands.chosen, self._view.session.graph_key
        name = free_name("block1", block_names(view.session.document))
        bookmarks = view.looking.visited.bookmarks.values()
        alone = {
            state for graph, state in bookmarks if graph == key and view.looking.shows_only(names, state)
        }
        places = view.scene.places()
        if names and view.session.apply(
            tr("Make block {name}", name=name), lambda d: edits.make_block(d, key, names, name)
        ):
            inside = view.session.document.layout(name).positions.get(names[0])
            if inside is not None:
                by = inside[0] - places[names[0]][0], inside[1] - places[names[0]][1]
                view.looking.visited.move_into(key, name, alone.__contains__, by)
            uses = view.session.document.graph(key).nodes.values()
            view.session.select(n.id for n in uses if n.params.get("block") == name)

    def ungroup(self) -> None:
        """A block's use becomes the block's nodes."""
        key, name = self._view.session.graph_key, self._one_use()
        if name:
            self._view.commands.pasted(
                tr("Take {node} apart", node=name), lambda d: edits.ungroup(d, key, name)
            )

    def detach(self) -> None:
        """Gives the selected use a copy of its block, to be changed without the others."""
        key, name = self._view.session.graph_key, self._one_use()
        if name:
            self._view.session.apply(
                tr("Detach {node}", node=name), lambda d: edits.detach_block(d, key, name)
            )

    def repeat(self, by: float) -> None:
        """One turn more or fewer of the selected use."""
        key, name = self._view.session.graph_key, self._one_use()
        if name:
            times = max(1, self._view.scene.card(name).times + int(by))
            self.set_times(key, name, times)

    def set_times(self, key: str, name: str, times: int) -> None:
        """The use ``name`` of a block ``times`` times in a row."""
        label = tr("Repeat {node} ×{times}", node=name, times=times)
        self._view.session.apply(
            label, lambda d: edits.repeat_block(d, key, name, times), f"repeat:{key}:{name}"
        )

    def share(self) -> None:
        """The selected uses of a block learn one set of weights, or each its own again."""
        key, names = self._view.session.graph_key, self._view.commands.chosen
        if names:
            self._view.session.apply(tr("Share weights"), lambda d: edits.share_weights(d, key, names))

    def expose(self, node: str, param: str) -> None:
        """A parameter inside the block shown becomes one of the block."""
        key = self._view.session.graph_key
        if key:
            label = tr("Put {param} on the face of {block}", param=param, block=key)
            self._view.session.apply(label, lambda d: edits.expose_param(d, key, node, param))

    def fix(self, fix: Fix) -> None:
        """Makes a repair that a problem offers."""
        self._view.session.apply(fix.title, lambda document: apply_fix(document, fix))

    def show_fix(self, fix: Fix | None) -> None:
        """Shows on the drawing what a repair would do, without doing it; None ends it.

        Of a repair inside a block it shows which uses of the block become other ones.
        """
        view = self._view
        if fix is None:
            view.preview(None)
            return
        document, block = view.session.document, str(fix.action[1])
        try:
            view.preview(apply_fix(document, fix))
        except ValueError:
            view.preview(None)
            return
        if block and block != view.session.graph_key and view.proposal is not None:
            uses = frozenset(
                name
                for name in view.scene.ids
                if (used := view.scene.card(name).block) and holds_block(document, used, block)
            )
            if uses:
                view.proposal = replace(view.proposal, changed=uses)
            else:
                view.preview(None)

    # nodes

    def replace_by(self, layer: str) -> None:
        """Another layer in place of each selected node; wires and parameters that fit stay."""
        names, key = self._view.commands.chosen, self._view.session.graph_key

        def edit(document: Document) -> Document:
            for name in names:
                document = edits.replace_layer(document, key, name, layer)
            return document

        if names:
            self._view.session.apply(tr("Replace by {layer}", layer=layer), edit)

    def toggle_folded(self) -> None:
        """Folds the selection to titles, or opens it again."""
        names, key = self._view.commands.chosen, self._view.session.graph_key
        if names:
            marks = self._view.session.document.layout(key).marks
            on = not all(name in marks and marks[name].folded for name in names)
            label = tr("Fold") if on else tr("Unfold")
            self._view.session.apply(label, lambda d: edits.mark_nodes(d, key, names, folded=on))

    def paint(self, colour: str) -> None:
        """A colour of their own for the selected nodes, or for the frame; "" takes it away."""
        view, names, key = self._view, self._view.commands.chosen, self._view.session.graph_key
        frame = view.chosen_frame

        def edit(document: Document) -> Document:
            if not names and frame:
                return edits.edit_frame(document, key, frame, colour=colour)
            return edits.mark_nodes(document, key, names, colour=colour)

        if names or frame:
            view.session.apply(tr("Colour"), edit)

    # bends

    def bend(self, wire: Wire, at: tuple[float, float]) -> str | None:
        """A dot on a wire that it runs through; its name."""
        view, key = self._view, self._view.session.graph_key
        made = self._new_dot(view.session.document)
        place = (snapped(at[0]) - DOT / 2, snapped(at[1]) - DOT / 2)

        def edit(document: Document) -> Document:
            return edits.insert_on_wire(document, key, made, (wire.node, wire.port), wire.source, place)

        if not view.session.apply(tr("Bend the wire"), edit):
            return None
        view.session.select({made.id})
        return made.id

    def bend_loose(self, start: PortRef, at: tuple[float, float]) -> str | None:
        """A dot in empty space at the end of a wire that is being drawn; its name."""
        view, key = self._view, self._view.session.graph_key
        made = self._new_dot(view.session.document)
        place = (snapped(at[0]) - DOT / 2, snapped(at[1]) - DOT / 2)

        def edit(document: Document) -> Document:
            document = edits.add_node(document, key, made, place)
            if start.side == "in":
                return edits.connect(document, key, Source(made.id), start.node, start.name)
            return edits.connect(document, key, source_of(start), made.id, "x")

        return made.id if view.session.apply(tr("Bend the wire"), edit) else None

    def pull_out(self, name: str, merge: str = "") -> bool:
        """Takes a node out of its wires, which run on without it."""
        key = self._view.session.graph_key
        made: Callable[[Document], Document] = lambda d: edits.take_out(d, key, name)  # noqa: E731
        return self._view.session.apply(tr("Take {node} out of its wires", node=name), made, merge)

    def _new_dot(self, document: Document) -> Node:
        name = edits.unique_name(document, self._view.session.graph_key, "dot1")
        return Node(name, DOT_LAYER, muted=True)  # muted: the code has no line for it

    def _one_use(self) -> str:
        chosen = self._view.commands.chosen
        return chosen[0] if len(chosen) == 1 and self._view.scene.card(chosen[0]).block else ""


def source_of(ref: PortRef) -> Source:
    """The source that an output port stands for; the first goes without its name."""
    return Source(ref.node, ref.name if ref.index else "")
