"""Has a throwaway worker try the layers of a trusted project, where analysis wants to know what they give."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from studio.analysis.asked import KIND, request_of, take
from studio.layers.answers import Answer, Question, learn, open_questions
from studio.text import tr
from studio.ui.service import Service
from studio.ui.session import Session

LIMIT_MS = 30_000  # loading torch included


class Asking(QObject):
    """One question after another; the process goes when none is left, and is ended when it takes too long."""

    def __init__(self, session: Session, may_run: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._may_run = session, may_run
        self._service = Service(self)
        self._current: Question | None = None
        self._limit = QTimer(self)
        self._limit.setSingleShot(True)
        self._limit.setInterval(LIMIT_MS)
        self._limit.timeout.connect(self._too_long)
        session.analysed.connect(lambda analysis: self.ask())

    def ask(self) -> None:
        """Asks the next question, where the project's code may run."""
        questions = open_questions()
        if self._current is not None or not questions or not self._may_run():
            return
        question = self._current = questions[-1]  # the newest is of the drawing as it is
        self._limit.start()
        self._service.ask(
            KIND,
            request_of(question),
            lambda result: self._done(question, lambda: take(question, result)),
            lambda text: self._done(question, lambda: learn(question, Answer(error=text))),
        )

    def close(self) -> None:
        """Ends the process for good."""
        self._current = None
        self._limit.stop()
        self._service.close()

    def _done(self, question: Question, keep: Callable[[], None]) -> None:
        if self._current is not question:
            return
        self._limit.stop()
        self._current = None
        keep()
        self._session.analyse_again()  # which asks again where something is left
        if self._current is None:
            QTimer.singleShot(0, self._rest)

    def _rest(self) -> None:
        if self._current is None:
            self._service.stop()

    def _too_long(self) -> None:
        question = self._current
        if question is not None:
            text = tr("it takes longer than {seconds} s", seconds=LIMIT_MS // 1000)
            self._done(question, lambda: learn(question, Answer(error=text)))
            self._service.stop()
