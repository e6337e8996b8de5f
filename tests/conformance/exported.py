"""Exports many records at once: one torch.onnx.export of a network that holds them side by side.

An export costs about a second whatever it holds, so twenty records share one; a group that fails is halved until
the record that breaks it stands alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

from studio.engine.onnx_file import Names, _written
from studio.graph.sizes import Expr
from studio.graph.spec import TensorSpec
from studio.layers.params import Choice
from studio.layers.render import render
from studio.layers.spec import LayerSpec, ShapeError
from tests.conformance.test_rules import NAMES, inputs_of, layer_of, tensors_for, values_of

ABSOLUTE, RELATIVE = 1e-4, 1e-4
BATCHES = (3, 5)
GROUP = 20


@dataclass(frozen=True)
class Case:
    """One record with parameters and inputs to export."""

    spec: LayerSpec
    p: SimpleNamespace
    inputs: tuple[TensorSpec, ...]
    label: str


@dataclass
class Prepared:
    """Its module and the tensors it is exported and compared with, one list a batch size."""

    case: Case
    module: nn.Module
    tensors: list[list[Tensor]]


class Side(nn.Module):
    """Modules side by side: all inputs in a row, all outputs in a row."""

    def __init__(self, parts: Sequence[Prepared]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(part.module for part in parts)
        self.counts = [len(part.tensors[0]) for part in parts]

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        found: list[Tensor] = []
        at = 0
        for part, count in zip(self.parts, self.counts, strict=True):
            found += part(*tensors[at : at + count])
            at += count
        return tuple(found)


def cases_of(spec: LayerSpec) -> list[Case]:
    """The first example, and one more where a choice changes the text, so perhaps the operator."""
    example = spec.examples[0]
    p, inputs = values_of(spec, example), inputs_of(spec, example)
    cases = [Case(spec, p, inputs, spec.name)]
    usual = _text(spec, p, inputs)
    for param in spec.params:
        for option in param.options if isinstance(param, Choice) else ():
            other = SimpleNamespace(**{**vars(p), param.name: option})
            try:
                spec.shape(other, inputs)
                text = _text(spec, other, inputs)
            except (ShapeError, KeyError):
                continue
            if text != usual and len(cases) < 2:
                cases.append(Case(spec, other, inputs, f"{spec.name}[{param.name}={option}]"))
    return cases


def _text(spec: LayerSpec, p: SimpleNamespace, inputs: tuple[TensorSpec, ...]) -> tuple[str, str]:
    names = [port for port in spec.inputs if not port.optional or port.name in p.wired]
    given = {port.name: [port.name] for port in names} | {"batch": ["batch"], "modules": ["modules"]}
    return render(spec, p, inputs, given, "layer")


@contextmanager
def batch_of(size: int) -> Iterator[None]:
    """Random tensors come with this batch size meanwhile."""
    before = NAMES["N"]
    NAMES["N"] = size
    try:
        yield
    finally:
        NAMES["N"] = before


def prepare(case: Case) -> Prepared:
    """Builds the module in eval mode, and the tensors."""
    torch.manual_seed(5)
    module = layer_of(case.spec, case.p, case.inputs).eval()
    tensors = []
    for size in BATCHES:
        with batch_of(size):
            drawn = [one.detach() for one in tensors_for(case.spec, case.p, case.inputs)]
        tensors.append(_distinct(module, drawn))
    return Prepared(case, module, tensors)


def _distinct(module: nn.Module, tensors: list[Tensor]) -> list[Tensor]:
    """Whole numbers that are all different, where the layer takes them: two values for one place have no order."""
    changed = [_counted(one) if one.dtype == torch.int64 else one for one in tensors]
    try:
        with torch.no_grad():
            module(*changed)
    except (RuntimeError, IndexError, ValueError):
        return tensors
    return changed


def _counted(tensor: Tensor) -> Tensor:
    inner = tensor.shape[2:].numel() if tensor.dim() > 2 else tensor.numel()
    return (torch.arange(tensor.numel()) % max(inner, 1)).reshape(tensor.shape)


def failures(cases: Sequence[Case]) -> dict[str, str]:
    """Label -> why it can't be exported or differs; exports in groups."""
    found: dict[str, str] = {}
    for start in range(0, len(cases), GROUP):
        _collect([prepare(case) for case in cases[start : start + GROUP]], found)
    return found


