"""How the drawing is looked at: find, remembered views, back and forward, what shows on it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from studio.text import tr
from studio.ui.canvas.camera import Camera
from studio.ui.canvas.find_bar import FindBar
from studio.ui.canvas.navigate import upstream_and_downstream
from studio.ui.canvas.state import COSTS
from studio.ui.canvas.visited import Camera as CameraState
from studio.ui.canvas.visited import View, Visited
from studio.ui.clipboard import put_picture

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_SHAPES = ("auto", "all", "none")


class Looking:
    """Changes nothing of the document."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self.visited = Visited()
        self.find_bar: FindBar | None = None
        self._on_path = False

    def find(self) -> None:
        """Opens the search among the nodes that are there."""
        if self.find_bar is None:
            self.find_bar = FindBar(self._view)
        self.find_bar.open()

    def left(self) -> None:
        """A jump begins: remembers the view it leaves."""
        self.visited.leave(self._here())

    def set_bookmark(self, digit: str) -> None:
        """Remembers this view."""
        self.visited.bookmarks[int(digit)] = self._here()
        self._view.told.emit(tr("View {digit} remembered: press {digit} to come back", digit=digit))

    def go_bookmark(self, digit: str) -> None:
        """Goes to a remembered view."""
        found = self.visited.bookmarks.get(int(digit))
        if found is None:
            self._view.told.emit(tr("No view {digit} yet: Ctrl+{digit} remembers one", digit=digit))
            return
        if found[0] and found[0] not in self._view.session.document.blocks:
            text = tr("The block “{name}” of view {digit} is gone", name=found[0], digit=digit)
            self._view.told.emit(text)
            return
        self.left()
        self._go(found)

    def shows_only(self, names: Collection[str], camera: CameraState) -> bool:
        """Whether a camera on the graph shown has some of ``names`` in view and nothing else."""
        view, looked = self._view, Camera(*camera)
        seen = view.scene.inside(looked.seen(view.width(), view.height()))
        return bool(seen.size) and {view.scene.ids[int(at)] for at in seen} <= set(names)

    def back(self) -> None:
        """The view before the last jump."""
        found = self.visited.back(self._here())
        if found is not None:
            self._go(found)

    def forward(self) -> None:
        """The view that ``back`` left."""
        found = self.visited.forward(self._here())
        if found is not None:
            self._go(found)

    def toggle_path(self) -> None:
        """Fades what neither leads to the selection nor comes from it, until pressed again."""
        self._on_path = not self._on_path
        self.show_path()

    def show_path(self) -> None:
        """Follows the selection, or the node under the mouse when nothing is selected."""
        view = self._view
        names = view.session.selection or ({view.state.hot_node} if view.state.hot_node else frozenset())
        path = upstream_and_downstream(view.scene, names) if self._on_path and names else None
        if path != view.state.path:
            view.state.path = path
            view.update()

    def cycle_shapes(self) -> None:
        """Where shapes are written on wires."""
        state = self._view.state
        state.shapes = _SHAPES[(_SHAPES.index(state.shapes) + 1) % len(_SHAPES)]
        texts = {
            "auto": tr("Shapes where there is room"),
            "all": tr("Shapes on every wire"),
            "none": tr("No shapes"),
        }
        self._view.told.emit(texts[state.shapes])
        self._view.update()

    def cycle_heat(self) -> None:
        """Which cost the bars on the cards show."""
        state = self._view.state
        state.heat = state.heat + 1 if state.heat + 1 < len(COSTS) else -1
        self.measure()
        texts = (tr("Bars: parameters"), tr("Bars: FLOPs of a sample"), tr("Bars: activations of a sample"))
        self._view.told.emit(texts[state.heat] if state.heat >= 0 else tr("No cost bars"))
        self._view.update()

    def measure(self) -> None:
        """Finds the largest cost, which the bars are drawn against."""
        state, cards = self._view.state, self._view.scene.cards
        if state.heat >= 0:
            state.hottest = max((card.costs[state.heat] for card in cards), default=1)

    def keys(self) -> None:
        """Asks for the list of all keys."""
        self._view.keys_wanted.emit()

    def copy_picture(self) -> None:
        """The selection, or everything, as SVG and PNG on the clipboard."""
        from studio.ui.picture import picture_bytes  # pictures are rare

        view = self._view
        chosen = frozenset(view.commands.chosen) or None
        document, key = view.session.document, view.session.graph_key
        put_picture(*(picture_bytes(document, end, key, chosen) for end in (".svg", ".png")))
        view.told.emit(tr("Picture copied"))

    def _here(self) -> View:
        return self._view.session.graph_key, self._view.camera.state()

    def _go(self, place: View) -> None:
        key, camera = place
        if key != self._view.session.graph_key:
            self._view.session.enter(key)
        self._view.camera.restore(camera)
        self._view.camera_changed()
