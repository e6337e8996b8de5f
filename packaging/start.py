"""Sets up and starts Tsumiki Studio from a checkout. Needs only Python 3.11 and its standard library.

python3 packaging/start.py                 installs what is missing and opens the window
python3 packaging/start.py --test          installs what is missing and runs every check and test
python3 packaging/start.py train …         any sub-command of ``studio``, where you stand

Everything goes into .venv beside the code; deleting that folder undoes it. What this script says while it
prepares goes to stderr, so that a sub-command's --json stays alone on stdout.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

HERE = Path(__file__).resolve().parent.parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STUDIO = Path(".venv", "Scripts" if os.name == "nt" else "bin", "studio")
OLDEST = (3, 11)
NEWER_PYTHONS = ("python3.13", "python3.12", "python3.11")
OFFSCREEN = {  # the file that tells it is there -> its Debian package
    "libglib-2.0.so.0": "libglib2.0-0",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
WINDOW = {
    **OFFSCREEN,
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
}
MINUTE_S = 60
FAILED, STOPPED = 1, 130


def main(arguments: list[str]) -> int:
    """Installs, then tests, runs a sub-command, or opens the window."""
    if sys.version_info < OLDEST:
        return start_again_with_newer(arguments)
    try:
        if arguments[:1] == ["--test"]:
            return test(arguments[1:])
        if arguments:
            return FAILED if not install_packages() else studio(arguments)
        return open_window()
    except KeyboardInterrupt:
        say("Stopped. Start again to go on; what is there is kept.")
        return STOPPED


def open_window() -> int:
    """The window with a network ready to train; without a display, how to train without one."""
    display = has_display()
    if not install_libraries(WINDOW if display else OFFSCREEN, must=display) or not install_packages():
        return FAILED
    if display:
        return studio(["preset:lenet5"])
    print("There is no display here, so no window can open. The same job runs without one:", flush=True)
    print(f"    cd {HERE}\n    {STUDIO} train preset:lenet5 --epochs 10", flush=True)
    return 0


def studio(arguments: list[str]) -> int:
    """Runs ``studio`` in the user's own folder; -P, so that nothing lying there is imported."""
    return hand_over([str(PYTHON), "-P", "-m", "studio", *arguments])


