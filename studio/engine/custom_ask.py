"""Asks a throwaway worker what the layers of a trusted project give. No torch here: only numbers come back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from studio.analysis.asked import KIND, request_of, take
from studio.layers.answers import Answer, Question, learn, open_questions
from studio.protocol import Failure, FrameReader, ProtocolError, Reply, Request, encode
from studio.text import tr

LIMIT_S = 60.0  # loading torch included
_ROUNDS = 20  # a layer behind another waits for its answer


def answer_all(analyse: Callable[[], object]) -> None:
    """Has all open questions answered, and those that come up then; ``analyse`` asks them anew."""
    for _ in range(_ROUNDS):
        questions = open_questions()
        if not questions:
            return
        for question in questions:
            answer_in_process(question)
        analyse()


def answer_in_process(question: Question, limit_s: float = LIMIT_S) -> None:
    """Learns the answer to ``question`` from a process that ends with it."""
    paths = os.pathsep.join(
        path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path
    )
    try:
        done = subprocess.run(
            [sys.executable, "-m", "studio.worker", "serve"],
            input=encode(Request(1, KIND, request_of(question))),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            timeout=limit_s,
            check=False,
        )
        messages = FrameReader().feed(done.stdout)
    except subprocess.TimeoutExpired:
        learn(question, Answer(error=tr("it takes longer than {seconds} s", seconds=round(limit_s))))
        return
    except (OSError, ProtocolError) as error:
        learn(question, Answer(error=str(error)))
        return
    last = messages[-1] if messages else None
    if isinstance(last, Reply):
        take(question, last.result)
    elif isinstance(last, Failure):
        learn(question, Answer(error=last.message))
    else:
        learn(question, Answer(error=tr("its process ended")))
