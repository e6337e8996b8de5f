"""The command line: the same jobs without a window. A contract that scripts rely on.

Each sub-command imports its parts late: ``check``, ``code``, ``layers`` and ``presets`` load neither Qt nor
torch. Results go to stdout, with --json as one JSON object and nothing else; messages go to stderr.
Exit codes: 0 done, 1 the input can't be used, 2 wrong usage, 130 stopped by the user.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from studio.text import set_language, system_language, tr

DONE, UNUSABLE, STOPPED = 0, 1, 130
_EXPORTS = ("onnx", "code", "notebook", "safetensors")
_LATE: dict[str, tuple[str, str]] = {
    "check": ("studio.commands", "check"),
    "code": ("studio.commands", "code"),
    "layers": ("studio.commands", "layers"),
    "presets": ("studio.commands", "presets"),
    "runs": ("studio.commands", "runs"),
    "picture": ("studio.commands", "picture"),
    "import": ("studio.commands", "import_model"),
    "train": ("studio.commands", "train"),
    "resume": ("studio.commands", "resume"),
    "export": ("studio.commands", "export"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    set_language(system_language())
    try:
        return _dispatch(given)
    except KeyboardInterrupt:
        return STOPPED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left: nobody to tell
        return DONE
    except Exception as error:  # noqa: BLE001 - the edge of the process: a message or a log, no traceback
        if not _is_ours(error):
            return _unexpected(error)
        say(str(error))
        return UNUSABLE


def say(text: str) -> None:
    """Writes a message to stderr."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(
        prog="studio",
        description="Build neural networks by drawing them. Without a command: the window.",
        epilog="FILE is a project, preset:NAME or preset:NAME:SIZE.",
    )
    top.add_argument("--version", action="version", version=_version())
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, text: str, *, file: str = "FILE", json: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        if file:
            sub.add_argument("file", metavar=file)
        if json:
            sub.add_argument("--json", action="store_true", help="print one JSON object")
        return sub

    command("check", "Shapes, parameters, FLOPs and problems.")
    code = command("code", "The PyTorch source.", json=False)
    code.add_argument("-o", dest="output", metavar="DIR", help="folder to write; else model.py is printed")
    _train_options(command("train", "Train the network."))
    resume = command("resume", "Go on with a run.", file="", json=True)
    resume.add_argument("run_dir", metavar="RUN_DIR")
    _trust_option(resume)
    runs = command("runs", "List the runs.", file="")
    runs.add_argument("folder", metavar="DIR", nargs="?", default="")
    export = command("export", "Write a network for use elsewhere.", file="FILE_OR_RUN")
    export.add_argument("--to", choices=_EXPORTS, required=True)
    export.add_argument("-o", dest="output", metavar="PATH", required=True)
    _trust_option(export)
    export.add_argument("--network", metavar="NAME", default="", help="a block, instead of the whole network")
    bring = command("import", "Make a project from a model or data.", file="PATH", json=False)
    bring.add_argument("-o", dest="output", metavar="FILE", required=True)
    picture = command("picture", "Draw the network as an image.", json=False)
    picture.add_argument("-o", dest="output", metavar="PATH", required=True, help="a .png or .svg file")
    command("layers", "Every layer of the catalogue.", file="")
    command("presets", "The networks that ship with the studio.", file="")
    return top


def _trust_option(command: argparse.ArgumentParser) -> None:
    text = "you have read the Python that the project brings and let it run here, now and later"
    command.add_argument("--trust", action="store_true", help=text)


def _train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument(
        "--run-dir", metavar="D", default="", help="folder of the run; else one in the state folder"
    )
    train.add_argument("--epochs", type=_count, metavar="N")
    train.add_argument("--steps", type=_count, metavar="N")
    train.add_argument("--device", type=_device, help="auto, cpu, cuda or cuda:i")
    _trust_option(train)
    train.add_argument("--seed", type=_seed, metavar="S")
    train.add_argument("--set", action="append", default=[], metavar="NODE.PARAM=VALUE")


def _dispatch(given: list[str]) -> int:
    if not given or (given[0] not in _LATE and not given[0].startswith("-")):
        return _window(given)
    try:
        args = parser().parse_args(given)
    except SystemExit as end:
        return int(end.code or 0)
    module, name = _LATE[args.command]
    run: Callable[[argparse.Namespace], int] = getattr(importlib.import_module(module), name)
    return run(args)


def _window(given: list[str]) -> int:
    if len(given) > 1:
        say(tr("studio: one file at a time, got {count}. studio --help lists the commands", count=len(given)))
        return 2
    if not _has_display():
        say(tr("There is no display here, so no window can open. The same job runs without one:"))
        say(f"    studio train {given[0] if given else 'preset:lenet5'} --epochs 10")
        return UNUSABLE
    app = importlib.import_module("studio.ui.app")
    return int(app.main(given[0] if given else None) or 0)


def _has_display() -> bool:
    """Whether a window could open: without a display Qt would end the process with a dump."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _is_ours(error: Exception) -> bool:
    """Whether the error is of a kind of ours: those are written for the user."""
    return type(error).__module__.startswith("studio.")


def _unexpected(error: Exception) -> int:
    """Keeps the traceback in the log and says one sentence."""
    from studio.places import state_folder

    where = ""
    try:
        log = state_folder() / "studio.log"
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{datetime.now(UTC).isoformat()} {sys.argv[1:]}\n{traceback.format_exc()}\n")
        where = tr(" The details are in {log}.", log=log)
    except OSError:
        pass
    if isinstance(error, OSError) and error.strerror:
        what = f"{error.filename or 'studio'}: {error.strerror}."
        say(what + where)
    else:
        say(
            tr("studio: something went wrong that should not have ({kind}).", kind=type(error).__name__)
            + where
        )
    return UNUSABLE


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10**9:
        raise ValueError(text)
    return number


_count.__name__ = "count from 1 on"  # argparse shows it: invalid count from 1 on value


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**32:
        raise ValueError(text)
    return number


_seed.__name__ = "seed from 0 on"


def _device(text: str) -> str:
    kind, _, index = text.partition(":")
    if kind not in ("auto", "cpu", "cuda", "mps") or (index and (kind != "cuda" or not index.isdigit())):
        raise argparse.ArgumentTypeError(f"{text!r} is no device: auto, cpu, cuda, cuda:i or mps")
    return text


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"studio {version('tsumiki-studio')}"
    except PackageNotFoundError:
        return "studio"
