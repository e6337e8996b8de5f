"""The menu of the right mouse button: what can be done with the thing under the cursor, from the key table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from studio.graph.expression import Expression
from studio.layers import record_of
from studio.text import tr
from studio.ui.canvas.gestures.base import Pointer
from studio.ui.canvas.keys import CANVAS_KEYS, call, keys_of
from studio.ui.tokens import PAINTS

if TYPE_CHECKING:
    from studio.ui.canvas.view import CanvasView

_EMPTY = (
    "searching.at_cursor",
    ".paste",
    "select_all",
    "",
    "order.auto_layout",
    "notes.add_note",
    "",
    "looking.find",
    "split",
)
_LONGEST = 90  # letters of a line that only tells
_ONE = ("enter_or_edit", "notes.rename", "searching.swap", "")
_NODES = (
    ".copy", ".cut", ".duplicate", ".delete", ".dissolve", "",
    ".toggle_muted", ".toggle_frozen", "structure.toggle_folded", "order.toggle_pinned", "",
    "structure.make_block", "notes.add_frame", "save_block", "order.auto_layout",
)  # fmt: skip
_SEVERAL = ("order.straighten", ".connect_in_order", "structure.share")
_USE = ("open_tab", "structure.ungroup", "structure.detach", "structure.repeat+", "structure.repeat-")


def open_menu(view: CanvasView, at: Pointer) -> QMenu:
    """Makes and shows the menu for what is at ``at``."""
    scene = view.scene
    menu = QMenu(view)
    name = scene.node_at(at.x, at.y)
    wire = scene.wire_at(at.x, at.y, 8 / view.camera.scale) if name is None else None
    frame = scene.frame_at(at.x, at.y) if name is None and wire is None else None
    if name is not None:
        if name not in view.session.selection:
            view.session.select({name})
        _for_nodes(view, menu, name)
    elif wire is not None:
        _add(menu, tr("Bend the wire here"), lambda: view.structure.bend(wire, (at.x, at.y)))
        _add(
            menu,
            tr("Insert a layer here …"),
            lambda: view.searching.open_on(wire, (at.screen_x, at.screen_y)),
        )
        text = tr("Let the wire carry its value again") if wire.muted else tr("Mute the wire")
        _add(menu, text, lambda: view.commands.mute_wires([wire]))
        _add(menu, tr("Take the wire away"), lambda: view.commands.disconnect(wire))
    elif frame is not None:
        view.chosen_frame = frame.id
        view.session.select(())
        _add(menu, tr("Name the frame …"), lambda: view.notes.write(frame))
        _colours(view, menu)
        _add(menu, tr("Remove the frame"), lambda: view.notes.remove(frame.id))
    else:
        _rows(view, menu, _EMPTY)
    menu.aboutToHide.connect(lambda: view.preview(None))
    menu.popup(view.mapToGlobal(view.rect().topLeft()) + _point(at))
    return menu


def _for_nodes(view: CanvasView, menu: QMenu, name: str) -> None:
    chosen = view.commands.chosen
    if len(chosen) == 1:
        _fixes(view, menu, name)
        _rows(view, menu, _ONE)
        if view.scene.card(name).block:
            _rows(view, menu, (*_USE, ""))
        if view.session.graph_key:
            _faces(view, menu, name)
    elif len(chosen) > 1:
        _rows(view, menu, _SEVERAL)
        _orders(view, menu)
    _rows(view, menu, _NODES)
    _colours(view, menu)


def _fixes(view: CanvasView, menu: QMenu, name: str) -> None:
    """Each repair, shown on the drawing while the mouse is on its line."""
    fixes = [
        fix for problem in view.session.analysis.problems_of(name, view.scene.key) for fix in problem.fixes
    ]
    for fix in fixes[:6]:
        action = _add(menu, f"✓ {fix.title}", lambda fix=fix: view.structure.fix(fix))
        action.hovered.connect(lambda fix=fix: view.structure.show_fix(fix))
    if fixes:
        menu.addSeparator()


def open_fixes(view: CanvasView, name: str, at: Pointer) -> QMenu | None:
    """The problems of a node with their repairs; None when it has no problem."""
    problems = view.session.analysis.problems_of(name, view.scene.key)
    if not problems:
        return None
    view.session.select({name})
    menu = QMenu(view)
    for problem in problems:
        menu.addAction(_short(problem.message)).setEnabled(False)
    menu.addSeparator()
    _fixes(view, menu, name)
    menu.aboutToHide.connect(lambda: view.preview(None))
    menu.popup(view.mapToGlobal(view.rect().topLeft()) + _point(at))
    return menu


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _faces(view: CanvasView, menu: QMenu, name: str) -> None:
    """The parameters of a node inside a block that the block may offer on its face."""
    node = view.session.document.graph(view.scene.key).nodes[name]
    spec = record_of(node)
    part = QMenu(tr("On the block's face"), menu)
    for param in spec.params if spec else ():
        value = node.params.get(param.name, param.default)
        if isinstance(value, (bool, int, float, str, tuple)) and not isinstance(value, Expression):
            _add(part, param.name, lambda param=param: view.structure.expose(name, param.name))
    if part.actions():
        menu.addMenu(part)


def _orders(view: CanvasView, menu: QMenu) -> None:
    part = QMenu(tr("Align"), menu)
    _rows(
        view,
        part,
        tuple(f"order.align:{edge}" for edge in ("left", "right", "top", "bottom", "row", "column")),
    )
    _rows(view, part, ("", "order.distribute:across", "order.distribute:down"))
    menu.addMenu(part)


def _colours(view: CanvasView, menu: QMenu) -> None:
    part = QMenu(tr("Colour"), menu)
    _add(part, tr("no colour"), lambda: view.structure.paint(""))
    for name in PAINTS:
        _add(part, tr(name), lambda name=name: view.structure.paint(name))
    menu.addMenu(part)


def _rows(view: CanvasView, menu: QMenu, methods: tuple[str, ...]) -> None:
    for method in methods:
        if not method:
            menu.addSeparator()
            continue
        row = next((row for row in CANVAS_KEYS if row.handle == method), None)
        if row is not None:
            _add(menu, f"{tr(row.text)}\t{keys_of(row)}", lambda row=row: call(view, row))


def _add(menu: QMenu, text: str, do: object) -> QAction:
    action = menu.addAction(text)
    action.triggered.connect(lambda _=False: do())  # type: ignore[operator]
    return action


def _point(at: Pointer) -> QPoint:
    return QPoint(round(at.screen_x), round(at.screen_y))
