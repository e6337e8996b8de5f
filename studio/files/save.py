"""Saving: the old file or the new one, never neither, and a copy of the old one in the state folder."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from studio.files.errors import FileError
from studio.files.replace import replace_file
from studio.places import state_folder

KEPT_BACKUPS = 20


def save_bytes(path: Path, data: bytes, expected: str = "") -> str:
    """Writes ``data`` to ``path``: new file, fsync, backup of the old one, rename, fsync of the folder.

    Args:
        expected: SHA-256 of what should lie there; another content was written by another program.

    Returns:
        SHA-256 of ``data``.

    Raises:
        FileError: it could not be saved, or someone else changed the file; the old one is untouched.
    """
    try:
        old = path.read_bytes() if path.is_file() else None
        if old is not None and expected and digest(old) != expected:
            raise FileError(
                path.name,
                "another program changed this file since it was opened",
                "Save under another name, or open it again",
            )
        if old is not None and old != data:
            _back_up(path, old)
        replace_file(path, data, durable=True, mode=_mode(path))
    except OSError as error:
        raise FileError(
            path.name,
            "it could not be saved ({why}); the old file is untouched",
            "Make room or choose another folder",
            why=error.strerror or str(error),
        ) from None
    return digest(data)


def digest(data: bytes) -> str:
    """SHA-256 as hexadecimal text."""
    return hashlib.sha256(data).hexdigest()


def backups(path: Path) -> list[Path]:
    """Earlier contents of the file ``path``, newest first."""
    folder = _backup_folder(path)
    return sorted(folder.glob("*.json"), reverse=True) if folder.is_dir() else []


def _back_up(path: Path, old: bytes) -> None:
    folder = _backup_folder(path)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = backups(path)
    number = int(kept[0].name.split("-")[0]) + 1 if kept else 1
    if kept and kept[0].name.endswith(f"-{digest(old)[:16]}.json"):
        return
    replace_file(folder / f"{number:08d}-{digest(old)[:16]}.json", old, durable=True)
    for extra in kept[KEPT_BACKUPS - 1 :]:
        extra.unlink(missing_ok=True)


def _backup_folder(path: Path) -> Path:
    return state_folder() / "backups" / f"{path.stem[:40]}-{digest(os.fsencode(path.resolve()))[:16]}"


def _mode(path: Path) -> int:
    """The mode of the file that is there, else what a new file gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
