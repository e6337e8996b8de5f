"""Where the user's own data sets lie: alias -> place, kept in the state folder because projects hold no paths."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from studio.files.replace import replace_file
from studio.places import resources, state_folder

_FILE = "datasets.json"


class OwnData(msgspec.Struct, frozen=True):
    """A data set of the user's.

    Attributes:
        path: of the folder of images or the CSV file.
        kind: "folder" or "table".
        label: of a table: the column to predict, "" for the last.
        task: of a table: "classify", "regress", "" to guess.
        size: of a folder: (width, height) all pictures get; None for the most common.
        colour: of a folder: "grey", "rgb", "" to guess.
    """

    path: str
    kind: str
    label: str = ""
    task: str = ""
    size: tuple[int, int] | None = None
    colour: str = ""


def leave_data(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Copies the shipped data that a source folder's data.py reads into its folder "data".

    Args:
        files: ``Code.data_files``: name beside data.py -> file in resources/data, "" for a set of the user's own.
        folder: the source folder.

    Returns:
        The copies; sets of the user's own are left where they are.
    """
    left = []
    for name, source in files.items():
        if source:
            target = folder / "data" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(resources() / "data" / source, target)
            left.append(target)
    return left


def remember(alias: str, data: OwnData) -> None:
    """Keeps where ``alias`` lies, instead of what was kept before."""
    known = recall_all()
    replace_file(_path(), msgspec.json.format(msgspec.json.encode({**known, alias: data})), durable=True)


def recall(alias: str) -> OwnData | None:
    """Where ``alias`` lies; None when this machine was never told."""
    return recall_all().get(alias)


def recall_all() -> dict[str, OwnData]:
    """All own data sets of this user. A damaged list counts as empty: dropping the data again repairs it."""
    try:
        return msgspec.json.decode(_path().read_bytes(), type=dict[str, OwnData])
    except (OSError, msgspec.DecodeError):
        return {}


def _path() -> Path:
    return state_folder() / _FILE
