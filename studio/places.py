"""Where things lie on this machine: what ships with the program, and what the user's sessions leave behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_NAME = "tsumiki-studio"
_HOUSE = Path(__file__).resolve().parent


def resources() -> Path:
    """The folder of icons, themes, translations and small data that ships with the program."""
    return _shipped("resources")


def presets() -> Path:
    """The folder of the shipped networks: ``<family>/<name>.json``."""
    return _shipped("presets")


def state_folder() -> Path:
    """The user's own folder for sessions, backups, runs without a place and the log; made when missing.

    ``TSUMIKI_STATE`` overrides it, so that tests and portable installations keep to themselves.
    """
    chosen = os.environ.get("TSUMIKI_STATE")
    if chosen:
        folder = Path(chosen)
    else:
        folder = _user_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def runs_folder() -> Path:
    """Where runs go that were given no folder; made when missing. ``TSUMIKI_RUNS`` overrides it."""
    chosen = os.environ.get("TSUMIKI_RUNS")
    folder = Path(chosen) if chosen else state_folder() / "runs"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _user_folder() -> Path:
    """The platform's place for a program's state."""
    try:
        from platformdirs import user_state_path
    except ImportError:  # a bare Python: the same places by hand
        home = Path.home()
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / _NAME
        if sys.platform == "darwin":
            return home / "Library" / "Application Support" / _NAME
        return Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state") / _NAME
    return user_state_path(_NAME, appauthor=False)


def _shipped(name: str) -> Path:
    inside = _HOUSE / f"_{name}"  # an installed wheel carries them inside the package
    return inside if inside.is_dir() else _HOUSE.parent / name
