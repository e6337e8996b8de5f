"""Records of the shipped data sets that are lines, series, sounds and sentences."""

from __future__ import annotations

from studio.layers.data_record import DataField, DataSet

_WAVE = DataSet(
    "wave",
    "A wavy line",
    "1,200 generated points of a curve that swings slowly at its left end and fast at its right.",
    1200,
    (
        DataField("features", (1,), "float32", "number", "F", columns=("x",)),
        DataField("target", (1,), "float32", "number", "F", columns=("y",)),
    ),
    "",
    "regress",
    (800, 200, 200),
    licence="made by Tsumiki Studio",
    source="generated",
    synthetic=True,
)

SEQUENCES = (_WAVE,)
