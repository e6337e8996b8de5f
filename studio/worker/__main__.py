"""``python -m studio.worker run FOLDER`` trains or resumes a run; ``… serve`` answers requests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Runs one of the two and gives the exit code."""
    match arguments:
        case ["run", folder]:
            return int(importlib.import_module("studio.worker.run").run(Path(folder)))
        case ["serve"]:
            return int(importlib.import_module("studio.worker.serve").serve())
    sys.stderr.write("usage: python -m studio.worker run FOLDER | serve\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
