"""Replaces a whole small file at once, so that a reader sees the old or the new one and never half of it."""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path

_WAITS_S = (0.05, 0.1, 0.2, 0.4, 0.75, 1.0)  # Windows: another program may have the file open for a moment


def replace_file(path: Path, data: bytes, *, durable: bool = False, mode: int = 0o600) -> None:
    """Writes ``data`` to a new file beside ``path`` and renames it over ``path``.

    Args:
        path: where it goes.
        data: the whole content.
        durable: also wait until the disk has it, so that a power cut can't take it back.
        mode: who may read it once it is whole.

    Raises:
        OSError: it could not be written; the old file is untouched.
    """
    beside = path.with_name(f".tmp-{secrets.token_hex(4)}-{path.name}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            if mode != 0o600 and hasattr(os, "fchmod"):
                os.fchmod(handle, mode)
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
        _rename(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes names in ``folder`` durable; nothing to do where folders can't be opened (Windows)."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _rename(source: Path, target: Path) -> None:
    for wait_s in _WAITS_S if os.name == "nt" else ():
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(wait_s)
    os.replace(source, target)
