"""The series and sounds among the bundled data: where they come from, and how they become arrays.

Read by build_data.py, which downloads the packages and writes the files.
"""

from __future__ import annotations

import io
import random
import re
import sys
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Protocol

import numpy as np

WHEELS = ("aeon",)
DEBIAN = ("sonic-pi-samples",)
STEPS = 29  # of the longest utterance of japanese-vowels
RATE = 8000  # samples a second of a drum hit
HIT = 4000  # samples of a drum hit, half a second
LOUDNESSES = 2048  # steps from silence to the loudest, so that files pack well
SEED = 20250101
PARTS = (40, 14, 14)  # drum hits for training, validation and test
SAMPLES = "usr/share/sonic-pi/samples"
COPYRIGHT = "usr/share/doc/sonic-pi-samples/copyright"

# Title, licence and source of each set.
ENTRIES: dict[str, tuple[str, str, str]] = {
    "japanese-vowels": (
        "Japanese vowels",
        "BSD-3-Clause as packaged by aeon; original: UCI",
        "aeon, datasets/data/JapaneseVowels: M. Kudo, J. Toyama, M. Shimbo, Japanese Vowels, UCI Machine Learning "
        "Repository, 1999; the published training and test parts together",
    ),
    "basic-motions": (
        "Basic motions",
        "BSD-3-Clause as packaged by aeon; the data's own terms are not stated",
        "aeon, datasets/data/BasicMotions: students of the University of East Anglia, 2016; the published training "
        "and test parts together",
    ),
    "drum-hits": (
        "Drum hits",
        "CC0",
        "Debian sonic-pi-samples: sounds of freesound.org chosen for Sonic Pi by S. Aaron; those that the package "
        "states as CC0, first half second, mono, 8,000 samples a second",
    ),
}

# Class -> beginnings of the names of its files.
DRUMS: dict[str, Sequence[str]] = {
    "kick": ("bd_", "drum_bass", "drum_heavy_kick", "elec_hollow_kick", "elec_soft_kick"),
    "snare": ("sn_", "drum_snare", "elec_filt_snare", "elec_hi_snare", "elec_lo_snare", "elec_mid_snare", "elec_snare"),
    "cymbal": ("drum_cymbal", "drum_splash", "elec_cymbal"),
    "tom": ("drum_tom", "elec_fuzz_tom"),
    "tabla": ("tabla_",),
}  # fmt: skip


class Reader(Protocol):
    """What build_data.Packages gives."""

    def wheel(self, package: str, member: str) -> bytes:
        """The bytes of a member of a wheel."""

    def debian(self, path: str) -> bytes:
        """The bytes of a file of an unpacked Debian package."""


def shuffled(count: int) -> list[int]:
    """A fixed random order of 0...count-1, the same on every machine and Python version."""
    order = list(range(count))
    random.Random(SEED).shuffle(order)  # noqa: S311 - an order, not a secret
    return order


def time_series(packages: Reader, name: str) -> tuple[list[np.ndarray[Any, Any]], list[str]]:
    """All series of a set of aeon, each (time, channels), and their class names as the files have them."""
    series, labels = [], []
    for part in ("TRAIN", "TEST"):
        text = packages.wheel("aeon", f"datasets/data/{name}/{name}_{part}.ts").decode()
        for line in text.split("@data\n")[1].splitlines():
            *channels, label = line.strip().split(":")
            series.append(np.array([[float(v) for v in row.split(",")] for row in channels], np.float32).T)
            labels.append(label)
    return series, labels


def japanese_vowels(packages: Reader) -> dict[str, Any]:
    """Sequence (640, 29, 12) float32, short ones with zeros in front; label (640,) int64, the speaker."""
    series, labels = time_series(packages, "JapaneseVowels")
    whole = np.zeros((len(series), STEPS, 12), np.float32)
    for row, values in zip(whole, series, strict=True):
        row[-len(values) :] = values
    order = shuffled(len(series))
    return {"sequence": whole[order], "label": np.array([int(name) - 1 for name in labels])[order]}


