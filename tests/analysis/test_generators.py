"""What the window offers for a drawing that makes pictures: found from the drawing alone."""

from __future__ import annotations

import pytest

from studio.analysis import analyze
from studio.analysis.generators import Generator, find_generator, find_redrawing
from studio.document.model import Document
from studio.files.presets import load_preset
from tests.analysis.drawings import document
from tests.analysis.drawings import node as N

DIGITS = tuple("0123456789")
PICTURE = (1, 28, 28)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vae", Generator("code", "code", "picture", PICTURE, 16)),
        ("gan", Generator("noise", "noise", "picture", PICTURE, 64)),
        (
            "ddpm",
            Generator(
                "diffusion", "noisy", "guess", (1, 8, 8), clock="step", label="digits.label", classes=DIGITS
            ),
        ),
        (
            "conditional-vae",
            Generator("code", "code", "picture", PICTURE, 8, label="digits.label", classes=DIGITS),
        ),
        ("flow", Generator("noise", "noise", "sample", (1, 8, 8), 64)),
        ("denoising-autoencoder", None),
        ("autoencoder", None),
        ("lenet5", None),
        ("mlp-table", None),
    ],
)
def test_how_a_preset_makes_pictures(name: str, expected: Generator | None) -> None:
    doc = load_preset(name)
    assert find_generator(doc, analyze(doc)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vae", ("digits.image", "picture")),
        ("denoising-autoencoder", ("digits.image", "picture")),
        ("ddpm", None),
        ("gan", None),
        ("lenet5", None),
    ],
)
def test_what_a_preset_makes_of_pictures(name: str, expected: tuple[str, str] | None) -> None:
    doc = load_preset(name)
    assert find_redrawing(doc, analyze(doc)) == expected


def drawn(*, distribution: str = "normal", shape: tuple[int, ...] = (6,)) -> Document:
    return document(
        N("digits", "Data", set="digits-8x8"),
        N("noise", "Noise", shape=shape, distribution=distribution),
        N("flat", "Flatten", {"x": "noise"}),
        N("pixels", "Linear", {"x": "flat"}, out_features=64),
        N("square", "Reshape", {"x": "pixels"}, shape=(1, 8, 8)),
        N("picture", "Output", {"x": "square"}),
        N("loss", "MSE", {"input": "square", "target": "digits.image"}),
    )


def test_sliders_go_as_far_as_the_noise() -> None:
    doc = drawn(distribution="uniform")
    found = find_generator(doc, analyze(doc))
    assert found is not None and (found.low, found.high, found.size) == (0.0, 1.0, 6)


def test_noise_that_is_no_row_has_no_sliders() -> None:
    doc = drawn(shape=(2, 3))
    found = find_generator(doc, analyze(doc))
    assert found is not None and found.size == 0
