"""Messages over a pipe: any pieces, no garbage."""

from __future__ import annotations

import struct

import pytest

from studio.protocol import (
    LARGEST,
    Failure,
    FrameReader,
    Message,
    Progress,
    ProtocolError,
    Reply,
    Request,
    encode,
)

_MESSAGES: list[Message] = [
    Request(1, "ready"),
    Progress(1, 0.5, "半分"),
    Reply(1, {"torch": "2", "list": [1, 2.5, None]}),
    Failure(2, "no", "conv1"),
]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages_arrive_in_pieces(size: int) -> None:
    data = b"".join(encode(message) for message in _MESSAGES)
    reader, found = FrameReader(), []
    for start in range(0, len(data), size):
        found += reader.feed(data[start : start + size])
    assert found == _MESSAGES


def _frame(body: bytes) -> bytes:
    return struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("<I", 0xFFFFFFFF),
        _frame(b"\xff\xfe"),
        _frame(b"{}"),
        _frame(b'{"type": "eval", "id": 1}'),
        _frame(b'{"type": "request", "id": "one", "kind": "ready"}'),
        _frame(b"[" * 100_000),
        b"hello, I print to the pipe",
    ],
)
def test_garbage_closes_the_pipe(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        FrameReader().feed(data)


def test_messages_have_a_largest_size() -> None:
    with pytest.raises(ProtocolError, match="at most"):
        encode(Reply(1, {"x": "y" * LARGEST}))
