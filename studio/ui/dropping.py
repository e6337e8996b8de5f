"""What becomes of a file dropped on the window: opened, put to use, or told what to do with it instead.

Nothing dropped is ever run, and no name says which code reads a file: each reader checks what it reads.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl

from studio.document import edits
from studio.document.model import Document
from studio.document.names import free_name
from studio.document.ports import INSTANCES
from studio.files.errors import FileError
from studio.files.own_blocks import read_file
from studio.files.pictures import read_picture
from studio.files.runs import read_record
from studio.files.weights import describe_weights, remember_weights
from studio.graph.model import Node
from studio.layers.custom import NAME as CUSTOM
from studio.layers.custom import code_fault
from studio.text import tr

if TYPE_CHECKING:
    from studio.ui.window import Window

_LARGEST_SOURCE = 1 << 20  # bytes that a file with one layer may have
DRAW = 0  # the page of the canvas
RUN_FILE = "run.json"
BLOCK_END = ".block.json"
PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
_PICTURE = (
    "“{name}” is a picture and carries no drawing. To train on pictures, put them into a folder with a folder for"
    " each class, and drop the outer folder. Drawings come back from the PNG and SVG files that this studio wrote."
)
_CHECKPOINT = (
    "“{name}” may hold code that runs when it is opened, so it is not opened. Write its weights where it was made:"
    "\n\nfrom safetensors.torch import save_file\n"
    'save_file(model.state_dict(), "weights.safetensors")\n\n'
    "Then select the block that starts from them and drop that file."
)
_ONNX = (
    "“{name}” holds a network for running; a drawing can't be made from it. Drop the project (.json) it was exported"
    " from, or a picture of it as PNG or SVG. To look at it as it is, any ONNX viewer will do."
)
_SOURCE = (
    "“{name}” is source code, which is not run and can't be turned into a drawing. Draw its layers: Tab finds each by"
    " its PyTorch or Keras name. The Code tab shows the source of what you draw, to compare the two."
)
_NO_LAYER = (
    "“{name}” holds no layer that can be drawn (line {line}: {what}). A file with one class of torch.nn.Module becomes"
    " a layer of your own. Anything else is drawn: Tab finds each layer by its PyTorch or Keras name."
)
_TABLE = (
    "“{name}” is a table of a kind that is not read. Save it as CSV with the names of the columns in the first line,"
    " and drop that."
)
_PACKED = "“{name}” is packed. Unpack it, and drop the folder or the file that was in it."
ADVICE: Mapping[str, str] = {
    **dict.fromkeys((*PICTURES, ".heic"), _PICTURE),
    **dict.fromkeys(
        (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".joblib", ".h5", ".keras"), _CHECKPOINT
    ),
    **dict.fromkeys((".onnx", ".tflite", ".pb"), _ONNX),
    ".ipynb": _SOURCE,
    **dict.fromkeys(
        (".xlsx", ".xls", ".ods", ".tsv", ".parquet", ".feather", ".arff", ".npy", ".npz"), _TABLE
    ),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz", ".7z", ".rar"), _PACKED),
}
_ANY = (
    "“{name}” is of a kind that is not used here. The window takes: a project (.json), a picture of a drawing (PNG,"
    " SVG), data (a CSV file, a folder of pictures), a block (.block.json), weights (.safetensors), the folder of"
    " a run."
)


def advice_for(path: Path) -> str:
    """What to do with a file of a kind that can't be opened."""
    return tr(ADVICE.get(path.suffix.lower(), _ANY), name=path.name)


