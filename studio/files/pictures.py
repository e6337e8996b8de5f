"""Projects inside pictures: a PNG or SVG that we wrote carries the drawing it shows.

Reading is strict: the size is capped, nothing is parsed but the one chunk or element we wrote, and what it holds
goes through the same checks as a project file. An SVG is never read as XML, so no entity of it is ever resolved.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
import zlib
from pathlib import Path

from studio.document.model import Document
from studio.files.errors import FileError
from studio.files.project import Project, parse_project, project_bytes

KEYWORD = "tsumiki-project"
_LARGEST, _LARGEST_PROJECT = 128 << 20, 32 << 20  # bytes of a picture, and of the project in it
_PNG = b"\x89PNG\r\n\x1a\n"
_ELEMENT = re.compile(rb'<metadata id="tsumiki-project">\s*([A-Za-z0-9+/=\s]*)</metadata>')


def is_picture(path: Path) -> bool:
    """Whether a name may be that of a picture with a project in it."""
    return path.suffix.lower() in (".png", ".svg")


def read_picture(path: Path) -> Project:
    """The project in the picture ``path``.

    Raises:
        FileError: there is none, or it can't be used.
    """
    if path.stat().st_size > _LARGEST:
        raise FileError(path.name, "is larger than a picture of a network", "Open the project file itself")
    data = path.read_bytes()
    found = _from_png(data) if data.startswith(_PNG) else _from_svg(data)
    if found is None:
        raise FileError(
            path.name, "carries no project", "Open a picture that this studio wrote, or the project file"
        )
    return parse_project(found, path.name)


def carried(document: Document) -> str:
    """The project as it stands in a picture: plain letters."""
    return base64.b64encode(zlib.compress(project_bytes(document), 9)).decode("ascii")


def with_project(svg: bytes, document: Document) -> bytes:
    """An SVG with the project in its metadata."""
    start = svg.index(b">", svg.index(b"<svg")) + 1
    element = f'\n<metadata id="{KEYWORD}">{carried(document)}</metadata>'.encode("ascii")
    return svg[:start] + element + svg[start:]


def _from_svg(data: bytes) -> bytes | None:
    found = _ELEMENT.search(data)
    return _unpacked(found.group(1)) if found else None


def _from_png(data: bytes) -> bytes | None:
    """What the text chunk with our keyword holds."""
    at = len(_PNG)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + length]
        if len(body) < length or kind == b"IEND":
            return None
        name, _, rest = body.partition(b"\0")
        if kind in (b"tEXt", b"zTXt", b"iTXt") and name == KEYWORD.encode("ascii"):
            return _unpacked(_chunk_text(kind, rest))
        at += 12 + length
    return None


def _chunk_text(kind: bytes, rest: bytes) -> bytes:
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:])
    packed, rest = rest[:1] == b"\1", rest[2:]
    text = rest.split(b"\0", 2)[-1]  # after the language and the translated keyword
    return _inflated(text) if packed else text


def _unpacked(text: bytes) -> bytes:
    try:
        return _inflated(base64.b64decode(b"".join(text.split()), validate=True))
    except binascii.Error:
        raise FileError("picture", "the project in it is damaged", "Open the project file itself") from None


def _inflated(data: bytes) -> bytes:
    machine = zlib.decompressobj()
    try:
        found = machine.decompress(data, _LARGEST_PROJECT)
    except zlib.error:
        raise FileError("picture", "the project in it is damaged", "Open the project file itself") from None
    if machine.unconsumed_tail:
        raise FileError("picture", "the project in it is too large", "Open the project file itself")
    return found
