"""What the menus and buttons do. Talks to session, runs and files; owns no widget of the main window."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtWidgets import QFileDialog, QMessageBox

from studio.document import edits
from studio.document.model import Document
from studio.files.datasets import leave_data
from studio.files.pictures import is_picture, read_picture
from studio.files.presets import load_preset
from studio.files.project import load_project, project_bytes
from studio.files.save import save_bytes
from studio.files.weights import leave_weights
from studio.text import LANGUAGES, language, set_language, tr
from studio.ui.keeper import Keeper
from studio.ui.runs import blocked_reason

if TYPE_CHECKING:
    from studio.ui.window import Window

_MOST_RECENT = 8


class Commands:
    """One method a menu entry (see ``actions``) and one a signal."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._session = window.session
        self._saved: Document | None = None
        self._keeper = Keeper(window.session, window)
        self._keeper.state_changed.connect(lambda state: window.top.show_saved(state))
        self._preset = ""

    # files

    def new_project(self) -> None:
        """An empty drawing."""
        if self._may_leave():
            self._open(Document(), None, "")

    def open_preset(self, name: str) -> None:
        """A copy of a preset; Save asks for a name, so the sample itself stays as it is."""
        if self._may_leave():
            self._open(load_preset(name), None, name)
            self._window.canvas.zoom_to_all()

    def open_file(self, path: Path) -> None:
        """The project in ``path``."""
        if not self._may_leave():
            return
        try:
            project = read_picture(path) if is_picture(path) else load_project(path)
        except (ValueError, OSError) as error:
            self._complain(str(error))
            return
        # what comes out of a picture is saved under a name of its own
        self._open(project.document, None if is_picture(path) else path, "", read_only=project.read_only)
        if project.read_only:
            self._window.tell(tr("A newer version wrote this file; it is shown and can't be changed."))
        self._remember(path)
        self._window.canvas.zoom_to_all()

    def take_dropped(self, urls: Sequence[QUrl]) -> None:
        """Files dropped on the window."""
        from studio.ui.dropping import Dropping

        Dropping(self._window, self._complain).take_urls(urls)

    def keep_block(self, text: str) -> None:
        """Nodes of the canvas go among the user's own blocks."""
        chosen = self._window.canvas.commands.chosen
        card = self._window.canvas.scene.card(chosen[0]) if chosen else None
        self._window.own_blocks.keep(text, (card.block or card.id) if card else "")

    def open_dialog(self) -> None:
        """Asks for a project."""
        path, _ = QFileDialog.getOpenFileName(self._window, tr("Open"), "", tr("Projects (*.json)"))
        if path:
            self.open_file(Path(path))

    def open_data(self) -> None:
        """Asks for a CSV file or a folder of pictures."""
        ask = QMessageBox(self._window)
        ask.setWindowTitle(tr("My data"))
        ask.setText(tr("What is your data? You can also drop it on the window."))
        ask.setInformativeText(tr("Pictures lie in one folder, with a folder of its own for each class."))
        table = ask.addButton(tr("A table (CSV) …"), QMessageBox.ButtonRole.AcceptRole)
        folder = ask.addButton(tr("A folder of pictures …"), QMessageBox.ButtonRole.AcceptRole)
        ask.addButton(QMessageBox.StandardButton.Cancel)
        ask.exec()
        path = ""
        if ask.clickedButton() is table:
            path, _ = QFileDialog.getOpenFileName(self._window, tr("My data"), "", tr("Tables (*.csv)"))
        elif ask.clickedButton() is folder:
            path = QFileDialog.getExistingDirectory(self._window, tr("A folder of pictures …"))
        if path:
            self._import_data(Path(path))

    def save(self) -> bool:
        """Writes the project; asks where when it has no file yet."""
        path = self._session.path
        return self._write(path) if path is not None else self.save_as()

    def save_as(self) -> bool:
        """Asks where and writes the project."""
        name = (self._session.document.title or tr("Untitled")) + ".json"
        path, _ = QFileDialog.getSaveFileName(self._window, tr("Save as"), name, tr("Projects (*.json)"))
        return bool(path) and self._write(Path(path))

    def save_picture(self) -> None:
        """The selection, or the graph shown, as SVG, PNG or PDF."""
        from studio.ui.picture import write_picture

        path, _ = QFileDialog.getSaveFileName(
            self._window, tr("Save picture"), "network.svg", "SVG, PNG, PDF (*.svg *.png *.pdf)"
        )
        if path:
            self._try(
                lambda: write_picture(
                    self._session.document,
                    Path(path),
                    graph_key=self._session.graph_key,
                    names=self._session.selection or None,
                ),
                tr("Picture written: {path}", path=path),
            )

    def save_code(self) -> None:
        """The PyTorch source as a folder."""
        if self._stopped_by_problem():
            return
        path = QFileDialog.getExistingDirectory(self._window, tr("Folder for the source"))
        if path:
            self._try(lambda: self._write_code(Path(path)), tr("Source written: {path}", path=path))

    def recent(self) -> tuple[Path, ...]:
        """Projects opened lately that are still there."""
        stored = self._window.settings.value("recent", [])
        names = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
        return tuple(path for path in map(Path, names) if path.exists())

    # edits

    def undo(self) -> None:
        """Takes the last edit back."""
        self._session.undo()

    def redo(self) -> None:
        """Does it again."""
        self._session.redo()

    def place_layer(self, layer: str) -> None:
        """A layer from the palette, in the middle of the view, wired to the selected node."""
        if self._window.pages.currentIndex() != 0:
            self._window.show_page(0)
        self._window.canvas.insert_layer(layer)

    def edit_node(self, node: str) -> None:
        """Puts the keyboard into a node's form, or opens the text of a layer that the user wrote."""
        self._session.select({node})
        if self._window.own_code.edit(node, self._session.graph_key):
            return
        self._window.right_fold.set_folded(False)
        self._window.side.setCurrentIndex(0)
        self._window.inspector.focus_first_field()

    def jump(self, graph: str, node: str) -> None:
        """Shows a node of a graph."""
        self._window.show_page(0)
        if self._session.graph_key != graph:
            self._session.enter(graph)
        if node:
            self._session.select({node})
            self._window.canvas.reveal(node)

    def document_changed(self) -> None:
        """After each edit: title star."""
        document = self._session.document
        title = (
            tr(document.title) if document.about else document.title
        )  # a preset's, not one of the user's own
        self._window.top.show_title(title, document is not self._saved)
        self._window.top.show_device(document.run.device)

    # view

    def show_start(self) -> None:
        """The start page."""
        self._window.start_built = False
        self._window.show_page(3)

    def focus_search(self) -> None:
        """The palette's search field."""
        self._window.show_page(0)
        self._window.layer_palette.focus_search()

    def zoom_all(self) -> None:
        """Everything in view."""
        self._window.canvas.zoom_to_all()

    def toggle_theme(self) -> None:
        """Dark or light."""
        self._window.set_dark(not self._window.dark)

    def toggle_language(self) -> None:
        """The other language."""
        codes = list(LANGUAGES)
        self.set_language(codes[(codes.index(language()) + 1) % len(codes)])

    def set_language(self, code: str) -> None:
        """Everything in language ``code``, at once."""
        set_language(code)
        self._window.service.renew()
        self._window.settings.setValue("language", code)
        self._window.retranslate()

    def toggle_palette(self) -> None:
        """Folds or unfolds the palette."""
        self._window.left_fold.set_folded(not self._window.left_fold.folded)

    def toggle_minimap(self) -> None:
        """Hides or shows the minimap; remembered."""
        self._window.show_minimap(self._window.minimap.isHidden())

    def toggle_inspector(self) -> None:
        """Folds or unfolds the inspector."""
        self._window.right_fold.set_folded(not self._window.right_fold.folded)

    def toggle_training(self) -> None:
        """Shows or hides the training strip."""
        self._window.training_dock.setVisible(not self._window.training_dock.isVisible())

    def show_help(self, layer: str) -> None:
        """The help tab, on a layer."""
        self._window.side.setCurrentWidget(self._window.help)
        self._window.inspector_dock.show()
        self._window.right_fold.set_folded(False)
        self._window.help.show_layer(layer)

    def show_manual(self) -> None:
        """The manual in the browser, written anew in the current language."""
        from studio.ui.manual import open_manual

        self._try(open_manual, "")

    def show_shortcuts(self) -> None:
        """A list of all keys."""
        from studio.ui.shortcuts import Shortcuts

        Shortcuts(self._window.settings, self._window).exec()

    def show_about(self) -> None:
        """What this is."""
        text = tr("Build neural networks by drawing them. Apache-2.0.")
        QMessageBox.about(self._window, "Tsumiki Studio", text)

    # runs

    def train_or_pause(self) -> None:
        """The big button: what it does is what it says."""
        status = self._window.control.status
        if status is not None and self._window.control.is_live:
            self._window.control.ask("resume" if status.state == "paused" else "pause")
        else:
            self.train()

    def train(self, start_from: Path | None = None) -> None:
        """Starts a run of the drawing; a problem in the way is shown instead."""
        if self._window.control.is_live:
            self._window.tell(tr("A run is going on already. Stop it first."))
            return
        if self._session.graph_key:
            self._session.enter("")
        if refusal := self._window.own_code.refusal():
            self._window.show_page(0)
            self._window.tell(refusal)
            return
        if self._stopped_by_problem():
            return
        self._window.show_page(0)
        document, analysis = self._session.document, self._session.analysis
        self._try(lambda: self._window.control.start(document, analysis, start_from), "")
        self._window.training_dock.show()

    def train_on(self) -> None:
        """Starts a run of the drawing as it is now, with the weights of the run shown where they fit."""
        if self._window.control.folder is not None:
            self.train(self._window.control.folder)

    def stop(self) -> None:
        """Ends the run; its state is saved."""
        self._window.control.ask("stop")

    def resume_run(self) -> None:
        """Goes on with the run shown."""
        if self._window.control.folder is not None and not self._window.control.is_live:
            self._try(self._window.control.resume, "")

    def show_runs(self) -> None:
        """A list of earlier runs to look at."""
        from studio.ui.dialogs import choose_run

        folder = choose_run(self._window)
        if folder is not None:
            self._window.control.show(folder)
            self._window.show_page(0)

    def choose_device(self, device: str) -> None:
        """Where the next run trains."""
        self._session.apply(tr("Choose device"), lambda document: edits.set_run(document, device=device))

    def service_ready(self, ready: bool) -> None:
        """Torch is loaded: asks which devices there are, and how much memory they have."""
        if ready:
            show = self._window.top.show_devices
            self._window.service.ask("devices", {}, show, lambda text: None)

    def run_updated(self) -> None:
        """Ten times a second while a run goes on: the button's word."""
        status = self._window.control.status
        self._window.top.show_run(status.state if status and self._window.control.is_live else None)

    def run_ended(self, state: str) -> None:
        """Says how a run ended."""
        status = self._window.control.status
        if state in ("failed", "crashed") and status is not None:
            self._window.tell(status.message)
            node = status.node.split("/", 1)[0] if status.node else ""
            if node and node in self._session.document.main.nodes:
                self.jump("", node)

    # end

    def may_close(self) -> bool:
        """Untitled or changed work is kept in the journal, so closing never asks."""
        return True

    def close_journal(self) -> None:
        """Flushes the journal and lets go of it."""
        self._keeper.close(
            clean=self._session.document is self._saved or not self._session.document.main.nodes
        )

    def restore_sessions(self) -> None:
        """Offers what an earlier crash or close left unsaved."""
        found = self._keeper.offer()
        if found is not None:
            self._open(found, None, "", saved=False)
            self._window.canvas.zoom_to_all()

    def _open(
        self,
        document: Document,
        path: Path | None,
        preset: str,
        *,
        read_only: bool = False,
        saved: bool = True,
    ) -> None:
        self._preset, self._saved = preset, document if saved else None
        self._session.open(document, path, read_only)
        self._window.tabs.reset()
        self._keeper.start(document, path, saved=saved)
        self.document_changed()
        self._window.show_page(0)

    def _write(self, path: Path) -> bool:
        document = self._session.document
        if not self._try(lambda: save_bytes(path, project_bytes(document)), tr("Saved: {path}", path=path)):
            return False
        self._saved = document
        self._session.path = path
        self._keeper.start(document, path)
        self._remember(path)
        self.document_changed()
        return True

    def _write_code(self, folder: Path) -> None:
        from studio.codegen import generate

        code = generate(self._session.document, self._session.analysis)
        for name, text in code.files.items():
            (folder / name).write_text(text, encoding="utf-8")
        leave_weights(code.training.get("pretrained") or {}, folder)
        leave_data(code.data_files, folder)

    def _may_leave(self) -> bool:
        document = self._session.document
        if document is self._saved or not document.main.nodes:
            return True
        ask = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self._window,
            tr("Unsaved changes"),
            tr("Save the changes to “{title}” first?", title=document.title or tr("Untitled")),
            ask.Save | ask.Discard | ask.Cancel,
        )
        return self.save() if answer == ask.Save else answer == ask.Discard

    def _stopped_by_problem(self) -> bool:
        reason = blocked_reason(self._session.analysis)
        if reason is None:
            return False
        text, graph, node = reason
        self.jump(graph, node)
        self._window.right_fold.set_folded(False)
        self._window.side.setCurrentIndex(2)
        self._window.tell(tr("Not yet: {reason}", reason=text))
        return True

    def _import_data(self, path: Path) -> None:
        from studio.ui.panels.import_data import import_data

        import_data(self._window, path)

    def _remember(self, path: Path) -> None:
        names = [str(path.resolve()), *(str(other) for other in self.recent() if other != path.resolve())]
        self._window.settings.setValue("recent", names[:_MOST_RECENT])

    def _try(self, action: object, done: str) -> bool:
        try:
            action()  # type: ignore[operator]
        except (ValueError, OSError) as error:
            self._complain(str(error))
            return False
        if done:
            self._window.tell(done)
        return True

    def _complain(self, text: str) -> None:
        self._window.tell(text)
        QMessageBox.warning(self._window, tr("That did not work"), text)
