"""The keys of the canvas, as a table: what the help lists is what works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence


@dataclass(frozen=True, slots=True)
class KeyRow:
    """``keys`` in Qt's spelling; ``method`` of the view, or of one of its parts: ".copy" of its commands."""

    keys: str
    method: str
    text: str
    argument: tuple[float, float] | str | float | None = None

    @property
    def handle(self) -> str:
        """The method with its argument, as menus name it."""
        if self.argument is None:
            return self.method
        if isinstance(self.argument, (int, float)):
            return f"{self.method}{'+' if self.argument > 0 else '-'}"
        return f"{self.method}:{self.argument}" if isinstance(self.argument, str) else self.method


CANVAS_KEYS = (
    KeyRow("Tab", "searching.at_cursor", "Search for a layer and add it"),
    KeyRow("Shift+A", "searching.at_cursor", "Search for a layer and add it"),
    KeyRow("Del", ".delete", "Delete the selection"),
    KeyRow("Backspace", ".delete", "Delete the selection"),
    KeyRow("Ctrl+Del", ".dissolve", "Delete the selection and join the wires through"),
    KeyRow("Ctrl+Backspace", ".dissolve", "Delete the selection and join the wires through"),
    KeyRow("Ctrl+A", "select_all", "Select everything"),
    KeyRow("Ctrl+C", ".copy", "Copy"),
    KeyRow("Ctrl+X", ".cut", "Cut"),
    KeyRow("Ctrl+V", ".paste", "Paste"),
    KeyRow("Ctrl+Shift+V", ".paste_wired", "Paste with the incoming wires"),
    KeyRow("Ctrl+D", ".duplicate", "Duplicate"),
    KeyRow("F", "zoom_to_selection", "Show the selection; again: back to the view before"),
    KeyRow("A", "zoom_all_or_back", "Show everything; again: back to the view before"),
    KeyRow("L", "order.auto_layout", "Arrange the selection or everything"),
    KeyRow("Q", "order.straighten", "Straighten the wires between the selected nodes"),
    KeyRow("Alt+Q", "order.align", "Line the selection up in a row", "row"),
    KeyRow("Shift+Q", "order.align", "Line the selection up in a column", "column"),
    KeyRow("Ctrl+Shift+Left", "order.align", "Line up left edges", "left"),
    KeyRow("Ctrl+Shift+Right", "order.align", "Line up right edges", "right"),
    KeyRow("Ctrl+Shift+Up", "order.align", "Line up top edges", "top"),
    KeyRow("Ctrl+Shift+Down", "order.align", "Line up bottom edges", "bottom"),
    KeyRow("Alt+Shift+Right", "order.distribute", "Equal gaps from left to right", "across"),
    KeyRow("Alt+Shift+Down", "order.distribute", "Equal gaps from top to bottom", "down"),
    KeyRow("Shift+P", "order.toggle_pinned", "Pin the selection: arranging leaves it where it is"),
    KeyRow("J", ".connect_in_order", "Connect the selected nodes in order"),
    KeyRow("M", ".toggle_muted", "Mute the selection: the wire runs through"),
    KeyRow("Ctrl+B", ".toggle_muted", "Mute the selection: the wire runs through"),
    KeyRow("Shift+F", ".toggle_frozen", "Freeze the selection: it learns nothing"),
    KeyRow("H", "structure.toggle_folded", "Fold the selection to its titles, or open it"),
    KeyRow("R", "searching.swap", "Replace the selection by another layer"),
    KeyRow("Ctrl+G", "structure.make_block", "Make a block of the selection"),
    KeyRow("Ctrl+Shift+G", "structure.ungroup", "Take a block apart"),
    KeyRow("Shift+D", "structure.detach", "Detach this use of a block: it gets a copy of its own"),
    KeyRow("Shift+W", "structure.share", "Share weights between the selected uses of a block"),
    KeyRow("]", "structure.repeat", "Repeat a block once more", 1.0),
    KeyRow("[", "structure.repeat", "Repeat a block once less", -1.0),
    KeyRow("Ctrl+Shift+B", "save_block", "Keep the selection in my blocks"),
    KeyRow("Ctrl+J", "notes.add_frame", "Put a frame around the selection"),
    KeyRow("C", "notes.add_frame", "Put a frame around the selection"),
    KeyRow("N", "notes.add_note", "Write a note"),
    KeyRow("Return", "enter_or_edit", "Open a block, or edit the node"),
    KeyRow("Enter", "enter_or_edit", "Open a block, or edit the node"),
    KeyRow("Ctrl+Return", "open_tab", "Open a block in a tab"),
    KeyRow("Ctrl+PgDown", "step_tab", "The next tab", 1.0),
    KeyRow("Ctrl+PgUp", "step_tab", "The tab before", -1.0),
    KeyRow("Ctrl+W", "close_tab", "Close the tab"),
    KeyRow("F2", "notes.rename", "Rename the node or the frame"),
    KeyRow("Ctrl+F", "looking.find", "Find nodes; Enter goes on to the next"),
    KeyRow("P", "looking.toggle_path", "Show what leads to the selection and from it, fade the rest"),
    KeyRow("S", "looking.cycle_shapes", "Shapes on wires: where there is room, everywhere, none"),
    KeyRow("B", "looking.cycle_heat", "Cost bars: parameters, FLOPs, activations, none"),
    KeyRow("Alt+Left", "looking.back", "Back to the view before"),
    KeyRow("Alt+Right", "looking.forward", "Forward again"),
    KeyRow("Ctrl+\\", "split", "A second view of the drawing beside this one, or one again"),
    KeyRow("?", "looking.keys", "Show all keys"),
    KeyRow("Ctrl+Shift+C", "looking.copy_picture", "Copy a picture of the selection or of everything"),
    KeyRow("U", "leave_block", "Leave the block"),
    KeyRow("W", "start_key_wire", "Draw a wire by keys: arrows choose, Enter connects"),
    KeyRow("Left", "arrow", "Move the selection, or choose the next node", (-1, 0)),
    KeyRow("Right", "arrow", "Move the selection, or choose the next node", (1, 0)),
    KeyRow("Up", "arrow", "Move the selection, or choose the next node", (0, -1)),
    KeyRow("Down", "arrow", "Move the selection, or choose the next node", (0, 1)),
    KeyRow("Shift+Left", ".nudge_far", "Move the selection by a large step", (-1, 0)),
    KeyRow("Shift+Right", ".nudge_far", "Move the selection by a large step", (1, 0)),
    KeyRow("Shift+Up", ".nudge_far", "Move the selection by a large step", (0, -1)),
    KeyRow("Shift+Down", ".nudge_far", "Move the selection by a large step", (0, 1)),
    KeyRow("Ctrl+Left", "walk", "Go along the wires to the node before, after, above or below", (-1, 0)),
    KeyRow("Ctrl+Right", "walk", "Go along the wires to the node before, after, above or below", (1, 0)),
    KeyRow("Ctrl+Up", "walk", "Go along the wires to the node before, after, above or below", (0, -1)),
    KeyRow("Ctrl+Down", "walk", "Go along the wires to the node before, after, above or below", (0, 1)),
    KeyRow("+", "zoom_in", "Larger"),
    KeyRow("=", "zoom_in", "Larger"),
    KeyRow("-", "zoom_out", "Smaller"),
    KeyRow("0", "zoom_full", "Full size"),
    *(
        KeyRow(f"Ctrl+{n}", "looking.set_bookmark", "Remember this view under a digit", str(n))
        for n in range(1, 10)
    ),
    *(KeyRow(str(n), "looking.go_bookmark", "Go to a remembered view", str(n)) for n in range(1, 10)),
    KeyRow("Ctrl+Z", "undo", "Undo"),
    KeyRow("Ctrl+Shift+Z", "redo", "Redo"),
    KeyRow("Ctrl+Y", "redo", "Redo"),
    KeyRow("Home", "zoom_all_or_back", "Show everything; again: back to the view before"),
)
MOUSE_ROWS = (
    ("Space", "Search for a layer and add it; held: move the view with the mouse"),
    ("Esc", "Cancel, clear the selection, leave the block"),
    ("Double-click", "Open a block, edit a node, or search on empty canvas"),
    ("Ctrl+double-click", "Open a block in a tab"),
    ("Alt+drag", "Drag a copy off; from empty canvas: select with a line around"),
    ("Ctrl+right drag, Y+drag", "Cut wires; with Alt mute them, or the nodes where it crosses no wire"),
    ("Shake", "Takes a node out of its wires, which run on"),
    ("Double-click or Alt+click on a wire", "Bends it with a dot; D does while drawing a wire"),
    ("Drag a number on a card", "Changes it; Ctrl coarse, Shift fine; double-click types it"),
    ("Right click", "What can be done here"),
    ("Wheel", "Zoom about the cursor; with Shift sideways"),
)

