"""What the View nodes of a run show now: one small file in the run folder, replaced whole each time."""

from __future__ import annotations

from pathlib import Path

import msgspec

from studio.files.replace import replace_file

_FILE = "views.json"


class View(msgspec.Struct, frozen=True):
    """One View.

    Attributes:
        name: of the node.
        kind: "image" (N, C, H, W with C 1 or 3), "histogram" (counts over equal bins from low to high), "heatmap"
            (rows, columns), "curve" (points), "text" (tokens of the samples in a row, and what they say).
        shape: of the numbers.
        low: the smallest number.
        high: the largest.
        numbers: all of them in a row.
    """

    name: str
    kind: str
    shape: list[int]
    low: float = 0.0
    high: float = 0.0
    numbers: list[float] = []
    text: str = ""  # what the tokens of a text say, a sample a line; "" where nobody knows


class Views(msgspec.Struct, frozen=True):
    """All Views at one step; step -1 before the first."""

    step: int = -1
    views: dict[str, View] = {}


def write_views(folder: Path, step: int, views: list[View]) -> None:
    """Shows new views. A full disk loses them: the training matters more."""
    made = Views(step, {view.name: view for view in views})
    try:
        replace_file(folder / _FILE, msgspec.json.encode(made))
    except OSError:
        return


def read_views(folder: Path) -> Views:
    """What the Views of a run showed last; none while there is nothing."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Views)
    except (OSError, msgspec.DecodeError):
        return Views()


def stamp(folder: Path) -> int:
    """Another number whenever the Views were written anew; 0 while there are none."""
    try:
        return (folder / _FILE).stat().st_mtime_ns
    except OSError:
        return 0
