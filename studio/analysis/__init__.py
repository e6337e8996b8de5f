"""Shapes, costs and problems of a document, in pure Python, anew after every edit."""

from __future__ import annotations

from functools import partial

from studio.analysis.configure import own_names
from studio.analysis.drawing import Drawing
from studio.analysis.facts import FactsByPath
from studio.analysis.infer import flowing, infer
from studio.analysis.model import Analysis, Facts, Fix, Problem
from studio.analysis.problems import Whole, collect
from studio.analysis.state import Blocks, in_order
from studio.graph.spec import TensorSpec

__all__ = ["Analysis", "Facts", "Fix", "Problem", "analyze"]


def analyze(document: Drawing, previous: Analysis | None = None) -> Analysis:
    """What can be said of ``document`` without running it; never raises, whatever was drawn.

    Args:
        document: the drawing.
        previous: the analysis before an edit: what the edit does not reach is taken over from it.
    """
    past = previous.state if previous and isinstance(previous.state, Whole) else None
    same = past and past.main.blocks.blocks is document.blocks and past.main.blocks.schemas is document.data
    blocks = (
        past.main.blocks
        if past and same
        else Blocks(document.blocks, document.data, past.main.blocks if past else None)
    )
    main = infer(document.main, blocks, past.main if past else None, own_names(document.params))
    whole = Whole(document, main)
    outputs: dict[str, TensorSpec] = {}
    for name in in_order(main, "output"):
        spec = flowing(main, name)[1]
        if spec is not None:
            outputs[name] = spec
    return Analysis(
        facts=FactsByPath(main),
        parameters=main.parameters,
        flops=main.flops,
        memory_bytes=16 * main.parameters + main.activation_bytes * document.run.batch_size,
        depth=main.depth(),
        nodes=len(document.main.nodes) + sum(len(block.graph.nodes) for block in document.blocks.values()),
        outputs=outputs,
        state=whole,
        find_problems=partial(collect, whole),
    )
