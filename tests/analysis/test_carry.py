"""What a trained drawing keeps of its weights after an edit."""

from __future__ import annotations

from dataclasses import replace

from studio.analysis import analyze
from studio.analysis.carry import carried
from tests.analysis.drawings import classifier


def test_a_wider_layer_and_what_reads_it_start_anew() -> None:
    before = classifier()
    node = before.main.nodes["hidden"]
    after = replace(before, main=before.main.with_node(node.with_params({"out_features": 48})))
    found = carried(analyze(before), analyze(after))
    assert found.anew == ("hidden", "logits")
    assert found.kept == ()
    same = carried(analyze(before), analyze(before))
    assert same.kept == ("hidden", "logits") and not same.anew


def test_a_changed_end_keeps_the_beginning() -> None:
    before = classifier()
    node = before.main.nodes["logits"]
    after = replace(before, main=before.main.with_node(node.with_params({"bias": False})))
    found = carried(analyze(before), analyze(after))
    assert (found.kept, found.anew) == (("hidden",), ("logits",))
