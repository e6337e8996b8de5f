"""The command ``studio export``: a run, or a project with fresh weights, as ONNX, source or plain weights."""

from __future__ import annotations

import json
import sys
import tempfile
from argparse import Namespace
from pathlib import Path
from typing import Any

from studio.analysis import analyze
from studio.codegen import generate
from studio.codegen.data_text import data_files
from studio.document.custom import codes_of
from studio.document.model import Document
from studio.engine.custom_ask import answer_all
from studio.engine.jobs import TRUST
from studio.engine.onnx_file import ExportError, publish
from studio.files.datasets import leave_data
from studio.files.presets import open_named
from studio.files.project import project_bytes
from studio.files.runs import create_run
from studio.files.trust import check_trusted
from studio.files.weights import leave_weights
from studio.text import tr

_KEYS = ("path", "opset", "max_abs_error", "max_rel_error", "bytes", "torch_ms", "onnxruntime_ms")
_SOURCES = ("model.py", "train.py", "data.py", "README.md", "project.json")


def export_command(args: Namespace) -> int:
    """Runs ``studio export``; gives the exit code.

    Args:
        args: file, to, output, network, json; run and document when the caller has looked already.

    Raises:
        ExportError, RunError, DataError, FileError: it can't be done; the text is for the user.
    """
    run = getattr(args, "run", None) or (Path(args.file) if Path(args.file).is_dir() else None)
    path = Path(args.output)
    if run is not None:
        result = _export(Path(run), args, path, fresh=False)
    else:
        document = getattr(args, "document", None) or open_named(args.file).document
        if args.to not in ("code", "notebook"):
            _say(tr("{file} is a drawing without a run: its weights are fresh, not trained.", file=args.file))
        with tempfile.TemporaryDirectory(prefix="studio-export-") as folder:
            made = _fresh_run(document, Path(folder) / "run")
            result = _export(made, args, path, fresh=True)
    _report(result, as_json=bool(args.json))
    return 0


def _export(run: Path, args: Namespace, path: Path, *, fresh: bool) -> dict[str, Any]:
    network = str(getattr(args, "network", "") or "")
    if args.to == "code":
        return _write_code(run, path)
    if args.to == "notebook":
        raise ExportError(tr("Notebooks can't be written yet. Export the code instead: --to code."))
    if path.is_dir() or not path.parent.is_dir():
        text = tr("{path} can't be written: give a file name in a folder that is there.", path=path)
        raise ExportError(text)
    if args.to == "safetensors":
        return _write_weights(run, path, fresh=fresh)
    from studio.engine.export import export_run

    return export_run(run, path, _progress, network=network, fresh=fresh)


def _fresh_run(document: Document, folder: Path) -> Path:
    """A run folder that was never trained: what its seed gives are the weights."""
    check_trusted(document, TRUST)
    analysis = analyze(document)
    if codes_of(document):
        answer_all(lambda: analyze(document))
        analysis = analyze(document)
    if not analysis.can_run:
        first = next(problem for problem in analysis.problems if problem.severity == "error")
        text = tr("The drawing has mistakes, the first at {node}: {message}.", node=first.node,
                  message=first.message.rstrip("."))  # fmt: skip
        raise ExportError(f"{text} {tr('studio check lists all problems and their fixes')}.")
    code = generate(document, analysis)
    return create_run(
        folder.parent, project_bytes(document), code, document.run, title=document.title, folder=folder
    )


def _write_code(run: Path, path: Path) -> dict[str, Any]:
    if path.exists() and not path.is_dir():
        raise ExportError(
            tr("{path} is a file. Source is written into a folder: give another name.", path=path)
        )
    path.mkdir(parents=True, exist_ok=True)
    size = 0
    for name in _SOURCES:
        if (run / name).is_file():
            data = (run / name).read_bytes()
            publish(path / name, data)
            size += len(data)
    settings = json.loads((run / "training.json").read_bytes())
    left = leave_weights(settings.get("pretrained") or {}, path)
    left += leave_data(data_files(settings["data"]), path)
    size += sum(copy.stat().st_size for copy in left)
    return {"path": str(path), "bytes": size}


def _write_weights(run: Path, path: Path, *, fresh: bool) -> dict[str, Any]:
    from safetensors.torch import save

    from studio.engine.trained import load_trained

    trained = load_trained(run, fresh=fresh)
    seen: dict[int, str] = {}
    weights, shared = {}, {}
    for name, value in trained.network.state_dict().items():
        first = seen.setdefault(value.data_ptr(), name) if value.numel() else name
        if first == name:
            weights[name] = value.contiguous()
        else:
            shared[name] = first  # a tied weight is stored once; the metadata says what else it is
    data = save(weights, {"shared": json.dumps(shared)} if shared else None)
    publish(path, data)
    return {"path": str(path), "bytes": len(data)}


def _report(result: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        shown = {key: result[key] for key in _KEYS if key in result}
        sys.stdout.write(json.dumps(shown, ensure_ascii=False) + "\n")
        return
    sys.stdout.write(f"{result['path']}  {result['bytes']:,} bytes\n")
    if "max_abs_error" in result:
        text = tr(
            "The largest difference from PyTorch is {absolute} (relative {relative}); one sample takes {torch} ms"
            " with PyTorch, {onnxruntime} ms with onnxruntime.",
            absolute=f"{result['max_abs_error']:.2g}",
            relative=f"{result['max_rel_error']:.2g}",
            torch=f"{result['torch_ms']:.2f}",
            onnxruntime=f"{result['onnxruntime_ms']:.2f}",
        )
        sys.stdout.write(text + "\n")


def _progress(fraction: float, text: str) -> None:
    if sys.stderr.isatty():
        _say(f"{100 * fraction:3.0f} %  {tr(text)}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
