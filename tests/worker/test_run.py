"""The worker as a process: killed at any moment, asked to stop, started twice, left alone."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studio.engine.checkpoints import Checkpoint, load_newest
from studio.files.runs import RunReader, RunStatus, read_status, request
from tests.engine.runs import MODEL, make_run, worker

_SLOW = MODEL.replace("self.calls += 1  # STEP", "import time; time.sleep(0.004)")
_posix = pytest.mark.skipif(os.name != "posix", reason="signals and sessions of POSIX")


def _wait_for(folder: Path, step: int, child: subprocess.Popen[bytes], wait_s: float = 60) -> RunStatus:
    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        status = read_status(folder)
        if status.step >= step or child.poll() is not None:
            return status
        time.sleep(0.01)
    raise AssertionError(f"no step {step} after {wait_s} s: {read_status(folder)}")


def _series(folder: Path) -> dict[str, list[tuple[int, float]]]:
    reader = RunReader(folder)
    reader.poll()
    live = ("samples_per_s", "health.")
    found = {n: list(zip(s.steps, s.values, strict=True)) for n, s in reader.series.items()}
    return {name: points for name, points in found.items() if not name.startswith(live)}


def _newest(folder: Path) -> Checkpoint:
    found = load_newest(folder)
    assert found is not None
    return found


@_posix
@pytest.mark.storm
def test_killed_runs_end_like_the_uninterrupted_one(tmp_path: Path) -> None:
    """kill -9 at random moments: byte-identical weights, identical (step, name, value)."""
    kills = 50 if os.environ.get("STUDIO_STORM") == "full" else 4
    seed = int(os.environ.get("STUDIO_STORM_SEED", "") or random.randrange(1 << 30))
    print(f"storm of {kills} kills, seed {seed}")
    chance = random.Random(seed)
    epochs = 4 * kills
    whole = make_run(tmp_path / "whole", model=_SLOW, epochs=epochs, checkpoint_every_s=0.1)
    assert worker(whole).wait(600) == 0
    broken = make_run(tmp_path / "broken", model=_SLOW, epochs=epochs, checkpoint_every_s=0.1)
    done = 0
    for _ in range(kills):
        child = worker(broken)
        _wait_for(broken, done + 1, child)
        time.sleep(chance.random() * 0.3)
        child.kill()
        child.wait()
        done = read_status(broken).step
        if read_status(broken).state == "crashed":
            found = load_newest(broken)
            done = found.state.step if found else 0
    assert worker(broken).wait(600) == 0
    assert read_status(broken).state == "finished"
    assert _series(broken) == _series(whole)
    for name in ("model.safetensors", "optim.safetensors"):
        assert (_newest(broken).folder / name).read_bytes() == (_newest(whole).folder / name).read_bytes()
    assert read_status(broken).metrics == read_status(whole).metrics


@_posix
def test_a_killed_worker_reads_as_crashed_within_two_seconds(tmp_path: Path) -> None:
    folder = make_run(tmp_path, model=_SLOW, epochs=1000)
    child = worker(folder)
    assert _wait_for(folder, 1, child).state == "running"
    child.kill()
    child.wait()
    begin = time.monotonic()
    status = read_status(folder)
    assert status.state == "crashed" and "Resume" in status.message
    assert time.monotonic() - begin < 2


@_posix
def test_terminate_saves_and_gives_130(tmp_path: Path) -> None:
    folder = make_run(tmp_path, model=_SLOW, epochs=1000)
    child = worker(folder)
    _wait_for(folder, 3, child)
    child.terminate()
    assert child.wait(30) == 130
    status = read_status(folder)
    assert (status.state, status.reason) == ("stopped", "stopped")
    assert _newest(folder).state.step == status.step


def test_pause_resume_stop_by_mail(tmp_path: Path) -> None:
    folder = make_run(tmp_path, model=_SLOW, epochs=1000)
    child = worker(folder)
    _wait_for(folder, 3, child)
    request(folder, "pause")
    end = time.monotonic() + 10
    while read_status(folder).state != "paused" and time.monotonic() < end:
        time.sleep(0.02)
    paused = read_status(folder)
    assert paused.state == "paused"
    time.sleep(0.5)
    assert read_status(folder).step == paused.step
    request(folder, "resume")
    assert _wait_for(folder, paused.step + 5, child).state == "running"
    request(folder, "stop")
    assert child.wait(30) == 130


def test_a_second_worker_is_refused(tmp_path: Path) -> None:
    folder = make_run(tmp_path, model=_SLOW, epochs=1000)
    first = worker(folder)
    _wait_for(folder, 1, first)
    assert worker(folder).wait(30) == 3
    assert read_status(folder).state == "running"
    first.kill()
    first.wait()


@_posix
def test_the_run_outlives_who_started_it(tmp_path: Path) -> None:
    folder = make_run(tmp_path, model=_SLOW, epochs=30)
    starter = (
        "import subprocess, sys, os, signal;"
        f"subprocess.Popen([sys.executable, '-m', 'studio.worker', 'run', {str(folder)!r}]);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    process = subprocess.run([sys.executable, "-c", starter], cwd=Path(__file__).parents[2], check=False)
    assert process.returncode == -signal.SIGKILL
    end = time.monotonic() + 60
    while read_status(folder).state not in ("finished", "failed") and time.monotonic() < end:
        time.sleep(0.05)
    assert read_status(folder).state == "finished"


def test_a_flood_of_printed_text_is_capped(tmp_path: Path) -> None:
    model = MODEL.replace("self.calls += 1  # STEP", 'print("x" * 3_000_000)')
    folder = make_run(tmp_path, model=model)
    assert worker(folder).wait(60) == 0
    assert (folder / "stdout.log").stat().st_size < 11 << 20


@_posix
def test_a_crash_of_the_interpreter_is_told(tmp_path: Path) -> None:
    model = MODEL.replace("self.calls += 1  # STEP", "import ctypes; ctypes.string_at(0)")
    folder = make_run(tmp_path, model=model)
    assert worker(folder).wait(60) == -signal.SIGSEGV
    status = read_status(folder)
    assert status.state == "crashed" and "Segmentation fault" in status.message


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "studio.worker", "run", str(tmp_path)],
        capture_output=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert child.returncode == 1 and b"run.json" in child.stderr
