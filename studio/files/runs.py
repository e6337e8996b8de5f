"""The run folder as everybody but the trainer sees it: made, listed, followed and steered without torch.

The folder is the only truth. A window that started a run, one that found it again and the command line all read
the same files, and the worker never waits for any of them.
"""

from __future__ import annotations

import datetime
import hashlib
import platform
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec

from studio.document.model import RunSettings
from studio.files.locks import is_held
from studio.files.replace import replace_file
from studio.files.series import Series, SeriesFile
from studio.text import tr

LIVE = ("preparing", "running", "paused")
WISHES = ("pause", "resume", "stop")
START_WAIT_S = 20.0  # a worker that has not taken the lock after this long is not coming
SILENT_S = 10.0  # without a heartbeat for this long a worker does not respond


class RunStatus(msgspec.Struct, frozen=True):
    """Where a run stands.

    Attributes:
        state: preparing, running, paused, finished, stopped, failed, or crashed (the process is gone).
        epoch: epochs that are complete; the running one is ``epoch + 1``.
        epochs: planned; 0 when the run counts steps.
        step: steps that are done.
        steps: planned.
        seconds: trained so far, over all attempts, pauses left out.
        seconds_left: until the end at the present pace; None while unknown.
        message: why it failed or ended, for the user; "" when all is well.
        node: the node that is to blame, as on the canvas ("head/linear1"); "" when none.
        device: "cpu", "cuda:0", "mps".
        metrics: "train", "validation", "test" -> name -> the value last measured, e.g. "loss", "accuracy".
        reason: how it ended: finished, stopped, nan, memory, disk, error, crash; "" before.
        warning: something that does not stop it, e.g. a checkpoint that could not be written.
        responding: False when the process lives and gives no sign of it.
        best_step: the step of the best checkpoint so far, -1 before there is one.
        pid: of the worker; 0 before it started.
    """

    state: str = "preparing"
    epoch: int = 0
    epochs: int = 0
    step: int = 0
    steps: int = 0
    seconds: float = 0.0
    seconds_left: float | None = None
    message: str = ""
    node: str = ""
    device: str = ""
    metrics: dict[str, dict[str, float]] = {}
    reason: str = ""
    warning: str = ""
    responding: bool = True
    best_step: int = -1
    pid: int = 0


class RunRecord(msgspec.Struct, frozen=True):
    """run.json: what a run was started with. Written once."""

    id: str
    title: str
    created: str  # UTC, ISO 8601
    settings: dict[str, Any]
    project_sha256: str
    versions: dict[str, str] = {}
    format: int = 1


class RunSummary(msgspec.Struct, frozen=True):
    """One line of the run list. ``folder`` is a whole path."""

    id: str
    folder: str
    title: str
    created: str
    state: str
    epoch: int
    epochs: int
    step: int
    steps: int
    seconds: float
    message: str
    metrics: dict[str, dict[str, float]]


class CodeFiles(Protocol):
    """What ``create_run`` needs of the generated code."""

    @property
    def files(self) -> Mapping[str, str]:
        """File name -> text."""

    @property
    def training(self) -> Mapping[str, Any]:
        """Optimizers, losses, metrics, data: written as training.json."""


