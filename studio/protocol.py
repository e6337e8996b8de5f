"""The messages between the window and a worker process, and how they travel over a pipe.

A frame is a length (u32, little endian) and one JSON object with a ``type`` field. Frames are capped and both
sides check what they get as if it came from a stranger: a bad layer may write to the pipe.
"""

from __future__ import annotations

import struct
from typing import Any

import msgspec

LARGEST = 1 << 26  # bytes in a frame: 64 MiB, a page of pictures fits
_LENGTH = struct.Struct("<I")


class ProtocolError(ValueError):
    """What came over the pipe is no message; the connection can't be used any more."""


class Request(msgspec.Struct, tag="request", frozen=True):
    """Asks a worker for a job. ``kind`` is a key of its table of jobs."""

    id: int
    kind: str
    args: dict[str, Any] = {}


class Progress(msgspec.Struct, tag="progress", frozen=True):
    """How far the job ``id`` is: 0…1, and what it does now."""

    id: int
    fraction: float
    text: str = ""


class Reply(msgspec.Struct, tag="reply", frozen=True):
    """The job ``id`` is done."""

    id: int
    result: dict[str, Any]


class Failure(msgspec.Struct, tag="failure", frozen=True):
    """The job ``id`` can't be done. ``place`` names the node or file, "" when none is to blame."""

    id: int
    message: str
    place: str = ""


Message = Request | Progress | Reply | Failure
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    """The frame of a message.

    Raises:
        ProtocolError: it is larger than the other side accepts.
    """
    body = _encoder.encode(message)
    if len(body) > LARGEST:
        raise ProtocolError(f"a message of {len(body)} bytes; at most {LARGEST} are allowed")
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Turns what arrives on a pipe, in pieces of any size, into messages."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """Takes bytes, gives the messages that are whole now.

        Raises:
            ProtocolError: garbage; close the pipe.
        """
        self._buffer += data
        messages: list[Message] = []
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > LARGEST:
                raise ProtocolError(f"a frame claims {length} bytes; at most {LARGEST} are allowed")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                break
            try:
                messages.append(_decoder.decode(bytes(self._buffer[_LENGTH.size : end])))
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise ProtocolError(f"a frame holds no message: {error}") from error
            del self._buffer[:end]
        return messages
