"""The long commands of the command line: they start a worker on a run folder and follow it, like the window does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.analysis import analyze
from studio.codegen import generate
from studio.document.custom import codes_of
from studio.document.model import Document
from studio.engine.custom_ask import answer_all
from studio.files.project import project_bytes
from studio.files.runs import (
    LIVE,
    RunReader,
    RunStatus,
    create_run,
    list_runs,
    prepare_resume,
    read_record,
    request,
)
from studio.files.trust import check_trusted
from studio.graph.model import GraphError
from studio.places import runs_folder
from studio.text import tr

DONE, UNUSABLE, STOPPED = 0, 1, 130
TRUST = "Read it, then give the option --trust"
_POLL_S = 0.1
_STOP_S = 20.0  # a worker that was asked to stop gets this long to save


def train_command(args: Namespace) -> int:
    """``studio train``: trains ``args.document`` in a new run folder.

    Raises:
        GraphError: the drawing can't be trained, or the run folder holds something already.
    """
    folder = new_run(args.document, Path(args.run_dir) if args.run_dir else None)
    return _follow(folder, args.json)


def resume_command(args: Namespace) -> int:
    """``studio resume``: goes on with the run in ``args.run_dir``, or with the newest of the runs in it.

    Raises:
        GraphError: there is no run to go on with.
    """
    folder = Path(args.run_dir)
    if not (folder / "run.json").is_file():
        found = list_runs(folder)
        if not found:
            text = "{folder} holds no run. studio runs lists them."
            raise GraphError(tr(text, folder=folder))
        folder = Path(found[0].folder)
    read_record(folder)
    if RunReader(folder).poll().state == "finished":
        return _tell_end(folder, RunReader(folder).poll(), args.json)
    prepare_resume(folder)
    return _follow(folder, args.json)


def new_run(document: Document, folder: Path | None = None) -> Path:
    """The folder of a new run of ``document``: exactly ``folder``, or one in the state folder.

    Raises:
        GraphError: the drawing can't be trained, or ``folder`` holds something already.
        UntrustedError: it brings Python that nobody has trusted.
    """
    check_trusted(document, TRUST)
    analysis = analyze(document)
    if codes_of(document):
        answer_all(lambda: analyze(document))
        analysis = analyze(document)
    first = next((p for p in analysis.problems if p.severity == "error"), None)
    if first is not None:
        place = f"{first.graph}/{first.node}" if first.graph else first.node
        text = "{place}: {what}. Nothing was trained; studio check lists all problems."
        raise GraphError(tr(text, place=place or tr("the drawing"), what=first.message.rstrip(".")))
    code = generate(document, analysis)
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if not folder.is_dir() or (folder / "run.json").exists():
            text = "{folder} holds a run already. Choose another folder, or go on with it: studio resume {folder}"
            raise GraphError(tr(text, folder=folder))
        return create_run(folder, project_bytes(document), code, document.run, title=document.title)
    return create_run(
        runs_folder(), project_bytes(document), code, document.run, title=document.title, folder=folder
    )


def start_worker(folder: Path) -> subprocess.Popen[bytes]:
    """A process of its own session that trains the run in ``folder``."""
    paths = os.pathsep.join(
        path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path
    )
    with (folder / "stdout.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "studio.worker", "run", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, "PYTHONPATH": paths},
            start_new_session=os.name == "posix",
        )


def _follow(folder: Path, as_json: bool) -> int:
    """Runs a worker on ``folder`` and prints what it tells until it ends."""
    child = start_worker(folder)
    reader = RunReader(folder)
    tell = _json_teller(folder) if as_json else _text_teller()
    try:
        while child.poll() is None:
            tell(reader, reader.poll())
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        _say(tr("Stopping; the state is being saved."))
        request(folder, "stop")
        _wait(child)
    status = reader.poll()
    tell(reader, status)
    return _tell_end(folder, status, as_json)


def _wait(child: subprocess.Popen[bytes]) -> None:
    """Gives a worker the time to save; one that hangs is ended."""
    try:
        child.wait(_STOP_S)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def _tell_end(folder: Path, status: RunStatus, as_json: bool) -> int:
    """The last line, and the exit code it means."""
    if as_json:
        _print_line(
            {
                "event": "finished",
                "run": str(folder.absolute()),
                "reason": status.reason or status.state,
                "epochs": status.epoch,
                "steps": status.step,
                "seconds": round(status.seconds, 3),
                "metrics": {part: status.metrics.get(part, {}) for part in ("train", "validation", "test")},
            }
        )
    elif status.state in ("finished", "stopped"):
        for part, values in status.metrics.items():
            _print_text(f"{part:>10}: " + ", ".join(f"{name} {value:.4g}" for name, value in values.items()))
        _print_text(str(folder))
    if status.message:
        _say(f"{folder}: {status.message}")
    if status.state == "stopped":
        return STOPPED
    return DONE if status.state == "finished" else UNUSABLE


def _json_teller(folder: Path) -> Callable[[RunReader, RunStatus], None]:
    """Prints one object at the start, at each new epoch and at each change of state."""
    last: list[Any] = [None, -1, ""]

    def tell(reader: RunReader, status: RunStatus) -> None:
        if status.state != last[0] and status.state in LIVE:  # how it ended is the last line's to say
            _print_line({"event": status.state, "run": str(folder.absolute()), "device": status.device})
        if status.warning and status.warning != last[2]:
            _print_line({"event": "warning", "message": status.warning})
        if status.epoch > last[1] >= 0:
            _print_line(
                {
                    "event": "epoch",
                    "epoch": status.epoch,
                    "epochs": status.epochs,
                    "step": status.step,
                    "steps": status.steps,
                    "seconds": status.seconds,
                    "metrics": status.metrics,
                }
            )
        last[:] = [status.state, status.epoch, status.warning]

    return tell


def _text_teller() -> Callable[[RunReader, RunStatus], None]:
    """Keeps one line on stderr up to date."""
    last = [""]

    def tell(reader: RunReader, status: RunStatus) -> None:
        loss = reader.series.get("train.loss")
        parts = [tr(status.state)]
        if status.state in LIVE and status.steps:
            parts.append(tr("epoch {epoch} of {epochs}", epoch=status.epoch + 1, epochs=status.epochs))
            parts.append(tr("step {step} of {steps}", step=status.step, steps=status.steps))
        if loss and loss.values:
            parts.append(tr("loss {loss}", loss=f"{loss.values[-1]:.4f}"))
        if status.seconds_left:
            parts.append(tr("{seconds} s left", seconds=round(status.seconds_left)))
        text = " · ".join(parts)
        if text != last[0] and sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[2K{text}")
            sys.stderr.flush()
            if status.state not in LIVE:
                sys.stderr.write("\n")
        last[0] = text

    return tell


def _print_line(value: dict[str, Any]) -> None:
    _print_text(json.dumps(value, ensure_ascii=False, allow_nan=False))


def _print_text(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
