"""The persistent map against a plain dict, edit after edit, and old versions stay as they were."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from studio.graph.persistent import PersistentMap

_KEYS = st.sampled_from([f"k{at}" for at in range(40)])
_EDITS = st.lists(
    st.one_of(
        st.tuples(st.just("set"), _KEYS, st.integers()),
        st.tuples(st.just("without"), st.lists(_KEYS, max_size=4)),
        st.tuples(st.just("update"), st.dictionaries(_KEYS, st.integers(), max_size=6)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, st.integers()), _EDITS)
def test_it_is_a_dict_that_never_changes(start: dict[str, int], edits: list) -> None:
    model = dict(start)
    current: PersistentMap[int] = PersistentMap(start)
    versions = [(current, dict(model))]
    for edit in edits:
        if edit[0] == "set":
            current, model = current.set(edit[1], edit[2]), {**model, edit[1]: edit[2]}
        elif edit[0] == "update":
            current, model = current.update(edit[1]), {**model, **edit[1]}
        else:
            current = current.without(*edit[1])
            model = {key: value for key, value in model.items() if key not in edit[1]}
        versions.append((current, dict(model)))
    for version, expected in versions:
        assert dict(version) == expected
        assert len(version) == len(expected)
        assert sorted(version) == sorted(expected)
        assert version == expected
        assert all(key in version for key in expected)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, st.integers()), _EDITS)
def test_changed_names_every_key_that_differs(start: dict[str, int], edits: list) -> None:
    before: PersistentMap[int] = PersistentMap(start)
    after = before
    for edit in edits:
        if edit[0] == "set":
            after = after.set(edit[1], edit[2])
        elif edit[0] == "update":
            after = after.update(edit[1])
        else:
            after = after.without(*edit[1])
    differing = {key for key in set(before) | set(after) if before.get(key, None) != after.get(key, None)}
    differing |= set(before) ^ set(after)
    assert differing <= set(before.changed(after))
    assert set(before.changed(after)) <= set(before) | set(after)


def test_the_same_key_twice_is_taken_out_once() -> None:
    left = PersistentMap({"a": 1, "b": 2}).without("a", "a")
    assert len(left) == 1
    assert list(left) == ["b"]


def test_order_is_that_of_first_insertion() -> None:
    current: PersistentMap[int] = PersistentMap()
    for at in range(100):
        current = current.set(f"k{at}", at)
    assert list(current) == [f"k{at}" for at in range(100)]
    assert list(current.set("k3", 0)) == list(current)


def test_nothing_changed_from_a_map_to_itself() -> None:
    current = PersistentMap({"a": 1})
    assert not current.changed(current)
