"""packaging/start.py: what it says and does where something is missing. Nothing is installed here."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "packaging" / "start.py"


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with a checkout of its own and every command refused."""
    spec = importlib.util.spec_from_file_location("tsumiki_start", SCRIPT)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    for name, value in (
        ("HERE", tmp_path),
        ("VENV", tmp_path / ".venv"),
        ("PYTHON", tmp_path / ".venv/python"),
    ):
        monkeypatch.setattr(module, name, value)
    for name in ("call", "succeeds", "hand_over"):
        monkeypatch.setattr(module, name, _refused(name))
    return module


def _refused(name: str) -> Callable[..., int]:
    def refuse(*arguments: object, **options: object) -> int:
        raise AssertionError(f"{name} was not expected: {arguments}")

    return refuse


def _installed(start: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Lets every installation succeed; gives the commands that were run."""
    ran: list[list[str]] = []

    def run(command: list[str], *rest: object, **options: object) -> int:
        ran.append(command)
        if "pip" in command:
            start.PYTHON.parent.mkdir(exist_ok=True)
            start.PYTHON.touch()
        return 0

    monkeypatch.setattr(start, "call", run)
    monkeypatch.setattr(start, "succeeds", lambda command: True)
    monkeypatch.setattr(start, "install_libraries", lambda libraries, must: True)
    return ran


def test_without_a_display_it_names_the_same_job(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _installed(start, monkeypatch)
    monkeypatch.setattr(start, "has_display", lambda: False)
    assert start.main([]) == 0
    said = capsys.readouterr().out
    assert "no display" in said
    assert f"{start.STUDIO} train preset:lenet5 --epochs 10" in said


def test_starting_again_installs_nothing_until_the_project_changes(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = _installed(start, monkeypatch)
    assert start.install_packages("test") and len(ran) == 1
    assert start.install_packages("test") and start.install_packages() and len(ran) == 1
    (start.HERE / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert start.install_packages() and len(ran) == 2


def test_a_failed_installation_says_what_to_look_at(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "succeeds", lambda command: True)
    monkeypatch.setattr(start, "call", lambda *arguments, **options: 1)
    assert not start.install_packages()
    said = capsys.readouterr().err
    assert "network" in said and "GB free" in said


def test_missing_libraries_without_rights_give_the_command(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start.sys, "platform", "linux")
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: f"/sbin/{name}")
    monkeypatch.setattr(start.subprocess, "run", lambda *a, **o: SimpleNamespace(stdout="libGL.so.1 => /x"))
    monkeypatch.setattr(start, "apt_get", lambda packages: False)
    assert not start.install_libraries(start.OFFSCREEN, must=True)
    said = capsys.readouterr().err
    assert "sudo apt-get install -y libdbus-1-3 libegl1" in said and "libgl1" not in said
    assert start.install_libraries(start.OFFSCREEN, must=False), "a job without a window can do without"


def test_python_without_venv_names_the_package(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "succeeds", lambda command: False)
    monkeypatch.setattr(start, "apt_get", lambda packages: False)
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: "/usr/bin/apt-get")
    assert not start.make_environment()
    assert f"python3.{sys.version_info[1]}-venv" in capsys.readouterr().err


def test_an_old_python_is_told_so(
    start: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(start, "OLDEST", (99, 0))
    monkeypatch.setattr(start.shutil, "which", lambda name, path=None: None)
    assert start.main([]) == 1
    assert "Python 3.11 or newer is needed" in capsys.readouterr().err


def test_the_script_needs_only_the_standard_library() -> None:
    code = f"import runpy; runpy.run_path({str(SCRIPT)!r}, run_name='read')"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], check=True)
