"""Records in an append-only file that survive a torn tail and damage in the middle.

A frame is ``magic u16 | length u32 | number u64 | crc32 u32 | payload``, little endian; the crc covers length,
number and payload. After damage a reader looks for the next place where a whole valid frame stands, so one bad
block costs one block.
"""

from __future__ import annotations

import struct
import zlib

MAGIC = b"\x9dT"
LARGEST = 1 << 24  # bytes; a length above this is damage, not a frame
_HEAD = struct.Struct("<2sIQI")
_COUNTED = struct.Struct("<IQ")


def pack(number: int, payload: bytes) -> bytes:
    """One frame.

    Raises:
        ValueError: the payload is larger than a reader would accept.
    """
    if len(payload) > LARGEST:
        raise ValueError(f"a record of {len(payload)} bytes; at most {LARGEST} fit into a frame")
    return _HEAD.pack(MAGIC, len(payload), number, _crc(len(payload), number, payload)) + payload


class Scanner:
    """Reads frames from a growing file, piece by piece.

    Attributes:
        offset: bytes from the start of the file up to the end of the last frame that was given out.
        gaps: damaged stretches that were skipped.
    """

    def __init__(self) -> None:
        self.offset = 0
        self.gaps = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Takes what was appended, gives the whole frames in it: (number, payload)."""
        frames = []
        buffer, start = self._rest + data, 0
        while True:
            place, end, found = _next(buffer, start)
            if found is None:
                break
            self.gaps += place > start
            self.offset += end - start
            start = end
            frames.append(found)
        self._rest = buffer[start:]
        return frames

    def skip_tail(self) -> list[tuple[int, bytes]]:
        """What stands behind a frame whose length was damaged so that it seemed to reach past the end.

        Only for a file that nobody writes any more: there the tail can't become whole.
        """
        frames = []
        while self._rest:
            place = self._rest.find(MAGIC, 1)
            if place < 0:
                break
            self.offset, self._rest = self.offset + place, self._rest[place:]
            frames += self.feed(b"")
        self.gaps += bool(frames)
        return frames


def unpack(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """All whole frames of a finished piece of bytes, and where the last of them ends."""
    scanner = Scanner()
    frames = scanner.feed(data)
    end = scanner.offset
    return frames + scanner.skip_tail(), end


def _next(buffer: bytes, start: int) -> tuple[int, int, tuple[int, bytes] | None]:
    """The next valid frame: its start, its end, and (number, payload); None while it is not whole yet."""
    place = start
    while True:
        place = buffer.find(MAGIC, place)
        if place < 0 or len(buffer) - place < _HEAD.size:
            return place, start, None
        _, length, number, crc = _HEAD.unpack_from(buffer, place)
        end = place + _HEAD.size + length
        if length <= LARGEST:
            if end > len(buffer):
                return place, start, None
            payload = buffer[place + _HEAD.size : end]
            if _crc(length, number, payload) == crc:
                return place, end, (number, payload)
        place += 1


def _crc(length: int, number: int, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(_COUNTED.pack(length, number)))
