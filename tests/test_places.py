"""Where things lie: overrides, what ships, and a Python without platformdirs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studio import places


def test_what_ships_is_there() -> None:
    assert (places.resources() / "data" / "SOURCES.json").is_file()
    assert list(places.presets().glob("*/*.json"))


def test_folders_are_made_where_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TSUMIKI_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TSUMIKI_RUNS", str(tmp_path / "runs"))
    assert places.state_folder() == tmp_path / "state" and places.state_folder().is_dir()
    assert places.runs_folder() == tmp_path / "runs" and places.runs_folder().is_dir()


def test_runs_lie_in_the_state_folder_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSUMIKI_RUNS")
    assert places.runs_folder() == places.state_folder() / "runs"


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
@pytest.mark.parametrize("bare", (False, True), ids=("platformdirs", "bare Python"))
@pytest.mark.parametrize("told", (False, True), ids=("home", "XDG_STATE_HOME"))
def test_platform_folder(bare: bool, told: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TSUMIKI_STATE")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    if told:
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    if bare:
        monkeypatch.setitem(sys.modules, "platformdirs", None)
    base = tmp_path / "xdg" if told else tmp_path / "home" / ".local" / "state"
    assert places.state_folder() == base / "tsumiki-studio"
    assert places.state_folder().is_dir()
