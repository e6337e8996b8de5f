"""All that the two richest peers offer has its answer here: an entry, a preset or a written reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio.files.presets import list_presets
from studio.layers import CATALOGUE

FILE = Path(__file__).with_name("peers.txt")
FEWEST = {("nnc", "activation"): 23, ("nnc", "optimizer"): 15, ("nnc", "loss"): 9, ("nnc", "math"): 18,
          ("nnc", "trigonometric"): 12, ("nnc", "others"): 33, ("matlab", "layer"): 70}  # fmt: skip


def rows() -> list[tuple[str, str, str, str]]:
    """Peer, kind, name, answer."""
    found = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            peer, kind, name, answer = (part.strip() for part in line.split("|"))
            found.append((peer, kind, name, answer))
    return found


@pytest.mark.parametrize(("peer", "kind", "name", "answer"), rows(), ids=lambda value: value)
def test_a_peers_entry_has_its_answer(peer: str, kind: str, name: str, answer: str) -> None:
    if answer.startswith("reason:"):
        assert len(answer.split()) > 5, "say why in a sentence"
    elif answer.startswith("preset:"):
        assert answer.split(":")[1].strip() in {card.name for card in list_presets()}
    elif ":" in answer:
        entry, choices = answer.split(":")
        words = {param.name for param in CATALOGUE[entry].params}
        words |= {option for param in CATALOGUE[entry].params for option in getattr(param, "options", ())}
        assert {choice.strip() for choice in choices.split(",")} <= words
    else:
        assert {one.strip() for one in answer.split(",")} <= set(CATALOGUE)


def test_the_list_is_whole_and_mostly_entries() -> None:
    found = rows()
    assert len({row[:3] for row in found}) == len(found)
    for (peer, kind), fewest in FEWEST.items():
        assert sum(row[:2] == (peer, kind) for row in found) >= fewest, (peer, kind)
    reasons = [row for row in found if row[3].startswith("reason:")]
    assert len(reasons) < 0.06 * len(found)
