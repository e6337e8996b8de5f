"""A network as one ONNX file, published only when onnxruntime gives the numbers torch gives."""

from __future__ import annotations

import os
import secrets
import statistics
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from studio.text import tr

ABSOLUTE, RELATIVE = 1e-4, 1e-4  # |difference| may be ABSOLUTE + RELATIVE * |value|
_LARGE_BYTES = 2_000_000_000  # beyond this an ONNX file must keep its weights beside itself
_TIMED_RUNS = 20
Progress = Callable[[float, str], None]


class ExportError(ValueError):
    """The network can't leave as ONNX; the text says why, where the file was kept and what to do."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the file calls its inputs and outputs, in the order of forward."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """How torch and onnxruntime compare on real batches; times are for one sample, medians."""

    opset: int
    max_abs_error: float
    max_rel_error: float
    within: bool
    size_bytes: int
    torch_ms: float
    onnxruntime_ms: float


def export_onnx(
    network: nn.Module,
    batches: Sequence[tuple[Tensor, ...]],
    names: Names,
    path: Path,
    metadata: Mapping[str, str],
    progress: Progress = lambda fraction, text: None,
) -> Proof:
    """Writes ``network`` to ``path`` and proves the file on ``batches``.

    Args:
        network: in any mode; it is put into eval mode, since the exporter folds batch statistics silently.
        batches: real inputs in the order of forward, of different batch sizes, on the CPU.
        names: of inputs and outputs.
        path: where the file goes; what stands there before is replaced only by a proven file.
        metadata: text that travels in the file.
        progress: told fraction and what is being done.

    Raises:
        ExportError: no exporter can write it, or the numbers differ (the file is kept aside).
        OSError: the folder can't be written.
    """
    network = network.eval().cpu()
    progress(0.1, "Writing the graph")
    example = max(batches, key=lambda batch: len(batch[0]))
    model = _written(network, example, names)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    progress(0.5, "Checking the file")
    onnx.checker.check_model(model)
    data = model.SerializeToString()
    progress(0.6, "Comparing with PyTorch")
    proof = prove(network, data, batches, names)
    if not proof.within:
        raise _refused(path, data, proof)
    progress(0.95, "Publishing")
    publish(path, data)
    return proof


def prove(network: nn.Module, data: bytes, batches: Sequence[tuple[Tensor, ...]], names: Names) -> Proof:
    """Runs the file's bytes and the network on the same batches."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    largest_abs, largest_rel, within = 0.0, 0.0, True
    for batch in batches:
        feeds = {name: value.numpy() for name, value in zip(names.inputs, batch, strict=True)}
        found = session.run(list(names.outputs), feeds)
        for ours, theirs in zip(_outputs(network, batch), found, strict=True):
            expected = ours.numpy().astype(np.float64)
            if not expected.size:
                continue
            difference = np.abs(np.asarray(theirs, np.float64) - expected)
            within = within and bool(np.all(difference <= ABSOLUTE + RELATIVE * np.abs(expected)))
            largest_abs = max(largest_abs, float(difference.max()))
            largest_rel = max(largest_rel, float((difference / np.maximum(np.abs(expected), ABSOLUTE)).max()))
    one = tuple(value[:1] for value in batches[0])
    feeds = {name: value.numpy() for name, value in zip(names.inputs, one, strict=True)}
    torch_ms = _median_ms(lambda: _outputs(network, one))
    onnxruntime_ms = _median_ms(lambda: session.run(None, feeds))
    opset = max(entry.version for entry in onnx.load_model_from_string(data).opset_import if not entry.domain)
    return Proof(opset, largest_abs, largest_rel, within, len(data), torch_ms, onnxruntime_ms)


def publish(path: Path, data: bytes) -> None:
    """``data`` at ``path``, whole or not at all; a link standing there is replaced, never followed."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _refused(path: Path, data: bytes, proof: Proof) -> ExportError:
    """Keeps a file that differs beside ``path`` and gives the error that says so."""
    aside = path.with_suffix(".failed.onnx")
    publish(aside, data)
    text = (
        "The ONNX file differs from the network by up to {error}, more than {absolute} + {relative} of the value"
        " allows. It was kept aside as {name}; nothing was published. Train on in float32, or export a part of"
        " the drawing to find the layer."
    )
    error, absolute, relative = f"{proof.max_abs_error:.3g}", f"{ABSOLUTE:g}", f"{RELATIVE:g}"
    return ExportError(tr(text, error=error, absolute=absolute, relative=relative, name=aside.name))


def _written(network: nn.Module, example: tuple[Tensor, ...], names: Names) -> onnx.ModelProto:
    """The first rung of the ladder that holds: exporter, exporter after decompositions, TorchScript exporter."""
    errors: list[str] = []
    for rung in (_exported, _decomposed, _scripted):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return rung(network, example, names)
        except Exception as error:  # noqa: BLE001  each exporter raises kinds of its own; the last is reported
            errors.append(
                f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"
            )
    text = (
        "PyTorch's exporters can't write this network as ONNX ({why}). Export its code or its weights instead, or a"
        " block of it."
    )
    raise ExportError(tr(text, why=errors[0][:300]))


def _exported(network: nn.Module, example: tuple[Tensor, ...], names: Names) -> onnx.ModelProto:
    shapes = tuple({0: torch.export.Dim.DYNAMIC} for _ in example)
    program = torch.onnx.export(
        network, example, dynamo=True, dynamic_shapes=shapes, verbose=False, external_data=_is_large(network),
        input_names=list(names.inputs), output_names=list(names.outputs),
    )  # fmt: skip
    return _proto(program)


def _decomposed(network: nn.Module, example: tuple[Tensor, ...], names: Names) -> onnx.ModelProto:
    shapes = tuple({0: torch.export.Dim.DYNAMIC} for _ in example)
    captured = torch.export.export(network, example, dynamic_shapes=shapes).run_decompositions()
    program = torch.onnx.export(
        captured, example, dynamo=True, verbose=False,
        input_names=list(names.inputs), output_names=list(names.outputs),
    )  # fmt: skip
    return _proto(program)


def _scripted(network: nn.Module, example: tuple[Tensor, ...], names: Names) -> onnx.ModelProto:
    import io

    buffer = io.BytesIO()
    axes = {name: {0: "N"} for name in (*names.inputs, *names.outputs)}
    torch.onnx.export(
        network, example, buffer, dynamo=False, dynamic_axes=axes,  # type: ignore[arg-type]
        input_names=list(names.inputs), output_names=list(names.outputs),
    )  # fmt: skip
    return onnx.load_model_from_string(buffer.getvalue())


def _proto(program: Any) -> onnx.ModelProto:
    if program is None:
        raise ExportError("the exporter gave nothing back")
    proto: onnx.ModelProto = program.model_proto
    return proto


def _is_large(network: nn.Module) -> bool:
    size: int = sum(value.numel() * value.element_size() for value in network.state_dict().values())
    return size > _LARGE_BYTES


def _outputs(network: nn.Module, batch: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    with torch.no_grad():
        found = network(*batch)
    return tuple(found) if isinstance(found, (tuple, list)) else (found,)


def _median_ms(action: Callable[[], object]) -> float:
    action()
    times = []
    for _ in range(_TIMED_RUNS):
        start = time.perf_counter()
        action()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)
