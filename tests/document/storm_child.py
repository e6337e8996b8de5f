"""The process that is killed: applies a script of edits and says on stdout which of them are safe.

Run as ``python storm_child.py STATE SEED [broken]``. The same seed makes the same documents in the parent.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent)]
from walks import walk  # noqa: E402

from studio.files import journal as journals  # noqa: E402
from studio.files.journal import Disk  # noqa: E402
from studio.files.recover import start_session  # noqa: E402


class Forgetful(Disk):
    """Acknowledges what it only holds in memory: the safeguard taken out on purpose."""

    def __init__(self) -> None:
        self._held = b""

    def write(self, handle: int, data: bytes) -> None:
        self._held += data
        if len(self._held) > 1 << 16:
            super().write(handle, self._held)
            self._held = b""

    def sync(self, handle: int) -> None:
        """Does nothing."""


def main() -> None:
    os.environ["TSUMIKI_STATE"] = sys.argv[1]
    journals._BETWEEN_COMMITS_S = 0.003
    documents = walk(int(sys.argv[2]), 100_000)
    journal = start_session(next(documents), disk=Forgetful() if "broken" in sys.argv else None)
    os.write(1, b"0\n")
    said = 0
    for document in documents:
        journal.record(document)
        if journal.durable > said:
            said = journal.durable
            os.write(1, b"%d\n" % said)
        time.sleep(0.0005)


if __name__ == "__main__":
    main()
