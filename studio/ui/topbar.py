"""The top bar: menus, project and saved state, workspaces, device and the one big button."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QMenuBar,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from studio.text import tr
from studio.ui.numbers import size_text
from studio.ui.widgets import button, label

_LONGEST_DEVICE = 24  # letters before the name of a graphics card is cut
WORKSPACES = ("Draw", "Understand", "Export")
_SAVED = {"safe": ("●", "good"), "saving": ("○", "secondary"), "not safe": ("✕", "error")}


class TopBar(QWidget):
    """Signals only; the window decides."""

    workspace_chosen = Signal(int)
    train_pressed = Signal()
    device_chosen = Signal(str)

    def __init__(self, menus: QMenuBar) -> None:
        super().__init__()
        self.setObjectName("topbar")
        self._state = "safe"
        self._devices: Mapping[str, object] = {}
        self._run_state: str | None = None
        self._chosen = "auto"
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 16, 4)
        row.setSpacing(8)
        row.addWidget(label("Tsumiki", "brand"))
        menus.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        menus.setNativeMenuBar(False)
        row.addWidget(menus)
        self._title = label("", "secondary")
        self._sign, self._saved = label("", "good"), label("", "secondary")
        row.addWidget(self._title)
        row.addWidget(self._sign)
        row.addWidget(self._saved)
        row.addStretch(1)
        self._group = QButtonGroup(self)
        self._group.setExclusive(True)
        for index, _ in enumerate(WORKSPACES):
            tab = QPushButton()
            tab.setProperty("tab", True)
            tab.setCheckable(True)
            tab.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it was
            self._group.addButton(tab, index)
            row.addWidget(tab)
        self._group.idClicked.connect(self.workspace_chosen.emit)
        row.addStretch(1)
        self._device = QComboBox()
        self._device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._device.setMaximumWidth(240)
        self._device.activated.connect(lambda index: self.device_chosen.emit(self._device.itemData(index)))
        row.addWidget(self._device)
        self.train = button("", primary=True)
        self.train.setMinimumWidth(112)
        self.train.clicked.connect(self.train_pressed)
        row.addWidget(self.train)
        self.retranslate()

    def retranslate(self) -> None:
        """Takes the current language."""
        for index, name in enumerate(WORKSPACES):
            self._group.button(index).setText(tr(name))
        self._device.setAccessibleName(tr("Device"))
        width = max(self._saved.fontMetrics().horizontalAdvance(tr(state)) for state in _SAVED)
        self._saved.setMinimumWidth(width + 2)  # so that nothing beside it moves when the word changes
        self.show_saved(self._state)
        self.show_devices(self._devices)
        self.show_run(self._run_state)

    def show_workspace(self, index: int) -> None:
        """Marks workspace ``index``; -1 (the start page) marks none."""
        self._group.setExclusive(False)
        for number in range(len(WORKSPACES)):
            self._group.button(number).setChecked(number == index)
        self._group.setExclusive(True)

    def show_title(self, title: str, changed: bool) -> None:
        """The project's name, with a star while the file is older than the drawing."""
        self._title.setText((title or tr("Untitled")) + (" *" if changed else ""))

    def show_saved(self, state: str) -> None:
        """Whether every edit is on the disk: safe, saving, not safe."""
        self._state = state
        sign, role = _SAVED[state]
        self._sign.setText(sign)
        self._saved.setText(tr(state))
        for part, part_role in (
            (self._sign, role),
            (self._saved, "error" if role == "error" else "secondary"),
        ):
            part.setProperty("role", part_role)
            part.style().polish(part)
            part.setToolTip(tr("Every edit is kept on the disk, so that a crash loses nothing"))

    def show_devices(self, found: Mapping[str, object]) -> None:
        """Offers what a worker found; kept, because the names follow the language."""
        self._devices = found
        self._device.clear()
        for key, title in device_rows(found):
            self._device.addItem(title or tr("Automatic device"), key)
        self.show_device(self._chosen)

    def show_device(self, key: str) -> None:
        """Marks the device the drawing asks for, also one that this machine does not have."""
        self._chosen = key
        if self._device.findData(key) < 0:
            self._device.addItem(tr("{device}, not here", device=key), key)
        self._device.setCurrentIndex(self._device.findData(key))

    def show_run(self, state: str | None) -> None:
        """The button's word for the state of the run."""
        self._run_state = state
        words = {"preparing": tr("Preparing …"), "running": tr("❚❚  Pause"), "paused": tr("▶  Go on")}
        self.train.setText(words.get(state or "", tr("▶  Train")))
        self.train.setToolTip(tr("Train the drawing (F5)"))


def device_rows(result: Mapping[str, object]) -> list[tuple[str, str]]:
    """(key, title) of each device a worker found, with its free memory; "auto" first, named after the best."""
    found = result.get("devices")
    rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
    titles = {str(row.get("key")): _device_title(row) for row in rows}
    best = str(rows[0].get("name", ""))[:_LONGEST_DEVICE] if rows else ""
    automatic = tr("Automatic: {device}", device=best) if best else ""
    return [("auto", automatic), *titles.items()]


def _device_title(row: Mapping[str, object]) -> str:
    name = str(row.get("name", row.get("key", "")))[:_LONGEST_DEVICE]
    free = row.get("free_bytes")
    if not isinstance(free, int):
        return name
    return tr("{name} · {size} free", name=name, size=size_text(free))
