"""Ports and parameters are read from the text of a layer, mistakes at their line, and nothing of it runs."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from studio.layers import signature as module
from studio.layers.params import Bool, Choice, Float, Int, Ints, Numbers, Text
from studio.layers.signature import CodeFault, Signature, read_signature
from studio.text import load

GATE = '''from typing import Literal

import torch
from torch import Tensor, nn

SLOPE = 0.1


class Gate(nn.Module):
    """Scales channels by what the picture says of them.

    shape: image: N channels H W, mask: N H W bool -> y: N channels H//2 W//2, share: N
    reduce: By how much the middle is narrower.

    Args:
        image: The picture.
    """

    def __init__(
        self,
        channels: int,
        reduce: int = 4,
        slope: float = 0.1,
        deep: bool = False,
        kind: Literal["max", "mean"] = "mean",
        label: str = "gate",
        kernel: tuple[int, int] = (3, 3),
        widths: tuple[int, ...] = (8, 16),
        rates: tuple[float, ...] = (0.5,),
        plain=2,
    ) -> None:
        super().__init__()

    def forward(self, image: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        return image, mask
'''


def read(code: str) -> Signature:
    found = read_signature(code)
    assert isinstance(found, Signature), found
    return found


def fault(code: str) -> CodeFault:
    found = read_signature(code)
    assert isinstance(found, CodeFault)
    return found


def test_parameters_come_from_the_constructor() -> None:
    found = read(GATE)
    assert found.name == "Gate" and found.sizes == ("channels",)
    assert found.summary == "Scales channels by what the picture says of them."
    kinds = {param.name: type(param) for param in found.params}
    assert kinds == {
        "reduce": Int, "slope": Float, "deep": Bool, "kind": Choice, "label": Text, "kernel": Ints,
        "widths": Ints, "rates": Numbers, "plain": Int}  # fmt: skip
    by_name = {param.name: param for param in found.params}
    assert by_name["reduce"].default == 4 and by_name["reduce"].doc == "By how much the middle is narrower."
    assert by_name["kind"].options == ("max", "mean")  # type: ignore[attr-defined]
    assert by_name["kernel"].count == 2 and by_name["widths"].count == 0  # type: ignore[attr-defined]


def test_ports_come_from_forward_and_the_shape_line() -> None:
    found = read(GATE)
    image, mask = found.inputs
    assert (image.name, image.axes, image.dtype, image.optional) == (
        "image",
        "N channels H W",
        "float",
        False,
    )
    assert (mask.name, mask.axes, mask.dtype, mask.optional) == ("mask", "N H W", "bool", True)
    assert image.doc == "The picture."
    assert [port.name for port in found.outputs] == ["y", "share"]


def test_without_a_shape_line_anything_goes_in() -> None:
    code = "class A(nn.Module):\n    def forward(self, a, *rest) -> tuple[Tensor, Tensor]:\n        return a, a\n"
    found = read(code)
    assert [(p.name, p.axes, p.dtype, p.variadic) for p in found.inputs] == [
        ("a", "*", "any", False), ("rest", "*", "any", True)]  # fmt: skip
    assert [port.name for port in found.outputs] == ["y1", "y2"] and found.shape is None


def test_imports_leave_the_text_and_the_rest_stays_as_it_is() -> None:
    found = read(GATE)
    assert found.imports == ("from typing import Literal",)
    assert found.body.startswith("SLOPE = 0.1\n\n\nclass Gate") and found.body in GATE
    assert found.defined == ("SLOPE", "Gate")


def test_reading_runs_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "ran"
    code = (
        f"PLACE = open({str(canary)!r}, 'w')\n\n\n"
        "class A(nn.Module):\n    def forward(self, x=print(open)):\n        return x\n"
    )
    events: list[str] = []

    def watch(event: str, args: tuple[object, ...]) -> None:
        if watching and event in ("exec", "open", "subprocess.Popen", "import"):
            events.append(event)

    watching = True
    sys.addaudithook(watch)
    try:
        assert read(code).name == "A"
    finally:
        watching = False
    assert not canary.exists() and events == []


RAISED = ("CodeFault", "ShapeError", "ShapeLineError")
A = "class A(nn.Module):\n"
END = "        pass\n\n    def forward(self, x): ...\n"
CASES = [
    ("class A(nn.Module:\n    pass\n", 1, "not Python"),
    ("x = 1\n", 1, "no class"),
    ("class A:\n    def forward(self, x):\n        return x\n", 1, "derive"),
    ("class A(nn.Module):\n    pass\n", 1, "forward"),
    ("import torch\n\nprint(1)\n\n\nclass A(nn.Module):\n    def forward(self, x): ...\n", 3, "only imports"),
    ("from __future__ import annotations\n\n\nclass A(nn.Module):\n    def forward(self, x): ...\n", 1, "leave"),
    ("from math import *\n\n\nclass A(nn.Module):\n    def forward(self, x): ...\n", 1, "one by one"),
    ("class Training(nn.Module):\n    def forward(self, x): ...\n", 1, "another name"),
    (A + "    def __init__(self, n=[]):\n        pass\n\n    def forward(self): ...\n", 5, "argument"),
    (A + "    def __init__(self, n=open):\n" + END, 2, "plain"),
    (A + "    def __init__(self, n: dict = 1):\n" + END, 2, "type"),
    (A + "    def __init__(self, n: int = 1.5):\n" + END, 2, "whole"),
    (A + "    def __init__(self, n):\n" + END, 2, "default"),
    (A + "    def __init__(self, wired=1):\n" + END, 2, "called"),
    (A + "    def __init__(self, **k):\n" + END, 2, "kwargs"),
    (A + "    def forward(self, x, **k): ...\n", 2, "kwargs"),
    (A + '    """A.\n\n    shape: N C\n    """\n\n    def forward(self, x): ...\n', 4, "shape line like"),
    (A + '    """A.\n\n    shape: N C, N -> N\n    """\n\n    def forward(self, x): ...\n', 7, "2 inputs"),
    (A + '    """shape: N C+1 -> N"""\n\n    def forward(self, x): ...\n', 2, "axis"),
    (A + "    def forward(self, x):\n        return x  # \u202e x\n", 3, "U+202E"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "line", "said"), CASES, ids=[said for _, _, said in CASES])
def test_a_mistake_is_told_at_its_line(code: str, line: int, said: str) -> None:
    found = fault(code)
    assert (found.line, said in str(found)) == (line, True), (found.line, str(found))


def test_what_is_enormous_is_refused_and_not_parsed_for_ever() -> None:
    assert "characters" in str(fault("x = 1\n" * 40_000))
    assert isinstance(read_signature("x = " + "(" * 5_000 + ")" * 5_000), CodeFault)
    assert isinstance(read_signature("x = " + "-" * 90_000 + "1"), CodeFault)


def test_every_mistake_has_its_japanese() -> None:
    table = load("ja")
    folder = Path(module.__file__).parent
    said = set()
    for name in ("signature", "shape_line", "custom"):
        for part in ast.walk(ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))):
            values: list[ast.expr] = []
            if isinstance(part, ast.Call) and getattr(part.func, "id", "") in (
                "CodeFault",
                "ShapeError",
                "ShapeLineError",
            ):
                values = part.args[:2]
            if isinstance(part, ast.Assign) and getattr(part.targets[0], "id", "") in (
                "text",
                "_UNKNOWN",
                "_DEEP",
            ):
                values = [part.value]
            said |= {v.value for v in values if isinstance(v, ast.Constant) and isinstance(v.value, str)}
    assert len(said) > 30 and not sorted(said - set(table))
