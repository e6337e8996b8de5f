"""Undo and redo give back the very documents."""

from __future__ import annotations

import random

from studio.document import edits
from studio.document.history import History
from studio.document.model import MAIN, Document
from studio.graph.model import Node


def test_undo_and_redo_give_the_same_objects() -> None:
    documents = [Document(title=str(number)) for number in range(5)]
    history = History(documents[0])
    for document in documents[1:]:
        history.push(f"to {document.title}", document)
    assert history.labels == ["", "to 1", "to 2", "to 3", "to 4"] and history.undo_label == "to 4"
    for document in reversed(documents[:-1]):
        assert history.undo() is document
    assert history.undo() is documents[0] and not history.can_undo
    for document in documents[1:]:
        assert history.redo() is document
    assert history.redo() is documents[4] and not history.can_redo
    assert history.go(2) is documents[2] and history.position == 2 and history.redo_label == "to 3"


def test_a_gesture_is_one_step() -> None:
    start = edits.add_node(Document(), MAIN, Node("a", "Tanh"), (0.0, 0.0))
    history = History(start)
    for drag in range(2):
        for x in range(10):
            moved = edits.move_nodes(history.document, MAIN, {"a": (float(x), float(drag))})
            history.push("Move", moved, f"move:{drag}")
    assert history.labels == ["", "Move", "Move"]
    history.undo()
    history.push("Move", Document(), "move:0")  # the same key after an undo makes a step of its own
    assert history.position == 2
    history.undo()
    assert history.undo() is start


def test_a_push_forgets_what_was_undone_and_no_change_makes_no_step() -> None:
    history = History(Document())
    history.push("a", Document(title="a"))
    history.undo()
    history.push("same", history.document)
    assert history.can_redo
    history.push("b", Document(title="b"))
    assert not history.can_redo and history.labels == ["", "b"]


def test_the_list_is_bounded() -> None:
    history = History(Document(), limit=10)
    for number in range(100):
        history.push(str(number), Document(title=str(number)))
    assert history.position == 10 and history.go(0).title == "89"


def test_random_walks_come_back() -> None:
    rng = random.Random(4)
    first = Document()
    history, seen = History(first), [first]
    for number in range(300):
        act = rng.random()
        if act < 0.5:
            document = Document(title=str(number))
            del seen[history.position + 1 :]
            seen.append(document)
            history.push("edit", document)
        elif act < 0.75:
            history.undo()
        else:
            history.redo()
        assert history.document is seen[history.position]
