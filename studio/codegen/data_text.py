"""data.py: the data of a drawing outside the studio, the same samples in the same order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.codegen.augment_text import augment_lines, augments
from studio.codegen.data_formulas import FORMULAS
from studio.codegen.layout import statement
from studio.codegen.scope import class_name
from studio.codegen.template import fill
from studio.layers.datasets import DATASETS, SERIES_WINDOW, TEXT_WINDOW, DataField, DataSet
from studio.layers.ports import fields_of

_OWN_SPLIT = (0.8, 0.1, 0.1)  # as the trainer takes it for own data
_TINY = 8  # so few samples may validate and test on the training samples

_HEAD = '''
"""«about»

Everything random depends on seeds, the epoch and the sample alone: each run sees the same.
"""

math| import math
from collections.abc import Iterator
several| from itertools import cycle, islice
files| from pathlib import Path

npz| import numpy as np
import torch
turn| import torch.nn.functional as F
from torch import Tensor

files| FOLDER = Path(__file__).with_name("data")
files|
Batch = dict[str, Tensor]
«changes»
extent|
extent|
extent| def extent(values: Tensor) -> tuple[Tensor, Tensor]:
extent|     """Smallest value of each column, and from there to the largest; 1 if none varies."""
extent|     columns = values.reshape(-1, values.shape[-1]).double()
extent|     low = columns.amin(0)
extent|     width = columns.amax(0) - low
extent|     return low, torch.where(width > 1e-12, width, 1.0)
standard|
standard|
standard| def measured(*fields: Tensor) -> tuple[Tensor, Tensor]:
standard|     """Mean and spread of each column or channel; a spread of 0 counts as 1."""
standard|     count, shift = 0, None
standard|     total = squares = torch.zeros(1, dtype=torch.float64)
standard|     for part in (part for values in fields for part in values.split(1024)):
standard|         columns = part.movedim(1, -1) if part.dim() == 4 else part
standard|         columns = columns.reshape(-1, columns.shape[-1]).double()
standard|         shift = columns[0] if shift is None else shift  # keeps digits of the squares
standard|         count += len(columns)
standard|         total = total + (columns - shift).sum(0)
standard|         squares = squares + (columns - shift).square().sum(0)
standard|     mean = total / count
standard|     spread = (squares / count - mean.square()).clamp_min(0).sqrt()
standard|     return (mean + shift).float(), torch.where(spread > 1e-12, spread, 1.0).float()
'''

_SET = '''


class «name»:
    """«doc»"""

    def __init__(self) -> None:
        «read»
        «split»
        «measure»

    def steps(self, batch_size: int) -> int:
        """Batches in an epoch."""
        !several| return -(-len(self.rows["train"]) // batch_size)
        several| return max(len(self.rows["train"]) // batch_size, 1)

    def train(self, epoch: int, batch_size: int, seed: int) -> Iterator[Batch]:
        """The training batches of an epoch, in an order of its own."""
        rows = self.rows["train"]
        generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
        rows = rows[torch.randperm(len(rows), generator=generator)]
        several| rows = rows[: self.steps(batch_size) * batch_size]
        for part in rows.split(batch_size):
            augment| yield self.batch(part, seed, epoch)
            !augment| yield self.batch(part)

    def part(self, name: str, batch_size: int) -> Iterator[Batch]:
        """The batches of "validation" or "test", in order and unchanged."""
        for part in self.rows[name].split(max(batch_size, min(4 * batch_size, 512))):
            yield self.batch(part)

    augment| def batch(self, rows: Tensor, seed: int = 0, epoch: int = -1) -> Batch:
    !augment| def batch(self, rows: Tensor) -> Batch:
        """«fields»"""
        «values»
'''

_SEVERAL = '''


class Data:
    """All Data nodes: the first sets the length of an epoch, the others go round."""

    def __init__(self) -> None:
        «nodes»

    def steps(self, batch_size: int) -> int:
        """Batches in an epoch."""
        return next(iter(self.nodes.values())).steps(batch_size)

    def train(self, epoch: int, batch_size: int, seed: int) -> Iterator[Batch]:
        """The training batches of an epoch."""
        steps = self.steps(batch_size)
        start = epoch * steps
        found = [endless(data, start, batch_size, seed) for data in self.nodes.values()]
        yield from islice(self.joined(*found), steps)

    def part(self, name: str, batch_size: int) -> Iterator[Batch]:
        """The batches of "validation" or "test"."""
        first, *others = (data.part(name, batch_size) for data in self.nodes.values())
        yield from self.joined(first, *map(cycle, others))

    def joined(self, *batches: Iterator[Batch]) -> Iterator[Batch]:
        """Batches of all nodes as one, by "node.field"."""
        for found in zip(*batches):
            pairs = zip(self.nodes, found)
            batch = {f"{node}.{k}": v for node, values in pairs for k, v in values.items()}
            shortest = min(len(value) for value in batch.values())
            yield {name: value[:shortest] for name, value in batch.items()}


def endless(data, start: int, batch_size: int, seed: int) -> Iterator[Batch]:
    """Training batches of a node from a step on, epoch after epoch."""
    epoch, done = divmod(start, data.steps(batch_size))
    yield from islice(data.train(epoch, batch_size, seed), done, None)
    while True:
        epoch += 1
        yield from data.train(epoch, batch_size, seed)
'''


@dataclass(frozen=True)
class _Set:
    """One Data node: its settings, fields and, for a shipped set, its record."""

    node: str
    settings: Mapping[str, Any]
    fields: tuple[DataField, ...]
    record: DataSet | None

    @property
    def kind(self) -> str:
        """How it is read: npz, text, series, or the name of a formula."""
        read = {"next_token": "text", "forecast": "series"}.get(self.record.task if self.record else "")
        return read or (self.record.key if self.record and self.record.synthetic else "npz")

    @property
    def vocabulary(self) -> int:
        """Number of tokens of a text."""
        return next((field.vocabulary for field in self.fields), 0)

    @property
    def largest(self) -> float:
        """The largest raw value of a picture."""
        return self.record.raw_max if self.record else 255.0

    @property
    def window(self) -> int:
        """Points of one sample without its target."""
        if self.kind == "series":
            return SERIES_WINDOW
        return int(self.settings.get("window") or TEXT_WINDOW)

    @property
    def stride(self) -> int:
        """Points from one sample to the next."""
        return 1 if self.kind == "series" else int(self.settings.get("stride") or self.window)

    @property
    def split(self) -> Sequence[float]:
        """Counts or fractions."""
        return tuple(self.settings.get("split") or (self.record.split if self.record else _OWN_SPLIT))

    @property
    def counts(self) -> tuple[int, int, int] | None:
        """The split in samples or points; None where it depends on what the file holds."""
        train, validation, test = self.split
        if not any(isinstance(part, float) for part in self.split):
            return int(train), int(validation), int(test)
        if self.record is None:
            return None
        many = self.record.samples
        parts = [int(many * part + 1e-9) for part in self.split]
        left = many - parts[1] - parts[2] if sum(self.split) > 1 - 1e-9 else parts[0]
        return left, parts[1], parts[2]

    @property
    def is_tiny(self) -> bool:
        """Whether all three parts are the same few samples."""
        return bool(
            self.record and self.record.samples <= _TINY and self.counts and self.counts[1:] == (0, 0)
        )

    def holds(self, part: int) -> bool:
        """Whether a part has samples: 0 train, 1 validation, 2 test."""
        return self.is_tiny or self.split[part] > 0


def data_files(settings: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What lies beside data.py: file in its folder "data" -> file in resources/data, "" for the user's own sets.

    Args:
        settings: "data" of ``Code.training``.
    """
    found = {}
    for node, entry in settings.items():
        data = _Set(node, entry, (), DATASETS.get(str(entry["set"])))
        if data.record is None or _file(data):
            found[_file(data)] = _file(data) if data.record else ""
    return found


