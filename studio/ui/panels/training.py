"""The training strip: progress, curves, health and one sentence that judges the run."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.files.runs import RunStatus
from studio.text import tr
from studio.ui.numbers import count_text, time_text
from studio.ui.panels.carry import CarryNote
from studio.ui.panels.views import ViewsStrip
from studio.ui.plots import PlotFrame
from studio.ui.runs import RunControl
from studio.ui.session import Session
from studio.ui.tokens import colour
from studio.ui.verdict import verdict
from studio.ui.widgets import button, heading, label

_HEALTH_ROWS = 6
_HIGHEST = 16_777_215  # Qt's own "no limit"
_STATES = {
    "preparing": "Preparing: PyTorch is being loaded",
    "running": "Training",
    "paused": "Paused",
    "finished": "Finished",
    "stopped": "Stopped, state saved",
    "failed": "Failed",
    "crashed": "The worker ended unexpectedly",
}


class Training(QWidget):
    """The strip at the bottom: one line until there is a run, or where there is no room for more."""

    folded_changed = Signal(bool)  # to one line, or back

    def __init__(self, session: Session, control: RunControl) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._control, self._dark = control, True
        self._title = label("", "title")
        self._facts = label("", "secondary")
        self._verdict = label("", "verdict", wrap=True)
        self._bar = QProgressBar()
        self._bar.setObjectName("progress")
        self._bar.setTextVisible(False)
        self._bar.setMaximum(1000)
        self._pause, self._stop = button(""), button("")
        self._pause.clicked.connect(self._pause_or_resume)
        self._stop.clicked.connect(lambda: control.ask("stop"))
        self.loss_plot, self.metric_plot = PlotFrame(), PlotFrame()
        self.folded, self._has_room = False, True
        self._wanted: bool | None = None  # what the user chose by hand; None leaves it to the room
        self._fold = QToolButton()
        self._fold.setFixedSize(24, 24)
        self._fold.clicked.connect(self._toggle)
        self._loss_title, self._metric_title, self._health_title = heading(""), heading(""), heading("")
        self._legend = label("", "secondary")
        self.carry, self.views = CarryNote(session, control), ViewsStrip(control)
        self._health = QGridLayout()
        self._health.setVerticalSpacing(4)
        self._health_rows: list[tuple[QLabel, QProgressBar, QLabel]] = []
        self._build()
        control.updated.connect(self.refresh)
        self.set_dark(True)
        self.retranslate()

    def retranslate(self) -> None:
        """Takes the current language."""
        self.carry.retranslate()
        self._stop.setText(tr("Stop"))
        self._stop.setToolTip(tr("Ends the run; its state is saved and it can go on later"))
        self._loss_title.setText(tr("Loss"))
        self._health_title.setText(tr("Gradient health"))
        self._show_legend()
        self.refresh()

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        self.loss_plot.set_dark(dark)
        self.metric_plot.set_dark(dark)
        self.views.set_dark(dark)
        self._show_legend()

    def _show_legend(self) -> None:
        """Which colour is which part of the data."""
        train, other = colour("accent", self._dark), colour("second", self._dark)
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self._legend.setText(
            f'<span style="color:{train}">━</span> {tr("train")} &nbsp;'
            f' <span style="color:{other}">●</span> {tr("validation")}'
        )

    def set_room(self, has_room: bool) -> None:
        """Says whether the window is high enough for curves."""
        if has_room != self._has_room:
            self._has_room, self._wanted = has_room, None
            self._arrange()

    def refresh(self) -> None:
        """Shows what the run's folder says now."""
        status, reader = self._control.status, self._control.reader
        live = self._control.is_live
        self._arrange()
        self._pause.setEnabled(status is not None and status.state != "finished")
        self._stop.setEnabled(live)
        paused = status is not None and status.state not in ("running", "preparing")
        self._pause.setText(tr("Go on") if paused else tr("Pause"))
        self._pause.setToolTip(
            tr("Goes on from where it is") if paused else tr("Waits after the current step")
        )
        if status is None or reader is None:
            self._title.setText(tr("No run yet"))
            self._facts.setText(tr("Press Train to see the curves here."))
            self._verdict.setText("")
            return
        self._show_head(status)
        self._show_curves()
        self._show_health()

    def _build(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self._facts)
        head.addStretch(1)
        self._bar.setMinimumWidth(120)
        self._bar.setMaximumWidth(360)
        head.addWidget(self._bar, 1)
        head.addWidget(self._pause)
        head.addWidget(self._stop)
        head.addWidget(self._fold)
        self._plots = QWidget()
        plots = QHBoxLayout(self._plots)
        plots.setContentsMargins(0, 0, 0, 0)
        plots.setSpacing(12)
        for title, plot, extra in (
            (self._loss_title, self.loss_plot, None),
            (self._metric_title, self.metric_plot, self._legend),
        ):
            column = QVBoxLayout()
            column.setSpacing(4)
            top = QHBoxLayout()
            top.addWidget(title)
            top.addStretch()
            if extra is not None:
                top.addWidget(extra)
            column.addLayout(top)
            column.addWidget(plot, 1)
            plots.addLayout(column, 3)
        plots.addWidget(self.views, 2)
        side = QVBoxLayout()
        side.setSpacing(4)
        side.addWidget(self._health_title)
        side.addLayout(self._health)
        side.addStretch()
        plots.addLayout(side, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._verdict)
        column.addWidget(self.carry)
        column.addWidget(self._plots, 1)

    def _toggle(self) -> None:
        self._wanted = not self.folded
        self._arrange()

    def _arrange(self) -> None:
        """Folds or unfolds: by hand, else by whether there is a run and room to show it."""
        automatic = self._control.status is None or not self._has_room
        folded = automatic if self._wanted is None else self._wanted
        self._fold.setArrowType(Qt.ArrowType.UpArrow if folded else Qt.ArrowType.DownArrow)
        self._fold.setToolTip(tr("Show the curves") if folded else tr("Fold to one line"))
        if folded == self.folded:
            return
        self.folded = folded
        self._plots.setVisible(not folded)
        self.carry.set_room(not folded)
        self._verdict.setVisible(not folded and bool(self._verdict.text()))
        self.setMaximumHeight(self.minimumSizeHint().height() if folded else _HIGHEST)
        self.folded_changed.emit(folded)

    def _show_head(self, status: RunStatus) -> None:
        self._title.setText(tr(_STATES.get(status.state, status.state)))
        parts = [
            tr(
                "epoch {epoch} of {epochs}",
                epoch=min(status.epoch + 1, status.epochs or status.epoch + 1),
                epochs=status.epochs,
            )
        ]
        speed = self._last("samples_per_s")
        if speed is not None:
            parts.append(tr("{count} samples/s", count=count_text(speed)))
        if status.state == "running" and status.seconds_left:
            parts.append(tr("{time} left", time=time_text(status.seconds_left)))
        elif status.state != "preparing":
            parts.append(tr("{time} in all", time=time_text(status.seconds)))
        self._facts.setText(" · ".join(parts))
        self._bar.setRange(0, 0 if status.state == "preparing" else 1000)
        if status.steps:
            self._bar.setValue(round(1000 * status.step / status.steps))
        text = status.message if status.state in ("failed", "crashed") else verdict(self._control)
        self._verdict.setText(text)
        self._verdict.setVisible(bool(text) and not self.folded)
        if self.folded and text:
            self._facts.setText(text)

    def _last(self, name: str) -> float | None:
        reader = self._control.reader
        series = reader.series.get(name) if reader else None
        return series.values[-1] if series and series.values else None

    def _show_curves(self) -> None:
        reader = self._control.reader
        if reader is None:
            return
        metric = next(
            (n.split(".", 1)[1] for n in reader.series if n.startswith("validation.") and "loss" not in n), ""
        )
        if not metric:
            metric = "learning_rate"
        self._metric_title.setText(tr(metric.replace("_", " ").capitalize()))
        for part in ("train", "validation"):
            for plot, name in ((self.loss_plot, f"{part}.loss"), (self.metric_plot, f"{part}.{metric}")):
                series = reader.series.get(name)
                if (
                    series is None
                    and part == "train"
                    and metric == "learning_rate"
                    and plot is self.metric_plot
                ):
                    series = reader.series.get("learning_rate")
                plot.show_series(part, series.steps if series else [], series.values if series else [])

    def _show_health(self) -> None:
        reader = self._control.reader
        series = reader.series.items() if reader else ()
        found = {name[7:]: s.values[-1] for name, s in series if name.startswith("health.") and s.values}
        weakest = sorted(found.items(), key=lambda row: row[1])[:_HEALTH_ROWS]
        while len(self._health_rows) < len(weakest):
            self._health_rows.append(self._health_row(len(self._health_rows)))
        for index, (name, bar, word) in enumerate(self._health_rows):
            for part in (name, bar, word):
                part.setVisible(index < len(weakest))
            if index < len(weakest):
                node, ratio = weakest[index]
                name.setText(node)
                bar.setValue(health_share(ratio))
                word.setText(tr(health_word(ratio)))

    def _health_row(self, row: int) -> tuple[QLabel, QProgressBar, QLabel]:
        """The widgets of one row, made once: what moves ten times a second is changed in place."""
        bar = QProgressBar()
        bar.setObjectName("thin")
        bar.setTextVisible(False)
        bar.setMaximum(100)
        made = (label("", "secondary"), bar, label("", "secondary"))
        for column, part in enumerate(made):
            self._health.addWidget(part, row, column)
        return made

    def _pause_or_resume(self) -> None:
        status = self._control.status
        if status is None:
            return
        if status.state in ("running", "preparing"):
            self._control.ask("pause")
        elif status.state == "paused":
            self._control.ask("resume")
        else:
            self._control.resume()


def health_share(ratio: float) -> int:
    """Gradient norm over weight norm as a bar from 0 to 100, on a logarithmic scale from 1e-6 to 1."""
    return 100 if ratio >= 1 else max(0, round(100 * (1 + math.log10(max(ratio, 1e-6)) / 6)))


def health_word(ratio: float) -> str:
    """What the ratio means in a word."""
    if not math.isfinite(ratio) or ratio > 100:
        return "exploding"
    return "weak" if ratio < 1e-5 else "good"
