"""The look of the whole application: palette, fonts and stylesheet, made from the tokens."""

from __future__ import annotations

import sys
from string import Template

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from studio.places import resources
from studio.ui import tokens
from studio.ui.tokens import BODY, DISPLAY, FACES, MONO_FACES, SMALL, TITLE

_ROLES = {
    QPalette.ColorRole.Window: "panel",
    QPalette.ColorRole.WindowText: "text",
    QPalette.ColorRole.Base: "field",
    QPalette.ColorRole.AlternateBase: "panel",
    QPalette.ColorRole.Text: "text",
    QPalette.ColorRole.PlaceholderText: "secondary",
    QPalette.ColorRole.Button: "card",
    QPalette.ColorRole.ButtonText: "text",
    QPalette.ColorRole.Highlight: "button",
    QPalette.ColorRole.HighlightedText: "on_button",
    QPalette.ColorRole.ToolTipBase: "card",
    QPalette.ColorRole.ToolTipText: "text",
    QPalette.ColorRole.Link: "accent_text",
    QPalette.ColorRole.Mid: "line",
    QPalette.ColorRole.Accent: "accent",
}


def apply_theme(name: str) -> None:
    """Puts the theme "dark" or "light" on the application: style, palette, font, stylesheet."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        return
    application.setStyle("Fusion")
    application.setPalette(palette(name))
    application.setFont(ui_font())
    application.setStyleSheet(stylesheet(name))


def palette(name: str) -> QPalette:
    """The QPalette of a theme."""
    made, colours = QPalette(), tokens.theme(name)
    for role, token in _ROLES.items():
        made.setColor(role, QColor(colours[token]))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours["secondary"]))
    return made


def stylesheet(name: str) -> str:
    """The stylesheet of a theme; needs a QApplication for the names of the fonts."""
    values = dict(tokens.theme(name))
    icons = (resources() / "icons").as_posix()
    values |= {"small": f"{SMALL}px", "body": f"{BODY}px", "title": f"{TITLE}px", "display": f"{DISPLAY}px"}
    values |= {
        "mono": _quoted(MONO_FACES),
        "faces": _interface(),
        "icons": icons,
        "theme": "dark" if name == "dark" else "light",
    }
    return Template(_SHEET).substitute(values)


def ui_font(size_px: int = BODY, bold: bool = False) -> QFont:
    """The interface's face: the platform's, or one with Japanese where the platform names none."""
    known = set(QFontDatabase.families())
    families = [face for face in FACES if face in known]
    font = QFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont))
    if sys.platform.startswith("linux") and families:
        font.setFamilies(families)
    font.setPixelSize(size_px)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


def mono_font(size_px: int = SMALL) -> QFont:
    """The face of numbers and code."""
    known = set(QFontDatabase.families())
    font = QFont([face for face in MONO_FACES if face in known] or ["monospace"])
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(size_px)
    return font


def _interface() -> str:
    return ", ".join(f'"{face}"' for face in ui_font().families())


def _quoted(faces: tuple[str, ...]) -> str:
    known = set(QFontDatabase.families())
    return ", ".join(f'"{face}"' for face in faces if face in known) or "monospace"


_SHEET = """
* { outline: 0; }
QWidget { color: $text; font-family: $faces; font-size: ${body}; }
QMainWindow, QDialog, QMessageBox { background: $panel; }
QMainWindow::separator { background: $line; width: 1px; height: 1px; }
QMainWindow::separator:hover { background: $accent; }
#panel, #topbar { background: $panel; }
#topbar { border-bottom: 1px solid $line; }
#canvas_page, QScrollArea#canvas_page { background: $canvas; }
#facts { background: $canvas; color: $secondary; }
#card { background: $card; border: 1px solid $line; border-radius: 8px; }
#card[hover="true"]:hover, #card:focus { border: 1px solid $accent; }
QScrollArea { background: transparent; border: none; }

QLabel { background: transparent; }
QLabel[role="secondary"], QLabel[role="unit"] { color: $secondary; }
QLabel[role="unit"] { font-size: ${small}; }
QLabel[role="mono"] { font-family: $mono; font-size: ${small}; }
QLabel[role="heading"] { color: $secondary; font-weight: 600; }
QLabel[role="title"] { font-size: ${display}; font-weight: 600; }
QLabel[role="brand"] { font-size: ${display}; font-weight: 700; }
QLabel[role="display"] { font-size: 22px; font-weight: 600; }
QLabel[role="error"] { color: $error; }
QLabel[role="accent"] { color: $accent_text; font-family: $mono; font-size: ${small}; }
QLabel[role="good"] { color: $good; }
QLabel[role="warning"] { color: $warning; }
QFrame[role="line"] { background: $line; border: none; max-height: 1px; min-height: 1px; }

QPushButton { background: $card; border: 1px solid $line; border-radius: 6px; padding: 5px 12px; min-height: 18px; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $pressed; }
QPushButton:focus { border: 1px solid $accent; }
QPushButton:disabled { color: $secondary; background: $panel; }
QPushButton:default { border: 1px solid $accent; }
QPushButton[small="true"] { padding: 2px 8px; }
QPushButton[primary="true"] { background: $button; color: $on_button; border: 1px solid $button;
    font-weight: 600; padding: 6px 16px; }
QPushButton[primary="true"]:hover { background: $button_hover; border-color: $button_hover; }
QPushButton[primary="true"]:focus { border: 1px solid $text; }
QPushButton[primary="true"]:disabled { background: $pressed; color: $secondary; border-color: $line; }
QPushButton[tab="true"] { background: transparent; border: 1px solid transparent; color: $secondary;
    padding: 6px 16px; }
