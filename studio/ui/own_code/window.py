"""The window in which a layer is written: its text, what is read from it, and what is wrong with it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from studio.document.custom import code_of, set_code
from studio.document.model import Document
from studio.files.trust import trust, untrusted
from studio.graph.model import Node
from studio.layers.custom import NAME, TEMPLATE
from studio.layers.signature import CodeFault, Signature, read_signature
from studio.layers.spec import Port
from studio.text import tr
from studio.ui.own_code.edit import CodeEdit
from studio.ui.session import Session
from studio.ui.widgets import button, label

_WAIT_MS = 200  # after the last key, before the text is looked at


class CodeWindow(QDialog):
    """Edits the text of one node. It is looked at while one types, and taken when one asks for it or leaves it.

    What the user writes here into a trusted project is trusted too; an untrusted one stays so.
    """

    def __init__(
        self, session: Session, key: str, node: str, dark: bool, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session, self._key, self._node = session, key, node
        self.setObjectName("panel")
        self.resize(900, 720)
        self.field = CodeEdit(dark)
        self._said, self._fault = label("", "secondary", wrap=True), label("", "error", wrap=True)
        self._apply, self._close = button("", primary=True), button("")
        for made in (self._apply, self._close):
            made.setAutoDefault(False)  # Return belongs to the text
        row = QHBoxLayout()
        row.addWidget(self._fault, 1)
        row.addWidget(self._apply)
        row.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addWidget(self._said)
        column.addWidget(self.field, 1)
        column.addLayout(row)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_WAIT_MS)
        self._wait.timeout.connect(self._look)
        self.field.textChanged.connect(self._wait.start)
        self.field.applied.connect(self.apply)
        self._apply.clicked.connect(self.apply)
        self._close.clicked.connect(self.close)
        session.changed.connect(self._changed)
        session.analysed.connect(self._analysed)
        self.retranslate()
        self.field.show_code(code_of(self._found() or Node(node, NAME)))
        self._look()

    def retranslate(self) -> None:
        """Takes the current language."""
        self.setWindowTitle(tr("Code of {node}", node=self._node))
        self._apply.setText(tr("Apply"))
        self._apply.setToolTip(tr("Take the text into the drawing (Ctrl+Return)"))
        self._close.setText(tr("Close"))
        self.field.setAccessibleName(tr("Code of {node}", node=self._node))
        self._look()

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self.field.set_dark(dark)

    def shows(self, key: str, node: str) -> bool:
        """Whether it edits this node."""
        return (self._key, self._node) == (key, node)

    def apply(self) -> None:
        """Takes the text into the drawing, with a mistake too: nothing that was typed is lost."""
        node, code = self._found(), self.field.code()
        if node is None or code == code_of(node):
            return
        document, key, name = self._session.document, self._key, self._node
        if code != TEMPLATE and not untrusted(document) and not self._trust(code):
            return
        if self._session.apply(
            tr("Write {node}", node=name),
            lambda doc: set_code(doc, key, name, code),
            merge=f"code:{key}:{name}",
        ):
            self.field.document().setModified(False)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.apply()
        for signal, slot in (
            (self._session.changed, self._changed),
            (self._session.analysed, self._analysed),
        ):
            signal.disconnect(slot)
        super().closeEvent(event)

    def keyPressEvent(self, event: object) -> None:
        if event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]
            self.close()  # a dialog would go without taking the text
        else:
            super().keyPressEvent(event)  # type: ignore[arg-type]

    def _trust(self, code: str) -> bool:
        try:
            trust([code])
        except OSError as error:
            self._session.refused.emit(tr("Trust can't be kept: {why}", why=error.strerror or error))
            return False
        return True

    def _found(self) -> Node | None:
        document = self._session.document
        if self._key and self._key not in document.blocks:
            return None
        node = document.graph(self._key).nodes.get(self._node)
        return node if node is not None and node.layer == NAME else None

    def _changed(self, before: Document, after: Document) -> None:
        node = self._found()
        if node is None:
            self.field.document().setModified(False)
            self.close()
        elif not self.field.document().isModified() and code_of(node) != self.field.code():
            self.field.show_code(code_of(node))

    def _analysed(self, analysis: object) -> None:
        self._look()

    def _look(self) -> None:
        """Says what is read from the text as it stands, or the mistake and its line."""
        found = read_signature(self.field.code())
        if isinstance(found, CodeFault):
            self._show_fault(found.line, tr("Line {line}: {what}", line=found.line, what=found))
            return
        self._said.setText(summary(found))
        self._show_fault(*self._problem())

    def _problem(self) -> tuple[int, str]:
        """What analysis, and through it a worker, says of the text that was taken."""
        node = self._found()
        if node is None or code_of(node) != self.field.code():
            return 0, ""
        for problem in self._session.analysis.problems_of(self._node, self._key):
            if problem.severity == "error" and problem.code in ("shape", "code", "code_name"):
                line = problem.values.get("line", 0)
                return (line if isinstance(line, int) else 0), problem.message
        return 0, ""

    def _show_fault(self, line: int, text: str) -> None:
        if line != self.field.fault_line:
            self.field.mark_fault(line)
        self._fault.setText(text)


def summary(signature: Signature) -> str:
    """Ports and parameters of a layer in a line."""
    parts = [
        f"{tr('Input ports')}: {_ports(signature.inputs)}",
        f"{tr('Output ports')}: {_ports(signature.outputs)}",
    ]
    names = ", ".join(param.name for param in signature.params)
    if names:
        parts.append(f"{tr('Parameters')}: {names}")
    return f"{signature.name}   ·   " + "   ·   ".join(parts)


def _ports(ports: tuple[Port, ...]) -> str:
    return ", ".join(port.name if port.axes == "*" else f"{port.name} ({port.axes})" for port in ports)
