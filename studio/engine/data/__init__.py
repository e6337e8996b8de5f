"""Data for training: shipped sets, own folders and tables, splits, batches."""

from studio.engine.data.augment import Augment
from studio.engine.data.batches import Batches
from studio.engine.data.bundled import encode, load
from studio.engine.data.dataset import DataError, LoadedSet
from studio.engine.data.folder import BadFile, FolderReport, load_folder
from studio.engine.data.scaling import SCALES, Scaling, fit_scaling, scaling_from_json, scaling_to_json
from studio.engine.data.splits import contiguous_indices, split_indices, split_set
from studio.engine.data.table import BadRow, TableReport, load_table

__all__ = [
    "SCALES",
    "Augment",
    "BadFile",
    "BadRow",
    "Batches",
    "DataError",
    "FolderReport",
    "LoadedSet",
    "Scaling",
    "TableReport",
    "contiguous_indices",
    "encode",
    "fit_scaling",
    "load",
    "load_folder",
    "load_table",
    "scaling_from_json",
    "scaling_to_json",
    "split_indices",
    "split_set",
]
