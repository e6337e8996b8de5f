"""Time of one search of the palette, for a catalogue of 400 entries.

python -m tests.benchmarks.search --json
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import replace

from studio.layers import CATALOGUE
from studio.layers.search import Index, catalogue_index, findable
from studio.text import LANGUAGES, load

ENTRIES = 400
QUERIES = (
    "c", "conv", "Conv2d", "downsample", "畳み込み", "batch norm", "nn.MultiheadAttention", "Gemm", "cnov2d",
    "zzzzzz", "a learned filter image", "ぷーりんぐ",
)  # fmt: skip
ROUNDS = 9


def enlarged(count: int) -> Index:
    """The catalogue, its records said again under other names until there are ``count``."""
    tables = [load(code) for code in LANGUAGES]
    made = [findable(spec, tables) for spec in CATALOGUE.values()]
    for at in range(max(0, count - len(made))):
        one = made[at]
        made.append(replace(one, key=f"{one.key}-{at}", title=f"{one.title}V{at}"))
    return Index(made[:count])


def milliseconds(index: Index, text: str) -> float:
    """The median time of one search."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        index.ranked(text)
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    """The slowest of a handful of queries, and how long the index takes, once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--entries", type=int, default=ENTRIES)
    arguments = parser.parse_args()
    start = time.perf_counter()
    catalogue_index()
    built = 1000 * (time.perf_counter() - start)
    index = enlarged(arguments.entries)
    times = {text: milliseconds(index, text) for text in QUERIES}
    result = {
        "slowest_ms": round(max(times.values()), 3),
        "median_ms": round(statistics.median(times.values()), 3),
        "index_ms": round(built, 1),
        "entries": arguments.entries,
        "each_ms": {text: round(value, 3) for text, value in times.items()},
    }
    print(json.dumps(result, ensure_ascii=False) if arguments.json else result)


if __name__ == "__main__":
    main()
