"""Saving: the old file or the new one, whatever fails, and a backup of the old one."""

from __future__ import annotations

import errno
import os
import resource
import signal
from pathlib import Path

import pytest

from studio.files import replace as replacing
from studio.files.errors import FileError
from studio.files.save import KEPT_BACKUPS, backups, digest, save_bytes


def test_save_keeps_a_backup_and_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    save_bytes(path, b"one")
    assert path.stat().st_mode & 0o777 != 0o600 or os.umask(0o77) == 0o77
    path.chmod(0o640)
    assert save_bytes(path, b"two") == digest(b"two")
    assert path.read_bytes() == b"two" and path.stat().st_mode & 0o777 == 0o640
    assert [backup.read_bytes() for backup in backups(path)] == [b"one"]
    for number in range(KEPT_BACKUPS + 5):
        save_bytes(path, str(number).encode())
    kept = backups(path)
    assert len(kept) == KEPT_BACKUPS and kept[0].read_bytes() == str(KEPT_BACKUPS + 3).encode()


def test_a_file_changed_by_another_program_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    seen = save_bytes(path, b"one")
    path.write_bytes(b"other")
    with pytest.raises(FileError, match="another program"):
        save_bytes(path, b"two", seen)
    assert path.read_bytes() == b"other"
    assert save_bytes(path, b"two", digest(b"other")) == digest(b"two")


@pytest.mark.parametrize("call", ["write", "fsync", "replace", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_any_call_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    path = tmp_path / "a.json"
    save_bytes(path, b"one")

    def fail(*args: object, **kwargs: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(replacing.os, call, fail)
        with pytest.raises(FileError, match="untouched"):
            save_bytes(path, b"two")
    assert path.read_bytes() == b"one"
    assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["a.json"]


def test_a_full_disk(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    save_bytes(path, b"one")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
        with pytest.raises(FileError, match=r"a\.json.*could not be saved"):
            save_bytes(path, b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == b"one" and not list(tmp_path.glob(".tmp-*"))


def test_a_link_at_the_target_is_replaced_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"keep")
    link = tmp_path / "a.json"
    link.symlink_to(secret)
    save_bytes(link, b"new")
    assert secret.read_bytes() == b"keep" and not link.is_symlink() and link.read_bytes() == b"new"


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(replacing.os, "write", lambda handle, data: real(handle, bytes(data)[:3]))
    save_bytes(tmp_path / "a.json", b"0123456789")
    assert (tmp_path / "a.json").read_bytes() == b"0123456789"
