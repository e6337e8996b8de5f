"""Undo as a list of documents: no inverse commands, none to get wrong."""

from __future__ import annotations

from dataclasses import dataclass

from studio.document.model import Document


@dataclass(frozen=True, slots=True)
class Step:
    """A document and what was done to reach it. ``merge`` is the key of the gesture it belongs to."""

    label: str
    document: Document
    merge: str = ""


class History:
    """Steps done and undone. Always holds at least the document it began with."""

    def __init__(self, document: Document, limit: int = 1000) -> None:
        self._done = [Step("", document)]
        self._undone: list[Step] = []
        self._limit = limit

    @property
    def document(self) -> Document:
        """The current one."""
        return self._done[-1].document

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return len(self._done) > 1

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return bool(self._undone)

    @property
    def undo_label(self) -> str:
        """What ``undo`` takes back; "" for nothing."""
        return self._done[-1].label if self.can_undo else ""

    @property
    def redo_label(self) -> str:
        """What ``redo`` does again; "" for nothing."""
        return self._undone[-1].label if self._undone else ""

    @property
    def labels(self) -> list[str]:
        """All steps, oldest first, undone ones included; the current one is number ``position``."""
        return [step.label for step in (*self._done, *reversed(self._undone))]

    @property
    def position(self) -> int:
        """Index of the current document in ``labels``."""
        return len(self._done) - 1

    def push(self, label: str, document: Document, merge: str = "") -> None:
        """Makes ``document`` current. A drag pushes many times with one ``merge`` key: one step.

        A document that is the current one already makes no step. What was undone is forgotten.
        """
        if document is self.document:
            return
        if merge and not self._undone and self._done[-1].merge == merge:
            self._done.pop()
        self._done.append(Step(label, document, merge))
        self._undone.clear()
        del self._done[: -self._limit - 1]

    def undo(self) -> Document:
        """The document before the last step, now current; the same object it was then."""
        if self.can_undo:
            self._undone.append(self._done.pop())
        return self.document

    def redo(self) -> Document:
        """The document after the step undone last, now current."""
        if self._undone:
            self._done.append(self._undone.pop())
        return self.document

    def go(self, position: int) -> Document:
        """The document of step ``position`` in ``labels``, now current."""
        while self.position > max(position, 0):
            self.undo()
        while self.position < position and self._undone:
            self.redo()
        return self.document
