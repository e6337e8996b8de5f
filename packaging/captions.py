"""Captions for pictures of clothes, made by rule from their class and their brightness; nobody wrote them."""

from __future__ import annotations

from typing import Any

import numpy as np
import word_pieces

WORDS = (
    "t-shirt",
    "pair of trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
SENTENCES = ("a photo of a {}", "this is a {}", "a {} on black", "the picture shows a {}")
LENGTH = 20  # pieces; shorter captions are filled up with marks that have no text
PER_CLASS = 250


def captions(image: np.ndarray[Any, Any], label: np.ndarray[Any, Any]) -> list[str]:
    """A caption for each picture (N, 1, H, W): its class, "bright" or "dark" beside others of it, turn by turn."""
    inside = image > 25  # a tenth: what is no background
    light = (image * inside).sum((1, 2, 3)) / np.maximum(inside.sum((1, 2, 3)), 1)
    usual = np.array([np.median(light[label == kind]) for kind in range(len(WORDS))])
    found = []
    for number, kind in enumerate(label.tolist()):
        shade = "bright" if light[number] > usual[kind] else "dark"
        found.append(SENTENCES[number % len(SENTENCES)].format(f"{shade} {WORDS[kind]}"))
    return found


def captioned(
    image: np.ndarray[Any, Any], label: np.ndarray[Any, Any], novel: str
) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays of fashion-captions.npz: the first pictures of each class, their captions in pieces of the novel."""
    rows = np.sort(np.concatenate([np.flatnonzero(label == kind)[:PER_CLASS] for kind in range(len(WORDS))]))
    image, label = image[rows], label[rows]
    merges = word_pieces.learn(novel)
    tokens = np.full((len(rows), LENGTH), word_pieces.START)
    for number, text in enumerate(captions(image, label)):
        pieces = word_pieces.cut(text, merges)
        tokens[number, : len(pieces)] = pieces
    return {"image": image, "tokens": tokens, "label": label, "merges": np.array(merges)}
