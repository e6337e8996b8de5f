"""What each sub-command does. Wiring only: the work is done by the packages below."""

from __future__ import annotations

import importlib
import json
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import Any

from studio.document.assign import assigned
from studio.document.custom import codes_of
from studio.document.edits import set_run
from studio.document.model import Document
from studio.files.datasets import leave_data
from studio.files.errors import FileError
from studio.files.presets import list_presets, open_named
from studio.files.project import load_project, project_bytes
from studio.files.trust import trust, untrusted
from studio.files.weights import leave_weights
from studio.text import tr


def check(args: Namespace) -> int:
    """Shapes, costs and problems; 1 when it can't run."""
    document = open_named(args.file).document
    analysis = _known(document)
    if args.json:
        _print_json(_check_report(analysis))
    else:
        for problem in analysis.problems:
            place = f"{problem.graph}/{problem.node}" if problem.graph else problem.node
            fixes = "".join(f"\n    {tr('fix')}: {fix.title}" for fix in problem.fixes)
            _print(f"{tr(problem.severity)}: {place}: {problem.message}{fixes}")
        _print(
            tr(
                "{parameters} parameters, {flops} FLOPs a sample, depth {depth}, {nodes} nodes; problems: {count}",
                parameters=f"{analysis.parameters:,}",
                flops=f"{analysis.flops:,}",
                depth=analysis.depth,
                nodes=analysis.nodes,
                count=len(analysis.problems),
            )
        )
        for name, spec in analysis.outputs.items():
            _print(f"{name}: {spec}")
    return 0 if analysis.can_run else 1


def code(args: Namespace) -> int:
    """The PyTorch source: printed, or written into a folder."""
    from studio.codegen import generate

    document = open_named(args.file).document
    analysis = _known(document)
    if not analysis.can_run:
        _say_problems(args.file, analysis)
        return 1
    result = generate(document, analysis)
    if not args.output:
        sys.stdout.write(result.files["model.py"])
        return 0
    folder = Path(args.output)
    folder.mkdir(parents=True, exist_ok=True)
    project = {"project.json": project_bytes(document).decode("utf-8")}
    for name, text in ({**result.files, **project}).items():
        (folder / name).write_text(text, encoding="utf-8")
        _print(str(folder / name))
    weights = leave_weights(result.training.get("pretrained") or {}, folder)
    for path in (*leave_data(result.data_files, folder), *weights):
        _print(str(path))
    return 0


def layers(args: Namespace) -> int:
    """Every entry of the catalogue."""
    from studio.layers.listing import PROVEN, entries

    found = entries()
    if args.json:
        rows = [{**asdict(entry), "exportable": entry.export == PROVEN} for entry in found]
        _print_json({"layers": rows})
    else:
        for entry in found:
            _print(f"{entry.name:24} {tr(entry.category):24} {tr(entry.export):12} {tr(entry.summary)}")
    return 0


def presets(args: Namespace) -> int:
    """The shipped networks."""
    cards = list_presets()
    if args.json:
        rows = [{k: v for k, v in asdict(card).items() if k != "path"} for card in cards]
        _print_json({"presets": rows})
    else:
        for card in cards:
            _print(f"{card.name:16} {card.parameters:>12,}  {card.title}: {card.summary}")
    return 0


def runs(args: Namespace) -> int:
    """The runs in a folder, or those of this user."""
    import msgspec

    from studio.files.runs import list_runs
    from studio.places import runs_folder

    root = Path(args.folder) if args.folder else runs_folder()
    if not root.is_dir():
        raise FileError(str(root), "there is no such folder", "Check the name")
    found = list_runs(root)
    if args.json:
        _print_json({"runs": [msgspec.to_builtins(summary) for summary in found]})
    else:
        for run in found:
            steps = f"{run.epoch}/{run.epochs}"
            _print(f"{run.id}  {tr(run.state):10} {steps:>8} {run.seconds:8.1f} s  {run.title}  {run.folder}")
    return 0