_DEFAULT = {row.keys: row for row in CANVAS_KEYS}
_chosen: dict[str, str] = {}  # by the keys of the table: what the user set instead
_by_key: dict[int, KeyRow] = {}
_by_sign: dict[str, KeyRow] = {}


def keys_of(row: KeyRow) -> str:
    """The keys that do what a row says: the user's, else the table's."""
    return _chosen.get(row.keys, row.keys)


def choose_keys(chosen: Mapping[str, str]) -> None:
    """Takes over the user's keys: the table's keys -> theirs. What no row has is left out."""
    _chosen.clear()
    _chosen.update({old: new for old, new in chosen.items() if old in _DEFAULT and new})
    _by_key.clear()
    _by_sign.clear()
    for row in CANVAS_KEYS:
        keys = keys_of(row)
        combination = QKeySequence(keys)[0].toCombined()  # type: ignore[index]
        _by_key[combination] = row
        if len(keys) == 1 and not keys.isalnum():
            _by_sign[keys] = row


def chosen_keys() -> dict[str, str]:
    """What the user set, to be stored."""
    return dict(_chosen)


def rebind(row: KeyRow, keys: str) -> KeyRow | None:
    """Gives a row other keys; the row that has them already, where one stands in the way.

    Raises:
        ValueError: the text is no key.
    """
    wanted = QKeySequence(keys)
    if not keys or wanted.isEmpty() or wanted.count() != 1 or wanted[0].key() == Qt.Key.Key_unknown:  # type: ignore[index]
        raise ValueError(keys)
    holder = _by_key.get(wanted[0].toCombined())  # type: ignore[index]
    if holder is not None and holder is not row:
        return holder
    changed = {**_chosen, row.keys: wanted.toString()}
    choose_keys({old: new for old, new in changed.items() if old != new})
    return None


