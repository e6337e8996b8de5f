"""The difference of two documents leads from one to the other, order of nodes included."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.document.check import check_structure
from studio.document.difference import apply_difference, describe, difference
from studio.document.errors import FileError
from studio.document.model import Document

sys.path.insert(0, str(Path(__file__).parent))
from walks import walk


def same_order(one: Document, two: Document) -> bool:
    keys = ("", *one.blocks)
    return list(one.blocks) == list(two.blocks) and all(
        list(one.graph(key).nodes) == list(two.graph(key).nodes) for key in keys
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_every_step_of_a_random_walk_can_be_replayed_through_json(seed: int) -> None:
    before = replayed = Document()
    for after in walk(seed, 40):
        check_structure(after)
        plain = json.loads(json.dumps(difference(before, after)))
        replayed = apply_difference(replayed, plain)
        assert replayed == after and same_order(replayed, after)
        before = after


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**9))
def test_any_two_documents_of_a_walk(seed: int) -> None:
    documents = [Document(), *walk(seed, 30)]
    for one, two in (
        (documents[0], documents[-1]),
        (documents[-1], documents[0]),
        (documents[len(documents) // 2], documents[-1]),
    ):
        there = apply_difference(one, json.loads(json.dumps(difference(one, two))))
        assert there == two and same_order(there, two)
        assert bool(describe(one, two)) == (one != two)


def test_equal_documents_differ_in_nothing() -> None:
    assert difference(Document(), Document()) == {} and apply_difference(Document(), {}) == Document()


@pytest.mark.parametrize(
    "plain",
    [[], {"title": 1}, {"graphs": {"main": {"set": [{"id": "a"}]}}}, {"run": {"epochs": "x"}}, {"graphs": []},
     {"graphs": {"main": {"set": [{"id": "a", "layer": "Tanh", "inputs": {"x": "b"}}]}}},
     {"layouts": {"main": 1}}],
)  # fmt: skip
def test_a_damaged_difference_is_refused(plain: object) -> None:
    with pytest.raises(FileError):
        apply_difference(Document(), plain)
