"""The Export workspace: ONNX proven equal, or source; with the figures and a snippet that runs anywhere."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from studio.text import tr
from studio.ui.numbers import size_text
from studio.ui.runs import RunControl
from studio.ui.service import Service
from studio.ui.session import Session
from studio.ui.widgets import button, clear_layout, heading, label


class ExportPanel(QScrollArea):
    """Asks the service for exports of the run shown and says how they compare."""

    def __init__(self, session: Session, control: RunControl, service: Service) -> None:
        super().__init__()
        self._session, self._control, self._service = session, control, service
        self.result: dict[str, object] | None = None
        self._error = ""
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        page.setObjectName("canvas_page")
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(32, 32, 32, 32)
        self._column.setSpacing(12)
        self.setWidget(page)
        self._progress = QProgressBar()
        control.updated.connect(self._run_changed)
        self._state = ""
        self.retranslate()

    def retranslate(self) -> None:
        """Builds the page in the current language."""
        clear_layout(self._column)
        self._column.addWidget(label(tr("Export the trained network"), "display"))
        self._column.addWidget(label(self._subtitle(), "secondary", wrap=True))
        row = QHBoxLayout()
        self._onnx = button(
            tr("Export ONNX …"), primary=True, tip=tr("Writes the file and proves it equal to the network")
        )
        self._onnx.setEnabled(self._can_export())
        self._onnx.clicked.connect(self._choose_onnx)
        self._cancel = button(tr("Cancel"))
        self._cancel.setVisible(False)
        self._cancel.clicked.connect(self._service.cancel_all)
        self._progress = QProgressBar()
        self._progress.setMaximum(1000)
        self._progress.setVisible(False)
        row.addWidget(self._onnx)
        row.addWidget(self._progress, 1)
        row.addWidget(self._cancel)
        row.addStretch()
        self._column.addLayout(row)
        if self._error:
            self._column.addWidget(label("✕ " + self._error, "error", wrap=True))
        if self.result is not None:
            self._show_result(self.result)
        self._column.addStretch()

    def export_to(self, path: Path) -> None:
        """Writes the ONNX file of the run shown to ``path``."""
        folder = self._control.folder
        if folder is None:
            return
        self._error, self.result = "", None
        self._onnx.setEnabled(False)
        self._progress.setRange(0, 0)
        self._progress.setVisible(True)
        self._cancel.setVisible(True)
        args: dict[str, object] = {"run": str(folder), "path": str(path)}
        self._service.ask("export", args, self._done, self._failed, self._moved)

    def _subtitle(self) -> str:
        if self._control.status is None:
            return tr("Train the drawing first; then its network can leave as ONNX.")
        return tr("The weights are those of the best checkpoint of the run shown.")

    def _can_export(self) -> bool:
        status = self._control.status
        return (
            status is not None
            and status.state in ("finished", "stopped", "running", "paused")
            and status.step > 0
        )

    def _run_changed(self) -> None:
        status = self._control.status
        state = f"{self._control.folder} {status.state if status else ''} {self._can_export()}"
        if state != self._state and not self._progress.isVisible():
            self._state = state
            self.retranslate()

    def _choose_onnx(self) -> None:
        title = (
            "".join(c if c.isalnum() else "-" for c in self._session.document.title.lower()).strip("-")
            or "network"
        )
        path, _ = QFileDialog.getSaveFileName(self, tr("Export ONNX"), f"{title}.onnx", "ONNX (*.onnx)")
        if path:
            self.export_to(Path(path))

    def _moved(self, fraction: float, text: str) -> None:
        self._progress.setRange(0, 1000)
        self._progress.setValue(round(1000 * fraction))
        self._progress.setFormat(tr(text))

    def _done(self, result: dict[str, object]) -> None:
        self.result = result
        self.retranslate()

    def _failed(self, text: str) -> None:
        self._error = tr(text)
        self.retranslate()

    def _show_result(self, result: dict[str, object]) -> None:
        self._column.addWidget(heading(tr("Proven equal on real samples")))
        self._column.addWidget(label(str(result.get("path", "")), "mono", wrap=True))
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        rows = (
            (tr("largest absolute difference"), f"{_float(result, 'max_abs_error'):.2e}"),
            (tr("largest relative difference"), f"{_float(result, 'max_rel_error'):.2e}"),
            (tr("file size"), size_text(_float(result, "bytes"))),
            (tr("one sample with PyTorch"), f"{_float(result, 'torch_ms'):.2f} ms"),
            (tr("one sample with onnxruntime"), f"{_float(result, 'onnxruntime_ms'):.2f} ms"),
            (tr("operator set"), f"{_float(result, 'opset'):.0f}"),
        )
        for row, (name, text) in enumerate(rows):
            grid.addWidget(label(name, "secondary"), row, 0)
            value = label(text, "mono")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            grid.addWidget(value, row, 1)
        grid.setColumnStretch(2, 1)
        self._column.addLayout(grid)
        snippet = str(result.get("snippet", ""))
        if snippet:
            self._show_snippet(snippet)

    def _show_snippet(self, snippet: str) -> None:
        self._column.addWidget(heading(tr("Use it anywhere: only onnxruntime, numpy and pillow are needed")))
        text = QPlainTextEdit(snippet)
        text.setReadOnly(True)
        text.setObjectName("code")
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setFixedHeight(24 + 20 * (snippet.count("\n") + 1))
        copy = button(tr("Copy"))
        copy.clicked.connect(lambda: QApplication.clipboard().setText(snippet))
        self._column.addWidget(text)
        self._column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)


def _float(result: dict[str, object], key: str) -> float:
    value = result.get(key)
    return float(value) if isinstance(value, (int, float)) else float("nan")