def row_of(event: QKeyEvent) -> KeyRow | None:
    """What a key does."""
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    found = _by_key.get(QKeyCombination(modifiers, Qt.Key(event.key())).toCombined())
    if found is None and not modifiers & ~Qt.KeyboardModifier.ShiftModifier:
        found = _by_sign.get(event.text())  # signs sit on other keys elsewhere
    return found


def target(view: Any, row: KeyRow) -> Callable[..., object]:
    """What a row calls."""
    part, _, name = row.method.rpartition(".")
    owner = view if not part and not row.method.startswith(".") else getattr(view, part or "commands")
    found: Callable[..., object] = getattr(owner, name)
    return found


def call(view: Any, row: KeyRow) -> None:
    """Does what a row says."""
    argument = row.argument
    target(view, row)(*(argument if isinstance(argument, tuple) else () if argument is None else (argument,)))


def help_rows() -> list[tuple[str, str]]:
    """Every key and mouse action with what it does, the keys of one meaning together."""
    rows: dict[str, list[str]] = {}
    for row in CANVAS_KEYS:
        rows.setdefault(row.text, []).append(keys_of(row))
    rows = {text: keys if len(keys) < 5 else [keys[0], "…", keys[-1]] for text, keys in rows.items()}
    return [(", ".join(keys), text) for text, keys in rows.items()] + list(MOUSE_ROWS)


choose_keys({})
