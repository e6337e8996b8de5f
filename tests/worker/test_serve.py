"""Requests over pipes: answered in order, garbage ends the process, prints don't reach the protocol."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio.protocol import Failure, FrameReader, Message, Progress, Reply, Request, encode
from studio.worker import serve


def _answers(*requests: Request) -> list[Message]:
    process = subprocess.run(
        [sys.executable, "-m", "studio.worker", "serve"],
        input=b"".join(encode(request) for request in requests),
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    return list(FrameReader().feed(process.stdout))


def test_ready_devices_and_an_unknown_kind() -> None:
    ready, devices, unknown = _answers(Request(1, "ready"), Request(2, "devices"), Request(3, "os.system"))
    assert isinstance(ready, Reply) and ready.id == 1 and ready.result["torch"]
    assert isinstance(devices, Reply)
    assert devices.result["devices"][-1]["key"] == "cpu"
    assert devices.result["devices"][-1]["memory_bytes"] > devices.result["devices"][-1]["free_bytes"] > 0
    assert isinstance(unknown, Failure) and "os.system" in unknown.message


def test_garbage_ends_the_process() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "studio.worker", "serve"],
        input=b"\xff\xff\xff\xff garbage",
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert process.returncode == 1 and not process.stdout


def _job(args: dict[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    progress(0.5, "half")
    if args.get("fails"):
        raise ValueError("no such thing")
    return {"seen": args}


def test_progress_and_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(serve.KINDS, "job", (__name__, "_job"))
    sent: list[Message] = []
    assert serve.answer(Request(4, "job", {"a": 1}), sent.append) == Reply(4, {"seen": {"a": 1}})
    assert sent == [Progress(4, 0.5, "half")]
    failure = serve.answer(Request(5, "job", {"fails": True}), sent.append)
    assert isinstance(failure, Failure) and "no such thing" in failure.message


@pytest.mark.parametrize("kind", sorted(serve.KINDS))
def test_every_kind_has_its_function(kind: str) -> None:
    import importlib

    module, name = serve.KINDS[kind]
    assert callable(getattr(importlib.import_module(module), name))
