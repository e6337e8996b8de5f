"""Sessions that ended without being let go, offered for Restore, Show difference and Discard."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.document.difference import apply_difference, describe
from studio.document.model import Document
from studio.document.plain import field_of, typed
from studio.document.strict import load_strict
from studio.files.errors import FileError
from studio.files.frames import unpack
from studio.files.journal import BASE, FRAMES, JOURNAL_FORMAT, LOCK, Disk, Journal, is_sealed, remove_session
from studio.files.locks import FileLock, is_held
from studio.places import state_folder

_EMPTY_FOLDER_KEPT_S = 60.0  # a session that is just being made has no base yet


@dataclass(frozen=True, slots=True)
class Restored:
    """What a session gives back. ``lost`` counts damaged records; ``message`` says so, else ""."""

    document: Document
    base: Document
    number: int
    lost: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class CrashedSession:
    """A session that no window holds. Reading it changes nothing: recovery may be tried again."""

    folder: Path
    path: Path | None
    title: str
    edits: int
    changed: float  # seconds since 1970, of the last record
    damaged: bool = False  # Restore will say why it can't

    def restore(self) -> Restored:
        """The last document of the session.

        Raises:
            FileError: not even its first document can be read.
        """
        return read_session(self.folder)

    def difference(self) -> list[str]:
        """What it holds beyond the document it began with, in lines."""
        found = self.restore()
        return describe(found.base, found.document)

    def discard(self) -> None:
        """Deletes it. Only when the user says so, or when what it held is safe elsewhere."""
        discard_session(self.folder)


def sessions_folder() -> Path:
    """Where sessions live: in the user's state folder."""
    folder = state_folder() / "sessions"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def start_session(
    document: Document,
    path: Path | None = None,
    *,
    saved: bool = True,
    on_status: Callable[[str], None] | None = None,
    disk: Disk | None = None,
) -> Journal:
    """A journal for a document that was opened, in a new session folder; see ``Journal``."""
    folder = sessions_folder() / uuid.uuid4().hex
    where = str(path.resolve()) if path else ""
    return Journal(folder, document, path=where, saved=saved, on_status=on_status, disk=disk)


def crashed_sessions(root: Path | None = None) -> list[CrashedSession]:
    """Sessions that no living window holds and that hold something unsaved; newest first.

    Those that hold nothing are cleaned away. One that can't be read is kept and offered as damaged.
    """
    found = []
    for folder in sorted((root or sessions_folder()).iterdir()):
        if not folder.is_dir() or folder.is_symlink() or is_held(folder / LOCK):
            continue
        if not (folder / BASE).is_file():
            if time.time() - folder.stat().st_mtime > _EMPTY_FOLDER_KEPT_S:
                discard_session(folder)
            continue
        try:
            base = _read_base(folder)
            records = _records(folder, base)[0]
        except FileError:
            found.append(CrashedSession(folder, None, "", 0, _last_change(folder), damaged=True))
            continue
        if not records and not base["unsaved"]:
            discard_session(folder)
            continue
        path = Path(base["path"]) if base["path"] else None
        found.append(CrashedSession(folder, path, base["title"], len(records), _last_change(folder)))
    return sorted(found, key=lambda session: -session.changed)


def _last_change(folder: Path) -> float:
    return max((folder / name).stat().st_mtime for name in (BASE, FRAMES) if (folder / name).exists())


def read_session(folder: Path) -> Restored:
    """The document that base and journal of ``folder`` give together.

    A torn last record was never acknowledged and is dropped without a word. After damage in the middle the
    records behind it are applied as long as they fit.

    Raises:
        FileError: the base can't be read.
    """
    plain = _read_base(folder)
    base = apply_difference(Document(), plain["document"])
    records, lost = _records(folder, plain)
    document, number = base, plain["number"]
    for index, (at, payload) in enumerate(records):
        if at <= number:
            continue
        try:
            document = apply_difference(document, load_strict(payload, FRAMES))
        except ValueError as error:
            return Restored(
                document, base, number, lost + len(records) - index, _lost_text(folder, str(error))
            )
        number = at
    return Restored(document, base, number, lost, _lost_text(folder, "") if lost else "")


def discard_session(folder: Path) -> None:
    """Deletes a session that no window holds."""
    lock = FileLock(folder / LOCK)
    if not lock.acquire(wait_s=0.0):
        return
    remove_session(folder)
    lock.release()
    (folder / LOCK).unlink(missing_ok=True)
    try:
        folder.rmdir()
    except OSError:
        return  # a file that is not ours lies in it


def _read_base(folder: Path) -> dict[str, Any]:
    try:
        data = (folder / BASE).read_bytes()
    except OSError as error:
        raise FileError(BASE, "the file can't be read ({why})", why=error.strerror or str(error)) from None
    if not is_sealed(data):
        raise FileError(
            BASE,
            "the session is damaged: it can't be restored",
            "Discard it, or keep a copy of {folder}",
            folder=str(folder),
        )
    plain: dict[str, Any] = typed(load_strict(data, BASE)["base"], dict, BASE)
    if field_of(plain, "journal", int, BASE) != JOURNAL_FORMAT:
        raise FileError(BASE, "another version of the studio wrote this session", "Open it with that version")
    for name, kind in (("mark", str), ("number", int), ("path", str), ("title", str), ("unsaved", bool)):
        field_of(plain, name, kind, BASE)
    field_of(plain, "document", dict, BASE)
    return plain


def _records(folder: Path, base: dict[str, Any]) -> tuple[list[tuple[int, bytes]], int]:
    """The journal's records that belong to ``base``, and how many damaged stretches lie between them."""
    path = folder / FRAMES
    data = path.read_bytes() if path.is_file() else b""
    frames, _ = unpack(data)
    if not frames:
        return [], 0
    number, payload = frames[0]
    if number == 0:
        try:
            mark = json.loads(payload).get("mark")
        except (ValueError, AttributeError):
            mark = None
        return (frames[1:], _gaps(data, frames)) if mark == base["mark"] else ([], 0)
    return frames, _gaps(data, frames)  # the header itself was damaged: the numbers still say what is newer


def _gaps(data: bytes, frames: list[tuple[int, bytes]]) -> int:
    """Damaged stretches in front of the last whole record; what follows it is a torn tail."""
    place = gaps = 0
    for _, payload in frames:
        at = data.find(payload, place)
        gaps += at - place > _HEAD_BYTES
        place = at + len(payload)
    return gaps


_HEAD_BYTES = 18  # magic, length, number, crc
_LOST = "a record of the journal is damaged; what could be read was restored"
_STOPPED = "a record of the journal does not fit ({why}); what came before it was restored"


def _lost_text(folder: Path, why: str) -> str:
    template = _STOPPED if why else _LOST
    return str(FileError(str(folder / FRAMES), template, "Compare before you save", why=why.rstrip(".")))
