"""A storm of random events: no exception, no warning of Qt, and undo of everything gives the first document.

50,000 events here; STUDIO_STORM=full sends a million, STUDIO_STORM_SEED repeats a storm.
"""

from __future__ import annotations

import os
import random

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.canvas.storm import Storm

FULL = os.environ.get("STUDIO_STORM") == "full"
EVENTS = 1_000_000 if FULL else 50_000


@pytest.mark.storm
@pytest.mark.slow
@pytest.mark.timeout(36_000 if FULL else 1_800)
def test_random_events_do_no_harm(qtbot: QtBot) -> None:
    seed = int(os.environ.get("STUDIO_STORM_SEED", random.randrange(2**31)))
    print(f"storm seed {seed}")
    storm = Storm(seed)
    try:
        storm.run(EVENTS)
    finally:
        print(f"storm seed {seed}: {storm.events} events, {storm.rounds} times undone to the first document")
        storm.close()
    assert storm.events >= EVENTS
    assert storm.rounds >= 1
