"""Every layer leaves as ONNX with a dynamic batch and gives torch's numbers, or its record says why it can't."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from studio.layers import CATALOGUE
from studio.layers.listing import PROVEN, entries
from studio.layers.spec import LayerSpec
from tests.conformance.exported import GROUP, Case, cases_of, failures
from tests.conformance.test_rules import RUNNABLE

LAYERS = [spec for spec in RUNNABLE if spec.traits.role == "layer"]
KEPT_BACK = [spec for spec in LAYERS if not spec.exportable]
STAYS_BEHIND = ("loss", "metric", "optimizer")  # never part of an exported network
CASES = [case for spec in LAYERS if spec.exportable for case in cases_of(spec)]
GROUPS = [CASES[start : start + GROUP] for start in range(0, len(CASES), GROUP)]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The exporter logs a page for each thing it can't do; what matters comes back as text."""
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: f"{group[0].label}…{group[-1].label}")
def test_a_layer_leaves_as_onnx_with_the_same_numbers(group: list[Case]) -> None:
    assert not failures(group)


@pytest.mark.parametrize("spec", KEPT_BACK, ids=lambda spec: spec.name)
def test_what_cannot_leave_still_cannot(spec: LayerSpec) -> None:
    """When this fails the exporter has learned it: take the mark away."""
    assert spec.onnx
    assert failures(cases_of(spec)[:1]), f"{spec.name} can be exported now: set exportable"


@pytest.mark.parametrize(
    ("name", "param"), [(spec.name, param) for spec in LAYERS for param in spec.kept_back], ids=str
)
def test_what_a_parameter_keeps_back_still_cannot_leave(name: str, param: str) -> None:
    """When this fails the exporter has learned it: take the entry away."""
    case = cases_of(CATALOGUE[name])[0]
    assert failures([Case(case.spec, SimpleNamespace(**{**vars(case.p), param: 3}), case.inputs, name)])


def test_the_list_of_the_command_line_says_what_is_proven_here() -> None:
    proven = {entry.name for entry in entries() if entry.export == PROVEN}
    assert proven == {case.spec.name for case in CASES}


def test_nearly_everything_leaves() -> None:
    inside = [spec for spec in CATALOGUE.values() if spec.traits.role not in STAYS_BEHIND]
    kept = [spec.name for spec in inside if not spec.exportable]
    assert len(kept) <= 0.05 * len(inside), kept