def held_parts(settings: Mapping[str, Mapping[str, Any]]) -> tuple[bool, bool]:
    """Whether all Data nodes give samples for validation, and for the test."""
    sets = [_Set(node, entry, (), DATASETS.get(str(entry["set"]))) for node, entry in settings.items()]
    return bool(sets) and all(s.holds(1) for s in sets), bool(sets) and all(s.holds(2) for s in sets)


def data_script(settings: Mapping[str, Mapping[str, Any]], schemas: Mapping[str, Any]) -> str:
    """The text of data.py.

    Args:
        settings: "data" of ``Code.training``.
        schemas: the user's own data sets (``Document.data``).
    """
    sets = []
    for node, entry in settings.items():
        key = entry["set"]
        sets.append(_Set(node, entry, fields_of(key, schemas) or (), DATASETS.get(str(key))))
    several = len(sets) > 1
    body = [line for data in sets for line in _set_lines(data, several)]
    if several:
        nodes = ", ".join(f'"{data.node}": {class_name(data.node)}()' for data in sets)
        made = statement(f"self.nodes = {{{nodes}}}", 8)
        body += ["", "", *fill(_SEVERAL, (), {"nodes": made})]
    changes = [d for d in sets if augments(d.settings) and any(f.kind == "image" for f in d.fields)]
    changed = augment_lines(changes[0].settings, changes[0].largest) if changes else []
    used = "\n".join([*body, *changed])
    words = {"math.": "math", "FOLDER": "files", "np.": "npz", "F.": "turn", "extent(": "extent"}
    flags = {flag for word, flag in words.items() if word in used} | ({"several"} if several else set())
    flags |= {"standard"} if "measured(" in used else set()
    about = f"The data of the drawing: {', '.join(str(data.settings['set']) for data in sets)}."
    head = fill(_HEAD, flags, {"about": about, "changes": changed})
    return "\n".join([*head, *body]) + "\n"


