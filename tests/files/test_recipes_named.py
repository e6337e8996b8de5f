"""The table of recipes names every preset that ships, once."""

from __future__ import annotations

from studio.files.presets import preset_names
from tests.benchmarks.recipes import BARS, FAILS, JUDGED, LEAST, Bar


def test_every_preset_has_a_bar() -> None:
    assert sorted({*BARS, *FAILS, *JUDGED}) == sorted(preset_names())
    assert not set(BARS) & {*FAILS, *JUDGED}


def test_a_bar_knows_its_direction() -> None:
    assert Bar("accuracy", 0.1).beaten_by(0.2) and not Bar("accuracy", 0.1).beaten_by(0.1)
    assert Bar("loss", 1.0, LEAST).beaten_by(0.9) and not Bar("loss", 1.0, LEAST).beaten_by(1.1)
