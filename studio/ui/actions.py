"""Every menu entry and shortcut as a row of a table; the window provides the methods."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionRow:
    """A menu entry. ``method`` is the window's; ``keys`` are standard key names or sequences."""

    menu: str
    text: str
    method: str
    keys: str = ""
    checkable: bool = False
    line_above: bool = False


ACTIONS = (
    ActionRow("File", "Start page", "show_start", "Ctrl+Home"),
    ActionRow("File", "New", "new_project", "Ctrl+N"),
    ActionRow("File", "Open …", "open_dialog", "Ctrl+O"),
    ActionRow("File", "My data …", "open_data"),
    ActionRow("File", "Save", "save", "Ctrl+S", line_above=True),
    ActionRow("File", "Save as …", "save_as", "Ctrl+Shift+S"),
    ActionRow("File", "Save picture …", "save_picture"),
    ActionRow("File", "Save PyTorch source …", "save_code"),
    ActionRow("File", "Quit", "close", "Ctrl+Q", line_above=True),
    ActionRow("Edit", "Undo", "undo", "Ctrl+Z"),
    ActionRow("Edit", "Redo", "redo", "Ctrl+Shift+Z"),
    ActionRow("Edit", "Search layers", "focus_search", "Ctrl+K", line_above=True),
    ActionRow("View", "Zoom to all", "zoom_all", "Home"),
    ActionRow("View", "Light theme", "toggle_theme", "Ctrl+Shift+L", checkable=True, line_above=True),
    ActionRow("View", "日本語 / English", "toggle_language", "Ctrl+Shift+J"),
    ActionRow("View", "Palette", "toggle_palette", "F6", checkable=True, line_above=True),
    ActionRow("View", "Minimap", "toggle_minimap", "Shift+F6", checkable=True),
    ActionRow("View", "Inspector", "toggle_inspector", "F7", checkable=True),
    ActionRow("View", "Training strip", "toggle_training", "F8", checkable=True),
    ActionRow("Run", "Train", "train", "F5"),
    ActionRow("Run", "Train on with these weights", "train_on", "Ctrl+F5"),
    ActionRow("Run", "Stop", "stop", "Shift+F5"),
    ActionRow("Run", "Go on with the last run", "resume_run"),
    ActionRow("Run", "Runs …", "show_runs", "Ctrl+R", line_above=True),
    ActionRow("Help", "Manual", "show_manual"),
    ActionRow("Help", "Keyboard shortcuts", "show_shortcuts", "F1"),
    ActionRow("Help", "About Tsumiki Studio", "show_about"),
)
MENUS = ("File", "Edit", "View", "Run", "Help")
