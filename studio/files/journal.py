"""The edit journal: every edit on the disk within 250 ms, in the state folder, never beside the project.

A session folder holds ``lock`` (held while the window lives), ``base.json`` (the document it began with) and
``journal.bin`` (frames, each the difference between two documents). A background thread writes and makes
durable; the window only hands over the newest document, which costs it nothing. Several edits that wait
together become one record. The first frame names the base it belongs to, so a base that was renewed makes the
old journal void, whatever moment the power goes.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from studio.document.difference import difference
from studio.document.model import Document
from studio.files.frames import LARGEST, pack
from studio.files.locks import FileLock
from studio.files.replace import replace_file, sync_folder

SAFE, SAVING, NOT_SAFE = "safe", "saving", "not safe"
_BETWEEN_COMMITS_S = 0.1  # edits of a drag gather for this long; far below the promised 250 ms
_BETWEEN_TRIES_S = 1.0
_LONGEST_JOURNAL = 16 * 2**20  # bytes; a longer one is folded into a new base
BASE, FRAMES, LOCK = "base.json", "journal.bin", "lock"
JOURNAL_FORMAT = 1


class Disk:
    """The two calls that make bytes durable; tests replace them."""

    def write(self, handle: int, data: bytes) -> None:
        """Writes all of ``data``."""
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]

    def sync(self, handle: int) -> None:
        """Waits until the disk has what was written."""
        if sys.platform == "darwin":  # there fsync stops at the drive's cache
            import fcntl

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
        else:
            getattr(os, "fdatasync", os.fsync)(handle)


class Journal:
    """Writes one session. ``status`` is "safe", "saving" or "not safe"; what is not safe stays in memory.

    Args:
        folder: of this session; made when missing.
        document: what it begins with.
        path: the project file, "" for an untitled one.
        saved: whether ``document`` is what the project file holds; else it is offered after a crash even
            without an edit.
        on_status: called with each new status, from the background thread.

    Raises:
        OSError: the folder can't be made or locked: there is no journal then.
    """

    def __init__(
        self,
        folder: Path,
        document: Document,
        *,
        path: str = "",
        saved: bool = True,
        on_status: Callable[[str], None] | None = None,
        disk: Disk | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder, self.status, self.error = folder, SAFE, ""
        self._path, self._saved, self._disk = path, saved, disk or Disk()
        self._on_status = on_status
        self._lock = FileLock(folder / LOCK)
        if not self._lock.acquire(str(os.getpid())):
            raise OSError(f"{folder} belongs to another window")
        self._written = document  # what base and journal together give
        self._waiting: Document | None = None
        self._number = self._durable = 0
        self._size, self._handle, self._closing = 0, -1, False
        self._changed = threading.Condition()
        try:
            self._renew(document, 0)
        except OSError as error:
            self._failed(error)
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    @property
    def durable(self) -> int:
        """Number of the last edit that a crash or a power cut can't take back."""
        return self._durable

    def record(self, document: Document) -> int:
        """Hands over the newest document; gives its number. Returns at once."""
        with self._changed:
            self._number += 1
            self._waiting = document
            if self.status == SAFE:
                self._set_status(SAVING)
            self._changed.notify_all()
            return self._number

    def wait(self, number: int | None = None, timeout_s: float = 5.0) -> bool:
        """Waits until edit ``number`` (None: the last) is durable; False when it takes longer."""
        with self._changed:
            wanted = self._number if number is None else number
            return self._changed.wait_for(lambda: self._durable >= wanted, timeout_s)

    def close(self, *, discard: bool = False, timeout_s: float = 2.0) -> bool:
        """Writes what waits, ends the thread and lets go of the folder; True when all of it is safe.

        Args:
            discard: nothing in it is needed any more (saved, or thrown away): the folder is deleted.
        """
        safe = discard or self.wait(timeout_s=timeout_s)
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        self._close_file()
        if discard:
            remove_session(self.folder)
        self._lock.release()
        if discard:
            (self.folder / LOCK).unlink(missing_ok=True)
            _remove_folder(self.folder)
        return safe

    def _work(self) -> None:
        last = 0.0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closing)
                if self._waiting is None:
                    return
                pause = last + _BETWEEN_COMMITS_S - time.monotonic()
                if pause > 0 and not self._closing:
                    self._changed.wait_for(lambda: self._closing, pause)
                document, number = self._waiting, self._number
            try:
                self._commit(document, number)
            except OSError as error:
                self._failed(error)
                with self._changed:
                    if self._changed.wait_for(lambda: self._closing, _BETWEEN_TRIES_S):
                        return
                continue
            last = time.monotonic()
            with self._changed:
                if self._waiting is document:
                    self._waiting = None
                self._durable = number
                self.error = ""
                self._set_status(SAFE if self._waiting is None else SAVING)
                self._changed.notify_all()

    def _commit(self, document: Document, number: int) -> None:
        if self._handle < 0:  # after an error the old file is not trusted again
            self._renew(document, number)
            return
        change = difference(self._written, document)
        if change:
            payload = json.dumps(change, ensure_ascii=False, separators=(",", ":")).encode(
                "utf-8", "surrogatepass"
            )
            if len(payload) > LARGEST // 2 or self._size > _LONGEST_JOURNAL:
                self._renew(document, number)
                return
            frame = pack(number, payload)
            self._disk.write(self._handle, frame)
            self._disk.sync(self._handle)
            self._size += len(frame)
        self._written = document

    def _renew(self, document: Document, number: int) -> None:
        """A new base that holds all, then an empty journal that names it."""
        self._close_file()
        mark = secrets.token_hex(8)
        base = {
            "journal": JOURNAL_FORMAT,
            "mark": mark,
            "number": number,
            "path": self._path,
            "unsaved": number > 0 or not self._saved,
            "title": document.title,
            "document": difference(Document(), document),
        }
        text = json.dumps(base, ensure_ascii=False).encode("utf-8", "surrogatepass")
        replace_file(self.folder / BASE, sealed(text), durable=True)
        frames = self.folder / FRAMES
        frames.unlink(missing_ok=True)
        handle = os.open(frames, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            header = pack(0, json.dumps({"mark": mark}).encode())
            self._disk.write(handle, header)
            self._disk.sync(handle)
            sync_folder(self.folder)
        except OSError:
            os.close(handle)
            raise
        self._handle, self._size, self._written = handle, len(header), document

    def _failed(self, error: OSError) -> None:
        self._close_file()
        with self._changed:
            self.error = error.strerror or str(error)
            self._set_status(NOT_SAFE)

    def _close_file(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _set_status(self, status: str) -> None:
        if status != self.status:
            self.status = status
            if self._on_status is not None:
                self._on_status(status)


_SEAL = '{{"sha256": "{digest}",\n"base": '


def sealed(base: bytes) -> bytes:
    """A base with its own SHA-256 in front: still JSON, and no flipped bit goes unseen."""
    return _SEAL.format(digest=hashlib.sha256(base).hexdigest()).encode() + base + b"}\n"


def is_sealed(data: bytes) -> bool:
    """Whether ``data`` is a whole base as ``sealed`` wrote it."""
    return sealed(data[len(_SEAL.format(digest="0" * 64)) : -2]) == data


def remove_session(folder: Path) -> None:
    """Deletes what a session kept; its lock stays until the holder lets go."""
    for name in (BASE, FRAMES):
        (folder / name).unlink(missing_ok=True)
    for rest in folder.glob(".tmp-*"):
        rest.unlink(missing_ok=True)


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # something foreign lies in it: leave it
