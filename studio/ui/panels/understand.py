"""The Understand workspace: try a drawing, look at samples and mistakes, let a network write or draw."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from studio.analysis.configure import own_value
from studio.analysis.generators import find_generator, find_redrawing
from studio.graph.model import Node
from studio.layers.datasets import DataField
from studio.layers.ports import fields_of
from studio.layers.sources import DATA
from studio.text import tr
from studio.ui.panels.confusion import Confusion
from studio.ui.panels.making import Redrawing, Sampling, Walk
from studio.ui.panels.trying import DrawTry, Mistakes, SampleTry, Writing
from studio.ui.runs import RunControl
from studio.ui.service import Service
from studio.ui.session import Session
from studio.ui.widgets import clear_layout, label


class UnderstandPanel(QScrollArea):
    """Asks the service what the trained network of the run shown makes of things."""

    def __init__(self, session: Session, control: RunControl, service: Service) -> None:
        super().__init__()
        self._session, self._control, self._service = session, control, service
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        page.setObjectName("canvas_page")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(32, 24, 32, 24)
        self._column.setSpacing(16)
        self.setWidget(page)
        self._shown, self._built = "", 0
        control.updated.connect(self._run_changed)
        self.retranslate()

    def retranslate(self) -> None:
        """Builds what fits the data of the drawing, in the current language."""
        self._built += 1
        clear_layout(self._column)
        self._column.addWidget(label(tr("Understand what it learned"), "display"))
        field, status = self._first_field(), self._control.status
        if status is None or status.step == 0:
            self._column.addWidget(label(tr("Train the drawing first; then try it here."), "secondary"))
        elif field is not None and field.kind == "tokens" and self._knows_what_follows():
            self._column.addWidget(Writing(self._ask))
        elif not self._build_pictures():
            self._build_samples(field)
        self._column.addStretch(1)  # all room that is left stays below

    def _build_pictures(self) -> bool:
        """What a network that gives pictures can be asked; False where it gives none."""
        document, analysis = self._session.document, self._session.analysis
        generator = find_generator(document, analysis)
        redrawing = find_redrawing(document, analysis)
        if generator is not None:
            sampling = Sampling(self._ask, generator)
            self._column.addWidget(sampling)
            sampling.ask()
        if generator is not None and generator.size:
            walk = Walk(self._ask, generator)
            self._column.addWidget(walk)
            walk.ask()
        if redrawing is not None:
            old = Redrawing(self._ask)
            self._column.addWidget(old)
            old.show_next()
        return generator is not None or redrawing is not None

    def _build_samples(self, field: DataField | None) -> None:
        row = QHBoxLayout()
        row.setSpacing(48)
        one, worst = SampleTry(self._ask), Mistakes(self._ask)
        if field is not None and field.kind == "image":
            row.addWidget(DrawTry(self._ask, (field.shape[2], field.shape[1])))
        row.addWidget(one)
        row.addStretch()
        self._column.addLayout(row)
        self._column.addWidget(worst)
        if self._chooses_a_class():
            self._column.addWidget(Confusion(self._ask))
        one.show_next()

    def _ask(
        self,
        kind: str,
        args: dict[str, object],
        answer: Callable[[dict[str, object]], None],
        failed: Callable[[str], None],
        progress: Callable[[float, str], None] | None = None,
    ) -> None:
        folder = self._control.folder
        if folder is None:
            return
        built = self._built

        def taken(result: dict[str, object]) -> None:
            if built == self._built:  # else the widgets that asked are gone
                answer(result)

        def refused(text: str) -> None:
            if built == self._built:
                failed(text)

        def told(fraction: float, text: str) -> None:
            if progress is not None and built == self._built:
                progress(fraction, text)

        self._service.ask(kind, {"run": str(folder), **args}, taken, refused, told)

    def _first_field(self) -> DataField | None:
        """What the drawing's first Data node brings first."""
        for node in self._session.document.main.nodes.values():
            fields = self._fields(node)
            if fields:
                return fields[0]
        return None

    def _knows_what_follows(self) -> bool:
        """Whether a Data node brings a text together with what follows each of its tokens."""
        nodes = self._session.document.main.nodes.values()
        return any(field.name == "next" for node in nodes for field in self._fields(node))

    def _chooses_a_class(self) -> bool:
        """Whether a Data node brings one class a sample."""
        nodes = self._session.document.main.nodes.values()
        return any(
            field.kind == "label" and not field.shape for node in nodes for field in self._fields(node)
        )

    def _fields(self, node: Node) -> tuple[DataField, ...]:
        """The fields of a Data node, of a shipped or an own set."""
        document = self._session.document
        key = own_value(node.params.get("set", DATA.params[0].default), document.params)
        return fields_of(key, document.data) or () if node.layer == "Data" else ()

    def _run_changed(self) -> None:
        status, field = self._control.status, self._first_field()
        done = f"{status.state} {bool(status.step)}" if status else ""
        state = f"{self._control.folder} {done} {field.kind if field else ''}"
        if state != self._shown:
            self._shown = state
            self.retranslate()
