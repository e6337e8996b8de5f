"""Python that a project brings: in its file by hash, in memory with its node, changed by an edit of its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.analysis import analyze
from studio.document.check import checked_document
from studio.document.custom import code_hash, code_of, codes_of, set_code
from studio.document.difference import apply_difference, difference
from studio.document.edits import add_node, copy_fragment, paste_fragment, set_param
from studio.document.model import Document
from studio.files.errors import FileError
from studio.files.presets import load_preset
from studio.files.project import parse_project, project_bytes
from studio.graph.model import Node, Source
from studio.layers.custom import TEMPLATE

CODE = '''from torch import Tensor, nn


class Gate(nn.Module):
    """Scales the channels.

    shape: x: N channels H W -> y: N channels H W, share: N
    """

    def __init__(self, channels: int, reduce: int = 2) -> None:
        super().__init__()
        self.gate = nn.Conv2d(channels, channels // reduce, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x.mean((1, 2, 3))
'''


def drawn(code: str = CODE) -> Document:
    """LeNet-5 with a layer of the user's own before its second convolution."""
    doc = load_preset("lenet5")
    conv = doc.main.nodes["conv2"]
    doc = add_node(doc, "", Node("gate", "Custom", {"code": code}, {"x": conv.inputs["x"]}))
    return doc.with_graph("", doc.main.with_node(conv.with_input("x", (Source("gate", "y"),))))


def plain_of(doc: Document) -> dict[str, Any]:
    found = json.loads(project_bytes(doc))
    assert isinstance(found, dict)
    return found


def test_a_text_stands_once_in_the_file_line_by_line() -> None:
    doc = drawn()
    doc = add_node(doc, "", Node("gate2", "Custom", {"code": CODE, "reduce": 4}))
    plain = plain_of(doc)
    assert plain["custom"] == {code_hash(CODE): CODE.split("\n")} and plain["format"] == 1
    codes = [node["params"]["code"] for node in plain["main"] if node["layer"] == "Custom"]
    assert codes == [f"sha256:{code_hash(CODE)}"] * 2
    back = parse_project(project_bytes(doc)).document
    assert back == checked_document(doc) and list(codes_of(back)) == [CODE]
    assert project_bytes(back) == project_bytes(doc)
    assert "custom" not in plain_of(load_preset("lenet5"))


def _another(plain: dict[str, Any]) -> None:
    plain["custom"][code_hash(CODE)][0] = "import os"


def _missing(plain: dict[str, Any]) -> None:
    plain["custom"] = {}


def _no_lines(plain: dict[str, Any]) -> None:
    plain["custom"][code_hash(CODE)] = CODE


def _no_text(plain: dict[str, Any]) -> None:
    plain["custom"][code_hash(CODE)][0] = 3


def _raw(plain: dict[str, Any]) -> None:
    _gate(plain)["params"]["code"] = CODE


def _expression(plain: dict[str, Any]) -> None:
    _gate(plain)["params"]["code"] = {"=": "a"}


def _port(plain: dict[str, Any]) -> None:
    _gate(plain)["inputs"]["z"] = "conv1"


def _parameter(plain: dict[str, Any]) -> None:
    _gate(plain)["params"]["wide"] = 3


def _gate(plain: dict[str, Any]) -> dict[str, Any]:
    found = next(node for node in plain["main"] if node["layer"] == "Custom")
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "spoil", [_another, _missing, _no_lines, _no_text, _raw, _expression, _port, _parameter]
)
def test_a_file_that_was_tampered_with_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    plain = plain_of(drawn())
    spoil(plain)
    with pytest.raises(FileError):
        parse_project(json.dumps(plain).encode())


def test_half_a_text_is_kept_and_told() -> None:
    broken = CODE.replace("return x,", "return (x,")
    doc = parse_project(project_bytes(set_code(drawn(), "", "gate", broken))).document
    assert code_of(doc.main.nodes["gate"]) == broken
    assert doc.main.nodes["gate"].inputs and doc.main.nodes["conv2"].inputs
    found = [problem for problem in analyze(doc).problems if problem.code == "code"]
    assert len(found) == 1 and "line 15" in found[0].message and found[0].node == "gate"


def test_a_new_text_changes_all_nodes_that_have_it() -> None:
    doc = set_param(add_node(drawn(), "", Node("gate2", "Custom", {"code": CODE})), "", "gate2", "reduce", 4)
    other = CODE.replace("reduce: int = 2", "reduce: int = 4, slope: float = 0.1")
    doc = set_code(doc, "", "gate", other)
    assert {code_of(doc.main.nodes[name]) for name in ("gate", "gate2")} == {other}
    assert doc.main.nodes["gate2"].params == {"code": other}  # 4 is the default now
    narrow = other.replace(", slope: float = 0.1", "").replace("reduce", "narrow")
    doc = set_param(doc, "", "gate2", "slope", 0.5)
    assert set_code(doc, "", "gate2", narrow).main.nodes["gate2"].params == {"code": narrow}


def test_wires_follow_ports_that_are_called_otherwise() -> None:
    doc = drawn()
    renamed = (
        CODE.replace("x: N ch", "image: N ch").replace("-> y:", "-> z:").replace("self, x:", "self, image:")
    )
    after = set_code(doc, "", "gate", renamed)
    assert after.main.nodes["gate"].inputs == {"image": doc.main.nodes["gate"].inputs["x"]}
    assert after.main.nodes["conv2"].inputs["x"] == (Source("gate", "z"),)
    assert not [p for p in analyze(after).problems if p.severity == "error"]
    assert set_code(after, "", "gate", renamed) is after


def test_the_studios_own_text_needs_no_trust() -> None:
    doc = set_code(drawn(), "", "gate", TEMPLATE)
    assert codes_of(doc) == {} and "code" not in doc.main.nodes["gate"].params


def test_the_journal_and_the_clipboard_carry_it() -> None:
    before, after = load_preset("lenet5"), drawn()
    assert apply_difference(before, json.loads(json.dumps(difference(before, after)))) == after
    text = copy_fragment(after, "", ["gate"])
    pasted, names = paste_fragment(before, "", text)
    assert code_of(pasted.main.nodes[names[0]]) == CODE


def test_two_layers_may_not_mean_different_things_by_one_name() -> None:
    other = CODE.replace("Scales", "Weighs")
    doc = add_node(drawn(), "", Node("gate2", "Custom", {"code": other}))
    found = [p for p in analyze(doc).problems if p.code == "code_name"]
    assert [(p.node, p.values["name"]) for p in found] == [("gate2", "Gate")]
    taken = set_code(drawn(), "", "gate", CODE.replace("Gate", "SqueezeExcitation"))
    assert [p.values["name"] for p in analyze(taken).problems if p.code == "code_name"] == [
        "SqueezeExcitation"
    ]


def test_reading_a_file_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    code = f"SPOT = open({str(canary)!r}, 'w')\n\n\n" + CODE.split("\n\n\n", 1)[1]
    analyze(parse_project(project_bytes(drawn(code))).document)
    assert not canary.exists()
