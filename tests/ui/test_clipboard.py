"""The clipboard: a program that copied a picture ends well and leaves the picture's pixels."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
from PySide6.QtWidgets import QApplication
from studio.document.model import Document
from studio.ui.clipboard import put_picture, put_text, _let_go
from studio.ui.picture import picture_bytes
application = QApplication([])
picture = [picture_bytes(Document(), end, "", None) for end in (".svg", ".png")]
put_text("words")
assert QApplication.clipboard().text() == "words"
put_picture(*picture)
data = QApplication.clipboard().mimeData()
assert data.data("image/svg+xml").data() == picture[0] and data.data("image/png").data() == picture[1]
if {early}:
    _let_go()
    assert not QApplication.clipboard().image().isNull()
"""


def test_a_program_that_copied_a_picture_ends_well() -> None:
    for early in (False, True):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT.replace("{early}", str(early))], capture_output=True, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()
