"""How often a trained network takes each class for each: counts over the test samples, and samples of a count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from studio.engine.build import RunError
from studio.engine.insight import Progress, class_names, label_field, parts_to_look_through, shown_sample
from studio.engine.trained import load_trained
from studio.text import tr

_KEPT = 24  # samples of each count that can be looked at
_MOST_SAMPLES = 100  # of one answer


def confusion(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The counts over the test samples, without any over the validation ones.

    Args:
        args: run: folder.
        progress: told how far it is.

    Returns:
        classes: K names; counts: K rows of K numbers, the row is what a sample is, the column what the network
        says; samples: for each cell that is not empty [row, column, [[index, share], …]], the surest first.

    Raises:
        RunError: the run can't be used, or its network does not give one class a sample.
    """
    trained = load_trained(Path(str(args["run"])))
    label = label_field(trained)
    if not label:
        raise RunError(tr("This network does not choose between classes, so there is nothing to count."))
    cells: dict[tuple[int, int], list[tuple[float, int]]] = {}
    names: tuple[str, ...] = ()
    for part in parts_to_look_through(trained, progress):
        shares = trained.shares(trained.run(*trained.batch(part))[0].flatten(1))
        truth = trained.data().loaded.raw(label, part)
        if truth.numel() != len(part):
            raise RunError(tr("This network gives many classes for one sample; counting needs one each."))
        names = class_names(trained, max(shares.shape[-1], int(truth.max()) + 1))
        sure, said = shares.max(-1)
        for row, column, share, index in zip(
            truth.reshape(-1).tolist(), said.tolist(), sure.tolist(), part.tolist(), strict=True
        ):
            cells.setdefault((int(row), column), []).append((-share, index))
    counts = torch.zeros(len(names), len(names), dtype=torch.int64)
    for (row, column), found in cells.items():
        counts[row, column] = len(found)
    samples = [
        [row, column, [[index, -share] for share, index in sorted(found)[:_KEPT]]]
        for (row, column), found in sorted(cells.items())
    ]
    return {"classes": list(names), "counts": counts.tolist(), "samples": samples}


def samples(args: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Samples of the run's data as the window can show them.

    Args:
        args: run: folder; indices: of the samples, in the data.
        progress: not told anything, it is quick.

    Raises:
        RunError: the run can't be used, or its data has no such sample.
    """
    trained = load_trained(Path(str(args["run"])))
    wanted = [int(index) for index in list(args.get("indices", []))[:_MOST_SAMPLES]]
    known = set(trained.data().part("test", "validation").tolist())
    if not set(wanted) <= known:
        raise RunError(tr("The data has changed since these samples were counted. Count again."))
    return {"samples": [{"index": index, **shown_sample(trained, index)} for index in wanted]}
