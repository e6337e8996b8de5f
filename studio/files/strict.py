"""Strict JSON from disk. The rules themselves stand in ``document.strict``: pasting obeys them too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio.document.strict import LARGEST_FILE, load_strict
from studio.files.errors import FileError

__all__ = ["load_strict", "read_bytes", "read_strict"]


def read_bytes(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """The content of ``path``, at most ``limit`` bytes.

    Raises:
        FileError: it is missing, unreadable, no plain file, or larger.
    """
    try:
        if not path.is_file():
            raise FileError(path.name, "there is no such file", "Check the name and the folder")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise FileError(path.name, "the file can't be read ({why})", why=error.strerror or error) from None
    if len(data) > limit:
        raise FileError(
            path.name, "the file has {size} MiB; {limit} are allowed", size=len(data) >> 20, limit=limit >> 20
        )
    return data


def read_strict(path: Path) -> Any:
    """The JSON value in the file ``path``; see ``load_strict``."""
    return load_strict(read_bytes(path), path.name)