class Dropping:
    """Opens dropped files in a window; ``say`` shows a sentence that stays until it was read."""

    def __init__(self, window: Window, say: Callable[[str], None]) -> None:
        self._window, self._say = window, say

    def take_urls(self, urls: Sequence[QUrl]) -> None:
        """The first of what was dropped; one thing at a time is opened."""
        files = [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
        if not files:
            self._say(tr("Only files and folders can be dropped here. Save it on this computer first."))
            return
        self.take(files[0])
        if len(files) > 1:
            self._window.tell(
                tr("{count} files were dropped: “{name}” was taken", count=len(files), name=files[0].name)
            )

    def take(self, path: Path) -> None:
        """Opens a file or a folder, or says what to do with it."""
        end = path.suffix.lower()
        if path.is_dir():
            self._folder(path)
        elif not path.exists():
            self._say(tr("“{name}” is not there any more", name=path.name))
        elif end == ".csv":
            self._import(path)
        elif path.name.endswith(BLOCK_END):
            self._guarded(lambda: self._paste(path))
        elif end == ".json":
            self._window.commands.open_file(path)
        elif end in (".png", ".svg"):
            self._picture(path)
        elif end == ".safetensors":
            self._guarded(lambda: self._weights(path))
        elif end == ".py":
            self._guarded(lambda: self._layer(path))
        else:
            self._say(advice_for(path))

    def _folder(self, path: Path) -> None:
        if (path / RUN_FILE).is_file():
            self._guarded(lambda: self._run(path))
        else:
            self._import(path)

    def _run(self, path: Path) -> None:
        read_record(path)
        self._window.control.show(path)
        self._window.show_page(DRAW)

    def _import(self, path: Path) -> None:
        from studio.ui.panels.import_data import import_data

        import_data(self._window, path)

    def _picture(self, path: Path) -> None:
        """A drawing that we wrote opens; of any other picture it says what pictures are good for."""
        try:
            read_picture(path)
        except FileError as error:
            self._say(advice_for(path) if path.suffix.lower() in PICTURES else str(error))
        except OSError as error:
            self._say(str(error))
        else:
            self._window.commands.open_file(path)

    def _paste(self, path: Path) -> None:
        self._window.show_page(DRAW)
        self._window.canvas.commands.paste_text(read_file(path), self._window.canvas.paste_point())

    def _layer(self, path: Path) -> None:
        """A class of torch.nn.Module becomes a layer of the user's own; it is read as text and not run."""
        if path.stat().st_size > _LARGEST_SOURCE:
            self._say(advice_for(path.with_suffix(".ipynb")))
            return
        code = path.read_bytes().decode("utf-8", "replace")
        fault = code_fault(code)
        if fault is not None:
            self._say(tr(_NO_LAYER, name=path.name, line=fault.line, what=fault))
            return
        window, session = self._window, self._window.session
        window.show_page(DRAW)
        x, y = window.canvas.paste_point() or window.canvas.seen().centre
        key = session.graph_key
        name = edits.unique_name(session.document, key, _as_name(path.stem).lower())
        node = Node(name, CUSTOM, {"code": code})
        if session.apply(
            tr("Add {node}", node=name), lambda d: edits.add_node(d, key, node, (x - 76, y - 26))
        ):
            session.select({name})
            window.tell(tr("“{node}” is a layer of your own now: it runs once you trust its code", node=name))

    def _weights(self, path: Path) -> None:
        """The one selected block starts from the weights in ``path``."""
        session = self._window.session
        document, key = session.document, session.graph_key
        uses = [
            name
            for name in session.selection
            if name in document.graph(key).nodes and document.graph(key).nodes[name].layer in INSTANCES
        ]
        if len(uses) != 1:
            text = "Select the block that starts from the weights in “{name}”, then drop the file again."
            self._say(tr(text, name=path.name))
            return
        described = describe_weights(path)
        same = [alias for alias, known in document.weights.items() if known == described]
        alias = same[0] if same else free_name(_as_name(path.stem), set(document.weights))
        remember_weights(alias, path)

        def edit(before: Document) -> Document:
            return edits.set_param(
                edits.add_weights(before, alias, described), key, uses[0], "weights", alias
            )

        if session.apply(tr("Weights of {node}", node=uses[0]), edit):
            self._window.tell(
                tr("“{node}” starts from the weights in “{name}”", node=uses[0], name=path.name)
            )

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (ValueError, OSError) as error:
            self._say(str(error))


def _as_name(text: str) -> str:
    """A name that a file may carry: letters, digits and _."""
    plain = unicodedata.normalize("NFKC", text)
    kept = "".join(letter if letter.isalnum() else "_" for letter in plain).strip("_")[:60]
    return kept if kept[:1].isalpha() else f"weights_{kept}".rstrip("_")
