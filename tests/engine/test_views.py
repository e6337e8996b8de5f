"""What a View makes of the values that flow through a wire."""

from __future__ import annotations

import torch

from studio.engine import views


def test_a_spectrum_is_shown_by_its_strength() -> None:
    spectrum = torch.tensor([[3.0 + 4.0j, 0.0 - 2.0j]])
    shown = views.drawn("spectrum", spectrum, {"kind": "curve"})
    assert shown.numbers == [5.0, 2.0] and (shown.low, shown.high) == (2.0, 5.0)
