"""Whose Python this machine runs: texts the user trusts, by hash, in the state folder and nowhere else.

A text is known by a keyed hash of its content, so that nothing inside a project can say it is trusted and a
changed text is another text. The key is this user's own.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from studio.document.custom import code_hash, codes_of
from studio.document.model import Document
from studio.files.errors import FileError
from studio.files.replace import replace_file
from studio.places import state_folder
from studio.text import tr

_MOST = 20_000  # texts that are remembered, the newest


class UntrustedError(FileError):
    """A project brings Python that nobody here has trusted."""


def untrusted(document: Document) -> dict[str, str]:
    """The texts of ``document`` that this machine may not run yet, each with the node that has it."""
    codes = codes_of(document)
    if not codes:
        return {}
    known = _known()
    return {code: node for code, node in codes.items() if _mark(code) not in known}


def trust(codes: Iterable[str]) -> None:
    """Remembers that the user lets these texts run.

    Raises:
        OSError: the state folder can't be written.
    """
    known = dict.fromkeys(_known())
    known |= dict.fromkeys(map(_mark, codes))
    lines = list(known)[-_MOST:]
    replace_file(_folder() / "codes", ("\n".join(lines) + "\n").encode("ascii"), durable=True)


def check_trusted(document: Document, how: str) -> None:
    """Lets a document pass whose Python may run here.

    Args:
        document: what shall run.
        how: what the user does to trust it, said in the message.

    Raises:
        UntrustedError: it holds texts that are not trusted.
    """
    found = untrusted(document)
    if found:
        text = "the project brings Python of its own ({nodes}), and you have not said that you trust it"
        nodes = ", ".join(list(found.values())[:5])
        raise UntrustedError(tr("own code"), text, how, nodes=nodes)


def _known() -> list[str]:
    try:
        return (_folder() / "codes").read_text("ascii").split()
    except (OSError, UnicodeDecodeError):
        return []


def _mark(code: str) -> str:
    return hmac.new(_key(), code_hash(code).encode("ascii"), "sha256").hexdigest()


def _key() -> bytes:
    path = _folder() / "key"
    try:
        found = path.read_bytes()
    except OSError:
        found = b""
    if len(found) == 32:
        return found
    made = secrets.token_bytes(32)
    replace_file(path, made, durable=True)
    return made


def _folder() -> Path:
    folder = state_folder() / "trust"
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.name == "posix":
        folder.chmod(0o700)
    return folder
