"""The manual has the pictures of the help panel, painted as SVG inside the page."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

from pytestqt.qtbot import QtBot

from studio.text import set_language
from studio.ui.manual import pictures, write_manual


def test_operations_are_shown_as_pictures(qtbot: QtBot) -> None:
    set_language("en")
    found = pictures()
    assert {"Conv2d", "MaxPool2d", "MultiheadAttention", "LSTM", "ReLU", "BatchNorm2d"} <= set(found)
    for name, (address, caption) in found.items():
        head, _, data = address.partition(",")
        tree = ElementTree.fromstring(base64.b64decode(data))
        assert head == "data:image/svg+xml;base64" and caption, name
        assert len(list(tree.iter())) > 10, name
    page = write_manual().read_text(encoding="utf-8")
    assert page.count("<figure>") == len(found) and found["Conv2d"][0] in page