def _collect(parts: list[Prepared], found: dict[str, str]) -> None:
    try:
        data = exported(parts)
        session = _session(data)
        results = {
            size: session.run(None, _feeds(parts, at)) for at, size in enumerate(BATCHES)
        }  # a group that onnxruntime can't run is halved too
    except Exception as error:  # noqa: BLE001  each exporter raises kinds of its own
        if len(parts) == 1:
            _alone(parts[0], error, found)
            return
        half = len(parts) // 2
        _collect(parts[:half], found)
        _collect(parts[half:], found)
        return
    for at, size in enumerate(BATCHES):
        _compare(parts, at, results[size], found)


def _alone(part: Prepared, first: Exception, found: dict[str, str]) -> None:
    """What one export of the new kind can't do, the studio's own ladder of exporters may."""
    inputs = tuple(f"x{at}" for at in range(len(part.tensors[0])))
    with torch.no_grad():
        count = len(part.module(*part.tensors[0]))
    names = Names(inputs, tuple(f"y{at}" for at in range(count)))
    try:
        session = _session(_written(Side([part]).eval(), tuple(part.tensors[0]), names).SerializeToString())
        for at in range(len(BATCHES)):
            _compare([part], at, session.run(None, _feeds([part], at)), found)
    except Exception:  # noqa: BLE001  the first reason is the one that tells
        found[part.case.label] = f"{type(first).__name__}: {str(first).strip()[:300]}"


def exported(parts: Sequence[Prepared]) -> bytes:
    """The parts as one ONNX file with a dynamic batch."""
    shapes, tensors = [], []
    for part in parts:
        specs = part.case.inputs or (None,)
        for spec, tensor in zip(specs, part.tensors[0], strict=True):
            shapes.append(_dynamic(spec, tensor))
            tensors.append(tensor)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            Side(parts).eval(), tuple(tensors), dynamo=True, verbose=False, external_data=False,
            dynamic_shapes={"tensors": tuple(shapes)}, input_names=[f"x{at}" for at in range(len(tensors))],
        )  # fmt: skip
    assert program is not None
    proto: onnx.ModelProto = program.model_proto
    return bytes(proto.SerializeToString())


def _dynamic(spec: TensorSpec | None, tensor: Tensor) -> dict[int, object]:
    """The axes whose size is the batch."""
    if spec is None:
        return {0: torch.export.Dim.DYNAMIC}
    batch = [at for at, size in enumerate(spec.shape) if isinstance(size, Expr) and "N" in str(size)]
    return dict.fromkeys(batch, torch.export.Dim.DYNAMIC)


def _session(data: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _feeds(parts: Sequence[Prepared], at: int) -> dict[str, np.ndarray]:
    tensors = [tensor for part in parts for tensor in part.tensors[at]]
    return {f"x{number}": _paired(tensor).numpy() for number, tensor in enumerate(tensors)}


def _compare(parts: Sequence[Prepared], at: int, results: list[np.ndarray], found: dict[str, str]) -> None:
    place = 0
    for part in parts:
        with torch.no_grad():
            expected = part.module(*part.tensors[at])
            again = part.module(*part.tensors[at])
        for ours, other in zip(expected, again, strict=True):
            theirs = results[place]
            place += 1
            draws = part.case.spec.traits.random and not torch.equal(
                torch.nan_to_num(ours), torch.nan_to_num(other)
            )
            why = _difference(ours, theirs, only_shape=draws)
            if why:
                found.setdefault(part.case.label, why)


def _paired(tensor: torch.Tensor) -> torch.Tensor:
    """Complex numbers as ONNX files hold them at their ends: pairs of real ones along a last axis."""
    return torch.view_as_real(tensor) if tensor.is_complex() else tensor


def _difference(ours: Tensor, theirs: np.ndarray, *, only_shape: bool) -> str:
    ours = _paired(ours)
    if tuple(ours.shape) != tuple(theirs.shape):
        return f"shape {tuple(ours.shape)} in torch, {tuple(theirs.shape)} in onnxruntime"
    if only_shape or not ours.numel():
        return ""
    a, b = ours.to(torch.float64).numpy(), np.asarray(theirs, np.float64)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= ABSOLUTE + RELATIVE * np.abs(a)
    if bool((same | near).all()):
        return ""
    return f"differs by up to {np.nanmax(np.where(same, 0, np.abs(a - b))):.3g}"