def basic_motions(packages: Reader) -> dict[str, Any]:
    """Sequence (80, 100, 6) float32, label (80,) int64: standing, running, walking, badminton."""
    series, labels = time_series(packages, "BasicMotions")
    classes = ("standing", "running", "walking", "badminton")
    order = shuffled(len(series))
    numbers = np.array([classes.index(name.lower()) for name in labels])
    return {"sequence": np.stack(series)[order], "label": numbers[order]}


def public_domain(packages: Reader) -> dict[str, str]:
    """File name -> who gave the sound away, for the sounds stated as CC0."""
    found = {}
    for paragraph in packages.debian(COPYRIGHT).decode().split("\n\n"):
        names = re.match(r"Files:((?:\s+etc/samples/\S+)+)", paragraph)
        holder = re.search(r"^Copyright: (.*)$", paragraph, re.MULTILINE)
        if names and holder and re.search(r"^License: CC0$", paragraph, re.MULTILINE):
            found |= dict.fromkeys((PurePosixPath(name).name for name in names[1].split()), holder[1])
    return found


def drums(packages: Reader) -> list[tuple[str, int]]:
    """File and class of each hit, ordered so that every part of the split has its share of each class."""
    parts: tuple[list[tuple[str, int]], ...] = ([], [], [])
    free = sorted(public_domain(packages))
    at = 0
    for label, beginnings in enumerate(DRUMS.values()):
        names = [name for name in free if name.startswith(tuple(beginnings))]
        for place in shuffled(len(names)):
            part = (0, 1, 0, 2, 0)[at % 5]  # three fifths, one fifth, one fifth
            parts[part].append((names[place], label))
            at += 1
    for short, want in ((1, PARTS[1]), (2, PARTS[2])):
        while len(parts[short]) < want:
            parts[short].append(parts[0].pop())
    if tuple(len(part) for part in parts) != PARTS:
        sys.exit(f"sonic-pi-samples: {sum(map(len, parts))} drum hits are CC0, expected {sum(PARTS)}")
    return [hit for part in parts for hit in part]


def wave(data: bytes) -> np.ndarray[Any, Any]:
    """The first half second of a sound file: (4000,) float32 from -1 to 1, its loudest sample at 1."""
    import soundfile

    sound, rate = soundfile.read(io.BytesIO(data), always_2d=True)
    many = rate * HIT // RATE
    mono = np.zeros(many)
    cut = sound[:many].mean(1)
    mono[: len(cut)] = cut
    # What is faster than half the new rate is left out of the spectrum: no echo of it comes back as a wrong tone.
    narrow = np.fft.irfft(np.fft.rfft(mono)[: HIT // 2 + 1], HIT)
    return (np.round(narrow / np.abs(narrow).max() * LOUDNESSES) / LOUDNESSES).astype(np.float32)


def drum_hits(packages: Reader) -> dict[str, Any]:
    """Sound (68, 4000, 1) float32, label (68,) int64; training, validation and test follow each other."""
    hits = drums(packages)
    sounds = [wave(packages.debian(f"{SAMPLES}/{name}")) for name, _ in hits]
    return {"sound": np.stack(sounds)[..., None], "label": np.array([label for _, label in hits])}


ARRAYS = {"japanese-vowels": japanese_vowels, "basic-motions": basic_motions, "drum-hits": drum_hits}


def licences(packages: Reader) -> dict[str, str]:
    """Heading -> text for LICENSES.md."""
    holders = public_domain(packages)
    rows = [f"{name}: {holders[name]}, CC0" for name, _ in sorted(drums(packages))]
    return {
        "aeon (japanese-vowels, basic-motions)": packages.wheel("aeon", "licenses/LICENSE").decode(),
        "sonic-pi-samples (drum-hits), given away under CC0 1.0 by": "\n".join(rows),
    }