def _set_lines(data: _Set, several: bool) -> list[str]:
    changing = augments(data.settings) and any(field.kind == "image" for field in data.fields)
    flags = {"several" if several else "", "augment" if changing else ""}
    shapes = [f"{field.name} {_with_batch(_shape(data, field))}" for field in data.fields]
    fields: dict[str, str | list[str]] = {
        "name": class_name(data.node) if several else "Data",
        "doc": f"{data.settings['set']}, the node {data.node} of the drawing.",
        "fields": f"{', '.join(shapes)} of these samples.",
        "read": [line for text in _reads(data) for line in text],
        "split": _splits(data),
        "measure": _measures(data),
        "values": _values(data, changing),
    }
    return ["", "", *fill(_SET, flags, fields)]


def _shape(data: _Set, field: DataField) -> tuple[int, ...]:
    return (data.window, *field.shape[1:]) if data.kind == "text" else field.shape


def _file(data: _Set) -> str:
    if data.record:
        return DATASETS[data.record.made_from or data.record.key].file
    return "".join(c if c.isalnum() or c in "-_" else "-" for c in str(data.settings["set"])) + ".npz"


def _reads(data: _Set) -> list[list[str]]:
    pad = " " * 8
    if data.kind == "npz":
        lines = [f'{pad}with np.load(FOLDER / "{_file(data)}") as arrays:']
        lines += [f'{pad}    self.{f.name} = torch.from_numpy(arrays["{f.name}"])' for f in data.fields]
        return [lines]
    if data.kind == "xor":
        return [[f"{pad}self.features = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])",
                 f"{pad}self.label = torch.tensor([0, 1, 1, 0])"]]  # fmt: skip
    if data.kind in FORMULAS:
        return [[pad + line for line in FORMULAS[data.kind]]]
    if data.kind == "text" and data.record and data.record.synthetic:
        lines = [
            f"{pad}generator = torch.Generator().manual_seed(13)",
            f"{pad}steps = torch.randint(1, 100, (1040,), generator=generator)",
            f"{pad}tokens = steps.repeat_interleave(64).cumsum(0) % {data.vocabulary}",
        ]
        name = "tokens"
    elif data.kind == "text" and data.record and not data.record.characters:
        lines = [
            f'{pad}with np.load(FOLDER / "{_file(data)}") as arrays:',
            f'{pad}    tokens = torch.from_numpy(arrays["tokens"])',
        ]
        name = "tokens"
    elif data.kind == "text":
        lines = [
            f'{pad}text = (FOLDER / "{_file(data)}").read_bytes().decode()',
            f"{pad}number = {{letter: at for at, letter in enumerate(sorted(set(text)))}}",
            f"{pad}tokens = torch.tensor([number[letter] for letter in text])",
        ]
        name = "tokens"
    else:
        lines = [
            f'{pad}with np.load(FOLDER / "{_file(data)}") as arrays:',
            f'{pad}    series = torch.from_numpy(arrays["value"])',
        ]
        name = "series"
    return [[*lines, f"{pad}self.windows = {name}.unfold(0, {data.window + 1}, {data.stride})"]]


def _splits(data: _Set) -> list[str]:
    pad = " " * 8
    if data.kind in ("text", "series"):
        return _windows_split(data)
    count = str(data.record.samples) if data.record else f"len(self.{data.fields[-1].name})"
    seed = int(data.settings.get("split_seed") or 0)
    order = f"torch.randperm({count}, generator=torch.Generator().manual_seed({seed}))"
    order = f"torch.arange({count})" if data.record and data.record.in_order else order
    lines = statement(f"order = {order}", 8)
    if data.is_tiny:
        return [*lines, f'{pad}self.rows = dict.fromkeys(("train", "validation", "test"), order)']
    if data.counts is None:
        return [
            *_fractions(data, count),
            *lines,
            *_rows("train", "train + validation", "train + validation + test"),
        ]
    train, validation, test = data.counts
    return [*lines, *_rows(str(train), str(train + validation), str(train + validation + test))]


def _fractions(data: _Set, count: str) -> list[str]:
    train, validation, test = (float(part) for part in data.split)
    lines = [
        f"count = {count}",
        f"validation = int(count * {validation} + 1e-9)",
        f"test = int(count * {test} + 1e-9)",
        "train = count - validation - test"
        if train + validation + test > 1 - 1e-9
        else f"train = int(count * {train} + 1e-9)",
    ]
    return [" " * 8 + line for line in lines]


