"""The project file: canonical, strict, one error with the place in it, and nothing of a stranger's run."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.document.model import Document
from studio.document.strict import LARGEST_FILE
from studio.files.errors import FileError
from studio.files.presets import load_preset
from studio.files.project import FORMAT, parse_project, project_bytes, read_project, save_project
from studio.graph.expression import Expression

sys.path.insert(0, str(Path(__file__).parent.parent / "document"))
from walks import walk


def node(**fields: object) -> dict[str, object]:
    return {"id": "conv1", "layer": "Conv2d"} | fields


def project(*nodes: object, **fields: object) -> bytes:
    return json.dumps({"format": 1, "main": list(nodes)} | fields).encode()


def test_equal_documents_give_equal_bytes_and_the_file_gives_the_document_back() -> None:
    document = load_preset("lenet5")
    data = project_bytes(document)
    assert parse_project(data).document == document
    assert project_bytes(parse_project(data).document) == data
    lines = data.decode().splitlines()
    assert sum('"layer": ' in line for line in lines) == 20  # one node a line
    assert data.endswith(b"}\n") and b"\r" not in data
    assert all(line.count('"id": ') <= 1 for line in lines)


def test_the_file_says_every_parameter_and_memory_only_what_was_set() -> None:
    document = load_preset("lenet5")
    data = json.loads(project_bytes(document))
    pool = next(item for item in data["main"] if item["id"] == "pool1")
    assert pool["params"]["kernel_size"] == [2, 2] and document.main.nodes["pool1"].params == {}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_documents_of_random_walks_survive_the_file(seed: int) -> None:
    for document in walk(seed, 30):
        last = document
        data = project_bytes(last)
        assert parse_project(data).document == last
        assert project_bytes(parse_project(data).document) == data


def test_unknown_fields_are_kept() -> None:
    data = project(node(colour="red"), later={"a": [1]}, run={"epochs": 3, "swap": True},
                   blocks={"b": {"nodes": [], "icon": "x"}}, layout={"main": {"zoom": 2}})  # fmt: skip
    again = json.loads(project_bytes(parse_project(data).document))
    assert (
        again["main"][0]["colour"] == "red" and again["later"] == {"a": [1]} and again["run"]["swap"] is True
    )
    assert again["blocks"]["b"]["icon"] == "x" and again["layout"]["main"]["zoom"] == 2


def test_a_newer_format_opens_read_only_even_with_layers_of_the_future() -> None:
    data = project(node(layer="Conv9d", params={"new": 1}), format=FORMAT + 1)
    opened = parse_project(data)
    assert opened.read_only and opened.document.main.nodes["conv1"].layer == "Conv9d"


def test_expressions() -> None:
    document = parse_project(project(node(params={"out_channels": {"=": "4*width"}}))).document
    assert document.main.nodes["conv1"].params["out_channels"] == Expression("4*width")
    assert b'{"=": "4*width"}' in project_bytes(document)


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        (project(node(params={"kernel_size": "x"})), 'main node "conv1" params.kernel_size', "needs"),
        (project(node(params={"kernel_size": 0})), 'main node "conv1" params.kernel_size', "at least 1"),
        (project(node(params={"out_channels": True})), 'main node "conv1" params.out_channels', "whole number"),
        (project(node(params={"out_channels": {"=": "import os"}})), 'main node "conv1" params.out_channels', "expr"),
        (project(node(params={"out_channels": {"a": 1}})), 'main node "conv1" params.out_channels', "value"),
        (project(node(params={"colour": 1})), 'main node "conv1" params.colour', "no parameter"),
        (project(node(layer="posix.system")), 'main node "conv1"', "no layer"),
        (project(node(layer="__class__")), 'main node "conv1"', "no layer"),
        (project(node(layer=5)), 'main node "conv1" layer', "needs text"),
        (project({"id": "a"}), 'main node "a"', "layer"),
        (project({"id": "a b", "layer": "Tanh"}), "main node", "no name"),
        (project("x"), "main node", "needs an object"),
        (project(node(), node()), 'main node "conv1"', "two nodes"),
        (project(node(inputs={"x": "conv1"})), 'main node "conv1"', "cycle"),
        (project(node(inputs={"x": "gone"})), 'main node "conv1" inputs.x', "no node"),
        (project(node(inputs={"y": "conv1"})), 'main node "conv1"', ""),
        (project(node(inputs={"x": 4})), 'main node "conv1" inputs.x', "needs text"),
        (project(node(inputs={"x": "a.b.c"})), 'main node "conv1" inputs.x', "no output"),
        (project(node(frozen="yes")), 'main node "conv1" frozen', "true or false"),
        (project(node(inputs=[])), 'main node "conv1" inputs', "an object"),
        (project(format="1"), "format", "whole number"),
        (project(format=0), "format", "from 1 on"),
        (project(run={"epochs": 0}), "run.epochs", "at least 1"),
        (project(run={"seed": "x"}), "run.seed", "whole number"),
        (project(main={}), "main", "a list"),
        (project(blocks={"main": {"nodes": []}}), "blocks", "can't name"),
        (project(node(id="u", layer="Block", params={"block": "b"})), 'main node "u" params.block', "no block"),
        (project(blocks={"b": {"nodes": [node(id="u", layer="Block", params={"block": "b"})]}}), 'block "b"', "itself"),
        (project(blocks={"b": {"nodes": [], "params": [{"name": "w", "kind": "code"}]}}), 'block "b" params', "kinds"),
        (project(layout={"main": {"positions": {"a": [1]}}}), "layout main positions.a", "two numbers"),
        (b'{"format": 1, "format": 1, "main": []}', "f.json", "twice"),
        (b'{"format": 1, "main": [], "x": NaN}', "f.json", "NaN"),
        (b'{"format": 1, "main": [], "x": 1e999}', "f.json", "1e999"),
        (b'{"format": 1, "main": [], "x": 9007199254740993}', "f.json", "9007199254740993"),
        (b'{"format": 1, "main": [], "x": ' + b"9" * 5000 + b"}", "f.json", "999"),
        (b'{"format": 1, "main": [], "x": "\\ud800"}', "f.json", "half a character"),
        (b'{"format": 1, "main": ' + b"[" * 100 + b"]" * 100 + b"}", "f.json", "deeper than 64"),
        (b"\xff\xfe{}", "f.json", "UTF-8"),
        (b"[]", "f.json", "an object"),
        (b"", "f.json", "JSON"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_error_that_names_the_place(data: bytes, place: str, words: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_project(data, "f.json")
    assert place in caught.value.place and words in str(caught.value)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_a_cycle_of_two_and_a_hidden_character_in_a_name() -> None:
    with pytest.raises(FileError, match="cycle"):
        parse_project(project(node(id="a", inputs={"x": "b"}), node(id="b", inputs={"x": "a"})))
    with pytest.raises(FileError) as caught:
        parse_project(project(node(layer="a\u202eb\n\x00<img>")))
    assert "\u202e" not in str(caught.value) and "\n" not in str(caught.value)


def test_truncated_at_every_length() -> None:
    data = project_bytes(load_preset("lenet5"))
    step = 7
    for length in [*range(0, len(data) - 2, step), len(data) - 2]:
        with pytest.raises(FileError):
            parse_project(data[:length])


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**9), st.integers(0, 255), st.integers(1, 9))
def test_flipped_bytes_give_a_document_or_one_error(place: int, byte: int, count: int) -> None:
    data = bytearray(project_bytes(load_preset("mlp-xor")))
    for number in range(count):
        data[(place * (number + 1)) % len(data)] ^= byte
    with contextlib.suppress(FileError):
        assert isinstance(parse_project(bytes(data)).document, Document)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
FIELDS = ("format", "title", "main", "blocks", "layout", "run", "about", "data", "expect")


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values), st.dictionaries(
    st.sampled_from(("id", "layer", "params", "inputs", "arguments", "frozen")), json_values))  # fmt: skip
def test_any_json_gives_a_document_or_one_error(top: dict[str, object], inner: dict[str, object]) -> None:
    for fields in (top, {"format": 1, "main": [{"id": "a", "layer": "Linear"} | inner]}):
        with contextlib.suppress(FileError):
            parse_project(json.dumps(fields).encode())


def test_too_large_and_hostile_sizes_are_answered_fast() -> None:
    start = time.perf_counter()
    for data in (b" " * (LARGEST_FILE + 1), b'"' + b'\\"' * 500_000, b"[" * 1_000_000, b"[]," * 800_000):
        with pytest.raises(FileError):
            parse_project(data)
    assert time.perf_counter() - start < 5


def test_an_enormous_layer_opens_by_arithmetic_alone() -> None:
    document = parse_project(project(
        {"id": "cells", "layer": "Data", "params": {"set": "breast-cancer"}},
        {"id": "big", "layer": "Linear", "params": {"out_features": 10**6}, "inputs": {"x": "cells.features"}},
        {"id": "vast", "layer": "Linear", "params": {"out_features": 10**6}, "inputs": {"x": "big"}},
    )).document  # fmt: skip
    assert document.main.nodes["vast"].params["out_features"] == 10**6


def test_opening_runs_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("a file made the program run code")

    for name in ("eval", "exec", "compile"):
        monkeypatch.setattr(builtins, name, refuse)
    parse_project(project(node(params={"out_channels": {"=": "4*width"}}), title="__import__('os')"))


def test_ten_thousand_nodes_open_in_time() -> None:
    nodes = [node(id="n0", layer="Tanh")]
    nodes += [node(id=f"n{i}", layer="Tanh", inputs={"x": f"n{i - 1}"}) for i in range(1, 10_000)]
    start = time.perf_counter()
    document = parse_project(project(*nodes)).document
    assert len(document.main.nodes) == 10_000 and time.perf_counter() - start < 5


def test_a_file_that_can_not_be_opened_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with pytest.raises(FileError, match="no such file"):
        read_project(path)
    save_project(path, load_preset("mlp-xor"))
    assert read_project(path) == load_preset("mlp-xor")
    path.write_bytes(path.read_bytes()[:-30])
    before = path.read_bytes()
    with pytest.raises(FileError, match=r"a\.json"):
        read_project(path)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir() if p.is_file()] == ["a.json"]
