"""What a View makes of the values that flow through a wire."""

from __future__ import annotations

import torch

from studio.engine import views
from studio.engine.data.spelling import Letters


def test_a_spectrum_is_shown_by_its_strength() -> None:
    spectrum = torch.tensor([[3.0 + 4.0j, 0.0 - 2.0j]])
    shown = views.drawn("spectrum", spectrum, {"kind": "curve"})
    assert shown.numbers == [5.0, 2.0] and (shown.low, shown.high) == (2.0, 5.0)


def test_a_text_is_shown_as_text() -> None:
    tokens = torch.tensor([[1, 0, 2, 0], [0, 0, 1, 1]])
    shown = views.drawn("words", tokens, {"kind": "auto", "classes": 3}, Letters("ab\n"))
    assert (shown.kind, shown.text) == ("text", "ba⏎a\naabb")
    scores = torch.nn.functional.one_hot(tokens, 3).float()
    assert views.drawn("guess", scores, {"kind": "text"}, Letters("ab\n")).text == "ba⏎a\naabb"
    assert views.drawn("other", tokens + 7, {"kind": "text"}, Letters("ab\n")).text == ""
    assert views.drawn("numbers", tokens, {"kind": "text"}).numbers == [1, 0, 2, 0, 0, 0, 1, 1]