def train(args: Namespace) -> int:
    """Trains; the engine follows the run and prints its events."""
    args.document = _wanted(open_named(args.file).document, args)
    _trust(args.document, args)
    return _engine("train_command", args)


def resume(args: Namespace) -> int:
    """Goes on with a run that was stopped or killed."""
    if not Path(args.run_dir).is_dir():
        raise FileError(args.run_dir, "there is no such run folder", "studio runs lists them")
    project = Path(args.run_dir) / "project.json"
    if args.trust and project.is_file():
        _trust(load_project(project).document, args)
    return _engine("resume_command", args)


def export(args: Namespace) -> int:
    """Writes a project or the network of a run as ONNX, code, notebook or weights."""
    args.run = Path(args.file) if Path(args.file).is_dir() else None
    args.document = None if args.run else open_named(args.file).document
    project = args.run / "project.json" if args.run else None
    if args.trust and project is not None and project.is_file():
        _trust(load_project(project).document, args)
    if args.document is not None:
        _trust(args.document, args)
    return _engine("export_command", args, "studio.engine.export_command")


def picture(args: Namespace) -> int:
    """Draws the network off screen, with the painter of the window."""
    path = Path(args.output)
    if path.suffix.lower() not in (".png", ".svg"):
        raise FileError(args.output, "a picture is a .png or a .svg file", "Give it one of these endings")
    document = open_named(args.file).document
    importlib.import_module("studio.ui.picture").write_picture(document, path)
    return 0


def import_model(args: Namespace) -> int:
    """Makes a project from a foreign file: not there yet, and it says so."""
    raise FileError(args.file, "models can't be imported yet", "Draw the network, or open one of the presets")


def _trust(document: Document, args: Namespace) -> None:
    """Remembers that the user trusts the Python of ``document``, when the options say so."""
    found = untrusted(document) if args.trust else {}
    if found:
        trust(found)


def _known(document: Document) -> Any:
    """The analysis, with what a worker says of layers of the user's own where they are trusted."""
    from studio.analysis import analyze

    if codes_of(document) and not untrusted(document):
        analyze(document)
        importlib.import_module("studio.engine.custom_ask").answer_all(lambda: analyze(document))
    return analyze(document)


def _wanted(document: Document, args: Namespace) -> Document:
    """``document`` with what the options say laid over it."""
    for text in args.set:
        document = assigned(document, text)
    names = ("epochs", "steps", "device", "seed")
    changes = {name: getattr(args, name) for name in names if getattr(args, name) not in (None, "")}
    return set_run(document, **changes) if changes else document


def _engine(name: str, args: Namespace, module: str = "studio.engine.jobs") -> int:
    return int(getattr(importlib.import_module(module), name)(args))


def _check_report(analysis: Any) -> dict[str, Any]:
    return {
        "problems": [
            {
                "severity": problem.severity,
                "code": problem.code,
                "node": f"{problem.graph}/{problem.node}" if problem.graph else problem.node,
                "message": problem.message,
                "fixes": [fix.title for fix in problem.fixes],
            }
            for problem in analysis.problems
        ],
        "parameters": analysis.parameters,
        "flops": analysis.flops,
        "memory_bytes": analysis.memory_bytes,
        "depth": analysis.depth,
        "nodes": analysis.nodes,
        "outputs": {
            name: {
                "shape": [size if isinstance(size, int) else str(size) for size in spec.shape],
                "dtype": spec.dtype,
            }
            for name, spec in analysis.outputs.items()
        },
    }


def _say_problems(name: str, analysis: Any) -> None:
    errors = [problem for problem in analysis.problems if problem.severity == "error"]
    first = errors[0] if errors else None
    where = f'{name} node "{first.node}"' if first else name
    what = first.message if first else tr("it can't run")
    sys.stderr.write(f"{where}: {what}. {tr('studio check lists all problems and their fixes')}.\n")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")


def _print_json(value: dict[str, Any]) -> None:
    _print(json.dumps(value, ensure_ascii=False, allow_nan=False))