class RunReader:
    """Follows one run. Cheap enough to poll ten times a second.

    Attributes:
        folder: of the run.
        series: name -> what was measured so far: "train.loss" for each step, "validation.loss",
            "validation.accuracy", "train.accuracy" for each epoch, "learning_rate", "samples_per_s", and
            "health.<node>" (gradient norm over weight norm). Their lists only grow, until a resumed run goes back
            to its checkpoint: then they are made anew.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self.series: dict[str, Series] = {}
        self._exact = SeriesFile(self.folder / "metrics.bin", self.series)
        self._live = SeriesFile(self.folder / "live.bin", self.series)

    def poll(self) -> RunStatus:
        """Reads what is new into ``series`` and gives the state now."""
        status = read_status(self.folder)
        self._exact.poll()
        self._live.poll()
        return status

    @property
    def gaps(self) -> int:
        """Damaged stretches of the metrics files that were skipped."""
        return self._exact.gaps + self._live.gaps

    def record(self) -> RunRecord:
        """What the run was started with."""
        return read_record(self.folder)


def read_status(folder: Path) -> RunStatus:
    """Where the run in ``folder`` stands; a live state whose process is gone reads as crashed."""
    try:
        path = folder / "status.json"
        written = path.stat().st_mtime
        status = msgspec.json.decode(path.read_bytes(), type=RunStatus)
    except (OSError, msgspec.DecodeError):
        written, status = 0.0, RunStatus()
    if status.state not in LIVE:
        return status
    if is_held(folder / "lock"):
        silent_s = time.time() - max(_changed(folder / "heartbeat"), written, _changed(folder / "lock"))
        return status if silent_s < SILENT_S else msgspec.structs.replace(status, responding=False)
    if status.pid == 0 and time.time() - written < START_WAIT_S:
        return status
    again = _ended_meanwhile(folder)
    return again or msgspec.structs.replace(
        status, state="crashed", reason="crash", message=_crash_text(folder), seconds_left=None
    )


def read_record(folder: Path) -> RunRecord:
    """What the run in ``folder`` was started with.

    Raises:
        ValueError: the folder holds no run, or run.json is damaged.
    """
    try:
        return msgspec.json.decode((folder / "run.json").read_bytes(), type=RunRecord)
    except OSError as error:
        text = tr("{folder} holds no run: run.json can't be read.", folder=folder)
        raise ValueError(text) from error
    except msgspec.DecodeError as error:
        raise ValueError(tr("run.json in {folder} is damaged: {why}.", folder=folder, why=error)) from error


def request(folder: Path, wish: str) -> None:
    """Asks the run in ``folder`` to "pause", "resume" or "stop"; it answers by its state within half a second.

    Raises:
        ValueError: no such wish.
    """
    if wish not in WISHES:
        raise ValueError(f"a run can be asked to {', '.join(WISHES)}, not {wish!r}")
    replace_file(folder / "mailbox", wish.encode())


def create_run(
    root: Path,
    project: bytes,
    code: CodeFiles,
    settings: RunSettings,
    *,
    title: str = "",
    folder: Path | None = None,
    start_from: Path | None = None,
) -> Path:
    """Makes the folder of a new run; ``python -m studio.worker run FOLDER`` then trains it.

    Args:
        root: where runs lie; made when missing.
        project: the project file.
        code: of the drawing.
        settings: of the document, with what the user changed for this run.
        title: of the document, for the list.
        folder: exactly this folder instead of a new one in ``root``.
        start_from: an earlier run whose weights this one starts with where they fit.

    Raises:
        OSError: it can't be written, or ``folder`` holds something already.
    """
    folder = folder or root / _new_id()
    folder.mkdir(parents=True, mode=0o700, exist_ok=not _is_filled(folder))
    for name, text in code.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "project.json").write_bytes(project)
    (folder / "training.json").write_bytes(msgspec.json.format(msgspec.json.encode(code.training)))
    if "nodes.json" not in code.files:  # to say which node a mistake is in
        places = {name: dict(getattr(code, name, {})) for name in ("names", "lines")}
        (folder / "nodes.json").write_bytes(msgspec.json.encode(places))
    record = RunRecord(
        id=folder.name,
        title=title,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        settings={
            **{name: getattr(settings, name) for name in SETTINGS},
            **({"start_from": str(start_from)} if start_from else {}),
        },
        project_sha256=hashlib.sha256(project).hexdigest(),
        versions={"python": platform.python_version()},
    )
    write_status(folder, RunStatus(epochs=settings.epochs))
    # Last, and durable: a folder with run.json is a run.
    replace_file(folder / "run.json", msgspec.json.format(msgspec.json.encode(record)), durable=True)
    return folder


BASELINE = "baseline.json"  # metric -> what guessing reaches


def read_baseline(folder: Path) -> dict[str, float]:
    """What guessing would reach in the metrics of a run; nothing when nobody has worked it out."""
    try:
        return msgspec.json.decode((folder / BASELINE).read_bytes(), type=dict[str, float])
    except (OSError, msgspec.DecodeError):
        return {}


SETTINGS = (
    "epochs",
    "steps",
    "batch_size",
    "seed",
    "monitor",
    "direction",
    "device",
    "precision",
    "checkpoint_every_s",
)


def prepare_resume(folder: Path) -> None:
    """Marks a run that ended as being prepared again, so that it doesn't look crashed until its worker is there."""
    status = read_status(folder)
    if status.state not in LIVE:
        write_status(folder, msgspec.structs.replace(status, state="preparing", reason="", message="", pid=0))


def write_status(folder: Path, status: RunStatus) -> None:
    """Replaces status.json. Not durable: after a power cut the checkpoints tell where the run was."""
    replace_file(folder / "status.json", msgspec.json.encode(status))


def list_runs(root: Path) -> list[RunSummary]:
    """The runs in ``root``, newest first; ``root`` may be a run itself. Folders that hold no run are left out."""
    found = []
    for folder in _run_folders(Path(root)):
        try:
            record = read_record(folder)
        except ValueError:
            continue
        status = read_status(folder)
        found.append(
            RunSummary(
                id=folder.name,
                folder=str(folder),
                title=record.title,
                created=record.created,
                state=status.state,
                epoch=status.epoch,
                epochs=status.epochs,
                step=status.step,
                steps=status.steps,
                seconds=status.seconds,
                message=status.message,
                metrics=status.metrics,
            )
        )
    return sorted(found, key=lambda run: (run.created, run.id), reverse=True)


def _run_folders(root: Path) -> Iterator[Path]:
    if (root / "run.json").is_file():
        yield root
    if root.is_dir():
        yield from (path.parent for path in root.glob("*/run.json") if not path.parent.is_symlink())


def _new_id() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def _is_filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _ended_meanwhile(folder: Path) -> RunStatus | None:
    """The last word of a worker that ended between our reading its status and asking for its lock."""
    try:
        status = msgspec.json.decode((folder / "status.json").read_bytes(), type=RunStatus)
    except (OSError, msgspec.DecodeError):
        return None
    return None if status.state in LIVE else status


def _crash_text(folder: Path) -> str:
    try:
        with (folder / "crash.log").open("rb") as file:
            lines = file.read(4096).decode("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    if lines:
        text = "The training process crashed: {line}. Resume goes on from the last checkpoint."
        return tr(text, line=lines[0].rstrip("."))
    text = (
        "The training process ended without a word: it was killed, or memory ran out. Resume goes on from the last"
        " checkpoint; if it happens again, choose a smaller batch."
    )
    return tr(text)
