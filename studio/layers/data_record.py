"""What a record of a shipped data set says: the data set and its fields.

A shape here never has the batch axis N.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataField:
    """One thing that a Data node gives for each sample.

    Attributes:
        name: its port: "image", "label", "features", "target", "tokens", "next", "past".
        shape: of one sample, without the batch axis; () is a single number.
        dtype: what the network receives: "float32" or "int64".
        kind: "image", "label", "number", "tokens" or "series".
        axes: names of the axes in `shape`, as "C H W", "T", "T F" or "F".
        classes: class names of a label, index = class.
        vocabulary: number of distinct tokens, else 0.
        columns: column names of a table field.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    kind: str
    axes: str = ""
    classes: tuple[str, ...] = ()
    vocabulary: int = 0
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSet:
    """One shipped data set.

    Attributes:
        key: its permanent name in project files.
        title: English title for the window.
        summary: one plain sentence.
        samples: rows; for a text its characters, for a series its points.
        fields: what a Data node gives.
        file: file name under resources/data, "" for a generated set.
        task: "classify", "regress", "next_token", "forecast" or "translate".
        split: default train, validation and test counts, in the unit of `samples`. For a text or a series the
            three parts follow each other in order; otherwise rows are drawn at random.
        raw_max: the largest raw value of an image; scale "0..1" divides by it.
        licence: as its publisher states it.
        source: who made it.
        synthetic: made by the program, not measured.
        characters: of a text: its distinct characters in order, index = token id.
        in_order: the three parts follow each other in the order of the rows, as with windows; nothing is drawn.
        made_from: key of the shipped set that a generated one is put together from, "" when from nothing.
    """

    key: str
    title: str
    summary: str
    samples: int
    fields: tuple[DataField, ...]
    file: str
    task: str
    split: tuple[int, int, int]
    raw_max: float = 1.0
    licence: str = ""
    source: str = ""
    synthetic: bool = False
    characters: str = ""
    in_order: bool = False
    made_from: str = ""
