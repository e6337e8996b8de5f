"""The manual is one well-formed page a language, with every record in it."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from studio.layers import CATALOGUE
from studio.layers.manual import manual_html
from studio.text import load, set_language


@pytest.fixture(params=["en", "ja"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each language in turn."""
    set_language(request.param)
    yield request.param
    set_language("en")


def test_every_layer_is_in_the_manual(language: str) -> None:
    page = ElementTree.fromstring(
        manual_html()
        .removeprefix("<!DOCTYPE html>\n")
        .replace('<meta charset="utf-8">', "")
        .replace('<meta name="viewport" content="width=device-width">', "")
    )
    assert page.get("lang") == language
    sections = {section.get("id"): section for section in page.iter("section")}
    assert list(sections) == list(CATALOGUE)
    inner = {link.get("href") for link in page.iter("a") if (link.get("href") or "").startswith("#")}
    assert inner == {f"#{name}" for name in CATALOGUE}
    table = load(language)
    for name, spec in CATALOGUE.items():
        text = "".join(sections[name].itertext())
        assert table.get(spec.summary, spec.summary) in text
        assert bool(spec.formula) == (sections[name].find("math") is not None)
        assert all(param.name in text for param in spec.params)
