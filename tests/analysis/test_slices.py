"""The exported network, and what a loss needs."""

from __future__ import annotations

from studio.analysis.slices import loss_slice, network_nodes, upstream
from tests.analysis.drawings import classifier, node


def test_the_network_lies_between_sources_and_outputs() -> None:
    doc = classifier(extra=node("extra", "Tanh", {"x": "relu"}))
    assert network_nodes(doc) == ["flat", "hidden", "relu", "logits"]


def test_without_outputs_it_is_what_the_loss_needs() -> None:
    assert network_nodes(classifier(prediction=None)) == ["flat", "hidden", "relu", "logits"]


def test_a_loss_needs_its_targets_too() -> None:
    graph = classifier().main
    assert loss_slice(graph, ["loss"]) == ["digits", "flat", "hidden", "relu", "logits", "loss"]
    assert upstream(graph, ["relu", "nobody"]) == {"digits", "flat", "hidden", "relu"}
