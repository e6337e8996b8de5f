"""The records of the shipped data sets are whole and need nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio.layers.datasets import DATASETS, DataSet

ROOT = Path(__file__).resolve().parents[2]
RECORDS = pytest.mark.parametrize("record", DATASETS.values(), ids=lambda record: record.key)


def test_keys_are_permanent() -> None:
    assert " ".join(DATASETS) == (
        "digits-8x8 digits-28x28 fashion-5k austen breast-cancer wine iris diabetes "
        "airline sunspots co2 xor spirals shapes-224 "
        "wave japanese-vowels basic-motions drum-hits digit-strings dates "
        "austen-pieces austen-speech fashion-captions en-es tokens-50257 tokens-30522"
    )


@RECORDS
def test_record_is_whole(record: DataSet) -> None:
    assert DATASETS[record.key] is record
    assert record.title
    assert record.summary.endswith(".")
    assert record.licence
    assert record.source
    assert record.task in ("classify", "regress", "next_token", "forecast", "read", "translate")
    assert sum(record.split) <= record.samples
    assert record.split[0] > 0
    assert record.synthetic == (record.file == "")
    assert "".join(sorted(set(record.characters))) == record.characters


@RECORDS
def test_fields_are_whole(record: DataSet) -> None:
    names = [field.name for field in record.fields]
    assert len(set(names)) == len(names) in (2, 3)
    for field in record.fields:
        assert field.kind in ("image", "label", "number", "tokens", "series")
        assert field.dtype == ("int64" if field.kind in ("label", "tokens") else "float32")
        assert len(field.axes.split()) == len(field.shape)
        assert bool(field.classes) == (field.kind == "label")
        assert (field.vocabulary > 0) == (field.kind == "tokens")
        if record.characters:
            assert field.vocabulary == len(record.characters)


def test_records_need_neither_torch_nor_numpy() -> None:
    heavy = "{'torch', 'numpy', 'PySide6'}"
    code = f"import sys, studio.layers.datasets; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
