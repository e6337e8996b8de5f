"""A CSV file as a data set: numbers as they are, words as one column for each word, one column to predict.

A row that can't be used is named in the report with its line number and the reason; nothing is
guessed into it.
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import torch

from studio.engine.data.dataset import DataError, LoadedSet
from studio.layers.datasets import DataField

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
NUMERIC_SHARE = 0.9  # of a column's filled cells; the rest are then typing mistakes in a numeric column
MOST_WORDS = 50  # distinct words of a categorical feature; more is free text or an identifier
MOST_CLASSES = 20  # distinct whole numbers that still read as classes, not as an amount


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was left out: its line in the file, counted from 1, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class TableReport:
    """What an import found.

    Attributes:
        rows: rows read and usable.
        label: name of the column to predict.
        task: "classify" or "regress".
        numeric: feature columns taken as numbers.
        categorical: feature column -> its words, each of which became a column of 0 and 1.
        left_out: column -> why it is not a feature.
        classes: class -> rows; empty for "regress".
        bad: every row left out.
    """

    rows: int
    label: str
    task: str
    numeric: tuple[str, ...]
    categorical: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    classes: dict[str, int]
    bad: tuple[BadRow, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """The cells of one row, without outer spaces, and the line it ends on."""

    line: int
    cells: tuple[str, ...]


def load_table(
    path: Path, label: str | None = None, task: str | None = None
) -> tuple[LoadedSet, TableReport]:
    """Reads a CSV file (UTF-8; comma, semicolon or tab; quotes as usual).

    Args:
        path: of the file. Its first line holds column names, unless it has a number in it.
        label: the column to predict; None takes the last.
        task: "classify" or "regress"; None takes "classify" for words and for up to 20 different whole
            numbers.

    Returns:
        The set, features (N, F) float32 and label (N,) int64 or target (N, 1) float32, and the report.

    Raises:
        DataError: the file can't be read, has no usable row or feature, or has no such column.
    """
    if task not in (None, "classify", "regress"):
        raise DataError(f"The task {task!r} is not known. Choose classify or regress.")
    names, rows, bad = _read(path)
    place = _label_place(path, names, label)
    kinds = [_is_numeric(rows, column) for column in range(len(names))]
    left_out = _unusable(names, rows, kinds, place)
    used = [column for column, name in enumerate(names) if column == place or name not in left_out]
    if len(used) < 2:
        raise DataError(f"{path} has no column to learn from beside {names[place]}. Add numeric columns.")
    task = task or _guess_task(rows, place, kinds[place])
    needs_number = {column for column in used if kinds[column]}
    needs_number = needs_number | {place} if task == "regress" else needs_number - {place}
    good = _good_rows(names, rows, used, needs_number, bad)
    if not good:
        raise DataError(
            f"{path} has no usable row: {len(bad)} were left out, line {bad[0].line} because it "
            f"{bad[0].reason}. Fill the missing cells or choose another label column."
        )
    features = [column for column in used if column != place]
    words = {column: _distinct(good, column) for column in features if not kinds[column]}
    return _assemble(path, names, good, bad, place, task, features, words, left_out)


def _read(path: Path) -> tuple[list[str], list[_Row], list[BadRow]]:
    """Column names, rows of the right length, and the others as bad rows."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text (byte {error.start}). Save it as CSV UTF-8 and open it again."
        ) from error
    except OSError as error:
        raise DataError(f"{path} can't be read ({error.strerror}). Choose another file.") from error
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    lines: list[_Row] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append(_Row(reader.line_num, tuple(cell.strip() for cell in cells)))
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: {error}. Correct that line.") from error
    if not lines:
        raise DataError(f"{path} is empty. Choose a file with one row for each sample.")
    names = _names(lines[0].cells)
    body = lines[1:] if _is_header(lines[0].cells) else lines
    width = len(names)
    bad = [
        BadRow(row.line, f"has {len(row.cells)} cells instead of {width}")
        for row in body
        if len(row.cells) != width
    ]
    return names, [row for row in body if len(row.cells) == width], bad


def _delimiter(text: str) -> str:
    """The separator that the first line has most of."""
    first = text.lstrip().split("\n", 1)[0]
    return max(",;\t", key=first.count)


def _is_header(cells: tuple[str, ...]) -> bool:
    """True when a line holds names: no cell is a number."""
    return all(_number(cell) is None for cell in cells)


def _names(first: tuple[str, ...]) -> list[str]:
    """Column names from the first line, or made up; always filled and different from each other."""
    header = _is_header(first)
    names: list[str] = []
    for place, cell in enumerate(first, 1):
        name = cell if header and cell else f"column {place}"
        while name in names:
            name += "'"
        names.append(name)
    return names


def _label_place(path: Path, names: list[str], label: str | None) -> int:
    """Which column is to be predicted."""
    if label is None:
        return len(names) - 1
    if label not in names:
        raise DataError(f"{path} has no column {label}. Choose one of: {', '.join(names)}.")
    return names.index(label)


