"""How well a network reads: what comes out of a sequence of guesses, held against the right text."""

from __future__ import annotations

from types import SimpleNamespace

from studio.layers.loss_rules import SCALAR, check_classes
from studio.layers.metric_rules import metric_record
from studio.layers.metrics_numbers import TEXT
from studio.layers.rules import Specs, show
from studio.layers.spec import Example, Port, ShapeError, Torch

_READS = '''
class CTCErrorRate(Metric):
    """Changes that lead from what scores (N, T, C) read to the right symbols (N, L), by their number.

    Read is the most likely symbol of each step, a run of the same one once; symbol 0 is the blank, and fills
    up short texts.
    """

    def __init__(self) -> None:
        super().__init__()
        zero = torch.zeros((), dtype=torch.float64)
        self.add_state("changes", zero, dist_reduce_fx="sum")
        self.add_state("symbols", zero.clone(), dist_reduce_fx="sum")

    def update(self, scores: Tensor, target: Tensor) -> None:
        """Takes one batch."""
        for steps, text in zip(scores.argmax(-1), target.tolist(), strict=True):
            read = [symbol for symbol in steps.unique_consecutive().tolist() if symbol]
            right = [symbol for symbol in text if symbol]
            row = list(range(len(right) + 1))
            for at, symbol in enumerate(read, 1):
                corner, row[0] = row[0], at
                for column, wanted in enumerate(right, 1):
                    change = min(row[column], row[column - 1]) + 1
                    change = min(change, corner + (symbol != wanted))
                    corner, row[column] = row[column], change
            self.changes += row[-1]
            self.symbols += len(right)

    def compute(self) -> Tensor:
        """The rate so far."""
        return (self.changes / self.symbols).float()
'''


def _shape(p: SimpleNamespace, inputs: Specs) -> Specs:
    if len(inputs[0].shape) != 3 or len(inputs[1].shape) != 2:
        raise ShapeError(
            "{layer} needs scores N T C and the right symbols N L, gets {input} and {target}",
            layer="CTCErrorRate",
            input=show(inputs[0].shape),
            target=show(inputs[1].shape),
        )
    check_classes("CTCErrorRate", inputs[0].shape[2], inputs[1].classes)
    return SCALAR


CTC_ERROR_RATE = metric_record(
    "CTCErrorRate",
    (
        "How many symbols of what is read must be changed, added or taken away, where CTC taught the reading.",
        r"\frac{S + D + I}{n}",
        "Symbol 0 is the blank, as in CTC: number what is read from 1, and fill short texts up with 0.",
    ),
    (
        Port("input", "N T C", doc="Scores for each symbol at each step; 0 is the blank."),
        Port("target", "N L", "int", doc="The right symbols from 1, filled up with 0."),
    ),
    (),
    (
        _shape,
        Torch("CTCErrorRate()", imports=("from torchmetrics import Metric",), support=(_READS,)),
    ),
    page="text/char_error_rate",
    gives="0 is perfect; it can be above 1.",
    examples=(Example({}, (("N", 7, 5), ("N", 3)), ()),),
    keywords=("label error rate", "LER", "CER", "CTC", "greedy decoding", "best path", "edit distance"),
    group=TEXT,
)

LAYERS = (CTC_ERROR_RATE,)