QPushButton[tab="true"]:hover { color: $text; }
QPushButton[tab="true"]:checked { background: $card; border-color: $line; color: $text; font-weight: 600; }
QPushButton[tab="true"]:focus { border-color: $accent; }
QPushButton[link="true"] { background: transparent; border: 1px solid transparent; color: $accent_text;
    text-align: left; padding: 2px 4px; }
QPushButton[link="true"]:hover { text-decoration: underline; }
QPushButton[link="true"]:focus { border: 1px solid $accent; border-radius: 4px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; }
QToolButton:hover { background: $hover; }
QToolButton:focus { border: 1px solid $accent; }

QLineEdit, QAbstractSpinBox, QComboBox { background: $field; border: 1px solid $border; border-radius: 6px;
    padding: 4px 8px; min-height: 18px; selection-background-color: $button; selection-color: $on_button; }
QLineEdit:hover, QAbstractSpinBox:hover, QComboBox:hover { border-color: $text; }
QLineEdit:focus, QAbstractSpinBox:focus, QComboBox:focus { border: 1px solid $accent; }
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled { color: $secondary; border-color: $line; }
QLineEdit[number="true"] { font-family: $mono; }
QLineEdit[bad="true"] { border: 1px solid $error; }
QLineEdit#title_field { background: transparent; border: 1px solid transparent; font-size: ${display};
    font-weight: 600; padding: 2px 4px; }
QLineEdit#title_field:hover { border: 1px solid $border; }
QLineEdit#title_field:focus { border: 1px solid $accent; background: $field; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$icons/chevron-$theme.svg"); width: 10px; height: 10px; }
QComboBox QAbstractItemView { background: $card; border: 1px solid $line; padding: 4px;
    selection-background-color: $button; selection-color: $on_button; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { width: 0; border: none; }
QCheckBox, QRadioButton { background: transparent; spacing: 8px; }
QCheckBox::indicator { width: 14px; height: 14px; border: 1px solid $border; border-radius: 4px; background: $field; }
QCheckBox::indicator:hover { border-color: $text; }
QCheckBox::indicator:checked { background: $button; border-color: $button; image: url("$icons/check.svg"); }
QCheckBox:focus { color: $accent_text; }

QDockWidget { color: $text; }
QDockWidget > QWidget { background: $panel; }
QTabWidget::pane { border: none; border-top: 1px solid $line; background: $panel; }
QTabBar { background: $panel; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: $secondary; padding: 8px 12px; border: none;
    border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; font-weight: 600; }
QTabBar::close-button { image: url("$icons/close-$theme.svg"); width: 10px; height: 10px; padding: 3px;
    border-radius: 4px; }
QTabBar::close-button:hover { background: $hover; }
QTabBar::tab:focus { color: $accent_text; }

QTreeView, QListView, QTableView { background: transparent; border: none; show-decoration-selected: 1; }
QTreeView::item, QListView::item { padding: 4px 4px; border-radius: 6px; }
QTreeView::item:hover, QListView::item:hover { background: $hover; }
QTreeView::item:selected, QListView::item:selected { background: $button; color: $on_button; }
QTreeView::branch { background: transparent; image: none; border-image: none; }
QHeaderView::section { background: $panel; color: $secondary; border: none; border-bottom: 1px solid $line;
    padding: 4px 8px; }
QTableView { gridline-color: $line; selection-background-color: $button; selection-color: $on_button; }
QPlainTextEdit, QTextEdit { background: $field; border: 1px solid $line; border-radius: 6px;
    selection-background-color: $button; selection-color: $on_button; }
QPlainTextEdit:focus, QTextEdit:focus { border: 1px solid $accent; }
QFrame#banner { background: $field; border: none; border-bottom: 2px solid $warning; }
QPlainTextEdit#code, #code { font-family: $mono; font-size: ${small}; }

QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $line; border-radius: 3px; margin: 2px; min-height: 24px; min-width: 24px; }
QScrollBar::handle:hover { background: $border; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QMenuBar { background: transparent; }
QMenuBar::item { background: transparent; color: $secondary; padding: 8px 8px; border-radius: 6px; }
QMenuBar::item:selected { background: $hover; color: $text; }
QMenu { background: $card; border: 1px solid $line; border-radius: 8px; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 6px; }
QMenu::item:selected { background: $button; color: $on_button; }
QMenu::item:disabled { color: $secondary; }
QMenu::separator { height: 1px; background: $line; margin: 4px 8px; }
QToolTip { background: $card; color: $text; border: 1px solid $line; padding: 6px 8px; }
QStatusBar { background: $panel; color: $text; border-top: 1px solid $line; }
QStatusBar::item { border: none; }
QProgressBar { background: $field; border: 1px solid $line; border-radius: 4px; text-align: center; max-height: 8px;
    min-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QProgressBar#thin { max-height: 4px; min-height: 4px; border: none; border-radius: 2px; }
QProgressBar#thin::chunk { border-radius: 2px; }
QSplitter::handle { background: $line; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QSlider::groove:horizontal { height: 4px; background: $field; border-radius: 2px; }
QSlider::handle:horizontal { background: $accent; width: 14px; margin: -5px 0; border-radius: 7px; }
#canvas_search { background: $card; border: 1px solid $border; border-radius: 8px; }
"""
