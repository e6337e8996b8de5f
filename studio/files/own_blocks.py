"""The user's own blocks: parts of drawings kept as files, one JSON text each, in the state folder."""

from __future__ import annotations

import re
from pathlib import Path

from studio.document.fragments import is_fragment
from studio.files.errors import FileError
from studio.files.save import save_bytes
from studio.places import state_folder
from studio.text import tr

_LARGEST = 8 << 20  # bytes
_ENDING = ".block.json"


def folder() -> Path:
    """Where they lie."""
    return state_folder() / "blocks"


def own_blocks() -> list[str]:
    """Their names, in order."""
    found = folder().glob(f"*{_ENDING}") if folder().is_dir() else ()
    return sorted((path.name.removesuffix(_ENDING) for path in found), key=str.lower)


def path_of(name: str) -> Path:
    """The file of a block."""
    return folder() / f"{name}{_ENDING}"


def keep(name: str, text: str) -> str:
    """Keeps nodes (as the clipboard has them) under a name; gives the name they got, a free one.

    Raises:
        FileError: the text is no part of a drawing, or the file can't be written.
    """
    if not is_fragment(text) or len(text) > _LARGEST:
        raise FileError(name, "is no part of a network", "Select nodes and keep those")
    stem = re.sub(r"[^\w \-×]", "_", name).strip()[:60] or tr("block")
    chosen, number = stem, 2
    while path_of(chosen).exists():
        chosen, number = f"{stem} {number}", number + 1
    folder().mkdir(parents=True, exist_ok=True)
    save_bytes(path_of(chosen), text.encode("utf-8"))
    return chosen


def read(name: str) -> str:
    """The nodes kept under a name, as text.

    Raises:
        FileError: there is no such file, or it is none of ours.
    """
    return read_file(path_of(name))


def read_file(path: Path) -> str:
    """The nodes in a file that somebody gave.

    Raises:
        FileError: it can't be read, or holds no part of a drawing.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise FileError(path.name, "is no part of a network", "Select nodes and keep those")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise FileError(path.name, "can't be read", "Check the file") from None
    if not is_fragment(text):
        raise FileError(path.name, "is no part of a network", "Select nodes and keep those")
    return text


def forget(name: str) -> None:
    """Takes a block away."""
    path_of(name).unlink(missing_ok=True)
