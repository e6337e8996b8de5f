"""What the generator writes beside what a person wrote for the same job: network, training step, evaluation.

Views are taken out of the drawing, because the hand-written twins show no pictures while they train. Lines are
counted alike on both sides: laid out by ruff at the same width, without docstrings and empty lines.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from studio.analysis import analyze
from studio.codegen import generate
from studio.codegen.layout import WIDTH
from studio.document import edits
from studio.files.presets import open_named

HAND = Path(__file__).parents[1] / "reference" / "networks"
MOST = 1.5  # times as many lines
PAIRS = {
    "lenet5": "lenet5",
    "resnet:50": "resnet50",
    "unet": "unet",
    "gpt": "gpt",
    "fashion-cnn": "fashion_cnn",
    "vae": "vae",
    "gan": "gan",
    "char-lstm": "char_lstm",
    "autoencoder": "autoencoder",
    "mobilenet": "mobilenet",
}


def lines_of(source: str) -> int:
    """Lines of code of a module."""
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", str(WIDTH), "-"]
    text = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    gone: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            gone.update(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return sum(1 for at, line in enumerate(text.splitlines(), 1) if line.strip() and at not in gone)


def counted(preset: str, twin: str) -> tuple[int, int]:
    """Lines of the generated text, and of the twin's."""
    document = open_named(f"preset:{preset}").document
    views = [node for node in document.main.nodes if document.main.nodes[node].layer == "View"]
    document = edits.remove_nodes(document, "", views)
    made = generate(document, analyze(document)).files["model.py"]
    return lines_of(made), lines_of((HAND / f"{twin}.py").read_text(encoding="utf-8"))


def test_a_drawing_that_has_more_numbers_than_its_twin() -> None:
    """The twin of ViT was written when its drawing had three numbers to choose; six are told in Sizes now."""
    made, hand = counted("vit", "vit")
    assert made <= 1.7 * hand


@pytest.mark.parametrize("name", PAIRS)
def test_the_text_is_not_much_longer_than_a_person_s(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    made, hand = counted(name, PAIRS[name])
    with capsys.disabled():
        print(f"\n{name}: {made} lines, {hand} by hand, {made / hand:.2f} times")
    assert made <= MOST * hand


def test_docstrings_and_empty_lines_are_not_counted() -> None:
    assert (
        lines_of('"""Doc."""\n\n\ndef f(x: int) -> int:\n    """Doc\n    of two lines."""\n\n    return x\n')
        == 2
    )