def _rows(train: str, validation: str, test: str) -> list[str]:
    def cut(start: str, end: str) -> str:
        plain = all(text.isalnum() for text in (start, end) if text)
        return f"order[{start}:{end}]" if plain else f"order[{start} : {end}]" if start else f"order[: {end}]"

    parts = {"train": cut("", train), "validation": cut(train, validation), "test": cut(validation, test)}
    return ["        self.rows = {", *(f'            "{k}": {v},' for k, v in parts.items()), "        }"]


def _windows_split(data: _Set) -> list[str]:
    assert data.counts is not None  # only shipped sets are texts or series
    step = f" * {data.stride}" if data.stride > 1 else ""
    lines = [
        f"        starts = torch.arange(len(self.windows)){step}",
        f"        ends = starts + {data.window + 1}",
        "        self.rows = {",
    ]
    begin = 0
    for name, count in zip(("train", "validation", "test"), data.counts, strict=True):
        inside = f"(starts >= {begin}) & (ends <= {begin + count})" if begin else f"ends <= {begin + count}"
        lines.append(f'            "{name}": ({inside}).nonzero().flatten(),')
        begin += count
    return [*lines, "        }"]


def _raw(data: _Set, field: DataField) -> str:
    """All raw values of a field."""
    if data.kind == "text":
        return "self.windows[:, :-1]" if field.name == "tokens" else "self.windows[:, 1:]"
    if data.kind == "series":
        return "self.windows[:, :-1, None]" if field.name == "past" else "self.windows[:, -1:]"
    return f"self.{field.name}"


def _scaled(data: _Set) -> list[DataField]:
    """Fields that are scaled by what their training samples measure."""
    scale = data.settings.get("scale", "none")
    floats = [field for field in data.fields if field.dtype == "float32"]
    return floats if scale == "standard" else [f for f in floats if f.kind != "image" and scale != "none"]


def _measures(data: _Set) -> list[str]:
    """What scaling needs to know of the training samples."""
    scaled, scale = _scaled(data), data.settings.get("scale", "none")
    lines: list[str] = []
    groups = [scaled] if data.kind == "series" else [[field] for field in scaled]
    for group in groups:
        raw = [f'{_raw(data, field)}[self.rows["train"]]' for field in group]
        name = "" if len(groups) == 1 else f"{group[0].name}_"
        pair = f"self.{name}middle, self.{name}spread"
        if scale == "standard":
            lines += statement(f"{pair} = measured({', '.join(raw)})", 8)
            if group[0].kind == "image":
                lines += [
                    f"        self.{name}middle = self.{name}middle.reshape(-1, 1, 1)",
                    f"        self.{name}spread = self.{name}spread.reshape(-1, 1, 1)",
                ]
            continue
        whole = (
            raw[0] if len(raw) == 1 else f"torch.cat([{', '.join(f'{text}.reshape(-1, 1)' for text in raw)}])"
        )
        lines += statement(f"low, width = extent({whole})", 8)
        if scale == "0..1":
            lines.append(f"        {pair} = low.float(), width.float()")
        else:
            lines += [
                "        high = low + width",
                f"        {pair} = ((low + high) / 2).float(), ((high - low) / 2).float()",
            ]
    return lines


def _with_batch(shape: tuple[int, ...]) -> str:
    """A shape of samples as a comment says it: "(N, 1, 28, 28)", "(N,)"."""
    return f"(N, {', '.join(map(str, shape))})" if shape else "(N,)"


def _values(data: _Set, changing: bool) -> list[str]:
    """The statements that make a batch."""
    scaled = _scaled(data)
    many = 1 if data.kind == "series" else len(scaled)
    lines, entries = [], []
    for field in data.fields:
        text = f"{_raw(data, field)}[rows]"
        if field.kind == "image":
            name = field.name
            lines.append(f"        {name} = {text}.float()")
            if changing:
                lines += [
                    "        if epoch >= 0:",
                    f"            {name} = changed({name}, rows, seed, epoch)",
                ]
            text = name
        if field in scaled:
            name = "" if many == 1 else f"{field.name}_"
            text = f"({text} - self.{name}middle) / self.{name}spread"
        elif field.kind == "image" and data.settings.get("scale") == "0..1":
            text = f"{text} / {data.largest}"
        elif field.kind == "image" and data.settings.get("scale") == "-1..1":
            text = f"({text} - {data.largest / 2}) / {data.largest / 2}"
        entries.append(f'"{field.name}": {text}')
    whole = statement(f"return {{{', '.join(entries)}}}", 8)
    return [*lines, *whole]
