"""Edits of how nodes are shown: folded, pinned, coloured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from studio.document.model import Document, Mark
from studio.document.nodes import node_of, with_layout


def mark_nodes(doc: Document, key: str, ids: Iterable[str], **changes: object) -> Document:
    """``doc`` with the marks of nodes changed, as in ``mark_nodes(doc, key, ["conv1"], folded=True)``.

    Raises:
        GraphError: there is no such node.
    """
    layout = doc.layout(key)
    marks = dict(layout.marks)
    for name in ids:
        node_of(doc, key, name)
        mark = replace(marks.pop(name, Mark()), **changes)  # type: ignore[arg-type]
        if mark != Mark():
            marks[name] = mark
    return doc if marks == layout.marks else with_layout(doc, key, replace(layout, marks=marks))
