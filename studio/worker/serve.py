"""Answers the window's requests, one after another, over stdin and stdout.

A job is a function ``handle(args, progress) -> dict`` in the engine; KINDS names it, so that no string of a request
ever chooses what to import.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, BinaryIO

from studio.protocol import Failure, FrameReader, Message, Progress, ProtocolError, Reply, Request, encode
from studio.text import set_language, system_language, tr

KINDS: dict[str, tuple[str, str]] = {
    "ready": ("studio.engine.devices", "answer_ready"),
    "devices": ("studio.engine.devices", "answer_devices"),
    "predict": ("studio.engine.insight", "predict"),
    "sample": ("studio.engine.insight", "sample"),
    "mistakes": ("studio.engine.insight", "mistakes"),
    "confusion": ("studio.engine.confusion", "confusion"),
    "samples": ("studio.engine.confusion", "samples"),
    "generate_text": ("studio.engine.insight", "generate_text"),
    "generate_pictures": ("studio.engine.generating", "generate_pictures"),
    "redraw": ("studio.engine.generating", "redraw"),
    "export": ("studio.engine.insight", "export"),
    "try_custom": ("studio.engine.custom_probe", "try_custom"),
    "inspect_data": ("studio.engine.inspect_data", "inspect_data"),
}
"""Kind of a request -> module and function of the engine that answers it."""


def serve(source: BinaryIO | None = None, sink: BinaryIO | None = None) -> int:
    """Answers until the pipe closes. What a job prints goes to stderr: stdout belongs to the protocol."""
    set_language(system_language())
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as in run: torch is not loaded yet
    source = source or sys.stdin.buffer
    if sink is None:
        sink = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
    send = _sender(sink)
    frames = FrameReader()
    while data := os.read(source.fileno(), 1 << 16):
        try:
            messages = frames.feed(data)
        except ProtocolError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        for message in messages:
            if isinstance(message, Request):
                send(answer(message, send))
    return 0


def answer(request: Request, send: Callable[[Message], None]) -> Message:
    """Does what a request asks; gives its reply or why it can't be done."""
    place = KINDS.get(request.kind)
    if place is None:
        text = "This worker does not know the request {kind}. Restart the studio after an update."
        return Failure(request.id, tr(text, kind=request.kind))

    def progress(fraction: float, text: str = "") -> None:
        send(Progress(request.id, fraction, text))

    try:
        handle: Callable[..., dict[str, Any]] = getattr(importlib.import_module(place[0]), place[1])
        return Reply(request.id, handle(request.args, progress))
    except (Exception, SystemExit, KeyboardInterrupt) as error:  # noqa: BLE001 - a job's edge
        traceback.print_exc()
        what = str(error) or type(error).__name__
        if not type(error).__module__.startswith("studio."):
            what = f"{type(error).__name__}: {what}"
        return Failure(request.id, what, str(getattr(error, "place", "") or getattr(error, "node", "")))


def _sender(sink: BinaryIO) -> Callable[[Message], None]:
    lock = threading.Lock()

    def send(message: Message) -> None:
        try:
            frame = encode(message)
        except (TypeError, ValueError) as error:  # no JSON, or too large
            text = "The answer can't be sent: {why}."
            frame = encode(Failure(message.id, tr(text, why=error)))
        with lock:
            view = memoryview(frame)
            while view:
                view = view[sink.write(view) or 0 :]

    return send
