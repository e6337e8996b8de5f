"""The main window: only docks, pages and menus; what an action does stands in ``commands``."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QMenuBar,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from studio.layers.spec import Category
from studio.places import state_folder
from studio.text import tr
from studio.ui.actions import ACTIONS, MENUS
from studio.ui.canvas import CanvasView, GraphTabs, Minimap
from studio.ui.choices import LayerChoices
from studio.ui.collector import Collector
from studio.ui.commands import Commands
from studio.ui.folding import FoldingPanel, fold_button
from studio.ui.own_code.desk import OwnCode
from studio.ui.panels.code import CodePanel
from studio.ui.panels.export import ExportPanel
from studio.ui.panels.help import HelpPanel
from studio.ui.panels.inspector import Inspector
from studio.ui.panels.own_blocks import OwnBlocks
from studio.ui.panels.palette import Palette
from studio.ui.panels.problems import Problems
from studio.ui.panels.start import StartPage
from studio.ui.panels.training import Training
from studio.ui.panels.understand import UnderstandPanel
from studio.ui.plots import warm_up
from studio.ui.runs import RunControl
from studio.ui.service import Service
from studio.ui.session import Session
from studio.ui.shortcuts import load_keys
from studio.ui.theme import apply_theme
from studio.ui.tokens import GLYPHS
from studio.ui.topbar import TopBar
from studio.ui.widgets import heading, label

DRAW, UNDERSTAND, EXPORT, START = 0, 1, 2, 3
_MESSAGE_MS = 8000
_USUAL = (1600, 1000)
_SMALL = (1440, 860)  # px below which the inspector folds to its rail, and the strip to one line
_SIDE_GLYPHS = ("☰", "{ }", "⚠", "?")


class Window(QMainWindow):
    """Holds the parts and joins their signals."""

    def __init__(self, session: Session, *, keep_state: bool = True) -> None:
        super().__init__()
        self.setObjectName("window")
        self.setWindowTitle("Tsumiki Studio")
        self.setAcceptDrops(True)
        self.setMinimumSize(1024, 640)
        self.settings = QSettings(str(state_folder() / "window.ini"), QSettings.Format.IniFormat)
        self.session, self._keep_state = session, keep_state
        self.dark = self.settings.value("theme", "dark") != "light"
        self.control, self.service = RunControl(self), Service(self)
        self.start_built = False
        self._collector = Collector(self)
        self._make_parts()
        self.commands = Commands(self)
        self._make_menus()
        self._make_pages()
        self._make_docks()
        self._join()
        self.set_dark(self.dark)
        self.retranslate()
        self._restore()
        self.show_page(START)

    def show_page(self, page: int) -> None:
        """Shows a workspace or the start page; the docks belong to Draw."""
        if page == START and not self.start_built:
            self.start.build(self.dark, self.commands.recent())
            self.start_built = True
        self.pages.setCurrentIndex(page)
        self.top.show_workspace(page if page != START else -1)
        if (shown := self.canvas if page == DRAW else self.pages.widget(page)) is not None:
            shown.setFocus()  # keys go to what is looked at
        for dock in (self.palette_dock, self.inspector_dock):
            dock.setVisible(page == DRAW)
        self.training_dock.setVisible(page != START and (page == DRAW or self.control.status is not None))
        self.training.set_room(self.height() >= _SMALL[1] and page == DRAW)

    def show_minimap(self, shown: bool) -> None:
        """Shows the map at the foot of the palette, or leaves its room to the layers."""
        self.minimap.setVisible(shown)
        self.settings.setValue("minimap", shown)

    def set_dark(self, dark: bool) -> None:
        """Switches the theme everywhere."""
        self.dark = dark
        apply_theme("dark" if dark else "light")
        for part in (self.layer_palette, self.training, self.code, self.help, self.own_code):
            part.set_dark(dark)
        self.canvas.set_theme("dark" if dark else "light")
        self.minimap.update()
        if self.start_built:
            self.start.set_dark(dark)
        self.settings.setValue("theme", "dark" if dark else "light")

    def retranslate(self) -> None:
        """Puts every text into the current language."""
        for menu, title in zip(self._menus, MENUS, strict=True):
            menu.setTitle(tr(title))
        for row in ACTIONS:
            self.actions_by_method[row.method].setText(tr(row.text))
        for part in (self.top, self.layer_palette, self.inspector, self.problems, self.code, self.training):
            part.retranslate()
        self.commands.document_changed()
        self.help.retranslate()
        self.tabs.retranslate()
        self.export.retranslate()
        self.own_blocks.retranslate()
        self.own_code.retranslate()
        self.understand.retranslate()
        if self.start_built:
            self.start.retranslate()
        for dock, title in (
            (self.palette_dock, "Palette"),
            (self.inspector_dock, "Inspector"),
            (self.training_dock, "Training"),
        ):
            dock.setWindowTitle(tr(title))
        self._left_title.setText(tr("Layers"))
        titles = [tr(title) for title in ("Node", "Code", "Problems", "Help")]
        for index, title in enumerate(titles):
            self.side.setTabText(index, title)
        self.right_fold.name_rail(titles)
        self.left_fold.name_rail([tr(category.value) for category in Category])
        self.show_facts()

    def show_facts(self) -> None:
        """The line under the canvas: parameters, multiply-adds, depth, problems."""
        from studio.ui.numbers import count_text

        analysis = self.session.analysis
        errors = sum(problem.severity != "hint" for problem in analysis.problems)
        problems = tr("no problems") if not errors else tr("{count} problems", count=errors)
        self.facts.setText(
            "   ·   ".join(
                (
                    tr("{count} parameters", count=count_text(analysis.parameters)),
                    tr("{count} multiply-adds", count=count_text(analysis.flops // 2)),
                    tr("depth {depth}", depth=analysis.depth),
                    problems,
                )
            )
        )
        self.facts.setProperty("role", "error" if errors and not analysis.can_run else "secondary")
        self.facts.style().polish(self.facts)

    def tell(self, text: str) -> None:
        """A sentence for the user in the status bar."""
        self.statusBar().showMessage(text, _MESSAGE_MS)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.commands.may_close():
            event.ignore()
            return
        if self._keep_state:
            self.settings.setValue("geometry", self.saveGeometry())
            self.settings.setValue("docks", self.saveState())
            self.settings.setValue("left_folded", self.left_fold.folded)
            self.settings.setValue("right_folded", self.right_fold.folded)
        self.own_code.close()
        self.service.close()
        self.commands.close_journal()
        self._collector.end()
        super().closeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.training.set_room(self.height() >= _SMALL[1] and self.pages.currentIndex() == DRAW)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        urls = (
            event.mimeData().urls()
        )  # later: a dialog in here would hold up the program it was dragged from
        QTimer.singleShot(0, lambda: self.commands.take_dropped(urls))

    def _make_parts(self) -> None:
        load_keys(self.settings)
        self.canvas = CanvasView(self.session)
        self.minimap = Minimap(self.canvas)
        self.tabs = GraphTabs(self.canvas)
        self.choices = LayerChoices(self.settings)
        self.layer_palette = Palette(self.choices, self.settings)
        self.own_blocks = OwnBlocks()
        self.inspector = Inspector(self.session)
        self.problems = Problems(self.session)
        self.code = CodePanel(self.session)
        self.help = HelpPanel(self.session)
        self.training = Training(self.session, self.control)
        self.own_code = OwnCode(self.session, self)
        self.start = StartPage()
        self.export = ExportPanel(self.session, self.control, self.service)
        self.understand = UnderstandPanel(self.session, self.control, self.service)

    def _make_menus(self) -> None:
        self._menu_bar = QMenuBar()
        self._menus = [QMenu(self._menu_bar) for _ in MENUS]
        self.actions_by_method: dict[str, QAction] = {}
        for menu in self._menus:
            self._menu_bar.addMenu(menu)
        for row in ACTIONS:
            action = QAction(self)
            if row.keys:
                action.setShortcut(QKeySequence(row.keys))
            action.setCheckable(row.checkable)
            target = self.close if row.method == "close" else getattr(self.commands, row.method)
            action.triggered.connect(lambda _=False, call=target: call())
            menu = self._menus[MENUS.index(row.menu)]
            if row.line_above:
                menu.addSeparator()
            menu.addAction(action)
            self.addAction(action)  # so that its keys work while the menu is closed
            self.actions_by_method[row.method] = action
        self._menus[MENUS.index("View")].aboutToShow.connect(self._show_checks)
        self.top = TopBar(self._menu_bar)
        self.setMenuWidget(self.top)

    def _show_checks(self) -> None:
        """Ticks what is on in the View menu, however it was switched."""
        on = {
            "toggle_theme": not self.dark,
            "toggle_palette": not self.left_fold.folded,
            "toggle_minimap": not self.minimap.isHidden(),
            "toggle_inspector": not self.right_fold.folded,
            "toggle_training": not self.training_dock.isHidden(),
        }
        for method, checked in on.items():
            self.actions_by_method[method].setChecked(checked)

    def _make_pages(self) -> None:
        draw = QWidget()
        column = QVBoxLayout(draw)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs)
        column.addWidget(self.own_code.banner)
        column.addWidget(self.canvas, 1)
        self.facts = label("", "secondary")
        self.facts.setObjectName("facts")
        self.facts.setContentsMargins(16, 6, 16, 6)
        column.addWidget(self.facts)
        self.pages = QStackedWidget()
        for page in (draw, self.understand, self.export, self.start):
            self.pages.addWidget(page)
        self.setCentralWidget(self.pages)

    def _make_docks(self) -> None:
        self.side = QTabWidget()
        self.side.setDocumentMode(True)
        for panel in (self.inspector, self.code, self.problems, self.help):
            self.side.addTab(panel, "")
        self.left_fold = FoldingPanel(self._left_side(), [GLYPHS[c] for c in Category], 200)
        self.right_fold = FoldingPanel(self.side, _SIDE_GLYPHS, 260)
        self.side.setCornerWidget(fold_button(self.right_fold, Qt.ArrowType.RightArrow))
        self._left_head.addWidget(fold_button(self.left_fold, Qt.ArrowType.LeftArrow))
        self.right_fold.rail_pressed.connect(self.side.setCurrentIndex)
        area = Qt.DockWidgetArea
        self.palette_dock = self._dock("palette", self.left_fold, area.LeftDockWidgetArea)
        self.inspector_dock = self._dock("inspector", self.right_fold, area.RightDockWidgetArea)
        self.training_dock = self._dock("training", self.training, area.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomLeftCorner, area.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, area.RightDockWidgetArea)
        for fold in (self.left_fold, self.right_fold):
            fold.folded_changed.connect(lambda folded: self._usual_sizes())
        self.training.folded_changed.connect(lambda folded: self._usual_sizes())
        self._usual_sizes()

    def _left_side(self) -> QWidget:
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._left_head = QHBoxLayout()
        self._left_head.setContentsMargins(12, 6, 8, 0)
        self._left_title = heading("")
        self._left_head.addWidget(self._left_title, 1)
        column.addLayout(self._left_head)
        column.addWidget(self.layer_palette, 1)
        column.addWidget(self.own_blocks)
        self.minimap.setFixedHeight(116)
        self.minimap.setVisible(self.settings.value("minimap", True, type=bool) is not False)
        column.addWidget(self.minimap)
        return left

    def _usual_sizes(self) -> None:
        """The widths of the docks, and the height of the strip, after one of them folded or unfolded."""
        self.resizeDocks([self.palette_dock, self.inspector_dock], [244, 320], Qt.Orientation.Horizontal)
        if not self.training.folded:
            self.resizeDocks([self.training_dock], [260], Qt.Orientation.Vertical)

    def _dock(self, name: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(self)
        dock.setObjectName(name)
        dock.setWidget(widget)
        dock.setTitleBarWidget(QWidget())  # quiet: docks are moved by the View menu's entries, not by bars
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable | QDockWidget.DockWidgetFeature.DockWidgetMovable
        )
        self.addDockWidget(area, dock)
        return dock

    def _join(self) -> None:
        session, commands = self.session, self.commands
        session.analysed.connect(lambda analysis: self.show_facts())
        session.changed.connect(lambda before, after: commands.document_changed())
        session.refused.connect(self.tell)
        self.inspector.told.connect(self.tell)
        self.inspector.code_wanted.connect(lambda node: self.own_code.edit(node, session.graph_key))
        self.problems.jump.connect(commands.jump)
        self.problems.pointed.connect(self.canvas.structure.show_fix)
        self.canvas.edit_requested.connect(commands.edit_node)
        self.canvas.told.connect(self.tell)
        self.tabs.told.connect(self.tell)
        self.canvas.keys_wanted.connect(commands.show_shortcuts)
        self.canvas.save_wanted.connect(commands.keep_block)
        self.own_blocks.told.connect(self.tell)
        self.own_blocks.chosen.connect(lambda text: self.canvas.commands.paste_text(text, None))
        self.layer_palette.chosen.connect(commands.place_layer)
        self.layer_palette.pointed.connect(self.help.point)
        self.layer_palette.asked.connect(commands.show_help)
        self.help.insert.connect(commands.place_layer)
        self.canvas.placed.connect(self.choices.use)
        self.choices.changed.connect(self._show_choices)
        self._show_choices()
        self.top.workspace_chosen.connect(self.show_page)
        self.top.train_pressed.connect(commands.train_or_pause)
        self.top.device_chosen.connect(commands.choose_device)
        self.control.updated.connect(commands.run_updated)
        self.service.ready_changed.connect(commands.service_ready)
        self.control.ended.connect(commands.run_ended)
        self.training.carry.asked.connect(commands.train_on)
        self.start.preset_chosen.connect(commands.open_preset)
        self.start.empty_chosen.connect(commands.new_project)
        self.start.data_chosen.connect(commands.open_data)
        self.start.file_chosen.connect(commands.open_file)
        self.start.language_chosen.connect(commands.set_language)

    def _show_choices(self) -> None:
        recent, favourites = self.choices.recent, self.choices.favourites
        self.canvas.searching.first_layers = tuple(dict.fromkeys((*recent, *favourites)))

    def _restore(self) -> None:
        geometry, docks = self.settings.value("geometry"), self.settings.value("docks")
        room = self.screen().availableGeometry().size()
        width, height = min(_USUAL[0], room.width()), min(_USUAL[1], room.height())
        self.right_fold.set_folded(width < _SMALL[0])
        if self._keep_state and isinstance(geometry, QByteArray) and isinstance(docks, QByteArray):
            for fold, key in ((self.left_fold, "left_folded"), (self.right_fold, "right_folded")):
                fold.set_folded(self.settings.value(key, "false") == "true")
            self.restoreGeometry(geometry)
            self.restoreState(docks)
        else:
            self.resize(width, height)
        QTimer.singleShot(300, self.service.start)  # after the first paint: torch loads while the user looks
        QTimer.singleShot(100, warm_up)