def test(arguments: list[str]) -> int:
    """The linter, the type checker, the import contracts, then the tests; all of them, whatever fails."""
    if not install_libraries(OFFSCREEN, must=True) or not install_packages("test"):
        return FAILED
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    checks = {
        "ruff": ["-m", "ruff", "check", "studio", "tests", "packaging"],
        "mypy": ["-m", "mypy"],
        "import contracts": ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
        # Files in their own order: the longest ones have few tests and would come last, one core idle.
        "tests": ["-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *arguments],
    }
    failed = []
    for name, check in checks.items():
        say(f"== {name}")
        if call([str(PYTHON), *check], name, environment) != 0:
            failed.append(name)
    print("Everything passed." if not failed else f"Failed: {', '.join(failed)}", flush=True)
    return FAILED if failed else 0


def install_packages(extra: str = "") -> bool:
    """The virtual environment with our packages; quick when nothing changed since last time."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes() + str(HERE).encode()).hexdigest()
    stamps = [VENV / f"installed-{name}" for name in ({extra, "test"} if extra else ("core", "test"))]
    if PYTHON.exists() and any(stamp.exists() and stamp.read_text() == wanted for stamp in stamps):
        return True
    if not is_usable() and not make_environment():
        return False
    say("Installing PyTorch, Qt and the rest; the first time this takes a few minutes.")
    target = f"{HERE}[{extra}]" if extra else str(HERE)
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", target]
    if call(pip, "The installation", output=sys.stderr) != 0:
        free = shutil.disk_usage(HERE).free / 1e9
        say("The packages could not be installed; pip says why above. Check the network connection and the")
        say(f"disk ({free:.1f} GB free, 4 GB wanted) and start again: what is there is kept.")
        return False
    (VENV / f"installed-{extra or 'core'}").write_text(wanted)
    return True


def is_usable() -> bool:
    """Whether .venv holds a Python new enough, with pip: a setup cut short leaves one without."""
    probe = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    return PYTHON.exists() and succeeds([str(PYTHON), "-c", probe])


def make_environment() -> bool:
    """A fresh virtual environment beside the code."""
    say(f"Making a virtual environment in {VENV}")
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if succeeds(command) or (apt_get([package]) and succeeds(command)):
        return True
    shutil.rmtree(VENV, ignore_errors=True)
    say(f"{sys.executable} could not make a virtual environment in {HERE}.")
    if shutil.which("apt-get"):
        say("On Debian and Ubuntu its venv module is a package of its own:")
        say(f"    sudo apt-get install -y {package}")
    else:
        say("Check that the folder can be written and that this Python has the modules venv and ensurepip.")
    return False


def install_libraries(libraries: dict[str, str], must: bool) -> bool:
    """On Debian and Ubuntu, the system libraries Qt needs; elsewhere Qt or the desktop brings them.

    Args:
        libraries: what to look for, and the package that holds it.
        must: say so and give up when they are missing; without a window they can wait.
    """
    ldconfig = shutil.which("ldconfig", path=os.environ.get("PATH", "") + os.pathsep + "/sbin")
    if not sys.platform.startswith("linux") or not ldconfig or not shutil.which("apt-get"):
        return True
    known = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, check=False).stdout
    missing = sorted(package for file, package in libraries.items() if file not in known)
    if not missing or apt_get(missing) or not must:
        return True
    say("Qt needs system libraries that are missing here. Install them, then start again:")
    say(f"    sudo apt-get install -y {' '.join(missing)}")
    return False


def apt_get(packages: list[str]) -> bool:
    """Installs Debian packages when we may without a password; False when we may not or it failed."""
    if not shutil.which("apt-get"):
        return False
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    sudo = [] if is_root else ["sudo", "-n"]
    if sudo and not (shutil.which("sudo") and succeeds([*sudo, "true"])):
        return False
    say(f"Installing system packages: {' '.join(packages)}")
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    call([*apt, "update"], "apt-get update", output=sys.stderr)
    return call([*apt, "install", "-y", *packages], "apt-get install", output=sys.stderr) == 0


def start_again_with_newer(arguments: list[str]) -> int:
    """Hands over to a newer Python when one is installed beside this one; says what to do otherwise."""
    for name in NEWER_PYTHONS:
        found = shutil.which(name)
        if found and succeeds([found, "-c", "import venv"]):
            return hand_over([found, str(Path(__file__).resolve()), *arguments])
    say(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}.")
    say("Install one from python.org or your system's packages and start this script with it, for example:")
    say("    python3.11 packaging/start.py")
    return FAILED


def has_display() -> bool:
    """Whether a window could open here."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def succeeds(command: list[str]) -> bool:
    """Whether a short command ends well; what it prints is dropped."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def hand_over(command: list[str]) -> int:
    """Lets a command take our place, so that signals reach it alone and its exit code is ours."""
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reached it too; it may need a moment to save its state


def call(
    command: list[str],
    name: str,
    environment: dict[str, str] | None = None,
    output: TextIO | None = None,
) -> int:
    """Runs a long command in the checkout; a line a minute says that it still runs.

    Args:
        command: the program and its arguments.
        name: how to call it in that line.
        environment: in place of ours.
        output: where its stdout goes instead of ours.
    """
    done = threading.Event()
    threading.Thread(target=say_still_there, args=(done, name), daemon=True).start()
    try:
        return subprocess.run(command, cwd=HERE, env=environment, stdout=output, check=False).returncode
    finally:
        done.set()


def say_still_there(done: threading.Event, name: str) -> None:
    """A line a minute until ``done``."""
    start = time.monotonic()
    while not done.wait(MINUTE_S):
        say(f"… {name}: {(time.monotonic() - start) / MINUTE_S:.0f} min and going on")


def say(text: str) -> None:
    """A line to the terminal, at once."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
