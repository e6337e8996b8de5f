"""What a preset says of itself: what to look at while it trains, what it showed, how it differs, where it is from."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from studio.document.model import Document
from studio.text import tr
from studio.ui.widgets import heading, label

_SECTIONS = {
    "lesson": "What to look at",
    "showed": "What it showed",
    "baseline": "Without learning",
    "differs": "How it differs from its source",
    "source": "Source",
}


class AboutNote(QWidget):
    """The story of a drawing that has one; nothing else."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        year = document.about.get("year")
        column.addWidget(label(tr(document.title) + (f" · {year}" if year else ""), "title", wrap=True))
        if summary := _text(document, "summary"):
            column.addWidget(label(tr(summary), wrap=True))
        for key, title in _SECTIONS.items():
            if text := _text(document, key):
                column.addWidget(heading(tr(title)))
                column.addWidget(label(tr(text), "secondary", wrap=True))


def has_story(document: Document) -> bool:
    """Whether a drawing says anything of itself."""
    return any(_text(document, key) for key in ("summary", *_SECTIONS))


def story_key(document: Document) -> tuple[str, ...]:
    """What the note is made from."""
    return (document.title, *(_text(document, key) for key in ("summary", *_SECTIONS)))


def _text(document: Document, key: str) -> str:
    found = document.about.get(key)
    return found if isinstance(found, str) else ""
