"""The search box on the canvas: where it opens, what it offers there, and what becomes of the choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint

from studio.layers import CATALOGUE
from studio.ui.canvas.links import layer_fits
from studio.ui.canvas.scene import PortRef
from studio.ui.canvas.search_box import Entry, SearchBox, layer_entries
from studio.ui.canvas.wiring import Wire

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView


class Searching:
    """``box`` is the box while it is open. ``first_layers`` stand on top while nothing is typed."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.box: SearchBox | None = None
        self.first_layers: tuple[str, ...] = ()

    def at_cursor(self) -> None:
        """Opens the search at the cursor; beside it in the upper middle."""
        view, at = self._view, self._view.pointer
        inside = view.rect().contains(QPoint(round(at.screen_x), round(at.screen_y)))
        self.open((at.screen_x, at.screen_y) if inside else (view.width() / 2 - 160, view.height() / 3))

    def open(self, at: tuple[float, float], link: PortRef | None = None) -> None:
        """The search box at a pixel; from a wire in the hand it offers what fits its end."""
        view = self._view
        entries = self._all() if link is None else self._fitting(self._all(), link)
        x, y = view.camera.to_scene(*at)

        def chosen(entry: Entry) -> None:
            width = 152 if link is not None and link.side == "in" else 0
            aim = (x - width, y - 26) if link is not None else (x - 76, y - 26)
            view.commands.insert(entry.layer, aim, link, entry.block)

        self._show(entries, at, chosen)

    def open_on(self, wire: Wire, at: tuple[float, float]) -> None:
        """The search for a layer that goes into a wire."""
        view = self._view
        out = view.scene.ports(wire.source.node, "out")[wire.start]
        place = view.camera.to_scene(*at)
        self._show(
            self._fitting(self._all(), out),
            at,
            lambda entry: view.commands.place(entry.layer, place, wire, None, entry.block),
        )

    def swap(self) -> None:
        """The search for a layer to stand in place of the selection."""
        view = self._view
        if view.commands.chosen:
            box = view.scene.box(view.commands.chosen[0])
            at = view.camera.to_screen(box.x, box.bottom + 8)
            self._show(layer_entries(), at, lambda entry: view.structure.replace_by(entry.layer))

    def _all(self) -> list[Entry]:
        session = self._view.session
        return layer_entries(session.document.blocks, bool(session.graph_key))

    def _fitting(self, entries: list[Entry], link: PortRef) -> list[Entry]:
        """Entries that suit the end of a wire."""
        if link.side == "in":
            return [
                one for one in entries if one.block or CATALOGUE[one.layer].outputs or one.layer == "Data"
            ]
        mark = self._view.scene.card(link.node).outputs[link.index]
        return [one for one in entries if one.block or layer_fits(CATALOGUE[one.layer], mark.spec)]

    def _show(self, entries: list[Entry], at: tuple[float, float], chosen: Callable[[Entry], object]) -> None:
        if self.box is not None:
            self.box.dismiss()
        box = self.box = SearchBox(self._view, entries, self.first_layers)

        def take(entry: Entry) -> None:
            chosen(entry)
            self._view.setFocus()

        box.chosen.connect(take)
        box.closed.connect(self._closed)
        box.open_at(QPoint(round(at[0]), round(at[1])))

    def _closed(self) -> None:
        self.box = None
        self._view.setFocus()
