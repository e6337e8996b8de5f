"""What the canvas does to the document: each method one named step of the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from studio.document import edits
from studio.document.model import Document
from studio.document.ports import INSTANCES
from studio.graph.model import Node, Source
from studio.layers import find
from studio.text import tr
from studio.ui.canvas.cards import make_card
from studio.ui.canvas.geometry import COLUMN, GRID, Box, snapped
from studio.ui.canvas.placing import free_spot
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.structure import source_of
from studio.ui.canvas.wiring import Wire
from studio.ui.clipboard import put_text

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

Point = tuple[float, float]
_GAP = COLUMN - 152


class Actions:
    """Edits of the graph shown. ``view`` gives session, scene and camera."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._pastes = 0

    @property
    def chosen(self) -> list[str]:
        """The selected nodes, in the drawing's order."""
        selection = self._view.session.selection
        return [name for name in self._view.scene.ids if name in selection]

    # wires

    def connect(self, start: PortRef, target: PortRef, taken: Wire | None = None) -> None:
        """A wire between two ports; ``taken`` is the one that was pulled off for it."""
        out, into = (start, target) if start.side == "out" else (target, start)
        key = self._view.session.graph_key
        if taken is not None and (taken.node, taken.port) == (into.node, into.name):
            return  # back where it was

        def edit(document: Document) -> Document:
            if taken is not None:
                document = edits.disconnect(document, key, taken.node, taken.port, taken.source)
            return edits.connect(document, key, source_of(out), into.node, into.name)

        self._view.session.apply(tr("Connect {source} to {node}", source=out.node, node=into.node), edit)

    def disconnect(self, wire: Wire) -> None:
        """Takes a wire away."""
        key = self._view.session.graph_key
        label = tr("Disconnect {node}", node=wire.node)
        self._view.session.apply(label, lambda d: edits.disconnect(d, key, wire.node, wire.port, wire.source))

    def mute_wires(self, wires: Iterable[Wire]) -> None:
        """Wires carry nothing; when all of them were muted they carry their values again."""
        key, wires = self._view.session.graph_key, list(wires)
        on = not all(wire.muted for wire in wires)

        def edit(document: Document) -> Document:
            for wire in wires:
                document = edits.mute_wire(document, key, wire.node, wire.port, wire.source, on)
            return document

        self._view.session.apply(tr("Mute wires") if on else tr("Wires carry again"), edit)

    def connect_in_order(self) -> None:
        """Wires the selected nodes one after another, left to right."""
        key = self._view.session.graph_key
        names = sorted(self.chosen, key=lambda n: (self._view.scene.box(n).x, self._view.scene.box(n).y))

        def edit(document: Document) -> Document:
            for first, second in zip(names, names[1:], strict=False):
                free = self._free_input(document, second)
                if free and self._view.scene.card(first).outputs:
                    document = edits.connect(document, key, Source(first), second, free)
            return document

        if len(names) > 1:
            self._view.session.apply(tr("Connect in order"), edit)

    # nodes

    def place(
        self, layer: str, at: Point, onto: Wire | None = None, link: PortRef | None = None, block: str = ""
    ) -> str | None:
        """A new node of ``layer`` at a point; into the wire ``onto``, or wired to the port ``link``. Its name."""
        view, key = self._view, self._view.session.graph_key
        document = view.session.document
        made = self._new_node(document, layer, block)
        if made is None:
            view.session.refused.emit(tr("There is no layer “{name}”", name=layer))
            return None

        def edit(document: Document) -> Document:
            if onto is not None:
                return self._inserted(document, made, onto)
            document = edits.add_node(document, key, made, at)
            return self._linked(document, made, link) if link is not None else document

        if not view.session.apply(tr("Add {node}", node=made.id), edit):
            return None
        view.session.select({made.id})
        view.placed.emit(layer)
        return made.id

    def insert(
        self, layer: str, at: Point | None = None, link: PortRef | None = None, block: str = ""
    ) -> str | None:
        """A new node in the view's middle or at ``at``, wired to the one selected node (or to ``link``)."""
        view, scene = self._view, self._view.scene
        node = self._new_node(view.session.document, layer, block)
        takes = bool(node and make_card(view.session.document, node, None, ()).inputs)
        chosen = self.chosen
        if link is None and takes and len(chosen) == 1 and scene.card(chosen[0]).outputs:
            link = scene.ports(chosen[0], "out")[0]
        if at is None and link is not None and link.side == "out":
            box = scene.box(link.node)
            at = (box.right + _GAP, box.y)
        if at is None:
            x, y = view.seen().centre
            at = (x - 76, y - 26)
        at = free_spot(snapped(at[0]), snapped(at[1]), (152.0, 52.0), scene.places(), scene.sizes())
        return self.place(layer, at, None, link, block)

    def insert_existing(self, name: str, onto: Wire, at: Point) -> None:
        """Puts a node that is there into a wire."""
        node = self._view.session.document.graph(self._view.session.graph_key).nodes[name]
        key = self._view.session.graph_key

        def edit(document: Document) -> Document:
            document = edits.move_nodes(document, key, {name: at})
            return self._inserted(document, node, onto)

        self._view.session.apply(tr("Insert {node} into a wire", node=name), edit)

    def delete(self, heal: bool = False) -> None:
        """Removes what is selected; healing joins the wires through."""
        names, key = self.chosen, self._view.session.graph_key
        if not names and self._view.chosen_frame:
            self._view.notes.remove(self._view.chosen_frame)
        elif names:
            label = (
                tr("Delete {node}", node=names[0])
                if len(names) == 1
                else tr("Delete {count} nodes", count=len(names))
            )
            self._view.session.apply(label, lambda d: edits.remove_nodes(d, key, names, heal))

    def dissolve(self) -> None:
        """Removes what is selected and joins the wires through."""
        self.delete(heal=True)

    def move_to(self, places: Mapping[str, Point], merge: str = "") -> None:
        """Moves nodes."""
        key = self._view.session.graph_key
        label = (
            tr("Move {node}", node=next(iter(places)))
            if len(places) == 1
            else tr("Move {count} nodes", count=len(places))
        )
        self._view.session.apply(label, lambda d: edits.move_nodes(d, key, places), merge)

    def nudge(self, dx: float, dy: float) -> None:
        """Moves the selection by steps of the grid; steps in a row are one."""
        boxes = {name: self._view.scene.box(name) for name in self.chosen}
        places = {name: (box.x + dx * GRID, box.y + dy * GRID) for name, box in boxes.items()}
        if places:
            self.move_to(places, f"nudge:{','.join(sorted(places))}")

    def nudge_far(self, dx: float, dy: float) -> None:
        """The same, eight steps at once."""
        self.nudge(8 * dx, 8 * dy)

    def toggle_muted(self) -> None:
        """Passes over what is selected, or no more."""
        self._toggle("muted", tr("Mute"), edits.set_muted)

    def toggle_frozen(self) -> None:
        """Stops what is selected from learning, or lets it learn again."""
        self._toggle("frozen", tr("Freeze"), edits.set_frozen)

    # clipboard

    def copy(self) -> None:
        """The selection as text on the clipboard."""
        if self.chosen:
            session = self._view.session
            put_text(edits.copy_fragment(session.document, session.graph_key, self.chosen))

    def cut(self) -> None:
        """Copies and deletes the selection."""
        if self.chosen:
            self.copy()
            self.delete()

    def paste(self, keep_inputs: bool = False) -> None:
        """What was copied, near the cursor; with its incoming wires on request."""
        text = QGuiApplication.clipboard().text()
        if not edits.is_fragment(text):
            return
        self.paste_text(text, self._view.paste_point(), keep_inputs)

    def paste_text(self, text: str, aim: Point | None, keep_inputs: bool = False) -> bool:
        """Nodes from text, their middle at ``aim``, as one step. Whether there were any."""
        session, key = self._view.session, self._view.session.graph_key
        self._pastes += 1
        merge = f"paste {self._pastes}"
        if not self.pasted(
            tr("Paste"), lambda d: edits.paste_fragment(d, key, text, keep_inputs=keep_inputs), merge
        ):
            return False
        box = self._view.scene.bounds(session.selection)
        if box is not None and aim is not None:
            dx, dy = snapped(aim[0] - box.centre[0]), snapped(aim[1] - box.centre[1])
            boxes = {name: self._view.scene.box(name) for name in session.selection}
            places = {name: (one.x + dx, one.y + dy) for name, one in boxes.items()}
            session.apply(tr("Paste"), lambda d: edits.move_nodes(d, key, places), merge)
        return True

    def paste_wired(self) -> None:
        """What was copied, fed by what fed it."""
        self.paste(keep_inputs=True)

    def duplicate(self) -> None:
        """The selection once more."""
        names, key = self.chosen, self._view.session.graph_key
        if names:
            self.pasted(tr("Duplicate"), lambda d: edits.duplicate(d, key, names))

    def copy_to(self, first: Mapping[str, Point], places: Mapping[str, Point]) -> None:
        """Copies dragged off with Alt: the originals stay where they were."""
        key, names = self._view.session.graph_key, list(places)
        dx, dy = (places[names[0]][i] - first[names[0]][i] for i in (0, 1))
        self.pasted(tr("Duplicate"), lambda d: edits.duplicate(d, key, names, (dx, dy)))

    def _toggle(self, field: str, label: str, edit: Callable[..., Document]) -> None:
        names, key = self.chosen, self._view.session.graph_key
        if names:
            nodes = self._view.session.document.graph(key).nodes
            on = not all(getattr(nodes[name], field) for name in names)
            self._view.session.apply(label, lambda d: edit(d, key, names, on))

    def pasted(
        self, label: str, edit: Callable[[Document], tuple[Document, tuple[str, ...]]], merge: str = ""
    ) -> bool:
        """An edit that makes names, which become the selection. Whether it was made."""
        made: list[str] = []

        def run(document: Document) -> Document:
            document, names = edit(document)
            made.extend(names)
            return document

        if not self._view.session.apply(label, run, merge):
            return False
        self._view.session.select(made)
        return True

    def _new_node(self, document: Document, layer: str, block: str = "") -> Node | None:
        spec = find(layer)
        if spec is None:
            return None
        name = edits.unique_name(document, self._view.session.graph_key, block or layer)
        return Node(name, spec.name, {"block": block} if layer in INSTANCES and block else {})

    def _linked(self, document: Document, node: Node, link: PortRef) -> Document:
        """``node`` wired to a port: its first free fitting input, or its first output."""
        key = self._view.session.graph_key
        if link.side == "in":
            return edits.connect(document, key, Source(node.id), link.node, link.name)
        port = self._fitting_input(document, node, link)
        return edits.connect(document, key, source_of(link), node.id, port) if port else document

    def _fitting_input(self, document: Document, node: Node, link: PortRef) -> str:
        mark = self._view.scene.card(link.node).outputs[link.index]
        inputs = make_card(document, node, None, ()).inputs
        same = [one.name for one in inputs if one.kind == mark.kind]
        return (same or [one.name for one in inputs] or [""])[0]

    def _free_input(self, document: Document, name: str) -> str:
        node = document.graph(self._view.session.graph_key).nodes[name]
        marks = self._view.scene.card(name).inputs
        free = [m.name for m in marks if m.port.variadic or not node.inputs.get(m.name)]
        return (free or [m.name for m in marks] or [""])[0]

    def _inserted(self, document: Document, node: Node, wire: Wire) -> Document:
        """``node`` on ``wire``, with room made for it between the ends."""
        key, scene = self._view.session.graph_key, self._view.scene
        card = make_card(document, node, None, ())
        start, end = scene.box(wire.source.node), scene.box(wire.node)
        x = snapped(start.right + _GAP)
        y = snapped(start.centre[1] - card.height / 2)
        if end.x > start.right:
            missing = x + card.width + _GAP - end.x
            if missing > 0:
                document = self._shifted(document, end, missing, {node.id, wire.source.node})
        else:
            x, y = snapped(end.x - _GAP - card.width), snapped(end.centre[1] - card.height / 2)
        places = {n: at for n, at in scene.places().items() if n != node.id}
        if end.x <= start.right:
            x, y = free_spot(x, y, (card.width, card.height), places, scene.sizes())
        if node.id in document.graph(key).nodes:
            document = edits.insert_on_wire(document, key, node, (wire.node, wire.port), wire.source)
            return edits.move_nodes(document, key, {node.id: (x, y)})
        return edits.insert_on_wire(document, key, node, (wire.node, wire.port), wire.source, (x, y))

    def _shifted(self, document: Document, end: Box, by: float, without: Iterable[str]) -> Document:
        """What stands in the row of ``end`` from there on, moved right."""
        scene, kept = self._view.scene, set(without)
        row = scene.inside(Box(end.x, end.y - 8, 1e7, end.height + 16))
        names = [scene.ids[int(at)] for at in row]
        places = {
            n: (scene.box(n).x + by, scene.box(n).y)
            for n in names
            if n not in kept and scene.box(n).x >= end.x
        }
        return edits.move_nodes(document, self._view.session.graph_key, places)
