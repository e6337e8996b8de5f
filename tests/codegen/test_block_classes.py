"""Blocks in code: one class each, whatever it is used with; loops for repeats; the drawing's numbers in Sizes."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.codegen import generate
from studio.codegen.printing import printed
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.expression import Expression
from studio.graph.model import BlockParam, Source
from tests.analysis.drawings import block, document, node
from tests.analysis.drawn import gpt, odds, resnet

N = node


def text_of(doc: Document) -> str:
    """model.py of a drawing."""
    return generate(doc, analyze(doc)).files["model.py"]


@pytest.mark.parametrize("make", [resnet, gpt, odds])
def test_ruff_finds_nothing_and_changes_nothing(make: Callable[[], Document], tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(text_of(make()), encoding="utf-8")
    assert text_of(make()) == path.read_text(encoding="utf-8")
    for arguments in (["check"], ["format", "--check", "--diff", "--line-length", "88"]):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", str(path)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def classes_of(text: str) -> list[str]:
    """The names of all classes."""
    return [part.name for part in ast.parse(text).body if isinstance(part, ast.ClassDef)]


def test_a_block_is_one_class_whatever_flows_in() -> None:
    text = text_of(resnet())
    assert classes_of(text) == ["Evaluation", "Sizes", "Bottleneck", "Stage", "ResNet", "Training"]
    for line in (
        "        self, channels: int, width: int, stride: int = 1, first: bool = False",
        "        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)",
        "        self.bns = nn.BatchNorm2d(4 * width) if first else nn.Identity()",
        "        self.blocks = nn.ModuleList([Bottleneck(channels, width, stride, first=True)])",
        "        self.blocks.extend(Bottleneck(4 * width, width) for _ in range(depth - 1))",
        "            Stage(channels, sizes.widths[i], sizes.depths[i], stride=1 if i == 0 else 2)",
        "            for i, channels in enumerate((64, 256, 512, 1024))",
        "        for bottleneck in self.blocks:",
        "        x = self.bn3(self.conv3(x)) + self.bns(shortcut)  # N C H W",
    ):
        assert line in text.splitlines(), line


def test_the_drawing_s_numbers_are_sizes() -> None:
    text = text_of(gpt())
    assert classes_of(text) == ["Evaluation", "Sizes", "Attention", "Block", "GPT", "Training"]
    for line in (
        "    width: int = 96",
        "    def __init__(self, sizes: Sizes, index: int) -> None:",
        "        self.norm1 = nn.LayerNorm(sizes.width)",
        "        self.wide = nn.Linear(sizes.width, 4 * sizes.width)",
        "        self.drop = nn.Dropout(0.1 * (index + 1) / sizes.blocks)",
        "        self.stack = nn.ModuleList(Block(sizes, i) for i in range(sizes.blocks))",
        "        add1 = x + self.attention(self.norm1(x))  # N 64 width",
        "        self.network = GPT(sizes)",
    ):
        assert line in text.splitlines(), line


def test_shared_frozen_and_averaged_blocks() -> None:
    text = text_of(odds())
    for line in (
        "        self.third = Layer().requires_grad_(False).eval()",
        "        self.third.eval()  # frozen",
        "        x = self.first(self.first(h_))  # N 32",
        "        for _ in range(2):",
        "        self.slow = copy.deepcopy(self.network.first).requires_grad_(False).eval()",
        "        follow(self.slow, self.network.first, 0.99)",
        "        first = self.slow(h_)  # N 32",
        "        for step in reversed(x.unbind(1)):",
        "            h = self.scan(step, h)",
        "        x = torch.stack(scan_steps[::-1], 1)  # N 8 32",
    ):
        assert line in text.splitlines(), line
    assert "second =" not in text.split("class Training")[0]


def test_uses_that_differ_in_more_than_numbers_are_classes_of_their_own() -> None:
    inner = block(
        "part",
        N("x", "Input"),
        N("activation", "Block", {"x": "x"}, block=Expression("kind")),
        N("y", "Output", {"x": "activation"}),
        params=(BlockParam("kind", "text", "soft"),),
    )
    soft = block("soft", N("x", "Input"), N("gelu", "GELU", {"x": "x"}), N("y", "Output", {"x": "gelu"}))
    wide = block(
        "wide",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=16),
        N("y", "Output", {"x": "linear"}),
    )
    doc = document(
        N("digits", "Data", set="digits-8x8"),
        N("flat", "Flatten", {"x": "digits.image"}),
        N("one", "Block", {"x": "flat"}, block="part"),
        N("two", "Block", {"x": "one"}, block="part", arguments={"kind": "wide"}),
        N("logits", "Linear", {"x": "two"}, out_features=10),
        N("prediction", "Output", {"x": "logits"}),
        N("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        blocks={"part": inner, "soft": soft, "wide": wide},
        title="parts",
    )
    text = text_of(doc)
    assert classes_of(text) == ["Evaluation", "Soft", "Wide", "Part", "Part2", "Parts", "Training"]
    assert "self.two = Part2()" in text


@pytest.mark.parametrize(
    ("name", "size", "lines"),
    [
        (
            "resnet",
            "50",
            [
                "            nn.Conv2d(channels, 4 * width, 1, stride, bias=False)",
                "    def __init__(self, channels: int, width: int, depth: int, stride: int = 2) -> None:",
                "        self.bottlenecks.extend(Bottleneck(4 * width, width) for _ in range(depth - 1))",
            ],
        ),
        (
            "mobilenet",
            "v2",
            [
                "        hidden = channels * expansion",
                "            hidden, hidden, 3, stride, padding=1, groups=hidden, bias=False",
                "        self.last = Conv(320, sizes.last, kernel=1)",
                "        self.has_sum = stride == 1 and channels == width",
                "        return norm3 + x if self.has_sum else norm3  # N width H W",
                "            for i in range(sizes.stages)",
            ],
        ),
        ("vgg", "11", ["        self.convs.extend(Conv(width, width) for _ in range(depth - 1))"]),
        (
            "densenet",
            "121",
            [
                "            Layer(sizes, channels + i * sizes.growth) for i in range(depth)",
                "        self.dense4 = Dense(sizes, sizes.halves[2], sizes.depths[3])",
            ],
        ),
    ],
)
def test_large_networks_are_written_in_their_own_words(name: str, size: str, lines: list[str]) -> None:
    text = text_of(load_preset(name, size))
    assert [line for line in lines if line not in text.splitlines()] == []
    assert "_size" not in text


def test_an_input_that_is_needed_again_keeps_its_name() -> None:
    step = block(
        "step",
        N("x", "Input"),
        N("linear", "Linear", {"x": "x"}, out_features=64),
        N("tanh", "Tanh", {"x": "linear"}),
        N("deep", "Linear", {"x": "tanh"}, out_features=64),
        N("sum", "Add", {"x": ["deep", "x"]}),
        N("y", "Output", {"x": "sum"}),
    )
    doc = document(
        N("digits", "Data", set="digits-8x8"),
        N("flat", "Flatten", {"x": "digits.image"}),
        N("step", "Block", {"x": "flat"}, block="step"),
        N("logits", "Linear", {"x": "step"}, out_features=10),
        N("loss", "CrossEntropy", {"input": "logits", "target": "digits.label"}),
        blocks={"step": step},
    )
    assert "        tanh = torch.tanh(self.linear(x))  # N 64" in text_of(doc).splitlines()


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("width*4", "sizes.width * 4"),
        ("(a + b) * -c", "(a + b) * -c"),
        ("a - (b - c)", "a - (b - c)"),
        ("1 if a > 2 else depths[i + 1]", "1 if a > 2 else depths[i + 1]"),
        ("ceil(a / 2) + max(a, b)", "math.ceil(a / 2) + max(a, b)"),
        ("(a if b else c) + 1", "(a if b else c) + 1"),
        ("a if b else c if d else e", "a if b else c if d else e"),
        ("(a < b) * 2", "(a < b) * 2"),
    ],
)
def test_expressions_are_printed_as_python(text: str, python: str) -> None:
    assert printed(text, {"width": "sizes.width"}) == python
    names = {"width": 3, "a": 5, "b": 2, "c": 7, "d": 0, "e": 9, "i": 0, "depths": (4, 6)}
    sizes = type("Sizes", (), {"width": 3})
    import math

    assert eval(python, {"math": math, "sizes": sizes, **names}) == Expression(text).value(names)


def test_a_value_that_runs_through_an_absent_node_is_free_again() -> None:
    doc = resnet()
    stage = doc.blocks["stage"].graph
    through = replace(N("none", "ReLU", {"x": "x"}), muted=True)
    blocks = stage.nodes["blocks"].with_input("x", (Source("none"),))
    text = text_of(doc.with_graph("stage", stage.with_nodes([through, blocks])))
    assert "            x = bottleneck(x)" in text.splitlines()


def test_a_use_that_has_its_weights_from_another_keeps_the_names_of_sizes() -> None:
    """Both languages go through one table; what comes of the second is as wide as the drawing's parameter says."""
    lines = text_of(load_preset("encoder-decoder")).splitlines()
    assert [line for line in lines if "96" in line] == [
        "    width: int = 96  # Numbers that stand for a piece."
    ]
