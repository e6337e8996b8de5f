"""A trained network as one ONNX file that carries all it takes to use it, and the few lines that do."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from studio.engine.data import Scaling
from studio.engine.onnx_file import ExportError, Names, Proof, export_onnx
from studio.engine.snippet import snippet, usage
from studio.engine.trained import Trained, load_trained
from studio.text import tr

BATCHES = (1, 3, 64)
Progress = Callable[[float, str], None]
# The exporter warns of every optional package that is not there; nobody who exports can do anything about it.
logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)


def export_run(
    run: Path,
    path: Path,
    progress: Progress = lambda fraction, text: None,
    *,
    network: str = "",
    fresh: bool = False,
) -> dict[str, Any]:
    """Writes the network of a run as ONNX, proven on real samples.

    Args:
        run: its folder.
        path: of the file.
        progress: told fraction and what is being done.
        network: a block or node of the drawing, instead of the whole network.
        fresh: allow weights that were never trained.

    Returns:
        path, opset, max_abs_error, max_rel_error, bytes, torch_ms, onnxruntime_ms and snippet.

    Raises:
        ExportError: it can't be written, or the file does not give the network's numbers.
        RunError: the run can't be used.
        DataError: its data can't be read.
    """
    progress(0.0, "Loading the network")
    trained = load_trained(run, fresh=fresh)
    batches = real_batches(trained)
    module, names = trained.network, Names(tuple(item.name for item in trained.inputs), _distinct(trained))
    text, about = "", metadata(trained)
    if network:
        module, names, batches = _part(trained, network, batches)
    else:
        text = snippet(trained, path.name)
    try:
        proof = export_onnx(module, batches, names, path, about, progress)
    finally:
        trained.training.eval()
    return {**_figures(proof), "path": str(path), "snippet": text}


def real_batches(trained: Trained) -> list[tuple[Tensor, ...]]:
    """Samples nobody trained on, in three batch sizes; a small set is gone through several times."""
    if not any(item.node for item in trained.inputs):
        return [trained.batch(torch.arange(size)) for size in BATCHES]
    indices = trained.data().part("test", "validation")
    return [trained.batch(indices[torch.arange(size) % len(indices)]) for size in BATCHES]


def metadata(trained: Trained) -> dict[str, str]:
    """What travels in the file: class names, how raw values are prepared, inputs, and the drawing."""
    found = {
        "classes": _json(list(trained.classes)),
        "head": trained.head,
        "preprocessing": _json(preprocessing(trained)),
        "usage": _json(usage(trained)),
        "inputs": _json([_input_facts(trained, item.name) for item in trained.inputs]),
        "outputs": _json(list(trained.outputs)),
        "project": (trained.folder / "project.json").read_text(encoding="utf-8"),
        "studio": "Tsumiki Studio",
    }
    if any(item.node for item in trained.inputs) and trained.data().loaded.characters:
        found["characters"] = trained.data().loaded.characters
    elif any(item.node for item in trained.inputs) and trained.data().loaded.merges:
        found["merges"] = _json(trained.data().loaded.merges)
    return found


def preprocessing(trained: Trained) -> dict[str, dict[str, Any]]:
    """For each data field: value = (raw - subtract) / divide, raw from 0 to raw_max for images."""
    found: dict[str, dict[str, Any]] = {}
    for node in dict.fromkeys(item.node for item in trained.inputs if item.node):
        data = trained.data(node)
        for field in data.loaded.fields:
            scaling = data.batches.scaling.get(field.name, Scaling("none"))
            name = next(
                (i.name for i in trained.inputs if (i.node, i.field) == (node, field.name)), field.name
            )
            found[name] = {
                "scale": scaling.scale,
                "raw_max": data.loaded.raw_max,
                "subtract": list(scaling.subtract),
                "divide": list(scaling.divide),
            }
    return found


def _input_facts(trained: Trained, name: str) -> dict[str, Any]:
    item = next(item for item in trained.inputs if item.name == name)
    if not item.node:
        return {"name": name, "kind": "noise", "node": item.noise}
    field = trained.data(item.node).loaded.field(item.field)
    return {
        "name": name,
        "field": field.name,
        "kind": field.kind,
        "shape": list(field.shape),
        "axes": field.axes,
        "dtype": field.dtype,
        "columns": list(field.columns),
    }


def _distinct(trained: Trained) -> tuple[str, ...]:
    """Output names that are no input's name: a file may not use one twice."""
    taken = {item.name for item in trained.inputs}
    names: list[str] = []
    for name in trained.outputs:
        while name in taken:
            name += "_out"
        taken.add(name)
        names.append(name)
    return tuple(names)


def _part(
    trained: Trained, name: str, batches: list[tuple[Tensor, ...]]
) -> tuple[nn.Module, Names, list[tuple[Tensor, ...]]]:
    """One block as a network: its inputs are what it really gets when the whole one runs on the batches."""
    nodes = trained.document.main.nodes
    node = next((id for id, node in nodes.items() if node.params.get("block") == name), name)
    made = trained.plan.names.get(node, node)
    module = getattr(trained.network, made, None)
    if not isinstance(module, nn.Module):
        blocks = ", ".join(trained.document.blocks) or tr("none")
        text = tr("The drawing uses no block named {name}. Its blocks: {blocks}.", name=name, blocks=blocks)
        raise ExportError(text)
    caught: list[tuple[tuple[Tensor, ...], Any]] = []
    hook = module.register_forward_hook(lambda _, given, gave: caught.append((given, gave)))
    try:
        for batch in batches:
            trained.run(*batch)
    finally:
        hook.remove()
    calls = caught[:: max(1, len(caught) // len(batches))]
    given = [tuple(value.clone() for value in call[0]) for call in calls]
    block = trained.document.blocks.get(str(nodes[node].params.get("block", ""))) if node in nodes else None
    named = {role: [id for id, part in block.graph.nodes.items() if part.layer == role] if block else []
             for role in ("Input", "Output")}  # fmt: skip
    count = len(calls[0][1]) if isinstance(calls[0][1], (tuple, list)) else 1
    return (
        module,
        Names(_fitting(named["Input"], len(given[0]), "x"), _fitting(named["Output"], count, "y")),
        given,
    )


def _fitting(names: list[str], count: int, letter: str) -> tuple[str, ...]:
    """``names`` when there are as many, else made ones."""
    return tuple(names) if len(names) == count else tuple(f"{letter}{number}" for number in range(count))


def _figures(proof: Proof) -> dict[str, Any]:
    return {
        "opset": proof.opset,
        "max_abs_error": proof.max_abs_error,
        "max_rel_error": proof.max_rel_error,
        "bytes": proof.size_bytes,
        "torch_ms": proof.torch_ms,
        "onnxruntime_ms": proof.onnxruntime_ms,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