def _number(cell: str) -> float | None:
    """The finite number in a cell, or None."""
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_missing(cell: str) -> bool:
    """True for the usual ways to write that there is no value."""
    return cell.lower() in MISSING


def _is_numeric(rows: list[_Row], column: int) -> bool:
    """True when at least nine of ten filled cells hold numbers."""
    filled = [row.cells[column] for row in rows if not _is_missing(row.cells[column])]
    numbers = sum(_number(cell) is not None for cell in filled)
    return bool(filled) and numbers >= NUMERIC_SHARE * len(filled)


def _distinct(rows: list[_Row], column: int) -> tuple[str, ...]:
    """The different filled cells of a column: whole numbers by size, words by alphabet."""
    cells = {row.cells[column] for row in rows if not _is_missing(row.cells[column])}
    return tuple(sorted(cells, key=lambda cell: (_number(cell) is None, _number(cell) or 0.0, cell)))


def _unusable(names: list[str], rows: list[_Row], kinds: list[bool], place: int) -> dict[str, str]:
    """Columns that can't be features, with the reason."""
    left_out: dict[str, str] = {}
    for column, name in enumerate(names):
        if column == place:
            continue
        filled = [row for row in rows if not _is_missing(row.cells[column])]
        if not filled:
            left_out[name] = "has no values"
        elif not kinds[column] and len(_distinct(filled, column)) > MOST_WORDS:
            left_out[name] = f"has {len(_distinct(filled, column))} different words, more than {MOST_WORDS}"
    return left_out


def _guess_task(rows: list[_Row], place: int, numeric: bool) -> str:
    """Whether the label column holds classes or amounts."""
    if not numeric:
        return "classify"
    numbers = {_number(row.cells[place]) for row in rows} - {None}
    whole = all(number is not None and number == int(number) for number in numbers)
    return "classify" if whole and len(numbers) <= MOST_CLASSES else "regress"


def _good_rows(
    names: list[str], rows: list[_Row], used: list[int], numeric: set[int], bad: list[BadRow]
) -> list[_Row]:
    """Rows without a fault; the others join `bad`, which ends up in the order of the file."""
    good = []
    for row in rows:
        fault = next(filter(None, (_fault(names, row, column, column in numeric) for column in used)), None)
        if fault is None:
            good.append(row)
        else:
            bad.append(BadRow(row.line, fault))
    bad.sort(key=lambda item: item.line)
    return good


def _fault(names: list[str], row: _Row, column: int, numeric: bool) -> str | None:
    """What is wrong with one cell, or None."""
    cell = row.cells[column]
    if _is_missing(cell):
        return f"has no value in {names[column]}"
    if numeric and _number(cell) is None:
        return f"has {cell!r} in {names[column]}, which is not a number"
    return None


def _encoded(row: _Row, features: list[int], words: dict[int, tuple[str, ...]]) -> list[float]:
    """The features of one row as numbers."""
    values: list[float] = []
    for column in features:
        cell = row.cells[column]
        if column in words:
            values += [float(cell == word) for word in words[column]]
        else:
            values.append(float(cell))
    return values


def _column_names(names: list[str], features: list[int], words: dict[int, tuple[str, ...]]) -> list[str]:
    """Names of the numbers that `_encoded` gives."""
    columns: list[str] = []
    for column in features:
        name = names[column]
        columns += [f"{name}={word}" for word in words[column]] if column in words else [name]
    return columns


def _assemble(
    path: Path,
    names: list[str],
    rows: list[_Row],
    bad: list[BadRow],
    place: int,
    task: str,
    features: list[int],
    words: dict[int, tuple[str, ...]],
    left_out: dict[str, str],
) -> tuple[LoadedSet, TableReport]:
    """The set and the report."""
    columns = _column_names(names, features, words)
    tensors = {"features": torch.tensor([_encoded(row, features, words) for row in rows])}
    cells = [row.cells[place] for row in rows]
    classes: tuple[str, ...] = ()
    if task == "classify":
        classes = _distinct(rows, place)
        index = {name: number for number, name in enumerate(classes)}
        tensors["label"] = torch.tensor([index[cell] for cell in cells])
        last = DataField("label", (), "int64", "label", classes=classes)
    else:
        tensors["target"] = torch.tensor([[float(cell)] for cell in cells])
        last = DataField("target", (1,), "float32", "number", "F", columns=(names[place],))
    first = DataField("features", (len(columns),), "float32", "number", "F", columns=tuple(columns))
    counts = Counter(cells)
    report = TableReport(
        rows=len(rows),
        label=names[place],
        task=task,
        numeric=tuple(names[column] for column in features if column not in words),
        categorical={names[column]: values for column, values in words.items()},
        left_out=left_out,
        classes={name: counts[name] for name in classes},
        bad=tuple(bad),
    )
    return LoadedSet(str(path), (first, last), tensors), report
