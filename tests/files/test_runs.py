"""The run folder read and steered without torch."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from studio.document.model import RunSettings
from studio.files.frames import pack
from studio.files.locks import FileLock, is_held
from studio.files.runs import (
    RunReader,
    RunStatus,
    create_run,
    list_runs,
    prepare_resume,
    read_record,
    read_status,
    request,
    write_status,
)
from studio.files.series import Series, pack_series, unpack_series


@dataclass
class _Code:
    files: dict[str, str] = field(default_factory=lambda: {"model.py": "x = 1\n"})
    training: dict[str, object] = field(default_factory=dict)


def _run(root: Path, title: str = "a run") -> Path:
    return create_run(root, b'{"format": 1}', _Code(), RunSettings(epochs=3, seed=7), title=title)


def test_created_run_is_read_back(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    record = read_record(folder)
    assert (record.title, record.settings["seed"], record.settings["epochs"]) == ("a run", 7, 3)
    assert (folder / "model.py").read_text() == "x = 1\n"
    assert read_status(folder).state == "preparing"


def test_a_filled_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(OSError):
        create_run(tmp_path, b"{}", _Code(), RunSettings(), folder=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_runs_are_listed_newest_first_and_others_left_out(tmp_path: Path) -> None:
    first, second = _run(tmp_path, "first"), _run(tmp_path, "second")
    (tmp_path / "no run").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    assert {run.title for run in list_runs(tmp_path)} == {"first", "second"}
    assert {run.folder for run in list_runs(tmp_path)} == {str(first), str(second)}
    assert [run.title for run in list_runs(first)] == ["first"]
    assert list_runs(tmp_path / "missing") == []


def test_a_live_state_without_a_process_is_a_crash(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    write_status(folder, RunStatus(state="running", step=5, pid=1))
    status = read_status(folder)
    assert (status.state, status.reason, status.step) == ("crashed", "crash", 5)
    assert "Resume" in status.message


def test_the_crash_log_is_told(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    write_status(folder, RunStatus(state="running", pid=1))
    (folder / "crash.log").write_text("Fatal Python error: Segmentation fault\n\nCurrent thread…")
    assert "Segmentation fault" in read_status(folder).message


def test_a_held_lock_means_alive_and_silence_is_told(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    write_status(folder, RunStatus(state="running", pid=os.getpid()))
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; from studio.files.locks import FileLock;"
            f"lock = FileLock(Path({str(folder / 'lock')!r})); print(lock.acquire('me'), flush=True); time.sleep(60)",
        ],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert child.stdout is not None and child.stdout.readline() == b"True\n"
        assert is_held(folder / "lock")
        assert read_status(folder).state == "running" and read_status(folder).responding
        assert not FileLock(folder / "lock").acquire(wait_s=0)
        long_ago = time.time() - 60
        for name in ("status.json", "lock"):
            os.utime(folder / name, (long_ago, long_ago))
        assert not read_status(folder).responding
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()
    assert not is_held(folder / "lock")
    assert read_status(folder).state == "crashed"


def test_resume_is_being_prepared_until_the_worker_comes(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    write_status(folder, RunStatus(state="stopped", step=9, message="why", pid=1))
    prepare_resume(folder)
    status = read_status(folder)
    assert (status.state, status.step, status.message) == ("preparing", 9, "")


def test_only_known_wishes(tmp_path: Path) -> None:
    request(tmp_path, "stop")
    assert (tmp_path / "mailbox").read_bytes() == b"stop"
    with pytest.raises(ValueError, match="pause"):
        request(tmp_path, "explode")


def test_series_round_trip() -> None:
    rows = {"a": Series([1, 2, 3], [0.5, 0.25, 0.1]), "b": Series([10, 20], [1.0, float("inf")])}
    found = unpack_series(pack_series(rows))
    assert {name: (row.steps, row.values) for name, row in found.items()} == {
        name: (row.steps, row.values) for name, row in rows.items()
    }


@pytest.mark.parametrize("payload", [b"", b"\x00\x00", b"\xff\xff\xff\xff[]", b"\x02\x00\x00\x00[]x"])
def test_damaged_series_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_series(payload)


def _append(path: Path, number: int, step: int, value: float) -> None:
    with path.open("ab") as file:
        file.write(pack(number, pack_series({"train.loss": Series([step], [value])})))


def test_reader_follows_and_survives_a_torn_tail(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    metrics = folder / "metrics.bin"
    _append(metrics, 1, 1, 0.5)
    reader = RunReader(folder)
    reader.poll()
    assert reader.series["train.loss"].values == [0.5]
    _append(metrics, 2, 2, 0.25)
    whole = metrics.read_bytes()
    metrics.write_bytes(whole[:-3])
    reader.poll()
    assert reader.series["train.loss"].steps == [1]
    with metrics.open("r+b") as file:
        file.write(whole)
    reader.poll()
    assert reader.series["train.loss"].steps == [1, 2]


def test_reader_skips_damage_and_shows_what_follows(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    for step in (1, 2, 3):
        _append(folder / "metrics.bin", step, step, step / 10)
    data = bytearray((folder / "metrics.bin").read_bytes())
    data[len(data) // 2] ^= 0xFF
    (folder / "metrics.bin").write_bytes(bytes(data))
    reader = RunReader(folder)
    reader.poll()
    assert reader.series["train.loss"].steps == [1, 3]
    assert reader.gaps == 1


def test_reader_starts_over_when_a_resumed_run_goes_back(tmp_path: Path) -> None:
    folder = _run(tmp_path)
    for step in (1, 2, 3):
        _append(folder / "metrics.bin", step, step, step / 10)
    reader = RunReader(folder)
    reader.poll()
    beside = folder / "new"
    _append(beside, 1, 1, 0.1)
    os.replace(beside, folder / "metrics.bin")
    _append(folder / "metrics.bin", 2, 2, 0.9)
    reader.poll()
    assert reader.series["train.loss"].values == [0.1, 0.9]


def test_reading_runs_needs_no_torch() -> None:
    code = "import sys; import studio.files.runs, studio.protocol; print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, cwd=Path(__file__).parents[2], check=True
    )
    assert found.stdout.strip() == b"False"
