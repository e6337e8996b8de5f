"""Frames survive torn tails and damage in the middle."""

from __future__ import annotations

import random

import pytest

from studio.files.frames import LARGEST, Scanner, pack, unpack

_RECORDS = [b"first", b"", b"\x9dT inside a payload", bytes(range(256)), b"last"]


def _file() -> bytes:
    return b"".join(pack(number, payload) for number, payload in enumerate(_RECORDS))


def test_whole_file_is_read() -> None:
    frames, end = unpack(_file())
    assert [payload for _, payload in frames] == _RECORDS
    assert end == len(_file())


def test_any_pieces_give_the_same_frames() -> None:
    data, random_number = _file(), random.Random(1)
    for _ in range(50):
        scanner, found, rest = Scanner(), [], data
        while rest:
            size = random_number.randint(1, 40)
            found += scanner.feed(rest[:size])
            rest = rest[size:]
        assert [payload for _, payload in found] == _RECORDS
        assert scanner.offset == len(data)


@pytest.mark.parametrize("end", range(len(_file())))
def test_torn_tail_drops_only_the_last_frame(end: int) -> None:
    whole = [pack(number, payload) for number, payload in enumerate(_RECORDS)]
    expected, place = [], 0
    for payload, frame in zip(_RECORDS, whole, strict=True):
        place += len(frame)
        if place <= end:
            expected.append(payload)
    scanner = Scanner()
    assert [payload for _, payload in scanner.feed(_file()[:end])] == expected


def test_a_changed_byte_costs_one_frame() -> None:
    data = _file()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0xFF
        found = [payload for _, payload in unpack(bytes(damaged))[0]]
        assert len(found) >= len(_RECORDS) - 1
        assert all(payload in _RECORDS for payload in found)


def test_records_have_a_largest_size() -> None:
    with pytest.raises(ValueError, match="at most"):
        pack(0, bytes(LARGEST + 1))
