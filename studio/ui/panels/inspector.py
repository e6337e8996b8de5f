"""The inspector: the selected node's name, form, shapes, cost and formula, all read from its record."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.analysis.inside import names_of
from studio.analysis.model import Analysis, Facts
from studio.document import edits
from studio.document.ports import block_of
from studio.graph.model import Block, Node, Value
from studio.layers import record_of
from studio.layers.formula import parse_formula
from studio.layers.params import Param
from studio.layers.spec import LayerSpec
from studio.text import tr
from studio.ui.editors import CodeField, Editor, make_editor
from studio.ui.formula import FormulaView
from studio.ui.numbers import count_text, shape_text, size_text
from studio.ui.panels.about import AboutNote, has_story, story_key
from studio.ui.panels.optimizer_notes import OptimizerNotes
from studio.ui.panels.parameters import Arguments, ParameterForm, ResultLabel, small_button
from studio.ui.session import Session
from studio.ui.widgets import clear_layout, heading, label


class Inspector(QScrollArea):
    """Shows what is selected; edits go through the session. ``told(text)`` carries a refusal to the window."""

    told = Signal(str)
    code_wanted = Signal(str)  # the node whose text is to be edited

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._shown: tuple[object, ...] | None = None
        self._editors: dict[str, Editor] = {}
        self._resets: dict[str, QToolButton] = {}
        self._rows: dict[str, tuple[QFormLayout, int]] = {}
        self._more: tuple[QToolButton, list[Param]] | None = None  # what unfolds the rest, and the rest
        self._notes: OptimizerNotes | None = None
        self._results: dict[str, ResultLabel] = {}
        self._arguments: Arguments | None = None
        self._present: tuple[QLineEdit, ResultLabel] | None = None
        self._own: ParameterForm | None = None
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._page = QWidget()
        self._page.setObjectName("panel")
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(16, 16, 16, 16)
        self._column.setSpacing(8)
        self.setWidget(self._page)
        session.selection_changed.connect(self.refresh)
        session.changed.connect(lambda before, after: self.refresh())
        session.analysed.connect(lambda analysis: self._show_facts())
        self.refresh()

    def refresh(self) -> None:
        """Shows the selection as it is now; the form is made anew only when another node is shown."""
        node = self._node()
        key = (self._session.graph_key, *self._kind_of(node))
        if key != self._shown:
            self._shown = key
            self._build(node)
        if self._own:
            self._own.refresh()
        if node:
            self._show_values(node)
            self._show_facts()

    def _kind_of(self, node: Node | None) -> tuple[object, ...]:
        """What the form of a node is made from: another one asks for another form."""
        if node is None:
            return (len(self._session.selection), *story_key(self._session.document))
        block = block_of(self._session.document, node)
        own = node.params.get("code")  # of a layer that the user wrote: another text has other parameters
        return node.id, node.layer, own, block.params if block else (), self._asks_when(node)

    def _asks_when(self, node: Node) -> bool:
        """Whether a condition of its presence is worth a field: there is something it could depend on."""
        document, key = self._session.document, self._session.graph_key
        return node.present_if is not None or bool(edits.params_of(document, key))

    def retranslate(self) -> None:
        """Builds the form anew in the current language."""
        self._shown = None
        self.refresh()

    def focus_first_field(self) -> None:
        """Puts the keyboard into the first parameter."""
        for editor in self._editors.values():
            child = editor.findChild(QWidget)
            if child:
                child.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def _node(self) -> Node | None:
        chosen = self._session.selection
        if len(chosen) != 1:
            return None
        return self._session.document.graph(self._session.graph_key).nodes.get(next(iter(chosen)))

    def _build(self, node: Node | None) -> None:
        clear_layout(self._column)
        self._editors.clear()
        self._resets.clear()
        self._rows.clear()
        self._results.clear()
        self._more, self._notes, self._arguments, self._present, self._own = None, None, None, None, None
        spec = record_of(node) if node else None
        if node is None or spec is None:
            self._build_empty(node)
            return
        self._build_title(node, spec)
        block = block_of(self._session.document, node)
        if block is not None and block.params:
            self._build_arguments(block)
        self._build_form(spec)
        if self._asks_when(node):
            self._column.addLayout(self._condition())
        if spec.traits.role == "optimizer":
            self._notes = OptimizerNotes()
            self._column.addWidget(self._notes)
        self._facts_box = QGridLayout()
        self._facts_box.setHorizontalSpacing(12)
        self._facts_box.setColumnStretch(1, 1)
        self._column.addLayout(self._facts_box)
        if spec.formula:
            self._column.addWidget(heading(tr("Formula")))
            self._column.addWidget(FormulaView(parse_formula(spec.formula)))
        if spec.pitfalls:
            self._column.addWidget(heading(tr("Good to know")))
            self._column.addWidget(label(tr(spec.pitfalls), "secondary", wrap=True))
        self._column.addStretch()

    def _build_empty(self, node: Node | None) -> None:
        several = len(self._session.selection)
        if node is not None:
            text = tr("The layer “{name}” is not known to this version.", name=node.layer)
        elif several:
            text = tr("{count} nodes are selected.", count=several)
        else:
            text = tr("Select a node to see its settings, shapes and cost.")
        self._column.addWidget(label(text, "secondary", wrap=True))
        if node is None and not several:
            if not self._session.graph_key and has_story(self._session.document):
                self._column.addWidget(AboutNote(self._session.document))
            self._own = ParameterForm(self._session)
            self._own.told.connect(self.told.emit)
            self._column.addWidget(self._own)
        self._column.addStretch()

    def _build_arguments(self, block: Block) -> None:
        self._column.addWidget(heading(tr("Parameters of “{block}”", block=block.name)))
        made = self._arguments = Arguments(block.params)
        made.edited.connect(self._set_argument)
        made.told.connect(self.told.emit)
        self._column.addWidget(made)

    def _condition(self) -> QHBoxLayout:
        """The field for when a node is there at all; empty is always."""
        field, result = QLineEdit(), ResultLabel()
        field.setPlaceholderText(tr("always"))
        field.setAccessibleName(tr("Present if"))
        field.setToolTip(tr("Where this does not hold, the wire runs through as if the node were muted"))
        field.editingFinished.connect(lambda: self._set_condition(field.text()))
        self._present = field, result
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(label(tr("Present if"), "secondary"))
        row.addWidget(field, 1)
        row.addWidget(result)
        return row

    def _build_title(self, node: Node, spec: LayerSpec) -> None:
        name = QLineEdit(node.id)
        name.setObjectName("title_field")
        name.setAccessibleName(tr("Name"))
        name.setToolTip(tr("Rename this node"))
        name.editingFinished.connect(lambda: self._rename(name.text()))
        self._column.addWidget(name)
        self._column.addWidget(label(f"{spec.name} — {tr(spec.summary)}", "secondary", wrap=True))

    def _build_form(self, spec: LayerSpec) -> None:
        essential = [param for param in spec.params if param.essential][:7]
        rest = [param for param in spec.params if param not in essential]
        self._column.addLayout(self._form(essential))
        if not rest:
            return
        box = QWidget()
        inner = QVBoxLayout(box)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addLayout(self._form(rest))
        box.setVisible(False)
        more = QToolButton()
        self._more = (more, rest)
        more.setCheckable(True)
        more.setArrowType(Qt.ArrowType.RightArrow)
        more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        more.toggled.connect(box.setVisible)
        more.toggled.connect(
            lambda on: more.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        )
        self._column.addWidget(more)
        self._column.addWidget(box)

    def _form(self, params: list[Param]) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(8)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        blocks = tuple(self._session.document.blocks)
        for param in params:
            editor = make_editor(param, blocks)
            editor.edited.connect(lambda value, name=param.name: self._set(name, value))
            editor.refused.connect(self.told.emit)
            if isinstance(editor, CodeField):
                editor.wanted.connect(self._want_code)
            self._editors[param.name] = editor
            row = QHBoxLayout()
            row.setSpacing(4)
            row.addWidget(editor, 1)
            result = self._results[param.name] = ResultLabel(tr(param.unit) if param.unit else "")
            row.addWidget(result)
            row.addWidget(self._reset_button(param))
            title = label(param_label(param), "secondary", wrap=True)
            title.setToolTip(tr(param.doc))
            form.addRow(title, row)
            self._rows[param.name] = (form, form.rowCount() - 1)
        return form

    def _reset_button(self, param: Param) -> QToolButton:
        button = small_button("↺", tr("Back to the default"))
        button.clicked.connect(lambda: self._set(param.name, param.default))
        self._resets[param.name] = button
        return button

    def _set(self, name: str, value: Value) -> None:
        node, key = self._node(), self._session.graph_key
        if node is None:
            return
        node_id = node.id
        self._session.apply(
            tr("Set {param} of {node}", param=name, node=node_id),
            lambda document: edits.set_param(document, key, node_id, name, value),
            merge=f"param:{key}:{node_id}:{name}",
        )

    def _set_argument(self, name: str, value: Value) -> None:
        node, key = self._node(), self._session.graph_key
        if node is None:
            return
        node_id = node.id
        self._session.apply(
            tr("Set {param} of {node}", param=name, node=node_id),
            lambda document: edits.set_argument(document, key, node_id, name, value),
            merge=f"argument:{key}:{node_id}:{name}",
        )

    def _set_condition(self, text: str) -> None:
        node, key = self._node(), self._session.graph_key
        if node is None or text.strip() == (node.present_if.text if node.present_if else ""):
            return
        name = node.id
        label = tr("Set when {node} is present", node=name)
        self._session.apply(label, lambda d: edits.set_condition(d, key, [name], text))

    def _want_code(self) -> None:
        node = self._node()
        if node is not None:
            self.code_wanted.emit(node.id)

    def _rename(self, text: str) -> None:
        node, key = self._node(), self._session.graph_key
        if node is None or text == node.id or not text:
            return
        old = node.id
        self._session.apply(
            tr("Rename {old} to {new}", old=old, new=text),
            lambda document: edits.rename_node(document, key, old, text),
        )
        if text in self._session.document.graph(key).nodes:
            self._session.select({text})

    def _show_values(self, node: Node) -> None:
        spec = record_of(node)
        names = names_of(self._session.document, self._session.graph_key)
        if self._arguments:
            self._arguments.show_values(node.arguments, names)
        if self._present:
            field, result = self._present
            if not field.hasFocus():
                field.setText(node.present_if.text if node.present_if else "")
            result.show_condition(node.present_if, names)
        for param in spec.params if spec else ():
            if param.name not in self._editors:
                continue
            value = node.params.get(param.name, param.default)
            self._editors[param.name].show_value(value)
            self._results[param.name].show_result(value, names)
        if spec:
            self._show_what_applies(
                node, spec
            )  # which shows whole rows, so what is hidden in one comes after
        for param in spec.params if spec else ():
            if param.name in self._resets:
                value = node.params.get(param.name, param.default)
                self._resets[param.name].setVisible(value != param.default)

    def _show_what_applies(self, node: Node, spec: LayerSpec) -> None:
        """Only those parameters that do something beside the others; and what an Optimizer's choices mean."""
        defaults = {param.name: param.default for param in spec.params}
        shown = {param.name for param in spec.params if param.applies(node.params, defaults)}
        for name, (form, row) in self._rows.items():
            form.setRowVisible(row, name in shown)
        if self._more:
            button, rest = self._more
            count = sum(param.name in shown for param in rest)
            button.setText(tr("More settings ({count})", count=count))
            button.setVisible(count > 0)
        if self._notes:
            self._notes.show_values({**defaults, **node.params}, self._session.document.run)

    def _show_facts(self) -> None:
        node = self._node()
        if node is None or record_of(node) is None:
            return
        clear_layout(self._facts_box)
        analysis = self._session.analysis
        facts = facts_of(analysis, self._session.graph_key, node.id)
        if facts is None:
            return
        row = self._show_shapes(node, facts, analysis)
        if facts.parameters or facts.flops:
            self._show_cost(row, facts, analysis)

    def _show_shapes(self, node: Node, facts: Facts, analysis: Analysis) -> int:
        grid, row = self._facts_box, 1
        grid.addWidget(heading(tr("Shapes")), 0, 0, 1, 2)
        for port, sources in node.inputs.items():
            for source in sources:
                upstream = facts_of(analysis, self._session.graph_key, source.node)
                found = spec_at(upstream, source.port)
                if found:
                    row = self._line(row, port, shape_text(found))
        for port, spec in facts.outputs.items():
            row = self._line(row, f"→ {port}", shape_text(spec))
        return row

    def _show_cost(self, row: int, facts: Facts, analysis: Analysis) -> None:
        self._facts_box.addWidget(heading(tr("Cost")), row, 0, 1, 2)
        parts = (
            (tr("parameters"), facts.parameters, analysis.parameters, count_text(facts.parameters)),
            (tr("multiply-adds"), facts.flops // 2, analysis.flops // 2, count_text(facts.flops // 2)),
            (tr("activations"), facts.memory_bytes, analysis.memory_bytes, size_text(facts.memory_bytes)),
        )
        for name, value, whole, text in parts:
            row = self._line(row + 1, name, text)
            bar = QProgressBar()
            bar.setObjectName("thin")
            bar.setTextVisible(False)
            bar.setMaximum(1000)
            bar.setValue(round(1000 * value / whole) if whole else 0)
            bar.setToolTip(tr("Share of the whole network"))
            self._facts_box.addWidget(bar, row, 0, 1, 2)

    def _line(self, row: int, name: str, text: str) -> int:
        self._facts_box.addWidget(label(name, "secondary"), row, 0)
        value = label(text, "mono")
        value.setAlignment(Qt.AlignmentFlag.AlignRight)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._facts_box.addWidget(value, row, 1)
        return row + 1


def param_label(param: Param) -> str:
    """The form's word for a parameter."""
    return tr(param.label) if param.label else tr(param.name.replace("_", " ").capitalize())


def facts_of(analysis: Analysis, graph_key: str, node: str) -> Facts | None:
    """What analysis knows of a node of the graph shown; inside a block, of its first instance."""
    if not graph_key:
        return analysis.facts.get(node)
    tail = f"/{node}"
    return next((facts for path, facts in analysis.facts.items() if path.endswith(tail)), None)


def spec_at(facts: Facts | None, port: str) -> object:
    """The spec at an output port; "" is the first."""
    if facts is None or not facts.outputs:
        return None
    return facts.outputs.get(port) if port else next(iter(facts.outputs.values()))
