"""Every preset's full recipe against its trivial baseline, over seeds: ``python -m tests.benchmarks.recipes``.

Each run is a process of the command line, as a user would start it; the value is that of the held-out test samples,
read once, at the end. With ``--json`` one JSON object; else a table. ``--only NAME …`` takes some of them, ``--seeds``
others than 1 2 3. All of them take one to two hours on two cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.files.presets import preset_names

HOUSE = Path(__file__).resolve().parents[2]
MOST = 1  # direction of a value: the more the better
LEAST = -1


@dataclass(frozen=True, slots=True)
class Bar:
    """What a recipe must beat: its name among the test values, the trivial value, and the direction."""

    name: str
    trivial: float
    sign: int = MOST

    def beaten_by(self, value: float) -> bool:
        """Whether ``value`` is better than the trivial one."""
        return self.sign * (value - self.trivial) > 0


_TENTH = Bar("accuracy", 0.1)
_CHARACTER = Bar("accuracy", 0.16)
_MEAN_PICTURE = Bar("loss", 0.067, LEAST)
_CHANCE = 0.5
BARS: dict[str, Bar] = {
    **dict.fromkeys(
        ("alexnet", "convnext", "densenet", "efficientnet", "fashion-cnn", "googlenet", "lenet5", "mobilenet",
         "resnet", "vgg", "vit", "deep-belief-network"),
        _TENTH,
    ),
    **dict.fromkeys(("char-lstm", "elman", "gpt", "moe"), _CHARACTER),
    **dict.fromkeys(("autoencoder", "denoising-autoencoder", "sparse-autoencoder"), _MEAN_PICTURE),
    **dict.fromkeys(("vae", "conditional-vae"), Bar("likeness", 0.263, LEAST)),
    "unet": Bar("accuracy", 0.65),
    "vq-vae": Bar("off", 0.067, LEAST),
    "ddpm": Bar("loss", 1.0, LEAST),
    "flow": Bar("loss", -0.37 + 0.919, LEAST),
    "cyclegan": Bar("off", 0.37, LEAST),
    "anomaly": Bar("finds", _CHANCE),
    "siamese": Bar("parts", _CHANCE),
    "preferences": Bar("agrees", _CHANCE),
    "bert": Bar("accuracy", _CHANCE),
    "clip": Bar("names", 0.1),
    "distillation": Bar("student_right", 0.1),
    "transfer": Bar("digits_right", 0.1),
    "regressor": Bar("explained", 0.0),
    "gpt-pieces": Bar("accuracy", 0.04),
    "encoder-decoder": Bar("hesitation", 244.0, LEAST),
    "seq2seq-attention": Bar("accuracy", 0.46),
    "ctc-digits": Bar("misread", 0.9, LEAST),
    "drum-hits": Bar("accuracy", 0.43),
    "lstm-classifier": Bar("accuracy", 0.18),
    "gru-classifier": Bar("accuracy", 0.25),
    "lstm-forecast": Bar("loss", 0.0138, LEAST),
    "gru-forecast": Bar("loss", 0.78, LEAST),
    "mlp-table": Bar("accuracy", 0.63),
    "perceptron": Bar("accuracy", 0.63),
    "spirals-mlp": Bar("accuracy", 0.34),
    "mlp-xor": Bar("accuracy", 0.75),
    "universal-approximation": Bar("r2_wide", 0.0),
}  # fmt: skip
JUDGED = {  # two networks against each other have no loss to compare: a classifier looks at what they draw
    "gan": "see samples",
    "dcgan": "see samples",
    "wgan-gp": "see samples",
    "stylegan": "see samples",
    "stylegan2": "see samples",
}
FAILS = {
    "perceptron-xor": Bar("accuracy", 0.75)
}  # as the preset says: never more than three of the four points


def train(name: str, seed: int) -> dict[str, Any]:
    """The last event of a full run.

    Raises:
        subprocess.CalledProcessError: the run failed; its messages are on stderr.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "studio", "train", f"preset:{name}", "--seed", str(seed)]
        command += ["--run-dir", str(Path(folder) / "run"), "--json"]
        done = subprocess.run(command, cwd=HOUSE, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def value_of(event: dict[str, Any], name: str) -> float:
    """A value on held-out samples; of a set without a test part, or of four points, what there is."""
    parts = event["metrics"]
    return float(
        next(parts[part][name] for part in ("test", "validation", "train") if name in parts.get(part, {}))
    )


def row_of(name: str, seeds: Sequence[int]) -> dict[str, Any]:
    """All runs of one preset."""
    bar = BARS.get(name) or FAILS[name]
    events = [train(name, seed) for seed in seeds]
    values = [value_of(event, bar.name) for event in events]
    beats = [bar.beaten_by(value) for value in values]
    return {
        "preset": name,
        "value": bar.name,
        "trivial": bar.trivial,
        "values": [round(value, 4) for value in values],
        "median": round(statistics.median(values), 4),
        "seconds": round(statistics.median(event["seconds"] for event in events), 1),
        "as_stated": not any(beats) if name in FAILS else all(beats),
    }


def main() -> int:
    """Runs, prints; 1 when a recipe does not do what it says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    parser.add_argument("--only", nargs="+", default=sorted({*BARS, *FAILS}))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    args = parser.parse_args()
    rows = []
    for name in args.only:
        rows.append(row_of(name, args.seeds))
        print(line_of(rows[-1]), file=sys.stderr if args.json else sys.stdout, flush=True)
    if args.json:
        left_out = sorted(set(preset_names()) - {*BARS, *FAILS})
        print(json.dumps({"rows": rows, "judged_by_samples": left_out}))
    return 0 if all(row["as_stated"] for row in rows) else 1


def line_of(row: dict[str, Any]) -> str:
    """One row of the table."""
    values = " ".join(f"{value:9.4f}" for value in row["values"])
    verdict = "as stated" if row["as_stated"] else "NOT AS STATED"
    return f"{row['preset']:26}{row['value']:15}{row['trivial']:9.4f}  {values}  {row['seconds']:7.1f} s  {verdict}"


if __name__ == "__main__":
    sys.exit(main())
