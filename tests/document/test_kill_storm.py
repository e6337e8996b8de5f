"""kill -9 at random moments of an edit script: every edit that was called safe is there after Restore.

15 kills by default, 200 with STUDIO_STORM=full; STUDIO_STORM_SEED repeats a storm. The storm has teeth: with
a disk that acknowledges without writing it must fail.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from studio.document.model import Document
from studio.files.recover import crashed_sessions

sys.path.insert(0, str(Path(__file__).parent))
from walks import walk

KILLS = 200 if os.environ.get("STUDIO_STORM") == "full" else 15
CHILD = Path(__file__).with_name("storm_child.py")


def killed_run(state: Path, seed: int, wait_s: float, *options: str, least: int = 0) -> int:
    """Runs the script; the last edit it called safe.

    It is killed ``wait_s`` after its first word, but not before it called edit ``least`` safe.
    """
    command = [sys.executable, str(CHILD), str(state), str(seed), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    said = [int(process.stdout.readline())]

    def listen() -> None:
        said.extend(int(line) for line in process.stdout or () if line.endswith(b"\n"))

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(wait_s)
    while said[-1] < least and listener.is_alive():
        time.sleep(0.01)
    process.kill()
    process.wait()
    listener.join()
    process.stdout.close()
    return said[-1]


def lost_edits(state: Path, seed: int, acknowledged: int) -> str:
    """What is wrong after the crash; "" when every acknowledged edit is there."""
    found = crashed_sessions(state / "sessions")
    if not found:
        documents = list(itertools.islice(walk(seed, 100_000), acknowledged + 1))
        changed = documents[0] != documents[-1]  # edits that change nothing leave nothing to restore
        return f"nothing was found, {acknowledged} edits were called safe" if changed else ""
    (session,) = found
    restored = session.restore()
    if restored.message:
        return restored.message
    number = max(restored.number, acknowledged)  # edits that change nothing write nothing
    expected: Document = next(itertools.islice(walk(seed, 100_000), number, None))
    if restored.number < acknowledged and restored.document != expected:
        return f"edit {restored.number} was restored, {acknowledged} was called safe"
    return "" if restored.document == expected else f"edit {restored.number} came back different"


@pytest.mark.storm
@pytest.mark.timeout(1200)
def test_edits_called_safe_survive_kill_9(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seed = int(os.environ.get("STUDIO_STORM_SEED", time.time_ns() % 10**9))
    rng = random.Random(seed)
    total = 0
    for number in range(KILLS):
        state, walk_seed = tmp_path / str(number), rng.randrange(10**9)
        acknowledged = killed_run(state, walk_seed, rng.uniform(0.0, 0.4))
        total += acknowledged
        problem = lost_edits(state, walk_seed, acknowledged)
        assert not problem, f"seed {seed}, kill {number}: {problem}"
    with capsys.disabled():
        print(f"\nkill storm: seed {seed}, {KILLS} kills, {total} edits called safe, none lost")
    assert total > KILLS


@pytest.mark.storm
def test_the_storm_notices_a_disk_that_only_pretends(tmp_path: Path) -> None:
    acknowledged = killed_run(tmp_path, 5, 0.3, "broken", least=1)
    assert acknowledged > 0 and lost_edits(tmp_path, 5, acknowledged)
