"""What expressions come to: in the main graph, inside blocks, in the first turn of a Repeat."""

from __future__ import annotations

import pytest

from studio.analysis.inside import names_of, result_text, worked_out
from studio.document import edits
from studio.document.model import Document
from studio.files.presets import load_preset
from studio.graph.expression import ExpressionError, parse
from studio.graph.model import BlockParam, Node


def nested() -> Document:
    """width 16 -> outer(size = 2*width) -> inner, three times, of (size + i)."""
    document = edits.declare(Document(), "", [BlockParam("width", "int", 16), BlockParam("depth", "int", 3)])
    document = edits.add_node(document, "", Node("a", "Linear", {"out_features": parse("width")}))
    document = edits.make_block(document, "", ["a"], "inner")
    document = edits.declare(document, "inner", [BlockParam("size", "int", 1)])
    document = edits.make_block(document, "", ["inner"], "outer")
    document = edits.declare(document, "outer", [BlockParam("size", "int", 2)])
    document = edits.repeat_block(document, "outer", "inner", 3)
    document = edits.set_argument(document, "outer", "inner", "size", parse("size + i"))
    return edits.set_argument(document, "", "outer", "size", parse("2*width"))


def test_names_follow_the_way_into_nested_blocks() -> None:
    document = nested()
    assert names_of(document) == {"width": 16, "depth": 3}
    assert names_of(document, "outer") == {"size": 32}
    assert names_of(document, "inner") == {"size": 32}
    assert names_of(edits.set_value(document, "width", 5), "inner") == {"size": 10}
    assert names_of(edits.remove_nodes(document, "", ["outer"]), "outer") == {"size": 2}


def test_every_block_of_the_presets_with_parameters_has_values() -> None:
    for name in ("resnet", "gpt", "unet"):
        document = load_preset(name)
        for key, block in document.blocks.items():
            assert set(names_of(document, key)) == {param.name for param in block.params}, (name, key)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (parse("4*width"), "64"),
        ((parse("width"), 3), "16×3"),
        (parse("width / 10"), "1.6"),
        (7, ""),
        ("a", ""),
    ],
)
def test_results_as_they_are_written(value: object, text: str) -> None:
    assert result_text(value, {"width": 16}) == (text, "")  # type: ignore[arg-type]


def test_what_has_no_value_says_why() -> None:
    text, why = result_text(parse("4*size"), {"width": 16})
    assert text == "" and "size" in why
    with pytest.raises(ExpressionError):
        worked_out((1, parse("1 / 0")), {})
