"""What the inspector says of an Optimizer beside its form: the algorithm in words, the schedule as a curve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.document.model import RunSettings
from studio.layers.optimizers import ALGORITHM
from studio.layers.schedule_records import SCHEDULE
from studio.layers.schedules import curve
from studio.text import tr
from studio.ui.widgets import heading, label

_PER_EPOCH = 100  # batches of an epoch in the picture: the window does not know the data's length
_POINTS = 240


class ScheduleCurve(QWidget):
    """The learning rate over the run, drawn by the very function that the training follows."""

    def __init__(self) -> None:
        super().__init__()
        self.values: list[float] = []
        self.setFixedHeight(72)

    def show_curve(self, values: list[float]) -> None:
        """Draws these rates, evenly spread over the run."""
        self.values = values
        text = tr("Learning rate from {first:.3g} over {most:.3g} to {last:.3g}")
        said = text.format(first=values[0], most=max(values), last=values[-1]) if values else ""
        self.setAccessibleName(said)
        self.setToolTip(said)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(2, 6, -2, -6)
        faint = self.palette().color(QPalette.ColorRole.Mid)
        painter.setPen(QPen(faint, 1))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        most = max(self.values, default=0.0)
        if not most:
            return
        across = box.width() / max(len(self.values) - 1, 1)
        points = [
            QPointF(box.left() + across * at, box.bottom() - box.height() * value / most)
            for at, value in enumerate(self.values)
        ]
        if len(points) == 1:
            points.append(QPointF(box.right(), points[0].y()))
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2, Qt.PenStyle.SolidLine))
        painter.drawPolyline(QPolygonF(points))


class OptimizerNotes(QWidget):
    """The curve of the schedule, and what the chosen algorithm and schedule do."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(heading(tr("Learning rate")))
        self.curve = ScheduleCurve()
        column.addWidget(self.curve)
        self.schedule = label("", "secondary", wrap=True)
        column.addWidget(self.schedule)
        column.addWidget(heading(tr("Algorithm")))
        self.algorithm = label("", "secondary", wrap=True)
        column.addWidget(self.algorithm)

    def show_values(self, params: Mapping[str, Any], run: RunSettings) -> None:
        """Shows what the parameters of the node mean for a run.

        Args:
            params: all parameters; those that are expressions count as not set.
            run: gives the length of the curve.
        """
        settings = {name: value for name, value in params.items() if not hasattr(value, "value")}
        steps = run.steps or run.epochs * _PER_EPOCH
        self.curve.show_curve(curve(settings, steps, _PER_EPOCH, _POINTS))
        kinds = [str(settings.get("schedule", "constant")), str(settings.get("then", "none"))]
        found = [SCHEDULE[kind] for kind in kinds if kind in SCHEDULE]
        self.schedule.setText(
            " ".join(tr(text) for record in found for text in (record.summary, record.pitfalls))
        )
        record = ALGORITHM.get(str(settings.get("algorithm", "AdamW")))
        self.algorithm.setText(f"{tr(record.summary)} {tr(record.pitfalls)}" if record else "")
