"""All of the user's own code in one window of the studio: banner, editors, questions to a worker."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from studio.document.model import MAIN
from studio.layers.custom import NAME
from studio.text import tr
from studio.ui.own_code.asking import Asking
from studio.ui.own_code.trust import TrustBanner
from studio.ui.own_code.window import CodeWindow
from studio.ui.session import Session


class OwnCode(QObject):
    """The window puts ``banner`` over the canvas and asks ``refusal`` before something runs."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session, self._parent, self._dark = session, parent, True
        self.banner = TrustBanner(session)
        self.banner.trusted.connect(session.analyse_again)
        self.asking = Asking(session, lambda: not self.banner.is_restricted, self)
        self.windows: list[CodeWindow] = []

    def edit(self, node: str, key: str = MAIN) -> bool:
        """Opens the editor of a node, or brings it to the front; whether the node has a text of its own."""
        found = self._session.document.graph(key).nodes.get(node)
        if found is None or found.layer != NAME:
            return False
        shown = next((one for one in self.windows if one.shows(key, node)), None)
        if shown is None:
            shown = CodeWindow(self._session, key, node, self._dark, self._parent)
            shown.finished.connect(lambda result, made=shown: self._forget(made))
            self.windows.append(shown)
        shown.show()
        shown.raise_()
        shown.activateWindow()
        shown.field.setFocus()
        return True

    def refusal(self) -> str:
        """Why the project may not run now; "" when it may."""
        if not self.banner.is_restricted:
            return ""
        return tr("This project brings Python of its own. Read it, then press Trust this project.")

    def set_dark(self, dark: bool) -> None:
        """Takes the colours of the theme."""
        self._dark = dark
        self.banner.set_dark(dark)
        for window in self.windows:
            window.set_dark(dark)

    def retranslate(self) -> None:
        """Takes the current language."""
        self.banner.retranslate()
        for window in self.windows:
            window.retranslate()

    def close(self) -> None:
        """Takes what stands in the editors, and ends the worker."""
        for window in list(self.windows):
            window.close()
        self.asking.close()

    def _forget(self, window: CodeWindow) -> None:
        if window in self.windows:
            self.windows.remove(window)
            window.deleteLater()
