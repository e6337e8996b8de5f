"""Which layers a user keeps at hand: favourites by star, recent ones by use. Kept in the window's settings."""

from __future__ import annotations

from PySide6.QtCore import QObject, QSettings, Signal

from studio.layers import find

# What most first networks are made of; a star takes each away again.
FIRST_FAVOURITES = (
    "Data", "Linear", "Conv2d", "ReLU", "MaxPool2d", "Flatten", "Dropout", "BatchNorm2d", "CrossEntropy", "Accuracy",
    "Optimizer",
)  # fmt: skip
_MOST_RECENT = 8


class LayerChoices(QObject):
    """Names of layers, the newest use first. ``changed()`` after each change."""

    changed = Signal()

    def __init__(self, settings: QSettings | None = None) -> None:
        super().__init__()
        self._settings = settings
        self._favourites = self._read("layers/favourites", FIRST_FAVOURITES)
        self._recent = self._read("layers/recent", ())[:_MOST_RECENT]

    @property
    def favourites(self) -> tuple[str, ...]:
        """Layers with a star, in the order they got it."""
        return self._favourites

    @property
    def recent(self) -> tuple[str, ...]:
        """Layers placed lately."""
        return self._recent

    def use(self, name: str) -> None:
        """Notes that a layer was placed."""
        if find(name) is None or name in self._recent[:1]:
            return
        self._recent = (name, *(one for one in self._recent if one != name))[:_MOST_RECENT]
        self._write("layers/recent", self._recent)

    def toggle(self, name: str) -> None:
        """Gives a layer a star or takes it away."""
        if name in self._favourites:
            self._favourites = tuple(one for one in self._favourites if one != name)
        else:
            self._favourites = (*self._favourites, name)
        self._write("layers/favourites", self._favourites)

    def _read(self, key: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        """Names of layers that are still there; one, none and many all look different in an ini file."""
        stored = self._settings.value(key) if self._settings is not None else None
        if stored is None:
            names = list(otherwise)
        else:
            names = stored if isinstance(stored, list) else str(stored).split(",")
        known = [spec.name for name in names if (spec := find(str(name))) is not None]
        return tuple(dict.fromkeys(known))

    def _write(self, key: str, names: tuple[str, ...]) -> None:
        if self._settings is not None:
            self._settings.setValue(key, ",".join(names))
        self.changed.emit()
