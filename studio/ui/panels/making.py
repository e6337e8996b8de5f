"""Pictures that a trained network makes: new ones, the way from noise to them, a walk among codes, old ones redrawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from studio.analysis.generators import Generator
from studio.text import tr
from studio.ui.panels.trying import grey_picture
from studio.ui.widgets import button, clear_layout, heading, label

_COUNT = 16
_COLUMNS = 8
_SMALL = 72  # px
_LARGE = 224
_SHOWN = 12  # steps of a diffusion
_MOST_SLIDERS = 16
_SLIDERS_A_COLUMN = 8
_STEPS = 60  # places of a slider
_SLIDER_WIDTH = 160


class Ask(Protocol):
    """Asks about the run shown."""

    def __call__(
        self,
        kind: str,
        args: dict[str, object],
        answer: Callable[[dict[str, object]], None],
        failed: Callable[[str], None],
        progress: Callable[[float, str], None] | None = None,
    ) -> None: ...


class Pictures(QWidget):
    """Pictures in rows."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(8)
        self._labels: list[QLabel] = []

    def show_pictures(self, found: object) -> None:
        """Shows [{"width", "height", "pixels"}, …]; nothing for anything else."""
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        if len(rows) != len(self._labels):
            clear_layout(self._grid)
            self._labels = [QLabel() for _ in rows]
            for place, shown in enumerate(self._labels):
                self._grid.addWidget(shown, place // _COLUMNS, place % _COLUMNS)
            self._grid.setColumnStretch(_COLUMNS, 1)
        for shown, row in zip(self._labels, rows, strict=True):
            picture = grey_picture(row)
            if picture is not None:
                shown.setPixmap(picture.scaledToHeight(_SMALL))


class ClassChoice(QComboBox):
    """Which class is wanted, all in turn first; hidden where the network is told none."""

    def __init__(self, classes: tuple[str, ...], *, all_first: bool) -> None:
        super().__init__()
        self._offset = 1 if all_first else 0
        self.setAccessibleName(tr("Class to draw"))
        self.addItems([*([tr("All in turn")] if all_first else []), *classes])
        self.setVisible(bool(classes))

    def place(self) -> int:
        """The place of the class, -1 for all."""
        return self.currentIndex() - self._offset


class Sampling(QWidget):
    """New pictures, another sixteen each time; of a diffusion also the way to them."""

    def __init__(self, ask: Ask, generator: Generator) -> None:
        super().__init__()
        self._ask, self._seed = ask, 0
        self._steps: list[dict[str, object]] = []
        self.draw = button(tr("Draw"), primary=True)
        self.draw.clicked.connect(self.ask)
        self.choice = ClassChoice(generator.classes, all_first=True)
        self.note = label("", "secondary", wrap=True)
        self.pictures = Pictures()
        self.step = QSlider(Qt.Orientation.Horizontal)
        self.step.setAccessibleName(tr("Step of the diffusion"))
        self.step.setFixedWidth(2 * _SLIDER_WIDTH)
        self.step.valueChanged.connect(self._show_step)
        self.where = label("", "mono")
        self._way = QWidget()
        way = QHBoxLayout(self._way)
        way.setContentsMargins(0, 0, 0, 0)
        way.setSpacing(12)
        for beside in (label(tr("From noise to picture"), "secondary"), self.step, self.where):
            way.addWidget(beside)
        way.addStretch()
        self._way.setVisible(False)
        head = QHBoxLayout()
        head.setSpacing(12)
        for part in (heading(tr("Let it draw")), self.choice, self.draw):
            head.addWidget(part)
        head.addStretch()
        column = _column(self)
        column.addLayout(head)
        for below in (self.note, self.pictures, self._way):
            column.addWidget(below)

    def ask(self) -> None:
        """Asks for pictures, other ones each time."""
        self._seed += 1
        self.draw.setEnabled(False)
        self.note.setText(tr("Drawing …"))
        self.note.setVisible(True)
        args: dict[str, object] = {
            "count": _COUNT, "seed": self._seed, "label": self.choice.place(), "shown": _SHOWN,
        }  # fmt: skip
        self._ask("generate_pictures", args, self._show, self._refused, self._progress)

    def _progress(self, fraction: float, text: str) -> None:
        self.note.setText(tr("Drawing …") + f" {round(100 * fraction)} %")

    def _refused(self, text: str) -> None:
        self.draw.setEnabled(True)
        self.note.setText(text)

    def _show(self, result: dict[str, object]) -> None:
        self.draw.setEnabled(True)
        self.note.setVisible(False)
        found = result.get("steps")
        self._steps = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
        self._way.setVisible(bool(self._steps))
        self.pictures.show_pictures(result.get("pictures"))
        self.step.setRange(0, max(0, len(self._steps) - 1))
        self.step.setValue(len(self._steps) - 1)
        self._show_step()

    def _show_step(self) -> None:
        if self.step.value() < len(self._steps):
            shown = self._steps[self.step.value()]
            self.where.setText(tr("{count} steps to go", count=shown.get("step")))
            self.pictures.show_pictures(shown.get("pictures"))


class Walk(QWidget):
    """A walk among codes: a slider a number, one picture. A new picture is asked for when the last has come."""

    def __init__(self, ask: Ask, generator: Generator) -> None:
        super().__init__()
        self._ask, self._generator = ask, generator
        self._is_asking = self._is_stale = False
        self.picture, self.note = QLabel(), label("", "secondary", wrap=True)
        self.picture.setFixedSize(_LARGE, _LARGE)
        self.choice = ClassChoice(generator.classes, all_first=False)
        self.choice.currentIndexChanged.connect(self.ask)
        self.sliders = [self._slider(place) for place in range(min(generator.size, _MOST_SLIDERS))]
        self.middle = button(tr("All to the middle"))
        self.middle.clicked.connect(self._to_middle)
        column = _column(self)
        head = QHBoxLayout()
        head.setSpacing(12)
        for part in (heading(tr("Walk among the codes")), self.choice, self.middle):
            head.addWidget(part)
        head.addStretch()
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._rows())
        row.addStretch()
        column.addLayout(head)
        text = tr("Each slider is one number of the code. Move it slowly and see what it stands for.")
        if generator.size > _MOST_SLIDERS:
            text += " " + tr(
                "The other {count} numbers stay in the middle.", count=generator.size - _MOST_SLIDERS
            )
        column.addWidget(label(text, "secondary", wrap=True))
        column.addLayout(row)
        column.addWidget(self.note)
        self.note.setVisible(False)

    def ask(self) -> None:
        """Asks for the picture of the code that the sliders say, now or when the answer on the way has come."""
        if self._is_asking:
            self._is_stale = True
            return
        self._is_asking, self._is_stale = True, False
        middle = (self._generator.low + self._generator.high) / 2
        rest = [middle] * (self._generator.size - len(self.sliders))
        code = [*(self._value(slider) for slider in self.sliders), *rest]
        args: dict[str, object] = {"code": code, "label": self.choice.place()}
        self._ask("generate_pictures", args, self._show, self._refused)

    def _slider(self, place: int) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, _STEPS)
        slider.setValue(_STEPS // 2)
        slider.setFixedWidth(_SLIDER_WIDTH)
        slider.setAccessibleName(tr("Number {place} of the code", place=place + 1))
        slider.valueChanged.connect(self.ask)
        return slider

    def _rows(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        for place, slider in enumerate(self.sliders):
            number = label("", "mono")
            number.setFixedWidth(48)
            slider.valueChanged.connect(lambda _, n=number, s=slider: n.setText(f"{self._value(s):.1f}"))
            number.setText(f"{self._value(slider):.1f}")
            row, across = place % _SLIDERS_A_COLUMN, 3 * (place // _SLIDERS_A_COLUMN)
            for offset, part in enumerate((label(str(place + 1), "secondary"), slider, number)):
                grid.addWidget(part, row, across + offset)
        grid.setRowStretch(_SLIDERS_A_COLUMN, 1)
        return grid

    def _value(self, slider: QSlider) -> float:
        low, high = self._generator.low, self._generator.high
        return low + (high - low) * slider.value() / _STEPS

    def _to_middle(self) -> None:
        for slider in self.sliders:
            slider.setValue(_STEPS // 2)

    def _show(self, result: dict[str, object]) -> None:
        found = result.get("pictures")
        picture = grey_picture(found[0]) if isinstance(found, list) and found else None
        if picture is not None:
            self.picture.setPixmap(picture.scaledToHeight(_LARGE))
        self.note.setVisible(False)
        self._answered()

    def _refused(self, text: str) -> None:
        self.note.setText(text)
        self.note.setVisible(True)
        self._answered()

    def _answered(self) -> None:
        self._is_asking = False
        if self._is_stale:
            self.ask()


class Redrawing(QWidget):
    """Test pictures above what the network makes of them."""

    def __init__(self, ask: Ask) -> None:
        super().__init__()
        self._ask, self._position = ask, -_COLUMNS
        self.before, self.after, self.note = Pictures(), Pictures(), label("", "secondary", wrap=True)
        others = button(tr("Other samples"))
        others.clicked.connect(self.show_next)
        head = QHBoxLayout()
        head.setSpacing(12)
        for part in (heading(tr("Pictures it has not seen, and what it makes of them")), others):
            head.addWidget(part)
        head.addStretch()
        column = _column(self)
        column.addLayout(head)
        for below in (self.note, self.before, self.after):
            column.addWidget(below)

    def show_next(self) -> None:
        """Asks for the samples after those shown."""
        self._position += _COLUMNS
        args: dict[str, object] = {"position": self._position, "count": _COLUMNS}
        self._ask("redraw", args, self._show, self.note.setText)

    def _show(self, result: dict[str, object]) -> None:
        self.note.setVisible(False)
        self.before.show_pictures(result.get("before"))
        self.after.show_pictures(result.get("after"))


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    return column
